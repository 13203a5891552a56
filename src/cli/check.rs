//! Options of `check`.

use clap::{Args, Subcommand};

use super::{
    CertificateOption, InventoryOption, MirrorOption, NodeOptions, OutputOptions, SettingsOptions, SshOptions,
    VersionOption,
};

#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Report the update installed on each node (SSH only).
    Installed(CheckInstalledOptions),
    /// Report the nodes for which the mirror has a newer update (SSH and mirror only).
    Available(CheckAvailableOptions),
}

#[derive(Debug, Args)]
pub(crate) struct CheckInstalledOptions {
    #[command(flatten)]
    inventory: InventoryOption,
    #[command(flatten)]
    nodes: NodeOptions,
    #[command(flatten)]
    version: VersionOption,
    #[command(flatten)]
    ssh: SshOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Debug, Args)]
pub(crate) struct CheckAvailableOptions {
    #[command(flatten)]
    inventory: InventoryOption,
    #[command(flatten)]
    nodes: NodeOptions,
    #[command(flatten)]
    version: VersionOption,
    #[command(flatten)]
    ssh: SshOptions,
    #[command(flatten)]
    mirror: MirrorOption,
    #[command(flatten)]
    certificates: CertificateOption,
    #[command(flatten)]
    output: OutputOptions,
}

impl CheckCommand {
    pub(super) fn settings(&self) -> SettingsOptions {
        match self {
            Self::Installed(options) => SettingsOptions {
                inventory: options.inventory.clone(),
                nodes: options.nodes.clone(),
                version: options.version.clone(),
                ssh: options.ssh.clone(),
                output: options.output.clone(),
                ..SettingsOptions::default()
            },
            Self::Available(options) => SettingsOptions {
                inventory: options.inventory.clone(),
                nodes: options.nodes.clone(),
                version: options.version.clone(),
                ssh: options.ssh.clone(),
                mirror: options.mirror.clone(),
                certificates: options.certificates.clone(),
                output: options.output.clone(),
                ..SettingsOptions::default()
            },
        }
    }
}
