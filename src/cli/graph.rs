//! Options of `graph`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::whole::whole;
use super::{CertificateOption, InventoryOption, MirrorOption, OutputOptions, SettingsOptions, VersionOption};

#[derive(Debug, Subcommand)]
pub(crate) enum GraphCommand {
    /// Print the tasks of the graph in order, or one file for `fuel2 graph upload`.
    Show(GraphShowOptions),
    /// Check a graph for mistakes that Nailgun does not report.
    Check(GraphCheckOptions),
}

#[derive(Debug, Args)]
pub(crate) struct GraphShowOptions {
    /// Show the graph in this folder instead of the built-in one.
    pub(crate) dir: Option<PathBuf>,

    /// Print one self-contained YAML file that installs the update announced by the mirror; needs --env or --env-neutral.
    #[arg(long)]
    pub(crate) compiled: bool,

    /// Compile for any environment and any number of runs, as a package delivers it; needs --mos-version.
    #[arg(long, requires = "compiled")]
    pub(crate) env_neutral: bool,

    /// Update this many compute nodes at the same time (only with --compiled).
    #[arg(long, value_name = "N", default_value = "5", requires = "compiled", value_parser = whole(1..=50_u16))]
    pub(crate) batch: u16,

    #[command(flatten)]
    inventory: InventoryOption,
    #[command(flatten)]
    version: VersionOption,
    #[command(flatten)]
    mirror: MirrorOption,
    #[command(flatten)]
    certificates: CertificateOption,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Debug, Args)]
pub(crate) struct GraphCheckOptions {
    /// Check the graph in this folder instead of the built-in one.
    pub(crate) dir: Option<PathBuf>,
}

impl GraphCommand {
    pub(super) fn settings(&self) -> SettingsOptions {
        match self {
            Self::Show(options) => SettingsOptions {
                inventory: options.inventory.clone(),
                version: options.version.clone(),
                mirror: options.mirror.clone(),
                certificates: options.certificates.clone(),
                output: options.output.clone(),
                ..SettingsOptions::default()
            },
            Self::Check(_) => SettingsOptions::default(),
        }
    }
}
