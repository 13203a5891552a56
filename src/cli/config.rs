//! Options of `config`.

use clap::Subcommand;

use super::SettingsOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print each setting and where its value comes from; passwords are masked.
    // It prints what an option would do to a command, so it has all of them.
    Show(Box<SettingsOptions>),
    /// Print a commented configuration file with every setting.
    Init,
}

impl ConfigCommand {
    pub(super) fn settings(&self) -> SettingsOptions {
        match self {
            Self::Show(options) => SettingsOptions::clone(options),
            Self::Init => SettingsOptions::default(),
        }
    }
}
