//! After a stop: which nodes are incomplete now, by the history of the run, and how to go on.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use crate::command::runs;
use crate::domain::history::HistoryEntry;
use crate::domain::node::NodeId;
use crate::domain::nodeset::fold;
use crate::domain::run::{TaskKind, TaskStatus};
use crate::graph::{COMMIT, UploadedValues};
use crate::nailgun::Task;

/// How the names of the tasks begin that update nodes. In a graph without any, every task that is no check counts.
const UPDATE: &str = "mu_update";

/// How far the nodes of a run came.
#[derive(Debug, Default, PartialEq, Eq)]
struct NodesOfRun {
    complete: BTreeSet<NodeId>,
    begun: BTreeSet<NodeId>,
    untouched: BTreeSet<NodeId>,
}

impl NodesOfRun {
    /// Reads them from the records of a run. `checks` are the tasks that change nothing.
    fn of(entries: &[HistoryEntry], checks: &[String]) -> Self {
        let mut nodes = Self::default();
        let of_update = |entry: &HistoryEntry| entry.record.task.starts_with(UPDATE);
        let has_update = entries.iter().any(of_update);
        for entry in entries {
            let Some(node) = entry.record.node.id() else { continue };
            let (task, status) = (&entry.record.task, &entry.record.status);
            let changes = entry.kind == TaskKind::Work && !checks.contains(task) && (of_update(entry) || !has_update);
            if task == COMMIT && *status == TaskStatus::Ready {
                nodes.complete.insert(node);
            } else if changes && !matches!(status, TaskStatus::Pending | TaskStatus::Skipped) {
                nodes.begun.insert(node);
            } else {
                nodes.untouched.insert(node);
            }
        }
        nodes.begun.retain(|node| !nodes.complete.contains(node));
        nodes.untouched.retain(|node| !nodes.complete.contains(node) && !nodes.begun.contains(node));
        nodes
    }
}

/// Says what a run that is at rest leaves behind. What Nailgun does not tell is left out.
pub(super) fn tell(context: &Context<'_>, child: &Task, values: &UploadedValues) {
    let (env, id) = (context.env, child.id);
    let go_on = format!(
        "go on with `fuel-updates --env {env} install`; `fuel-updates --env {env} check installed` shows what each node has"
    );
    // Before 9.1 an update is several runs, and one tells nothing of the nodes of the others.
    if child.graph_type.is_empty() {
        context.ui.hint(&go_on);
        return;
    }
    let told = context.nailgun(move |nailgun| Ok((nailgun.full_history(id)?, nailgun.nodes(env)?)));
    let Ok((records, known)) = told else {
        context.ui.hint(&go_on);
        return;
    };
    let names: BTreeMap<NodeId, String> = known.into_iter().map(|node| (node.id, node.name)).collect();
    let checks = runs::checks(&records);
    let nodes = NodesOfRun::of(&runs::entries(records, child, values), &checks);
    let folded = |ids: &BTreeSet<NodeId>| {
        let name = |id: &NodeId| names.get(id).cloned().unwrap_or_else(|| format!("node {id}"));
        let names: Vec<String> = ids.iter().map(name).collect();
        fold(names.iter().map(String::as_str))
    };
    for (word, ids) in [
        ("complete", &nodes.complete),
        ("update begun, incomplete", &nodes.begun),
        ("not updated yet", &nodes.untouched),
    ] {
        if !ids.is_empty() {
            context.ui.status(&format!("{word}: {}", folded(ids)));
        }
    }
    if !nodes.begun.is_empty() || !nodes.untouched.is_empty() {
        context.ui.hint(&go_on);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{NodeRef, TaskRecord};

    #[test]
    fn a_check_changes_nothing_and_a_commit_completes() {
        let entry = |task: &str, node: u32, status: &str, kind| HistoryEntry {
            record: TaskRecord {
                task: task.into(),
                node: NodeRef::Node(NodeId(node)),
                status: TaskStatus::parse(status),
                began: None,
                ended: None,
            },
            kind,
            chosen: None,
            requires: vec![],
            required_for: vec![],
        };
        let entries = [
            entry("mu_env", 1, "ready", TaskKind::Upload),
            entry("mu_check", 1, "ready", TaskKind::Work),
            entry("mu_update_ceph", 1, "ready", TaskKind::PassesBy),
            entry("mu_backup", 1, "ready", TaskKind::Work),
            entry("mu_update_first", 2, "running", TaskKind::Work),
            entry("mu_commit", 2, "pending", TaskKind::Work),
            entry("mu_backup", 3, "ready", TaskKind::Work),
            entry("mu_commit", 3, "ready", TaskKind::Work),
        ];
        let nodes = NodesOfRun::of(&entries, &["mu_check".to_owned()]);
        let set = |id: u32| BTreeSet::from([NodeId(id)]);
        assert_eq!(nodes, NodesOfRun { complete: set(3), begun: set(2), untouched: set(1) });
    }
}
