//! A node's own file that lists its whole environment, as one exec brings it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

const BEGIN: &str = "#fuel-updates-nodes 1";
const END: &str = "#fuel-updates-end";
/// The most of one file, in bytes; what is larger is no configuration of a node.
const MAX_FILE: usize = 16 * 1024 * 1024;
/// The most that a whole answer can be, in bytes: two files in base64, and room for a noisy profile.
pub const MAX_REMOTE_ANSWER: usize = 2 * (MAX_FILE / 3 * 4) + 128 * 1024;

const SCRIPT: &str = include_str!("fetch.sh");

/// The command: a constant, without the comments of its source.
pub fn remote_command() -> String {
    SCRIPT.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// One of the node's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its path on the node.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why there is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RemoteError {
    /// No complete answer in the output.
    #[error("no complete answer in its output")]
    NoAnswer,
    /// The node has neither file: not deployed, or no node.
    #[error("it has neither /etc/astute.yaml nor /etc/hiera/cluster.yaml: is it a deployed node?")]
    Missing,
    /// It is there and may not be read.
    #[error("{0} cannot be read")]
    Unreadable(String),
    /// It is larger than any node's configuration.
    #[error("{0} is larger than 16 MiB")]
    TooLarge(String),
}

/// Takes the file that lists the nodes out of an exec's output. On 10.0 `astute.yaml` is a comment that says where
/// everything moved to, so the other one comes first.
///
/// # Errors
/// [`RemoteError`].
pub fn remote_file(output: &[u8]) -> Result<RemoteFile, RemoteError> {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line));
    lines.by_ref().find(|line| *line == BEGIN).ok_or(RemoteError::NoAnswer)?;
    let answer: Vec<&str> = lines.collect();
    let end = answer.iter().position(|line| *line == END).ok_or(RemoteError::NoAnswer)?;
    let mut fault = RemoteError::Missing;
    for line in answer.get(..end).unwrap_or_default() {
        let mut words = line.splitn(3, ' ');
        let path = words.next().unwrap_or_default();
        // Nobody but the node writes here, so nothing but our own two paths is taken for one.
        if !matches!(path, "/etc/astute.yaml" | "/etc/hiera/cluster.yaml") {
            continue;
        }
        match (words.next(), words.next()) {
            (Some("read"), Some(data)) => {
                let mut bytes = STANDARD.decode(data).map_err(|_| RemoteError::NoAnswer)?;
                let split = bytes.len().checked_sub(2).ok_or(RemoteError::NoAnswer)?;
                if bytes.split_off(split) != b"ok" {
                    fault = RemoteError::Unreadable(path.to_owned());
                } else if bytes.len() > MAX_FILE {
                    fault = RemoteError::TooLarge(path.to_owned());
                } else {
                    return Ok(RemoteFile { path: path.to_owned(), bytes });
                }
            }
            (Some("unreadable"), _) => fault = RemoteError::Unreadable(path.to_owned()),
            _ => {}
        }
    }
    Err(fault)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn ask(tree: &Path) -> Vec<u8> {
        let mut command = Command::new("/bin/sh");
        let out = command.arg("-c").arg(remote_command()).env("FUEL_MU_ROOT", tree).output().unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
        out.stdout
    }

    #[test]
    fn the_file_of_either_generation() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("etc/hiera")).unwrap();
        assert_eq!(remote_file(&ask(dir.path())), Err(RemoteError::Missing));
        fs::write(dir.path().join("etc/astute.yaml"), "a: 1\n").unwrap();
        let found = remote_file(&ask(dir.path())).unwrap();
        assert_eq!((found.path.as_str(), found.bytes.as_slice()), ("/etc/astute.yaml", b"a: 1\n".as_slice()));
        fs::write(dir.path().join("etc/hiera/cluster.yaml"), "c: 1\n").unwrap();
        assert_eq!(remote_file(&ask(dir.path())).unwrap().path, "/etc/hiera/cluster.yaml");
        let mut noisy = b"Welcome\n/etc/astute.yaml read !\n".to_vec();
        noisy.extend(ask(dir.path()));
        noisy.extend(b"bye\xff\n");
        assert_eq!(remote_file(&noisy).unwrap().bytes, b"c: 1\n");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for bad in [
            "",
            "x",
            "#fuel-updates-nodes 1\n/etc/astute.yaml read b2s=\n",
            "#fuel-updates-nodes 1\n/etc/astute.yaml read !\n#fuel-updates-end\n",
        ] {
            assert_eq!(remote_file(bad.as_bytes()), Err(RemoteError::NoAnswer), "{bad}");
        }
        let answer = |line: &str| remote_file(format!("#fuel-updates-nodes 1\n{line}\n#fuel-updates-end\n").as_bytes());
        assert_eq!(answer("/etc/astute.yaml unreadable"), Err(RemoteError::Unreadable("/etc/astute.yaml".into())));
        assert_eq!(answer("/etc/passwd read b2s="), Err(RemoteError::Missing));
        assert_eq!(answer("/etc/astute.yaml read bm8="), Err(RemoteError::Unreadable("/etc/astute.yaml".into())));
    }
}
