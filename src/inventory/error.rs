//! Errors of the node list.

use std::path::PathBuf;

use thiserror::Error;

use crate::domain::numbers::EnvId;
use crate::error::Explain;
use crate::exit::Exit;

/// Why there is no node list. Messages name the file, and the line and key if there are any.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// No source lists this environment.
    #[error("no node list for environment {env}")]
    NotFound {
        /// The environment asked for.
        env: EnvId,
        /// The environments that have a node list.
        known: Vec<EnvId>,
        /// The files that were looked for.
        looked: Vec<PathBuf>,
    },
    /// `--env` was not given, and there is not exactly one environment to choose.
    #[error("no environment given")]
    WhichEnvironment {
        /// The environments that have a node list.
        known: Vec<EnvId>,
        /// The file that was given and does not say it.
        file: Option<PathBuf>,
    },
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than any node list.
    #[error("{0}: larger than 64 MiB")]
    TooLarge(PathBuf),
    /// The content of the file is not a node list.
    #[error("{path}{}: {message}", .line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1, if it is known.
        line: Option<u64>,
        /// What is wrong; safe to show.
        message: String,
    },
    /// The file lists another environment.
    #[error("{path} lists environment {found}, not {wanted}")]
    OtherEnvironment {
        /// The file.
        path: PathBuf,
        /// The environment in it.
        found: EnvId,
        /// The environment asked for.
        wanted: EnvId,
    },
    /// The file lists no node of the environment.
    #[error("{path} lists no node{} that can be asked{}", .env.map(|env| format!(" of environment {env}")).unwrap_or_default(), reasons(.left_out))]
    Empty {
        /// The file.
        path: PathBuf,
        /// The environment asked for.
        env: Option<EnvId>,
        /// How many entries were left out, by reason.
        left_out: Vec<(String, usize)>,
    },
}

fn reasons(left_out: &[(String, usize)]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let list: Vec<String> = left_out.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    format!(" (left out: {})", list.join(", "))
}

impl Explain for InventoryError {
    fn exit(&self) -> Exit {
        if matches!(self, Self::WhichEnvironment { .. }) { Exit::Usage } else { Exit::Error }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { env, known, looked } => {
                let looked: Vec<String> = looked.iter().map(|p| p.display().to_string()).collect();
                let known = match known.as_slice() {
                    [] => String::new(),
                    ids => format!("; environments with a node list: {}", join(ids)),
                };
                Some(format!(
                    "write one with `fuel-updates --env {env} inventory sync` (from Nailgun) or `fuel-updates --env {env} \
                     inventory import --from NODE` (from a node over SSH), or name a file with --inventory; looked for {}{known}",
                    looked.join(", ")
                ))
            }
            Self::WhichEnvironment { known, file } if known.is_empty() => Some(match file {
                None => "give --env ID (`fuel2 env list` shows them); there is no node list yet: `fuel-updates --env ID inventory \
                         sync` writes one from Nailgun, `inventory import --from NODE` from a node"
                    .to_owned(),
                Some(file) => format!("give --env ID: {} does not say which environment it lists", file.display()),
            }),
            Self::WhichEnvironment { known, file: None } => Some(format!("give --env ID; known: {}", join(known))),
            Self::WhichEnvironment { known, file: Some(file) } => {
                Some(format!("give --env ID; {} lists nodes of {}", file.display(), join(known)))
            }
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Some("run as a user who may read it, or name another node list with --inventory".to_owned())
            }
            Self::OtherEnvironment { found, .. } => Some(format!("give --env {found}, or another --inventory")),
            Self::Invalid { .. } | Self::Empty { .. } | Self::Read { .. } | Self::TooLarge(_) => None,
        }
    }
}

fn join(ids: &[EnvId]) -> String {
    ids.iter().map(EnvId::to_string).collect::<Vec<_>>().join(", ")
}
