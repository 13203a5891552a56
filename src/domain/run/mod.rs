//! A run of a graph: the records of its deployment history, and how far it is.

mod progress;
mod run_ref;

pub use progress::{Counts, LeftOvers, NodeProgress, PlannedTask, RunProgress, TaskOnNode};
pub use run_ref::RunRef;

use super::node::NodeId;
use super::text::one_line;

/// The status of a task on a node, as the history has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// Not begun. Once the transaction is over: never executed.
    Pending,
    /// At work. Once the transaction is over: failed, and the failure was ignored.
    Running,
    /// Done.
    Ready,
    /// Failed.
    Error,
    /// Not executed, for a condition or because it was not chosen. A stage that went well is `skipped` too.
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

    /// Whether it will not change any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ready | Self::Error | Self::Skipped)
    }

    /// Position on the way from not begun to over; a status never goes back.
    fn rank(&self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Running | Self::Unknown(_) => 1,
            Self::Ready | Self::Error | Self::Skipped => 2,
        }
    }
}

/// Where a task is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeRef {
    /// On a node.
    Node(NodeId),
    /// On the Fuel master.
    Master,
    /// Nowhere: a stage.
    Virtual,
    /// Nowhere: it matched no node.
    Nobody,
}

impl NodeRef {
    /// Reads the `node_id` of a history, or a key of a serialized graph: `"3"`, `"master"`, null, `"null"`, `"-"`.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            None | Some("null") => Self::Virtual,
            Some("master") => Self::Master,
            Some(text) => text.parse().map_or(Self::Nobody, |id| Self::Node(NodeId(id))),
        }
    }
}

/// One record of a deployment history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRecord {
    /// The task's id in the graph. Safe to show.
    pub task: String,
    /// Where.
    pub node: NodeRef,
    /// How far.
    pub status: TaskStatus,
    /// When it began, milliseconds since 1970 (UTC).
    pub began: Option<i64>,
    /// When it ended, milliseconds since 1970 (UTC).
    pub ended: Option<i64>,
}
