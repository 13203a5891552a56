//! Options of `doctor`.

use clap::Args;

use super::SettingsOptions;

// It looks at everything that an option can change.
#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    #[command(flatten)]
    pub(super) settings: SettingsOptions,
}
