//! Compares Nailgun's preview with what the graph should do on these nodes: task by task, node by node.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::node::NodeId;
pub(super) use crate::domain::run::words;
use crate::domain::run::{NodeRef, PlannedTask, TaskKind};
use crate::domain::text::one_line;
use crate::graph::{Graph, GraphError, NodeRoles, RunValues, passes_by};
use crate::nailgun::Preview;

/// Roles of which one node of an environment is the primary.
const WITH_PRIMARY: [&str; 2] = ["controller", "mongo"];

/// What Nailgun is going to run, if that is what was planned.
pub(super) struct Agreed {
    /// Every pair of task and node that is sent.
    pub(super) planned: Vec<PlannedTask>,
    /// The primary controller by Nailgun, if it is part of the run.
    pub(super) primary: Option<NodeId>,
}

/// Compares the preview with the plan. The inner error holds the differences, in words.
pub(super) fn compare(
    graph: &Graph,
    values: &RunValues,
    nodes: &[(NodeId, Vec<String>)],
    preview: &Preview,
) -> Result<Result<Agreed, Vec<String>>, GraphError> {
    let variants = variants(graph, values, nodes)?;
    let mut faults = Vec::new();
    let mut planned = Vec::new();
    let mut primaries = Vec::new();
    let nobody = Vec::new();
    for (node, roles) in nodes {
        let seen = sent(*node, roles, preview.tasks.get(&NodeRef::Node(*node)).unwrap_or(&nobody));
        let fits = variants.iter().find(|(_, plan)| plan.get(&node.0).is_some_and(|tasks| *tasks == seen));
        match fits {
            Some((primary_of, _)) => {
                if primary_of.contains(&"controller") && roles.iter().any(|r| r == "controller") {
                    primaries.push(*node);
                }
            }
            None => faults.push(difference(*node, &seen, variants.first().and_then(|(_, plan)| plan.get(&node.0)))),
        }
        planned.extend(seen);
    }
    for node in preview.tasks.keys() {
        let ours = matches!(node, NodeRef::Node(id) if nodes.iter().any(|(known, _)| known == id));
        if !ours && *node != NodeRef::Virtual {
            faults.push(format!("Nailgun would run tasks on {node:?}, which is not part of the run"));
        }
    }
    let controllers = nodes.iter().filter(|(_, roles)| roles.iter().any(|r| r == "controller")).count();
    if controllers > 0 && primaries.len() != 1 && faults.is_empty() {
        faults.push(match primaries.len() {
            0 => "controllers are part of the run, but not the primary one: it goes first and looks after the cluster"
                .to_owned(),
            n => format!("Nailgun holds {n} controllers for the primary one"),
        });
    }
    faults.extend(limits(preview));
    if faults.is_empty() { Ok(Ok(Agreed { planned, primary: primaries.first().copied() })) } else { Ok(Err(faults)) }
}

type Plans = Vec<(Vec<&'static str>, BTreeMap<u32, Vec<PlannedTask>>)>;

/// The tasks of every node for each possible choice of primary nodes. Only the preview tells which node is a primary.
fn variants(graph: &Graph, values: &RunValues, nodes: &[(NodeId, Vec<String>)]) -> Result<Plans, GraphError> {
    let mut variants = Vec::new();
    for mask in 0..4usize {
        let primary_of: Vec<&'static str> =
            WITH_PRIMARY.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, r)| *r).collect();
        let as_primary = |role: &String| {
            if primary_of.contains(&role.as_str()) { format!("primary-{role}") } else { role.clone() }
        };
        let roles: Vec<NodeRoles> = nodes
            .iter()
            .map(|(id, roles)| NodeRoles { id: id.0, roles: roles.iter().map(as_primary).collect() })
            .collect();
        let mut plan = graph.expected(values, &roles)?;
        for tasks in plan.values_mut() {
            tasks.sort();
        }
        variants.push((primary_of, plan));
    }
    Ok(variants)
}

/// The tasks of a node that would be executed, sorted by name. The preview of 9.0 holds expressions as they were uploaded:
/// these are evaluated here, as Nailgun does when it executes them.
fn sent(node: NodeId, roles: &[String], tasks: &[crate::nailgun::PreviewTask]) -> Vec<PlannedTask> {
    let mut planned: Vec<PlannedTask> = tasks
        .iter()
        .filter(|task| task.kind != "skipped")
        .map(|task| {
            let passes = task.parameters.get("cmd").is_some_and(|command| passes_by(command, node.0, roles));
            PlannedTask { task: task.id.clone(), node, kind: TaskKind::of(&task.kind, passes) }
        })
        .collect();
    planned.sort();
    planned
}

fn difference(node: NodeId, seen: &[PlannedTask], wanted: Option<&Vec<PlannedTask>>) -> String {
    let wanted = wanted.map(Vec::as_slice).unwrap_or_default();
    let only = |a: &[PlannedTask], b: &[PlannedTask]| {
        let names: BTreeSet<&str> = a.iter().filter(|t| !b.contains(t)).map(|t| t.task.as_str()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    let text =
        format!("node {node}: missing in the preview: {}; not planned: {}", only(wanted, seen), only(seen, wanted));
    one_line(&text, 300)
}

/// Every copy of a task must carry the same limit: Astute takes the last one for all.
fn limits(preview: &Preview) -> Vec<String> {
    let mut seen: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut faults = BTreeSet::new();
    for task in preview.tasks.values().flatten() {
        let strategy = task.parameters.get("strategy").unwrap_or(&Value::Null);
        if task.kind != "skipped" && *seen.entry(&task.id).or_insert(strategy) != strategy {
            faults.insert(format!("copies of task {} carry different limits", task.id));
        }
    }
    faults.into_iter().collect()
}
