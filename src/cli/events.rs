//! The option that says where events are written.

use std::path::PathBuf;

use clap::Args;

// No doc comment: see `nodes`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct EventsOption {
    /// Write what happens to this file as it happens, as JSON lines (see `schema events`); `-` is stdout in place of the result.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
}
