//! The options of every command that asks nodes.

use clap::Args;

use super::{InventoryOption, NodeOptions, SettingsOptions, SshOptions, VersionOption};

// No doc comment: see `nodes`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AskOptions {
    #[command(flatten)]
    inventory: InventoryOption,
    #[command(flatten)]
    nodes: NodeOptions,
    #[command(flatten)]
    version: VersionOption,
    #[command(flatten)]
    ssh: SshOptions,
}

impl AskOptions {
    /// These options as settings, and no others.
    pub(super) fn settings(&self) -> SettingsOptions {
        SettingsOptions {
            inventory: self.inventory.clone(),
            nodes: self.nodes.clone(),
            version: self.version.clone(),
            ssh: self.ssh.clone(),
            ..SettingsOptions::default()
        }
    }
}
