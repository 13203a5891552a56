//! The folder of our own state: host keys, runs, locks, logs. 0700, files 0600.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::AppError;
use crate::exit::Exit;
use crate::ui::Ui;

/// Makes the folder where it is missing, and refuses one that others may write to.
pub(crate) fn open(path: &Path) -> Result<PathBuf, AppError> {
    let failed = |what: String| {
        AppError::new(Exit::Error, format!("state folder {}: {what}", path.display())).hinted(Some(
            "it holds known host keys and the records of runs; FUEL_UPDATES_STATE_DIR names another".to_owned(),
        ))
    };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| failed(e.to_string()))?;
    let metadata = fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    if metadata.permissions().mode() & 0o022 != 0 {
        return Err(failed("others may write to it".to_owned()));
    }
    Ok(path.to_owned())
}

/// The folder, for a command that changes nothing. Where it cannot be made, the command warns and goes on without it: new
/// host keys are then not recorded. One that others may write to is refused all the same.
pub(crate) fn open_if_possible(path: &Path, ui: &Ui) -> Result<PathBuf, AppError> {
    if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(path) {
        ui.warning(&format!("state folder {} cannot be made: {error}", path.display()));
        return Ok(path.to_owned());
    }
    open(path)
}
