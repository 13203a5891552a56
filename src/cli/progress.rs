//! The option that says how progress is shown.

use clap::{Args, ValueEnum};

// No doc comment: see `nodes`.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ProgressOption {
    /// Show progress on stderr: auto (bars on a terminal, else lines), plain (a few lines with their time) or none.
    #[arg(
        long,
        hide_short_help = true,
        env = "FUEL_UPDATES_PROGRESS",
        value_name = "HOW",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) progress: ProgressWhen,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressWhen {
    /// Bars on a terminal, lines elsewhere.
    #[default]
    Auto,
    /// Lines, each with its time (UTC).
    Plain,
    /// Nothing but warnings.
    None,
}
