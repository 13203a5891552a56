//! Reading an announcement from a file of this host.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::domain::mu;

use super::location::shown;
use super::{MirrorError, MirrorErrorKind};

/// Reads at most 64 KiB (and one byte, so that too much is noticed) of a regular file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, MirrorError> {
    let fail = |error: &std::io::Error| {
        let (kind, hint) = match error.kind() {
            ErrorKind::NotFound => (MirrorErrorKind::NotFound, None),
            ErrorKind::PermissionDenied => {
                (MirrorErrorKind::Forbidden, Some("check who may read the file and enter the folders above it"))
            }
            _ => (MirrorErrorKind::File, None),
        };
        let failure = MirrorError::new(kind, format!("mirror {}: {}", shown(path), reason(error)));
        match hint {
            Some(hint) => failure.hinted(hint),
            None => failure,
        }
    };
    // Without O_NONBLOCK a named pipe would hold us for ever.
    let flags = rustix::fs::OFlags::NONBLOCK.union(rustix::fs::OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| fail(&e))?;
    let metadata = file.metadata().map_err(|e| fail(&e))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder" } else { "no regular file" };
        return Err(MirrorError::new(MirrorErrorKind::File, format!("mirror {}: it is {what}", shown(path))));
    }
    let mut bytes = Vec::new();
    file.take(mu::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| fail(&e))?;
    Ok(bytes)
}

/// The system's words without its error number.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => crate::domain::text::one_line(&error.to_string(), 120),
    }
}
