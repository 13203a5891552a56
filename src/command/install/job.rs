//! What one step hands to the next: the job, its parts, the run that is watched, and its end.

use std::collections::BTreeMap;

use crate::domain::mu::Mu;
use crate::domain::node::{Node, NodeId};
use crate::domain::numbers::TaskId;
use crate::domain::phase::Phase;
use crate::domain::plan::Plan;
use crate::domain::run::{PlannedTask, RunPhase, RunProgress, TaskRecord};
use crate::graph::{RunBody, RunValues};
use crate::nailgun::{StartApi, Task, TaskState};

/// A node of an installation.
#[derive(Clone, Debug)]
pub(super) struct RunNode {
    /// Its ID in Nailgun.
    pub(super) id: NodeId,
    /// How to log in.
    pub(super) node: Node,
    /// What it ran before.
    pub(super) before: Option<Mu>,
    /// Whether it is to be updated; the others only look after the cluster.
    pub(super) target: bool,
}

impl RunNode {
    /// The targeted nodes. If a controller is among them, the other controllers take part as well: the primary one looks
    /// after the cluster, and Nailgun does not tell beforehand which one it is.
    pub(super) fn of_plan(plan: &Plan) -> Vec<Self> {
        let controller = |roles: &[String]| roles.iter().any(|r| r == "controller");
        let targeted = plan.targeted.iter();
        let mut nodes: Vec<Self> =
            targeted.map(|t| Self { id: t.id, node: t.node.clone(), before: t.before.clone(), target: true }).collect();
        if plan.targeted.iter().any(|t| controller(&t.roles)) {
            let companions = plan.at_target.iter().filter(|row| controller(&row.node.roles));
            nodes.extend(companions.filter_map(|row| {
                Some(Self { id: row.node.id?, node: row.node.clone(), before: row.mu.clone(), target: false })
            }));
        }
        nodes.sort_by_key(|node| node.id);
        nodes
    }
}

/// A graph that was uploaded to Nailgun, ready to be executed.
pub(super) struct Job {
    pub(super) values: RunValues,
    /// What is uploaded.
    pub(super) body: RunBody,
    /// The type under which it is uploaded: the run's own.
    pub(super) graph_type: String,
    pub(super) api: StartApi,
    /// All nodes of the run.
    pub(super) nodes: Vec<RunNode>,
    /// The names of all nodes of the environment.
    pub(super) names: BTreeMap<NodeId, String>,
    /// Every task on every node that Nailgun is going to run.
    pub(super) planned: Vec<PlannedTask>,
    /// The name of the controller that goes first, by Nailgun.
    pub(super) first_controller: Option<String>,
    /// The phases of the graph.
    pub(super) phases: Vec<RunPhase>,
    /// Nodes that are left out, with the reason.
    pub(super) left_out: Vec<(String, String)>,
}

impl Job {
    /// The IDs of all nodes of the run.
    pub(super) fn ids(&self) -> Vec<NodeId> {
        self.nodes.iter().map(|node| node.id).collect()
    }
}

/// A part of a job that one request to Nailgun starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobPart {
    /// The tasks to run; none for the whole graph.
    pub(super) tasks: Option<Vec<String>>,
    /// The nodes to run them on.
    pub(super) nodes: Vec<NodeId>,
    /// What it does, in a few words.
    pub(super) title: String,
    /// Whether it only checks.
    pub(super) precheck: bool,
    /// The phase that it begins or goes on with, where the update is cut by phases.
    pub(super) phase: Option<Phase>,
}

/// A run to be watched.
pub(super) struct WatchedRun {
    /// Its id, which names its log.
    pub(super) id: String,
    /// The task that Nailgun answered with.
    pub(super) parent: Task,
    /// Its child, which has the history, if it is known.
    pub(super) child: Option<TaskId>,
    /// What it is to do.
    pub(super) planned: Vec<PlannedTask>,
    /// The phases of its graph.
    pub(super) phases: Vec<RunPhase>,
    /// What its history told before the watch.
    pub(super) known: Vec<TaskRecord>,
    /// The names of nodes.
    pub(super) names: BTreeMap<NodeId, String>,
    /// What it does, in a few words.
    pub(super) title: String,
}

/// Why the watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchEnd {
    /// The run is over.
    Over,
    /// The run is over, and somebody asked for a stop: nothing is started after it.
    Halted,
    /// A signal came; the run continues.
    Interrupted,
    /// Nailgun no longer tells how the run goes.
    Lost,
}

/// A run at the end of the watch.
pub(super) struct RunEnd {
    /// The id of the run.
    pub(super) id: String,
    pub(super) ended: WatchEnd,
    pub(super) parent: TaskId,
    pub(super) child: Option<TaskId>,
    /// Nailgun's status of it.
    pub(super) status: TaskState,
    /// Nailgun's message about it. Safe to show.
    pub(super) message: Option<String>,
    /// Its tasks.
    pub(super) progress: RunProgress,
}

impl RunEnd {
    /// Whether every planned task ended well.
    pub(super) fn went_well(&self) -> bool {
        self.ended == WatchEnd::Over && self.status == TaskState::Ready && self.progress.left_overs().is_empty()
    }
}
