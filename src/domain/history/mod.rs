//! A run of the graph as its deployment history tells it afterwards: what each task did on each node, in which
//! phase, and how long. Nailgun's words are read for what they mean once the run is over (`ready` although a task
//! failed, `pending` for what was never executed).

mod phase;
mod run;
mod task;

pub use phase::HistoryPhase;
pub use run::{Frame, HistoryEntry, RunHistory, RunKind, RunStatus, Tally};
pub use task::{NodeTask, TaskKind, TaskResult};

/// A task's id in words: `mu_update_first` → `update first`.
pub fn words(task: &str) -> String {
    task.strip_prefix("mu_").unwrap_or(task).replace('_', " ")
}
