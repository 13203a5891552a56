//! Nailgun's words for the status of a task, and what they mean.

use crate::domain::text::one_line;

/// The status of a task on a node, as Nailgun's deployment history names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// Not started.
    Pending,
    /// Started and not ended.
    Running,
    /// Ended without a failure.
    Ready,
    /// Failed.
    Error,
    /// Not executed, because of a condition or because it was not chosen. Stages have this status too.
    Skipped,
    /// A word that we do not know. Safe to show.
    Unknown(String),
}

impl TaskStatus {
    /// Reads Nailgun's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "ready" => Self::Ready,
            "error" => Self::Error,
            "skipped" => Self::Skipped,
            other => Self::Unknown(one_line(other, 40)),
        }
    }

    /// Nailgun's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Unknown(word) => word,
        }
    }

    /// Whether `self` may follow `earlier`: a task starts, then it ends, and never goes back.
    pub(super) fn may_follow(&self, earlier: &Self) -> bool {
        let step = |status: &Self| match status {
            Self::Pending => 0,
            Self::Running | Self::Unknown(_) => 1,
            Self::Ready | Self::Error | Self::Skipped => 2,
        };
        step(self) >= step(earlier)
    }
}

/// What became of a task on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskResult {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// The run is over and the task never ended: it failed, and Nailgun went on.
    FailureIgnored,
    /// Running.
    Running,
    /// Not started; the run goes on.
    Waiting,
    /// The run is over and the task was never started, because of a failure or a stop before it.
    NotExecuted,
    /// Not chosen for this run.
    Skipped,
}

impl TaskResult {
    /// What a status means. The same word means something else once the run is over: Nailgun leaves `running` for a failure
    /// that it ignored, and `pending` for a task that it never started.
    pub fn of(status: &TaskStatus, run_is_over: bool) -> Self {
        match status {
            TaskStatus::Ready => Self::Done,
            TaskStatus::Error => Self::Failed,
            TaskStatus::Running | TaskStatus::Unknown(_) if run_is_over => Self::FailureIgnored,
            TaskStatus::Running | TaskStatus::Unknown(_) => Self::Running,
            TaskStatus::Pending if run_is_over => Self::NotExecuted,
            TaskStatus::Pending => Self::Waiting,
            TaskStatus::Skipped => Self::Skipped,
        }
    }

    /// The word for it, in tables and JSON.
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

    /// Whether the task failed, whether or not Nailgun went on.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::FailureIgnored)
    }
}
