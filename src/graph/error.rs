//! Why a graph cannot be read or compiled.

use std::path::PathBuf;

use thiserror::Error;

use crate::error::Explain;

/// Why a graph cannot be read or compiled. Every text is safe to show.
#[derive(Debug, Error)]
pub enum GraphError {
    /// A file of the folder cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is larger than any graph's.
    #[error("{0}: larger than 1 MiB")]
    FileTooLarge(PathBuf),
    /// A file is no YAML of the expected shape.
    #[error("{file}: {message}")]
    Yaml {
        /// `tasks.yaml` or `metadata.yaml`.
        file: &'static str,
        /// Place and cause.
        message: String,
    },
    /// A task names a script that the folder does not have.
    #[error("task {task}: {name} is not in the folder")]
    NoScript {
        /// The task's id.
        task: String,
        /// The script as the task names it.
        name: String,
    },
    /// `@something` that nobody fills in.
    #[error("task {task}: unknown placeholder {name}")]
    Placeholder {
        /// The task's id.
        task: String,
        /// The placeholder.
        name: String,
    },
    /// Too much for one message to a node.
    #[error("task {task}: its data are {size} bytes in base64, more than {max}")]
    BundleTooLarge {
        /// The task's id.
        task: String,
        /// Bytes it would have.
        size: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// A brace in a string: Nailgun would format it.
    #[error("task {task}: a brace in {place}: Nailgun formats every string of a task")]
    Brace {
        /// The task's id.
        task: String,
        /// The key.
        place: String,
    },
    /// The graph cannot be written as JSON.
    #[error("the graph cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A value of the run that may not stand in the node's `env` file.
    #[error("{key} holds a character that a node may not be sent: {value}")]
    Value {
        /// The key of the `env` file.
        key: &'static str,
        /// The value, shortened.
        value: String,
    },
}

impl Explain for GraphError {}
