//! Options of `inventory`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    AskOptions, CertificateOption, InventoryOption, NailgunOption, OutputOptions, SettingsOptions, SshOptions,
};

#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    /// Print the node list that a check would use; `-f ansible` prints Ansible's dynamic inventory.
    Show(InventoryShowOptions),
    /// Update the node list from Nailgun and print what changed.
    Sync(InventorySyncOptions),
    /// Convert a node list of any form, or that of a node, and write it.
    Import(InventoryImportOptions),
    /// Print a commented node list to begin with, where Nailgun cannot be asked.
    Init,
    /// Forget recorded host keys, for nodes that were reinstalled.
    ForgetHostKey(ForgetHostKeyOptions),
}

#[derive(Debug, Args)]
pub(crate) struct InventoryShowOptions {
    #[command(flatten)]
    ask: AskOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Debug, Args)]
pub(crate) struct InventorySyncOptions {
    /// Write this file instead of the node list in use (/etc/fuel-updates/inventory/env-ID.yaml).
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,

    #[command(flatten)]
    inventory: InventoryOption,
    #[command(flatten)]
    certificates: CertificateOption,
    #[command(flatten)]
    nailgun: NailgunOption,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub(crate) struct InventoryImportOptions {
    /// Node list of any form; `-` reads standard input.
    #[arg(value_name = "FILE", group = "source")]
    pub(crate) file: Option<PathBuf>,

    /// Fetch the node list from this node over SSH: its address, or its name in the node list.
    #[arg(long, value_name = "NODE", group = "source")]
    pub(crate) from: Option<String>,

    /// Write this file instead of the node list in use (/etc/fuel-updates/inventory/env-ID.yaml); `-` prints it.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,

    #[command(flatten)]
    inventory: InventoryOption,
    #[command(flatten)]
    ssh: SshOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ForgetHostKeyOptions {
    /// Nodes, named as for --nodes.
    #[arg(required = true, value_name = "NODE")]
    pub(crate) which: Vec<String>,

    #[command(flatten)]
    inventory: InventoryOption,
    // A key is recorded by address and port.
    #[command(flatten)]
    ssh: SshOptions,
}

impl InventoryCommand {
    pub(super) fn settings(&self) -> SettingsOptions {
        let none = SettingsOptions::default();
        match self {
            Self::Show(options) => SettingsOptions { output: options.output.clone(), ..options.ask.settings() },
            Self::Sync(options) => SettingsOptions {
                inventory: options.inventory.clone(),
                certificates: options.certificates.clone(),
                nailgun: options.nailgun.clone(),
                output: options.output.clone(),
                ..none
            },
            Self::Import(options) => SettingsOptions {
                inventory: options.inventory.clone(),
                ssh: options.ssh.clone(),
                output: options.output.clone(),
                ..none
            },
            Self::Init => none,
            Self::ForgetHostKey(options) => {
                SettingsOptions { inventory: options.inventory.clone(), ssh: options.ssh.clone(), ..none }
            }
        }
    }
}
