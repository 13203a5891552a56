//! Fetches the file of a node that lists its whole environment, with one command.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::domain::remote::{Garbled, RemoteCommand};

/// The largest file that is fetched, in bytes; no configuration of a node is larger.
const MAX_FILE: usize = 16 * 1024 * 1024;

/// The command that fetches the file of a node that lists its whole environment.
#[derive(Clone, Copy, Debug)]
pub enum FetchNodeFile {}

/// One of the node's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFile {
    /// Its path on the node.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why the node list cannot be fetched.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NodeFileError {
    /// The node has neither file: it is not deployed, or not a node at all.
    #[error("it has neither /etc/astute.yaml nor /etc/hiera/cluster.yaml: is it a deployed node?")]
    Missing,
    /// The file exists and cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(String),
    /// The file is too large.
    #[error("{0} is larger than 16 MiB")]
    TooLarge(String),
}

impl RemoteCommand for FetchNodeFile {
    const SCRIPT: &'static [&'static str] = &[include_str!("fetch.sh")];
    const PROGRAMS: &'static str = "head base64";
    /// Two files in base64, and room for a noisy profile.
    const LIMIT: usize = 2 * (MAX_FILE / 3 * 4) + 128 * 1024;
    type Answer = Result<NodeFile, NodeFileError>;

    /// On 10.0 `astute.yaml` is a comment that says where everything moved to, so the other file comes first.
    fn parse(answer: &str) -> Result<Self::Answer, Garbled> {
        let mut fault = NodeFileError::Missing;
        for line in answer.lines() {
            let mut words = line.splitn(3, ' ');
            let path = words.next().unwrap_or_default();
            if !matches!(path, "/etc/astute.yaml" | "/etc/hiera/cluster.yaml") {
                return Err(Garbled("path"));
            }
            match (words.next(), words.next()) {
                (Some("read"), Some(data)) => {
                    let mut bytes = STANDARD.decode(data).map_err(|_| Garbled("content"))?;
                    let split = bytes.len().checked_sub(2).ok_or(Garbled("content"))?;
                    if bytes.split_off(split) != b"ok" {
                        fault = NodeFileError::Unreadable(path.to_owned());
                    } else if bytes.len() > MAX_FILE {
                        fault = NodeFileError::TooLarge(path.to_owned());
                    } else {
                        return Ok(Ok(NodeFile { path: path.to_owned(), bytes }));
                    }
                }
                (Some("unreadable"), _) => fault = NodeFileError::Unreadable(path.to_owned()),
                (Some("missing"), _) => {}
                _ => return Err(Garbled("status")),
            }
        }
        Ok(Err(fault))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::remote::testing::ask;

    #[test]
    fn the_file_of_either_generation() {
        let dir = tempfile::tempdir().unwrap();
        let ask = || ask::<FetchNodeFile>(dir.path()).unwrap();
        fs::create_dir_all(dir.path().join("etc/hiera")).unwrap();
        assert_eq!(ask(), Err(NodeFileError::Missing));
        fs::write(dir.path().join("etc/astute.yaml"), "a: 1\n").unwrap();
        let found = ask().unwrap();
        assert_eq!((found.path.as_str(), found.bytes.as_slice()), ("/etc/astute.yaml", b"a: 1\n".as_slice()));
        fs::write(dir.path().join("etc/hiera/cluster.yaml"), "c: 1\n").unwrap();
        assert_eq!(ask().unwrap().path, "/etc/hiera/cluster.yaml");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let unreadable = || Ok(Err(NodeFileError::Unreadable("/etc/astute.yaml".into())));
        for (answer, parsed) in [
            ("", Ok(Err(NodeFileError::Missing))),
            ("/etc/astute.yaml read !", Err(Garbled("content"))),
            ("/etc/astute.yaml read ", Err(Garbled("content"))),
            ("/etc/astute.yaml what", Err(Garbled("status"))),
            ("/etc/passwd read b2s=", Err(Garbled("path"))),
            ("/etc/astute.yaml unreadable", unreadable()),
            ("/etc/astute.yaml read bm8=", unreadable()),
        ] {
            assert_eq!(FetchNodeFile::parse(answer), parsed, "{answer}");
        }
    }
}
