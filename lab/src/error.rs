//! Why a lab could not be started or used.

use std::io;

use thiserror::Error;

/// Why a lab could not be started or used.
#[derive(Debug, Error)]
pub enum LabError {
    /// A file of the lab could not be written, or a socket not be opened.
    #[error("lab: {0}")]
    Io(#[from] io::Error),
    /// A key could not be made.
    #[error("lab: key: {0}")]
    Key(String),
    /// The scenario contradicts itself.
    #[error("lab: scenario: {0}")]
    Scenario(String),
}
