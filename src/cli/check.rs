//! Options of `check`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::whole::whole;
use super::{
    AskOptions, CertificateOption, EventsOption, MirrorOption, OutputOptions, ProgressOption, SettingsOptions,
};

// `check` alone has the options of both checks.
#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    #[command(subcommand)]
    pub(crate) which: Option<CheckCommand>,
    #[command(flatten)]
    pub(crate) both: CheckAvailableOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Report the update installed on each node (SSH only).
    Installed(CheckInstalledOptions),
    /// Report the nodes for which the mirror has a newer update (SSH and mirror only).
    Available(CheckAvailableOptions),
    /// Compare the nodes of a role and list the differences (SSH only).
    ///
    /// Packages, services, repositories, kernels, clocks, and what the update records.
    Drift(Box<CheckDriftOptions>),
}

#[derive(Debug, Args)]
pub(crate) struct CheckInstalledOptions {
    #[command(flatten)]
    ask: AskOptions,
    #[command(flatten)]
    pub(crate) rows: RowOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    progress: ProgressOption,
    #[command(flatten)]
    events: EventsOption,
}

#[derive(Debug, Args)]
pub(crate) struct CheckAvailableOptions {
    #[command(flatten)]
    ask: AskOptions,
    #[command(flatten)]
    mirror: MirrorOption,
    #[command(flatten)]
    certificates: CertificateOption,
    #[command(flatten)]
    pub(crate) rows: RowOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    progress: ProgressOption,
    #[command(flatten)]
    events: EventsOption,
}

#[derive(Debug, Args)]
pub(crate) struct CheckDriftOptions {
    /// Compare only this package (or service, file, setting).
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Option<String>,

    /// Also report files of packages that were modified on a node; slow, because every installed file is read.
    #[arg(long)]
    pub(crate) files: bool,

    /// Also compare checksums of the usual configuration files, without each node's own names and addresses.
    #[arg(long)]
    pub(crate) config_files: bool,

    /// Save everything that the nodes answered in this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Report what is different from this file, which --save wrote earlier or in another environment.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// Write the report as an HTML page.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) html: Option<PathBuf>,

    #[command(flatten)]
    ask: AskOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    progress: ProgressOption,
    #[command(flatten)]
    events: EventsOption,
}

/// Which rows are printed.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct RowOptions {
    /// Print a row for each node, even if they do not fit.
    #[arg(long)]
    pub(crate) all: bool,

    /// Print only the nodes that need attention.
    #[arg(long)]
    pub(crate) problems: bool,

    /// Ask again every so many seconds, until Ctrl-C (on a terminal).
    ///
    /// Each answer replaces the one before. The exit status is that of the final one.
    #[arg(long, value_name = "SECONDS", conflicts_with = "summary", value_parser = whole(1..=86_400_u32))]
    pub(crate) watch: Option<u32>,

    /// Print the answer as one line.
    ///
    /// For a mail's subject or a log.
    #[arg(long, conflicts_with_all = ["all", "problems"])]
    pub(crate) summary: bool,
}

impl CheckOptions {
    pub(super) fn settings(&self) -> SettingsOptions {
        match &self.which {
            None => self.both.settings(),
            Some(CheckCommand::Available(options)) => options.settings(),
            Some(CheckCommand::Drift(options)) => SettingsOptions {
                output: options.output.clone(),
                progress: options.progress,
                events: options.events.clone(),
                ..options.ask.settings()
            },
            Some(CheckCommand::Installed(options)) => SettingsOptions {
                output: options.output.clone(),
                progress: options.progress,
                events: options.events.clone(),
                ..options.ask.settings()
            },
        }
    }
}

impl CheckAvailableOptions {
    fn settings(&self) -> SettingsOptions {
        SettingsOptions {
            mirror: self.mirror.clone(),
            certificates: self.certificates.clone(),
            output: self.output.clone(),
            progress: self.progress,
            events: self.events.clone(),
            ..self.ask.settings()
        }
    }
}
