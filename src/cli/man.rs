//! Options of `man` and `completions`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct ManOptions {
    /// Print the page of this command, as in `man check installed`; without it, the page of the program.
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    pub(crate) of: Vec<String>,

    /// Write the pages of all commands as files into this folder, which must exist.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsOptions {
    /// Shell to complete for.
    pub(crate) shell: clap_complete::Shell,
}
