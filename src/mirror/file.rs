//! Reading an announcement from a file of this host.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::domain::mu;

use super::FileFault;

/// Reads at most 64 KiB (and one byte, so that too much is noticed) of a regular file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, FileFault> {
    let mut bytes = Vec::new();
    open(path)?.take(mu::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(FileFault::Io)?;
    Ok(bytes)
}

/// Opens a regular file.
pub(super) fn open(path: &Path) -> Result<File, FileFault> {
    // Without O_NONBLOCK, opening a named pipe would block until somebody writes to it.
    let flags = rustix::fs::OFlags::NONBLOCK.union(rustix::fs::OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(FileFault::Io)?;
    let metadata = file.metadata().map_err(FileFault::Io)?;
    if !metadata.is_file() {
        return Err(FileFault::NotAFile(if metadata.is_dir() { "a folder" } else { "not a regular file" }));
    }
    Ok(file)
}
