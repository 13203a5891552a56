//! Files that are read and replaced as a whole: a reader sees the old file or the new one, never a part of either.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::error::Explain;

/// A file could not be written. The old one, if there is one, is unchanged.
#[derive(Debug, Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct WriteError {
    /// The file.
    path: PathBuf,
    /// Why.
    source: io::Error,
}

impl Explain for WriteError {}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// What the system says, or that the file is larger.
pub fn read_at_most(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

/// Writes `bytes` to a temporary file in the same folder and renames it to `path`.
///
/// A new file gets the permissions `mode`, less the umask. A file that is replaced keeps its own permissions, except
/// that its group and others lose the right to write. A symbolic link is followed: its target is replaced. A device
/// or a pipe (`/dev/stdout`) is written to and stays what it is.
///
/// # Errors
/// [`WriteError`]. Nothing is left behind.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> Result<(), WriteError> {
    write(path, bytes, mode).map_err(|source| WriteError { path: path.to_owned(), source })
}

/// Looks whether a file can be written to this place, before work is done that it is to hold.
///
/// # Errors
/// [`WriteError`].
pub fn look_for_room(path: &Path) -> Result<(), WriteError> {
    let look = || match WritePlace::of(path)? {
        WritePlace::Stream => Ok(()),
        WritePlace::File(path) => beside(&path, 0o600).map(drop),
    };
    look().map_err(|source| WriteError { path: path.to_owned(), source })
}

/// What a path leads to.
enum WritePlace {
    /// A device or a pipe.
    Stream,
    /// A file, there or not yet, at the end of all links.
    File(PathBuf),
}

impl WritePlace {
    fn of(path: &Path) -> io::Result<Self> {
        if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Ok(Self::Stream);
        }
        let path = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            found => found?,
        };
        if path.file_name().is_none() || path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"));
        }
        Ok(Self::File(path))
    }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file in the same folder.
fn beside(path: &Path, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    let mut new = tempfile::Builder::new();
    new.prefix(".fuel-updates-").permissions(Permissions::from_mode(mode));
    // Nobody knows the temporary file by its name: only the cause is told.
    let cause = |error: io::Error| {
        let text = error.to_string();
        io::Error::new(error.kind(), text.split(" at path ").next().unwrap_or_default())
    };
    new.tempfile_in(folder_of(path)).map_err(cause)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let path = match WritePlace::of(path)? {
        WritePlace::Stream => return File::options().write(true).open(path)?.write_all(bytes),
        WritePlace::File(path) => path,
    };
    let mut new = beside(&path, mode)?;
    match fs::metadata(&path) {
        Ok(old) => new.as_file().set_permissions(Permissions::from_mode(old.permissions().mode() & 0o755))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(&path)?;
    // Without this a crash may bring the old file back.
    File::open(folder_of(&path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_pipe_is_written_to_and_not_replaced() {
        use std::os::unix::fs::FileTypeExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (pipe, link) = (dir.path().join("pipe"), dir.path().join("link"));
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        write_atomically(&link, b"page", 0o644).unwrap();
        assert_eq!(reader.join().unwrap(), "page");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn room_is_looked_for_where_the_file_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for (path, room) in [
            (dir.path().join("new.html"), true),
            (link, true),
            (dir.path().to_owned(), false),
            (dir.path().join("no/x.html"), false),
        ] {
            let told = (look_for_room(&path), write_atomically(&path, b"x", 0o600));
            assert_eq!((told.0.is_ok(), told.1.is_ok()), (room, room), "{told:?}");
        }
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.html");
        for text in ["one", "two"] {
            write_atomically(&path, text.as_bytes(), 0o600).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let folder = write_atomically(dir.path(), b"x", 0o600).unwrap_err().to_string();
        assert!(folder.ends_with("not the name of a file"), "{folder}");
        let missing = write_atomically(&dir.path().join("no/x.html"), b"x", 0o600).unwrap_err().to_string();
        assert!(missing.contains("No such file"), "{missing}");
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write_atomically(&link, b"new", 0o600).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode(&file)), ("new", 0o644));
        assert!(link.is_symlink());
    }
}
