//! How an installation ended.

use std::path::PathBuf;

use super::cleanup::Cleanup;
use super::drift::RunSnapshots;
use super::mu::Mu;
use super::node::NodeId;
use super::nodeset::fold;
use super::plan::Refusal;
use crate::domain::numbers::{EnvId, TaskId};

/// What the scripts of the graph write in front of the cause, in the last line of their log.
const FAILED: &str = "FAILED:";

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
    /// Whether its packages are upgraded and only the commit is missing.
    pub updated: bool,
    /// The end of its log. Safe to show.
    pub log_tail: Vec<String>,
}

impl NodeOutcome {
    /// Why its task failed: what its scripts said last, or else what is missing to the proof.
    fn cause(&self) -> Option<&str> {
        let said = self.log_tail.last().and_then(|line| line.split_once(FAILED)).map(|(_, cause)| cause.trim());
        said.or(self.fault.as_deref().filter(|_| self.reached == Reached::Untouched && self.log_tail.is_empty()))
    }
}

/// Where the logs of a run are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLogs {
    /// On this host.
    pub here: PathBuf,
    /// On each node.
    pub on_nodes: String,
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
    /// Where the logs are, once something was started.
    pub logs: Option<RunLogs>,
}

impl Outcome {
    /// What failed, in a few words each: `update ceph failed on node-[9-10]: …`. Nodes of the same cause are one line.
    pub fn failures(&self) -> Vec<String> {
        let mut groups: Vec<(&str, Option<&str>, Vec<&str>)> = Vec::new();
        for node in &self.nodes {
            let Some(task) = node.failed_task.as_deref() else { continue };
            match groups.iter_mut().find(|(other, cause, _)| *other == task && *cause == node.cause()) {
                Some((_, _, names)) => names.push(&node.name),
                None => groups.push((task, node.cause(), vec![&node.name])),
            }
        }
        let line = |(task, cause, names): (&str, Option<&str>, Vec<&str>)| {
            let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            format!("{task} failed on {}{cause}", fold(names))
        };
        groups.into_iter().map(line).collect()
    }

    /// The names of the nodes of which this is so, folded.
    pub fn names(&self, is: impl Fn(&NodeOutcome) -> bool) -> String {
        fold(self.nodes.iter().filter(|node| is(node)).map(|node| node.name.as_str()))
    }
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

    fn node(id: u32, failed: Option<&str>, tail: &[&str], fault: Option<&str>) -> NodeOutcome {
        NodeOutcome {
            id: NodeId(id),
            name: format!("node-{id}"),
            before: None,
            after: None,
            reached: if tail.is_empty() { Reached::Untouched } else { Reached::Begun },
            fault: fault.map(str::to_owned),
            failed_task: failed.map(str::to_owned),
            updated: false,
            old_in_memory: None,
            log_tail: tail.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    #[test]
    fn failures_name_node_task_and_cause_and_fold() {
        let tail =
            ["2026-11-29T14:00:00Z update: upgrading", "2026-11-29T14:00:01Z update: FAILED: nova-api: no space"];
        let nodes = vec![
            node(7, Some("update computes"), &tail, Some("incomplete (to x)")),
            node(8, Some("update computes"), &tail, Some("incomplete (to x)")),
            node(9, Some("check"), &[], Some("nova-api is held")),
            node(10, Some("backup"), &["killed"], Some("incomplete (to x)")),
            node(11, None, &[], Some("check was not run")),
        ];
        let outcome = Outcome {
            result: InstallResult::Failed,
            env: EnvId(1),
            target: None,
            task: None,
            nodes,
            cleaned: vec![],
            at_target: 0,
            left_out: vec![],
            refusals: vec![],
            message: None,
            snapshots: None,
            logs: None,
        };
        let wanted = [
            "update computes failed on node-[7-8]: nova-api: no space",
            "check failed on node-9: nova-api is held",
            "backup failed on node-10",
        ];
        assert_eq!(outcome.failures(), wanted);
        assert_eq!(outcome.names(|node| node.reached == Reached::Untouched), "node-[9,11]");
    }

    #[test]
    fn many_nodes_of_one_reason_are_one_line() {
        let left_out = [("node-3", "excluded"), ("node-9", "unreachable: refused"), ("node-4", "excluded")]
            .map(|(node, reason)| (node.to_owned(), reason.to_owned()));
        let folded = left_out_by_reason(&left_out);
        assert_eq!(folded, [("node-[3-4]".to_owned(), "excluded"), ("node-9".to_owned(), "unreachable: refused")]);
        assert_eq!(left_out_by_reason(&[]), []);
    }
}
