//! Snapshots as files.

use std::path::Path;

use crate::domain::drift::{DriftNode, FactPool, SNAPSHOT_LIMIT, Snapshot};
use crate::domain::numbers::EnvId;
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::{read_at_most, write_atomically};

/// Reads a snapshot.
pub(crate) fn read(path: &Path) -> Result<Snapshot, AppError> {
    let failed = |what: String| AppError::new(Exit::Error, format!("snapshot {}: {what}", path.display()));
    let bytes = read_at_most(path, SNAPSHOT_LIMIT).map_err(|error| failed(error.to_string()))?;
    Snapshot::read(&bytes).map_err(|error| failed(error.to_string()))
}

/// Writes one. Package versions and settings are confidential: only the owner may read it.
pub(crate) fn write(
    path: &Path,
    env: EnvId,
    taken_at: &str,
    nodes: &[DriftNode],
    pool: &FactPool,
) -> Result<(), AppError> {
    let text = Snapshot::write(env, taken_at, nodes, pool);
    Ok(write_atomically(path, text.as_bytes(), 0o600)?)
}
