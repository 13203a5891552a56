//! Errors of the settings.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::Explain;
use crate::exit::Exit;
use crate::inventory::Fault;

/// Why the configuration file cannot be used. Messages name the file.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a folder, or far too large.
    #[error("{0}: not a configuration file of at most 256 KiB")]
    NotAFile(PathBuf),
    /// It is not valid YAML, or has an unknown key, or a value of the wrong type.
    #[error("{path}: {}{}", .fault.line.map(|line| format!("line {line}: ")).unwrap_or_default(), .fault.message)]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        fault: Fault,
    },
    /// A value is out of range.
    #[error("{path}: {key} {what}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong with its value.
        what: &'static str,
    },
}

impl Explain for SettingsError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
