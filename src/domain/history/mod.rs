//! A run of the graph as its deployment history tells it afterwards: what each task did on each node, in which phase,
//! and how long it took.

mod kind;
mod phase;
mod run;
mod task;

pub use kind::{Landmarks, RunKind};
pub use phase::{HistoryPhase, run_phases};
pub use run::{HistoryEntry, RunHistory, RunStatus, RunSummary};
pub use task::NodeTask;
