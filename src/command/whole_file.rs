//! Files for the operator, written whole or not at all.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::error::AppError;
use crate::exit::Exit;

/// Writes a file beside `path` and moves it there: whoever reads `path` sees the old or the new one.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), AppError> {
    let failed = |e: std::io::Error| AppError::new(Exit::Error, format!("{}: {e}", path.display()));
    let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
        return Err(AppError::new(Exit::Error, format!("{} is no name of a file", path.display())));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(hidden);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // Nothing half-written stays; that it may not be there is no news.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_replaces_a_file_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.html");
        for text in ["one", "two"] {
            write(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(write(dir.path(), b"x").unwrap_err().message.ends_with("is no name of a file"));
        let missing = write(&dir.path().join("no/x.html"), b"x").unwrap_err().message;
        assert!(missing.contains("No such file"), "{missing}");
    }
}
