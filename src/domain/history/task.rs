//! One task on one node of a run.

use crate::domain::run::{TaskKind, TaskRecord, TaskResult};

/// One task on one node of a run, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeTask {
    /// What Nailgun's history says of it. Times are empty for a task that was skipped.
    pub record: TaskRecord,
    /// What it had to do.
    pub kind: TaskKind,
    /// What became of it.
    pub result: TaskResult,
    /// Its phase: the position in [`super::RunHistory::phases`].
    pub phase: usize,
}
