//! `schema`: the JSON Schema of an output.

use crate::cli::SchemaOptions;
use crate::exit::Exit;
use crate::schemas::SCHEMAS;
use crate::ui::Ui;

/// Prints a schema, or the list of them.
pub(crate) fn schema(options: &SchemaOptions, ui: &Ui) -> Exit {
    match SCHEMAS.iter().find(|schema| Some(schema.name) == options.name.as_deref()) {
        Some(schema) => ui.data(&schema.text()),
        None => {
            for schema in SCHEMAS {
                ui.data(&format!("{:<24} {}", schema.name, schema.title()));
            }
        }
    }
    Exit::Ok
}
