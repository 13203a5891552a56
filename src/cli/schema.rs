//! Options of `schema`.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::schemas::SCHEMAS;

#[derive(Debug, Args)]
pub(crate) struct SchemaOptions {
    /// Schema to print; without it, list all of them.
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(SCHEMAS.iter().map(|schema| schema.name)))]
    pub(crate) name: Option<String>,
}
