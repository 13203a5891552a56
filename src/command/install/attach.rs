//! `--attach`: comes back to a run, from any host. Target and nodes are read from the run itself.

use std::collections::BTreeMap;

use super::compare::words;
use super::prove::Subject;
use super::record::Record;
use super::watch::{Run, WatchEnd, watch};
use super::{Context, conclude, nailgun_error};
use crate::command::ask;
use crate::domain::mu::Mu;
use crate::domain::node::NodeId;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::run::{NodeRef, PlannedTask, RunRef, TaskStatus};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{COMMIT, GRAPH_TYPE, Graph, UploadedValues};
use crate::nailgun::{HistoryFilter, Task};

/// The task that brings the values of a run.
const VALUES: &str = "mu_env";
/// Tasks of the graph that bring files and are not worth a word.
const UPLOADS: [&str; 2] = ["mu_script", VALUES];

/// Watches a run to its end and proves it.
pub(super) fn run(context: &Context<'_>, run: RunRef) -> Result<Exit, AppError> {
    let (parent, child) = find(context, run)?;
    let child = wait_for_child(context, &parent, child)?;
    let history = context.nailgun.history(child.id, &HistoryFilter::default()).map_err(|e| nailgun_error(&e))?;
    let on_nodes = history.iter().filter_map(|r| match r.node {
        NodeRef::Node(node) => Some((node, r)),
        NodeRef::Master | NodeRef::Virtual | NodeRef::Nobody => None,
    });
    let commits = on_nodes.clone().any(|(_, r)| r.task == COMMIT && r.status != TaskStatus::Skipped);
    // Of a run of pre-checks all other tasks are skipped; of a whole run none should be.
    let planned: Vec<PlannedTask> = on_nodes
        .filter(|(_, r)| commits || r.status != TaskStatus::Skipped)
        .map(|(node, r)| PlannedTask { phase: words(&r.task), task: r.task.clone(), node })
        .collect();
    let (target, run_id) = target(context, child.id)?;
    context.ui.status(&format!("task {}: run {run_id} to {}", parent.id, target.title));
    let mut nodes: Vec<NodeId> = planned.iter().map(|p| p.node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let subjects = subjects(context, &nodes)?;
    let names: BTreeMap<NodeId, String> = subjects.iter().map(|s| (s.id, s.node.name.clone())).collect();
    let record = Record::of_task(&context.state, context.env, parent.id);
    let outcome = Outcome {
        result: InstallResult::Started,
        env: context.env,
        target: Some(target),
        task: Some((parent.id, Some(child.id))),
        nodes: vec![],
        cleaned: vec![],
        left_out: record.map(|r| r.left_out).unwrap_or_default(),
        refusals: vec![],
        message: None,
    };
    let uploads = planned.iter().filter(|p| UPLOADS.contains(&p.task.as_str()));
    let dull = uploads.map(|p| (p.node, p.task.clone())).collect();
    // Which of the graph's tasks it leaves out, only its end tells.
    let run = Run { id: run_id, parent, child: Some(child.id), planned, dull, names, title: "run".to_owned() };
    let end = watch(context, run, &mut context.ui.progress());
    if end.ended == WatchEnd::Over {
        tell_what_it_was(context, child.id);
    }
    conclude(context, &end, &subjects, outcome)
}

/// Says so where the run was not a whole update. While it is at work, tasks that are left out look like those whose turn
/// has not come; afterwards they are skipped.
fn tell_what_it_was(context: &Context<'_>, child: u64) {
    // Without an answer nothing is said; what counts comes from the nodes.
    let Ok(history) = context.nailgun.history(child, &HistoryFilter::default()) else { return };
    let Ok(graph) = Graph::builtin() else { return };
    let mut kept = history.iter().filter(|r| matches!(r.node, NodeRef::Node(_)) && r.status != TaskStatus::Skipped);
    if kept.clone().any(|r| r.task == COMMIT) {
        return;
    }
    let checks = graph.precheck_tasks();
    if kept.all(|r| checks.contains(&r.task)) {
        context.ui.warning("this run was a pre-check, which changes nothing; install again for the update itself");
    } else {
        context.ui.warning("this run was one part of an update in several (Nailgun 9.0); install again for the rest");
    }
}

/// The run and its child: by number, or our newest one, here or at Nailgun.
pub(super) fn find(context: &Context<'_>, run: RunRef) -> Result<(Task, Option<Task>), AppError> {
    let nailgun = &context.nailgun;
    let number = match run {
        RunRef::Newest => Record::newest(&context.state, context.env).and_then(|r| r.task),
        RunRef::Task(task) => Some(task),
    };
    let Some(number) = number else {
        // Another host started it: the newest run of our graph that Nailgun knows.
        let mut runs = nailgun.transactions(context.env).map_err(|e| nailgun_error(&e))?;
        runs.retain(may_be_ours);
        runs.sort_by_key(|t| t.id);
        let child = runs.pop().ok_or_else(|| {
            AppError::new(Exit::Error, format!("environment {} has no run of our graph", context.env))
        })?;
        return Ok((child.clone(), Some(child)));
    };
    let found = nailgun.transaction(number).map_err(|e| nailgun_error(&e))?;
    if found.cluster.is_some_and(|cluster| cluster != context.env) {
        let of = found.cluster.unwrap_or_default();
        return Err(AppError::new(
            Exit::Error,
            format!("task {number} belongs to environment {of}, not {}", context.env),
        ));
    }
    let is_child = may_be_ours(&found);
    if !is_child && !found.name.starts_with("deploy") {
        return Err(AppError::new(Exit::Error, format!("task {number} ({}) is no installation of ours", found.name)));
    }
    Ok(if is_child { (found.clone(), Some(found)) } else { (found, None) })
}

/// Whether a transaction can have the history of one of our runs. 9.0 does not tell the type of a graph; there the
/// values that the run uploaded decide, when they are read.
fn may_be_ours(task: &Task) -> bool {
    task.graph_type == GRAPH_TYPE || (task.graph_type.is_empty() && task.name == "deployment")
}

/// The child appears while Nailgun serializes.
fn wait_for_child(context: &Context<'_>, parent: &Task, child: Option<Task>) -> Result<Task, AppError> {
    if let Some(child) = child {
        return Ok(child);
    }
    for _ in 0..60 {
        let found = context.nailgun.child(context.env, parent, GRAPH_TYPE).map_err(|e| nailgun_error(&e))?;
        if let Some(child) = found {
            if !may_be_ours(&child) {
                break;
            }
            let history = context
                .nailgun
                .history(child.id, &HistoryFilter { tasks: vec![COMMIT.to_owned()], ..HistoryFilter::default() });
            // Pending children have no history yet.
            if child.status.is_over() || history.is_ok_and(|h| !h.is_empty()) {
                return Ok(child);
            }
        }
        if context.interrupt.wait(std::time::Duration::from_secs(1)) {
            return Err(AppError::new(Exit::Interrupted, "interrupted; the run goes on"));
        }
    }
    Err(AppError::new(Exit::Error, format!("task {} is no run of our graph, or Nailgun does not begin it", parent.id)))
}

/// What the run brings, and its id: read from the values that it uploads to its nodes. The history of 9.0 has no
/// parameters; there it is what our graph brings as it lies in Nailgun, that is, as the newest run sent it.
fn target(context: &Context<'_>, child: u64) -> Result<(Mu, String), AppError> {
    let nailgun = &context.nailgun;
    let mut data = nailgun.task_data(child, VALUES).map_err(|e| nailgun_error(&e))?;
    if data.is_none() {
        let graph = nailgun.graph(context.env, GRAPH_TYPE).map_err(|e| nailgun_error(&e))?;
        let tasks = graph.map(|graph| graph.tasks).unwrap_or_default();
        let task = tasks.iter().find(|task| task["id"] == VALUES);
        data = task.and_then(|task| task["parameters"]["data"].as_str()).map(str::to_owned);
    }
    let told = UploadedValues::parse(data.as_deref().unwrap_or_default());
    let nothing = || AppError::new(Exit::Error, format!("transaction {child} does not tell what it brings"));
    Ok((told.target.ok_or_else(nothing)?, told.run.unwrap_or_default()))
}

/// The nodes of the run, as the inventory lists them.
fn subjects(context: &Context<'_>, ids: &[NodeId]) -> Result<Vec<Subject>, AppError> {
    let site = ask::site(context.settings)?;
    ids.iter()
        .map(|id| {
            let node = site.listed.iter().find(|n| n.id == Some(*id));
            let node = node.ok_or_else(|| {
                AppError::new(Exit::Error, format!("node {id} of the run is not in the inventory"))
                    .hinted(Some("run `inventory sync`".to_owned()))
            })?;
            Ok(Subject { id: *id, node: node.clone(), before: None, target: true })
        })
        .collect()
}
