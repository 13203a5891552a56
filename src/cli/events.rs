//! The option that says where events are written.

use std::path::PathBuf;

use clap::Args;

// No doc comment: see `nodes`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct EventsOption {
    /// Write events to this file as JSON lines; `-` is stdout.
    ///
    /// A line is written as it happens (see `schema events`). On stdout they take the place of the result.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
}
