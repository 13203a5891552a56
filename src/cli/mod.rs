//! The command line. Its doc comments are the help that operators read.
//!
//! Each command has the options that do something there, next to each other in one file. Options that several commands
//! share are structs that each of them flattens.

mod check;
mod combination;
mod config;
mod graph;
mod history;
mod install;
mod inventory;
mod man;
mod manual;
mod nodes;
mod origin;
mod output;
mod parse;
mod servers;
mod shared;
mod ssh;

use std::path::PathBuf;

use clap::builder::TypedValueParser as _;
use clap::{Args, Parser, Subcommand};

pub(crate) use check::{CheckCommand, CheckDriftOptions, RowOptions};
pub(crate) use config::ConfigCommand;
pub(crate) use graph::{GraphCheckOptions, GraphCommand, GraphShowOptions};
pub(crate) use history::HistoryOptions;
pub(crate) use install::InstallOptions;
pub(crate) use inventory::InventoryCommand;
pub(crate) use man::{CompletionsOptions, ManOptions};
pub(crate) use manual::{completion_script, manual_pages};
pub(crate) use nodes::{InventoryOption, NodeOptions, VersionOption};
pub use origin::Origin;
pub(crate) use origin::Origins;
pub use output::Format;
pub(crate) use output::OutputOptions;
pub(crate) use parse::parse;
pub(crate) use servers::{CertificateOption, MirrorOption, NailgunOption};
pub use ssh::HostKeys;
pub(crate) use ssh::SshOptions;

use crate::domain::numbers::EnvId;

/// Report which Maintenance Update each node of a Fuel environment has, and install a newer one.
///
/// `check` asks the nodes over SSH, never Nailgun. `install` lets Nailgun run a graph, watches it, and verifies the
/// result on every node.
#[derive(Debug, Parser)]
#[command(
    name = "fuel-updates",
    version = env!("FUEL_UPDATES_VERSION"),
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Options may also stand before the command: `fuel-updates --nodes 1-3 check installed`.

Exit status: 0 nothing needs attention, 1 no answer or refused, 2 usage, 3 some nodes did not answer properly, \
4 nodes differ, 5 an update is available, 6 the installation was not verified, 7 busy, 130 interrupted.")]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where the values of options come from.
    #[arg(skip)]
    pub(crate) origins: Origins,
}

// The options of all commands.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GlobalOptions {
    /// Environment ID, as in `fuel2 env list`.
    #[arg(long, short = 'e', global = true, env = "FUEL_UPDATES_ENV", value_name = "ID", value_parser = clap::value_parser!(u32).range(1..).map(EnvId))]
    pub(crate) env: Option<EnvId>,

    /// Read this configuration file instead of /etc/fuel-updates/config.yaml.
    #[arg(long, global = true, env = "FUEL_UPDATES_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print only data and errors, no progress and no warnings.
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
}

// The options that become settings. A group that the command does not have is empty.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SettingsOptions {
    #[command(flatten)]
    pub(crate) inventory: InventoryOption,
    #[command(flatten)]
    pub(crate) nodes: NodeOptions,
    #[command(flatten)]
    pub(crate) version: VersionOption,
    #[command(flatten)]
    pub(crate) ssh: SshOptions,
    #[command(flatten)]
    pub(crate) mirror: MirrorOption,
    #[command(flatten)]
    pub(crate) certificates: CertificateOption,
    #[command(flatten)]
    pub(crate) nailgun: NailgunOption,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report installed and available updates.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Install the update announced by the mirror; Nailgun runs it as a graph.
    Install(Box<InstallOptions>),
    /// List all installations in an environment, or every task of one.
    History(HistoryOptions),
    /// Manage the list of nodes to check.
    #[command(subcommand)]
    Inventory(InventoryCommand),
    /// Show or check the graph that `install` runs.
    #[command(subcommand)]
    Graph(GraphCommand),
    /// Show the settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell.
    Completions(CompletionsOptions),
    /// Print a manual page (roff), or write all of them into a folder.
    Man(ManOptions),
}

impl Command {
    /// The options of this command that become settings.
    pub(crate) fn settings(&self) -> SettingsOptions {
        match self {
            Self::Check(command) => command.settings(),
            Self::Install(options) => options.settings(),
            Self::History(options) => options.settings(),
            Self::Inventory(command) => command.settings(),
            Self::Graph(command) => command.settings(),
            Self::Config(command) => command.settings(),
            Self::Completions(_) | Self::Man(_) => SettingsOptions::default(),
        }
    }
}
