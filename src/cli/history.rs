//! Options of `history`.

use std::path::PathBuf;

use clap::Args;

use super::{CertificateOption, InventoryOption, NailgunOption, OutputOptions, SettingsOptions};
use crate::domain::numbers::TaskId;

#[derive(Debug, Args)]
pub(crate) struct HistoryOptions {
    /// Show every task of this installation: its Nailgun task, parent or child. Without it, list all installations.
    pub(crate) task: Option<TaskId>,

    /// Write an HTML page with a bar per task and node, of the newest installation if no TASK is given.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) timeline: Option<PathBuf>,

    #[command(flatten)]
    inventory: InventoryOption,
    #[command(flatten)]
    certificates: CertificateOption,
    #[command(flatten)]
    nailgun: NailgunOption,
    #[command(flatten)]
    output: OutputOptions,
}

impl HistoryOptions {
    pub(super) fn settings(&self) -> SettingsOptions {
        SettingsOptions {
            inventory: self.inventory.clone(),
            certificates: self.certificates.clone(),
            nailgun: self.nailgun.clone(),
            output: self.output.clone(),
            ..SettingsOptions::default()
        }
    }
}
