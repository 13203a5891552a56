//! One model of a task on a node, for every command that deals with a run.
//!
//! [`PlannedTask`] is what a run is to do on a node, [`TaskRecord`] is what Nailgun's deployment history says of it, and
//! [`TaskResult`] is what that means. Only this module reads Nailgun's status words.

mod counts;
mod estimate;
mod node_ref;
mod phases;
mod progress;
mod run_ref;
mod status;
mod task;

use super::phase::Phase;
pub use counts::TaskCounts;
pub use estimate::about;
pub use node_ref::NodeRef;
pub use phases::{PhaseProgress, PhaseTask, RunPhase};
pub use progress::{LeftOvers, NodeProgress, RunProgress};
pub use run_ref::RunRef;
pub use status::{TaskResult, TaskStatus};
pub use task::{PlannedTask, TaskKind, TaskRecord};

/// A task's id in words: `mu_update_first` → `update first controller`, `mu_backup` → `backup`.
pub fn words(task: &str) -> String {
    match Phase::of_task(task) {
        // Each kind of storage has a task of its own.
        None | Some(Phase::Storage) => {}
        Some(phase) => return format!("update {}", phase.as_str()),
    }
    task.strip_prefix("mu_").unwrap_or(task).replace('_', " ")
}
