//! The file of host keys on disk.
//!
//! Changes are made under a lock in a file next to it and replace the file as a whole, so that a reader never sees a part
//! of it and two runs at once keep what the other recorded.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{HostKey, KnownHosts};
use crate::files::write_atomically;

/// A file of host keys larger than this is none.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// How long another run may hold the lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Reads the file; one that does not exist is empty.
pub(in crate::fleet) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Where no folder can be, there is no file either.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than 16 MiB"));
    }
    Ok(text)
}

/// Appends keys that were learnt. What another run recorded in the meantime is kept: for a name that has a
/// key by now, ours is left out, and the next run will compare.
pub(in crate::fleet) fn append(path: &Path, learnt: &[(String, HostKey)]) -> io::Result<()> {
    if learnt.is_empty() {
        return Ok(());
    }
    change(path, |text| {
        let known = KnownHosts::parse(&text);
        let mut new = text;
        if !new.is_empty() && !new.ends_with(b"\n") {
            new.push(b'\n');
        }
        for (name, key) in learnt {
            if known.recorded(name).is_empty() {
                new.extend_from_slice(format!("{name} {} {}\n", key.kind, STANDARD.encode(&key.blob)).as_bytes());
            }
        }
        new
    })
}

/// Replaces the file's text by what `edit` makes of it, under the lock.
pub(super) fn change(path: &Path, edit: impl FnOnce(Vec<u8>) -> Vec<u8>) -> io::Result<()> {
    // A link is followed, so that the rename replaces the file and not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(beside(&path, ".lock"))?;
    take(&lock)?;
    let before = read(&path)?;
    let after = edit(before.clone());
    if after == before {
        return Ok(());
    }
    write_atomically(&path, &after, 0o600).map_err(io::Error::other)
}

/// Waits for the lock, but not for ever: whoever holds it does so for milliseconds.
fn take(lock: &File) -> io::Result<()> {
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::AGAIN) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Err(Errno::AGAIN) => return Err(io::Error::other("another run holds its lock")),
            taken => return Ok(taken?),
        }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn key(last: u8) -> HostKey {
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend_from_slice(&[last; 32]);
        HostKey { kind: "ssh-ed25519".into(), blob }
    }

    #[test]
    fn a_missing_file_is_made_with_its_folder_and_is_ours_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/known_hosts");
        assert_eq!(read(&path).unwrap(), b"");
        append(&path, &[("node-1".into(), key(1))]).unwrap();
        assert_eq!(KnownHosts::parse(&read(&path).unwrap()).recorded("node-1").len(), 1);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn what_stands_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        fs::write(&path, "# by hand\nstrange line").unwrap();
        append(&path, &[("node-1".into(), key(1))]).unwrap();
        let text = String::from_utf8(read(&path).unwrap()).unwrap();
        assert!(text.starts_with("# by hand\nstrange line\nnode-1 ssh-ed25519 "), "{text}");
    }

    #[test]
    fn what_another_run_recorded_meanwhile_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        append(&path, &[("node-1".into(), key(1))]).unwrap();
        append(&path, &[("node-1".into(), key(2)), ("node-2".into(), key(3))]).unwrap();
        let known = KnownHosts::parse(&read(&path).unwrap());
        assert_eq!(*known.recorded("node-1")[0].key, key(1));
        assert_eq!(known.recorded("node-1").len(), 1);
        assert_eq!(*known.recorded("node-2")[0].key, key(3));
    }

    #[test]
    fn many_writers_at_once_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        std::thread::scope(|scope| {
            for writer in 0..8u8 {
                let path = &path;
                scope.spawn(move || {
                    for i in 0..10u8 {
                        append(path, &[(format!("node-{writer}-{i}"), key(i))]).unwrap();
                    }
                });
            }
        });
        let known = KnownHosts::parse(&read(&path).unwrap());
        assert!(known.unreadable.is_empty());
        for writer in 0..8 {
            for i in 0..10 {
                assert_eq!(known.recorded(&format!("node-{writer}-{i}")).len(), 1);
            }
        }
    }

    #[test]
    fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("known_hosts"));
        fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        append(&link, &[("node-1".into(), key(1))]).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(KnownHosts::parse(&read(&real).unwrap()).recorded("node-1").len(), 1);
    }
}
