//! What is wrong with a repository.

use thiserror::Error;

use super::RepositoryPath;

/// What is wrong with a repository. Every text is one line and safe to show.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RepositoryFault {
    /// The suite has no Release file.
    #[error("{0}: no Release file")]
    NoRelease(String),
    /// A file is not there.
    #[error("{0} is missing")]
    Missing(RepositoryPath),
    /// A file has another size than the repository says.
    #[error("{path} has {found} bytes, not {wanted}")]
    Size {
        /// The file.
        path: RepositoryPath,
        /// Its size.
        found: u64,
        /// The size that it should have.
        wanted: u64,
    },
    /// A file has another checksum than the repository says.
    #[error("{0} has another checksum than the repository says")]
    Checksum(RepositoryPath),
    /// `InRelease` and `Release` list different indexes.
    #[error("{0}: InRelease and Release list different indexes")]
    Differ(String),
    /// A file is not of its format.
    #[error("{path}: {what}")]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
}

impl RepositoryFault {
    /// A stable word for JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoRelease(_) | Self::Missing(_) => "missing",
            Self::Size { .. } | Self::Checksum(_) => "damaged",
            Self::Differ(_) => "inconsistent",
            Self::Invalid { .. } => "invalid",
        }
    }
}
