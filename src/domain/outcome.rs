//! How an installation ended.

use super::cleanup::Cleanup;
use super::drift::RunSnapshots;
use super::mu::Mu;
use super::node::NodeId;
use super::nodeset::fold;
use super::plan::Refusal;
use crate::domain::numbers::{EnvId, TaskId};

/// The result of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallResult {
    /// `--dry-run`: the plan was shown, nothing was sent.
    Planned,
    /// The operator said no.
    Declined,
    /// Something forbids it.
    Refused,
    /// Every node that was asked runs the target already.
    NothingToDo,
    /// `--detach`, or the watch was interrupted: the run continues on the master.
    Started,
    /// Every targeted node proves the target.
    Verified,
    /// Every targeted node proves it, and nodes were left out.
    VerifiedPartly,
    /// A task failed, or a node does not prove the target.
    Failed,
    /// It was stopped before every task was executed.
    Stopped,
    /// Nailgun no longer tells how the run goes.
    Lost,
}

impl InstallResult {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Declined => "declined",
            Self::Refused => "refused",
            Self::NothingToDo => "nothing-to-do",
            Self::Started => "started",
            Self::Verified => "verified",
            Self::VerifiedPartly => "verified-partly",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

/// How far a node got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It proves the target.
    Proven,
    /// Its state file says that something was begun.
    Begun,
    /// Nothing was changed on it.
    Untouched,
    /// It could not be asked.
    Unknown,
}

impl Reached {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Begun => "begun",
            Self::Untouched => "untouched",
            Self::Unknown => "unknown",
        }
    }
}

/// One node at the end of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeOutcome {
    /// Nailgun's number.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// What it ran before; nothing for GA.
    pub before: Option<Mu>,
    /// What it runs now.
    pub after: Option<Mu>,
    /// How far it got.
    pub reached: Reached,
    /// What is missing to the proof. Safe to show.
    pub fault: Option<String>,
    /// Programs and kernel modules that still run old code. Safe to show.
    pub old_in_memory: Option<String>,
    /// The task that failed on it.
    pub failed_task: Option<String>,
    /// The end of its log. Safe to show.
    pub log_tail: Vec<String>,
}

/// An installation at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result.
    pub result: InstallResult,
    /// The environment.
    pub env: EnvId,
    /// The update that it brings.
    pub target: Option<Mu>,
    /// Nailgun's task, and its child with the history.
    pub task: Option<(TaskId, Option<TaskId>)>,
    /// Targeted nodes.
    pub nodes: Vec<NodeOutcome>,
    /// After a failure: nodes on which a killed script had left temporary changes, and what became of those.
    pub cleaned: Vec<(String, Cleanup)>,
    /// How many nodes run the target already.
    pub at_target: usize,
    /// Nodes left out, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Everything that forbids it.
    pub refusals: Vec<Refusal>,
    /// What Nailgun said of the end, where it said something. Safe to show.
    pub message: Option<String>,
    /// The snapshots of the nodes and what they tell, where they were taken.
    pub snapshots: Option<RunSnapshots>,
}

/// Nodes that are left out, folded: the names for each reason, in the order of the reasons.
pub fn left_out_by_reason(left_out: &[(String, String)]) -> Vec<(String, &str)> {
    let mut reasons: Vec<&str> = Vec::new();
    for (_, reason) in left_out {
        if !reasons.contains(&reason.as_str()) {
            reasons.push(reason);
        }
    }
    let names = |reason: &str| fold(left_out.iter().filter(|(_, r)| r == reason).map(|(name, _)| name.as_str()));
    reasons.into_iter().map(|reason| (names(reason), reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_nodes_of_one_reason_are_one_line() {
        let left_out = [("node-3", "excluded"), ("node-9", "unreachable: refused"), ("node-4", "excluded")]
            .map(|(node, reason)| (node.to_owned(), reason.to_owned()));
        let folded = left_out_by_reason(&left_out);
        assert_eq!(folded, [("node-[3-4]".to_owned(), "excluded"), ("node-9".to_owned(), "unreachable: refused")]);
        assert_eq!(left_out_by_reason(&[]), []);
    }
}
