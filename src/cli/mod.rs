//! The command line. Its doc comments are the help that operators read.
//!
//! Each command has the options that do something there, next to each other in one file. Options that several commands
//! share are structs that each of them flattens.

mod ask;
mod blame;
mod check;
mod combination;
mod completions;
mod config;
mod doctor;
mod duration;
mod events;
mod graph;
mod help;
mod history;
mod install;
mod inventory;
mod man;
mod manual;
mod mirror;
mod nodes;
mod origin;
mod output;
mod parse;
mod progress;
mod schema;
mod servers;
mod shared;
mod ssh;
mod whole;

use std::path::PathBuf;

use clap::{Arg, Args, Parser, Subcommand};

pub(crate) use ask::AskOptions;
pub(crate) use check::{CheckCommand, CheckDriftOptions, CheckOptions, RowOptions};
pub(crate) use completions::script;
pub(crate) use config::ConfigCommand;
pub(crate) use doctor::DoctorOptions;
pub(crate) use events::EventsOption;
pub(crate) use graph::{GraphCheckOptions, GraphCommand, GraphShowOptions};
pub(crate) use help::{START, command, unknown_variables};
pub(crate) use history::HistoryOptions;
pub(crate) use install::InstallOptions;
pub(crate) use inventory::InventoryCommand;
pub(crate) use man::{CompletionsOptions, ManOptions};
pub(crate) use manual::manual_pages;
pub(crate) use mirror::{MirrorCommand, MirrorFetchOptions, MirrorPublishOptions, MirrorVerifyOptions};
pub(crate) use nodes::{InventoryOption, NodeOptions, VersionOption};
pub use origin::Origin;
pub(crate) use origin::Origins;
pub use output::Format;
pub(crate) use output::OutputOptions;
pub(crate) use parse::{format_wanted, parse};
pub(crate) use progress::ProgressOption;
pub use progress::ProgressWhen;
pub(crate) use schema::SchemaOptions;
pub(crate) use servers::{CertificateOption, MirrorOption, NailgunOption};
pub use ssh::HostKeys;
pub(crate) use ssh::SshOptions;

use crate::domain::numbers::EnvId;

/// Tell which Maintenance Update each node of a Fuel environment runs, and install newer ones.
///
/// `check` asks the nodes over SSH, never Nailgun. `install` lets Nailgun run a graph, watches it, and verifies the
/// result on every node.
#[derive(Debug, Parser)]
#[command(name = "fuel-updates", version = env!("FUEL_UPDATES_VERSION"), max_term_width = 110, subcommand_required = true)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where the values of options come from.
    #[arg(skip)]
    pub(crate) origins: Origins,
    /// The names of the command and of those above it, separated by spaces: `check installed`.
    #[arg(skip)]
    pub(crate) path: String,
}

// The options of all commands.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GlobalOptions {
    /// Environment ID, as in `fuel2 env list`.
    ///
    /// Without it, the only environment that has a node list is used; `install` always needs it.
    #[arg(long, short = 'e', display_order = 900, global = true, env = "FUEL_UPDATES_ENV", value_name = "ID", value_parser = whole::environment)]
    pub(crate) env: Option<EnvId>,

    /// Read this configuration file instead of /etc/fuel-updates/config.yaml.
    #[arg(
        long,
        display_order = 901,
        global = true,
        hide_short_help = true,
        env = "FUEL_UPDATES_CONFIG",
        value_name = "FILE"
    )]
    pub(crate) config: Option<PathBuf>,

    /// Print only data and errors.
    ///
    /// No progress, no warnings, no hints.
    #[arg(long, short = 'q', display_order = 902, global = true)]
    pub(crate) quiet: bool,
}

/// The options that say which environment and which configuration file. They are not part of commands that need neither.
fn global_options() -> Vec<Arg> {
    let options = GlobalOptions::augment_args(clap::Command::new("global"));
    options.get_arguments().filter(|arg| arg.get_id() != "quiet").cloned().collect()
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
    #[command(flatten)]
    pub(crate) progress: ProgressOption,
    #[command(flatten)]
    pub(crate) events: EventsOption,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report what each node runs, and whether a newer update is available.
    ///
    /// Without an answer from the mirror, only what each node runs.
    Check(Box<CheckOptions>),
    /// Install the mirror's update; Nailgun runs it as a graph.
    Install(Box<InstallOptions>),
    /// Check that everything the commands need is in place, and say what mends what is not.
    Doctor(Box<DoctorOptions>),
    /// List all installations, or every task of one.
    History(HistoryOptions),
    /// Manage the list of nodes to check.
    #[command(subcommand)]
    Inventory(InventoryCommand),
    /// Show or check the graph that `install` runs.
    #[command(subcommand)]
    Graph(GraphCommand),
    /// Publish, verify or copy a mirror.
    #[command(subcommand)]
    Mirror(MirrorCommand),
    /// Show the settings, or print a configuration file to begin with.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the JSON Schema of an output, or list the schemas.
    Schema(SchemaOptions),
    /// Print a completion script for a shell.
    Completions(CompletionsOptions),
    /// Print a manual page (roff), or write all of them into a folder.
    Man(ManOptions),
}

impl Command {
    /// The options of this command that become settings.
    pub(crate) fn settings(&self) -> SettingsOptions {
        match self {
            Self::Check(options) => options.settings(),
            Self::Install(options) => options.settings(),
            Self::Doctor(options) => options.settings.clone(),
            Self::History(options) => options.settings(),
            Self::Inventory(command) => command.settings(),
            Self::Graph(command) => command.settings(),
            Self::Mirror(command) => command.settings(),
            Self::Config(command) => command.settings(),
            Self::Schema(_) | Self::Completions(_) | Self::Man(_) => SettingsOptions::default(),
        }
    }
}
