//! A task on a node: as planned, and as Nailgun's deployment history records it.

use jiff::{SignedDuration, Timestamp};

use super::{NodeRef, TaskStatus};
use crate::domain::node::NodeId;

/// What a task has to do on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskKind {
    /// It runs a command that does something.
    Work,
    /// It writes a file.
    Upload,
    /// It runs the command `true`, because another phase does this node's work.
    PassesBy,
}

impl TaskKind {
    /// The kind of a task of this Nailgun type (`shell`, `upload_file`, …) whose command on the node is `true` or not.
    pub fn of(task_type: &str, passes_by: bool) -> Self {
        match task_type {
            "upload_file" | "upload_files" | "copy_files" | "sync" => Self::Upload,
            _ if passes_by => Self::PassesBy,
            _ => Self::Work,
        }
    }

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Upload => "upload",
            Self::PassesBy => "passes-by",
        }
    }
}

/// A task that a run is to execute on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedTask {
    /// The task's id in the graph. Safe to show.
    pub task: String,
    /// The node.
    pub node: NodeId,
    /// What it has to do there. Progress and messages are about [`TaskKind::Work`] alone.
    pub kind: TaskKind,
}

/// One record of a deployment history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRecord {
    /// The task's id in the graph. Safe to show.
    pub task: String,
    /// Where it is executed.
    pub node: NodeRef,
    /// How far it is.
    pub status: TaskStatus,
    /// When it began, by Nailgun's clock.
    pub began: Option<Timestamp>,
    /// When it ended, by Nailgun's clock.
    pub ended: Option<Timestamp>,
}

impl TaskRecord {
    /// A task of which the history has nothing: it was not started.
    pub(super) fn not_started(task: &str, node: NodeId) -> Self {
        Self { task: task.to_owned(), node: NodeRef::Node(node), status: TaskStatus::Pending, began: None, ended: None }
    }

    /// How long it took; zero where a clock went back.
    pub fn duration(&self) -> Option<SignedDuration> {
        Some(self.ended?.duration_since(self.began?).max(SignedDuration::ZERO))
    }
}
