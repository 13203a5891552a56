//! Why nothing could be asked.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::Explain;

/// Why nodes could not be asked at all, or not to the end. Safe to show; never holds key material.
#[derive(Debug, Error)]
pub enum FleetError {
    /// No key to log in with: no agent, no file.
    #[error("no SSH key: {looked}")]
    NoKey {
        /// Where it was looked for, in words.
        looked: String,
    },
    /// A key that was asked for by name cannot be used.
    #[error("SSH key {}: {cause}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The file of host keys cannot be read.
    #[error("known hosts {}: {source}", path.display())]
    KnownHosts {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// This host cannot open connections.
    #[error("this host cannot open connections: {0}")]
    System(#[source] io::Error),
    /// This process may not open enough files: each connection is one.
    #[error("this process may open {limit} files only (ulimit -n), which is not enough to ask nodes")]
    OpenFiles {
        /// The limit.
        limit: u64,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
    /// The run was cancelled from outside. What had come in was told by events.
    #[error("interrupted")]
    Interrupted,
}

impl Explain for FleetError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey { .. } => {
                Some("name a private key with --ssh-key, or start an agent (ssh-agent, ssh-add)".to_owned())
            }
            Self::Key { hint, .. } => {
                hint.clone().or_else(|| Some("name a private key file with --ssh-key".to_owned()))
            }
            Self::KnownHosts { .. } => Some("repair the file or its permissions, or move it away".to_owned()),
            Self::OpenFiles { .. } => Some("raise the limit (ulimit -n 1024), or lower --fanout".to_owned()),
            Self::System(_) | Self::Random | Self::Interrupted => None,
        }
    }
}
