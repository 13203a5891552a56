//! One task on one node.

use crate::domain::run::{NodeRef, TaskStatus};

/// What became of a task on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskResult {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// The run is over and the task never ended: it failed, and the failure was ignored.
    FailureIgnored,
    /// At work.
    Running,
    /// Not begun.
    Waiting,
    /// The run is over and the task was never begun, for a failure or a stop before it.
    NotExecuted,
    /// It was not chosen for this run.
    Skipped,
}

impl TaskResult {
    /// Reads a status for what it means in a run that is over or not.
    pub fn of(status: &TaskStatus, over: bool) -> Self {
        match status {
            TaskStatus::Ready => Self::Done,
            TaskStatus::Error => Self::Failed,
            TaskStatus::Running | TaskStatus::Unknown(_) if over => Self::FailureIgnored,
            TaskStatus::Running | TaskStatus::Unknown(_) => Self::Running,
            TaskStatus::Pending if over => Self::NotExecuted,
            TaskStatus::Pending => Self::Waiting,
            TaskStatus::Skipped => Self::Skipped,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::FailureIgnored => "failure-ignored",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::NotExecuted => "not-executed",
            Self::Skipped => "skipped",
        }
    }

    /// Whether it failed, whether or not Nailgun went on.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::FailureIgnored)
    }
}

/// What a task had to do on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// It worked.
    Worked,
    /// It took a file.
    Upload,
    /// It passed by: the command was `true`, because the node's work is done in another phase.
    PassedBy,
}

impl TaskKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worked => "work",
            Self::Upload => "upload",
            Self::PassedBy => "passes-by",
        }
    }
}

/// One task on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeTask {
    /// The task's id in the graph. Safe to show.
    pub task: String,
    /// The node, or the master.
    pub node: NodeRef,
    /// Its phase: the position in [`super::RunHistory::phases`].
    pub phase: usize,
    /// What it had to do.
    pub kind: TaskKind,
    /// What became of it.
    pub result: TaskResult,
    /// Nailgun's word for it.
    pub status: TaskStatus,
    /// When it began, milliseconds since 1970 (UTC).
    pub began: Option<i64>,
    /// When it ended, milliseconds since 1970 (UTC).
    pub ended: Option<i64>,
}

impl NodeTask {
    /// How long it took, in milliseconds; clocks that go back count as nothing.
    pub fn duration(&self) -> Option<i64> {
        Some(self.ended?.saturating_sub(self.began?).max(0))
    }
}
