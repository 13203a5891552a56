//! `mirror publish`, `mirror verify` and `mirror fetch`.

mod fetch;
mod look;
mod needs;
mod publish;
mod verify;

use crate::cli::MirrorCommand;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::ui::Ui;

/// Runs an action on a mirror.
pub(crate) fn run(command: &MirrorCommand, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    match command {
        MirrorCommand::Publish(options) => publish::run(options, settings, ui),
        MirrorCommand::Verify(options) => verify::run(options, settings, ui),
        MirrorCommand::Fetch(options) => fetch::run(options, settings, ui),
    }
}
