//! `--attach`: comes back to a run, from any host. Target and nodes are read from the run itself.

use std::collections::BTreeMap;

use super::conclude::conclude;
use super::context::{Context, Stage};
use super::find::{self, OwnRun};
use super::job::{RunNode, WatchEnd, WatchedRun};
use super::precheck;
use super::record::RunRecord;
use super::watch::watch;
use crate::command::site;
use crate::domain::mu::Mu;
use crate::domain::node::NodeId;
use crate::domain::numbers::TaskId;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::run::{LeftOvers, NodeRef, PlannedTask, RunRef, TaskKind, TaskRecord, TaskResult, TaskStatus};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{COMMIT, UploadedValues, VALUES};
use crate::nailgun::HistoryFilter;

/// Tasks of the graph that upload files.
const UPLOADS: [&str; 2] = ["mu_script", VALUES];

/// What a run turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// Only the pre-checks.
    PreChecks,
    /// One part of an update in several (Nailgun 9.0).
    Part,
    /// A whole update.
    Update,
}

/// Watches a run to its end and proves it.
pub(super) fn attach(context: &Context<'_>, which: RunRef) -> Result<Exit, AppError> {
    let OwnRun { parent, child, values } = find::run(context, which)?;
    context.reached(Stage::Running(parent.id));
    let history = history(context, child.id)?;
    let (target, run_id) = target(child.id, values)?;
    context.ui.status(&format!("task {}: run {run_id} to {}", parent.id, target.title));
    let planned = planned(&history);
    let mut ids: Vec<NodeId> = planned.iter().map(|p| p.node).collect();
    ids.sort_unstable();
    ids.dedup();
    let nodes = run_nodes(context, &ids)?;
    let names: BTreeMap<NodeId, String> = nodes.iter().map(|s| (s.id, s.node.name.clone())).collect();
    let record = RunRecord::of_task(&context.state, context.env, parent.id);
    let run = WatchedRun { id: run_id.clone(), parent, child: Some(child.id), planned, names, title: "run".to_owned() };
    let end = watch(context, run);
    if end.ended == WatchEnd::Over && !context.interrupt.came() {
        // Only its end tells which of the graph's tasks a run leaves out.
        let (extent, checks) = extent(context, child.id, record.as_ref())?;
        match extent {
            Extent::PreChecks => {
                let left = only(end.progress.left_overs(), &checks);
                return precheck::report(context, &end, &left, &nodes, &run_id, false);
            }
            Extent::Part => {
                let hint = "install again for the rest";
                context.ui.warning(&format!("this run was one part of an update in several (Nailgun 9.0); {hint}"));
            }
            Extent::Update => {}
        }
    }
    let outcome = Outcome {
        result: InstallResult::Started,
        env: context.env,
        target: Some(target),
        task: Some((end.parent, end.child)),
        nodes: vec![],
        cleaned: vec![],
        at_target: 0,
        left_out: record.map(|r| r.left_out).unwrap_or_default(),
        refusals: vec![],
        message: None,
    };
    conclude(context, &end, &nodes, outcome)
}

fn history(context: &Context<'_>, child: TaskId) -> Result<Vec<TaskRecord>, AppError> {
    context.nailgun(move |nailgun| nailgun.history(child, &HistoryFilter::default()))
}

/// The tasks that the run is to do on nodes, as far as its history tells already.
fn planned(history: &[TaskRecord]) -> Vec<PlannedTask> {
    let on_nodes = history.iter().filter_map(|r| Some((r.node.id()?, r)));
    let commits = on_nodes.clone().any(|(_, r)| r.task == COMMIT && r.status != TaskStatus::Skipped);
    // Of a run of pre-checks all other tasks are skipped; of a whole update none should be.
    on_nodes
        .filter(|(_, r)| commits || r.status != TaskStatus::Skipped)
        .map(|(node, r)| {
            let kind = if UPLOADS.contains(&r.task.as_str()) { TaskKind::Upload } else { TaskKind::Work };
            PlannedTask { task: r.task.clone(), node, kind }
        })
        .collect()
}

/// What a run that is over was, and the names of the pre-checks. Tasks that were not chosen are `skipped` once a run has
/// ended well; after a failure they stay `pending`, like those that were never reached.
fn extent(context: &Context<'_>, child: TaskId, record: Option<&RunRecord>) -> Result<(Extent, Vec<String>), AppError> {
    let checks = context.graph()?.precheck_tasks();
    let history = history(context, child)?;
    let on_nodes = || history.iter().filter(|r| matches!(r.node, NodeRef::Node(_)) && r.status != TaskStatus::Skipped);
    let begun = || on_nodes().filter(|r| r.status != TaskStatus::Pending);
    let failed = begun().any(|r| TaskResult::of(&r.status, true).is_failure());
    let extent = if record.is_some_and(|record| record.precheck)
        || on_nodes().all(|r| checks.contains(&r.task))
        || (failed && begun().all(|r| checks.contains(&r.task)))
    {
        Extent::PreChecks
    } else if on_nodes().any(|r| r.task == COMMIT) {
        Extent::Update
    } else {
        Extent::Part
    };
    Ok((extent, checks))
}

/// What keeps these tasks from being complete.
fn only(left: LeftOvers, tasks: &[String]) -> LeftOvers {
    let keep = |mut list: Vec<TaskRecord>| {
        list.retain(|on| tasks.contains(&on.task));
        list
    };
    LeftOvers {
        failed: keep(left.failed),
        not_executed: keep(left.not_executed),
        missing: keep(left.missing),
        skipped: keep(left.skipped),
    }
}

/// What the run brings, and its id.
fn target(child: TaskId, values: UploadedValues) -> Result<(Mu, String), AppError> {
    let nothing = || AppError::new(Exit::Error, format!("transaction {child} does not tell what it brings"));
    Ok((values.target.ok_or_else(nothing)?, values.run.unwrap_or_default()))
}

/// The nodes of the run, as the inventory lists them.
fn run_nodes(context: &Context<'_>, ids: &[NodeId]) -> Result<Vec<RunNode>, AppError> {
    let site = site::site(context.settings)?;
    ids.iter()
        .map(|id| {
            let node = site.listed.iter().find(|n| n.id == Some(*id));
            let node = node.ok_or_else(|| {
                AppError::new(Exit::Error, format!("node {id} of the run is not in the inventory"))
                    .hinted("run `inventory sync`".to_owned())
            })?;
            Ok(RunNode { id: *id, node: node.clone(), before: None, target: true })
        })
        .collect()
}
