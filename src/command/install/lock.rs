//! Prevents two installations of the same environment on this host at the same time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::command::state_dir;
use crate::domain::numbers::EnvId;
use crate::error::AppError;
use crate::exit::Exit;

/// Holds the lock until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct InstallLock {
    _file: File,
}

impl InstallLock {
    /// Takes the lock of the environment with this name.
    pub(super) fn take(state: &Path, key: &str, env: EnvId) -> Result<Self, AppError> {
        let folder = state_dir::open(&state.join("locks"))?;
        let path = folder.join(format!("{key}.lock"));
        let failed = |e: std::io::Error| AppError::new(Exit::Error, format!("{}: {e}", path.display()));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = std::fs::read_to_string(&path).unwrap_or_default();
                let holder: String = holder.chars().filter(char::is_ascii_digit).take(10).collect();
                return Err(AppError::new(
                    Exit::Busy,
                    format!("another installation of environment {env} runs here (process {holder})"),
                )
                .hinted(Some("wait for it, or watch it with install --attach".to_owned())));
            }
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_busy_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let first = InstallLock::take(&state, "master-env-1", EnvId(1)).unwrap();
        let second = InstallLock::take(&state, "master-env-1", EnvId(1)).unwrap_err();
        assert_eq!(second.exit, Exit::Busy);
        assert!(second.message.contains(&format!("(process {})", std::process::id())), "{}", second.message);
        InstallLock::take(&state, "other-env-1", EnvId(1)).unwrap();
        drop(first);
        InstallLock::take(&state, "master-env-1", EnvId(1)).unwrap();
    }
}
