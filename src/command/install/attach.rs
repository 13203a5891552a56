//! `--attach`: comes back to a run, from any host. Target and nodes are read from the run itself.

use std::collections::BTreeMap;

use super::conclude::conclude;
use super::context::{Context, Stage};
use super::find::{self, OwnRun};
use super::job::{RunNode, WatchEnd, WatchedRun};
use super::precheck;
use super::record::RunRecord;
use super::run_log;
use super::watch::watch;
use crate::command::runs;
use crate::command::site;
use crate::domain::history::{HistoryEntry, Landmarks, RunKind};
use crate::domain::mu::Mu;
use crate::domain::node::NodeId;
use crate::domain::numbers::TaskId;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::run::{LeftOvers, NodeRef, PlannedTask, RunPhase, RunRef, TaskRecord, TaskStatus};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{COMMIT, UploadedValues};
use crate::nailgun::Task;

/// Watches a run to its end and proves it.
pub(super) fn attach(context: &Context<'_>, which: RunRef) -> Result<Exit, AppError> {
    let OwnRun { parent, child, values } = find::run(context, which)?;
    context.learn_whether_it_stops(!child.graph_type.is_empty());
    context.reached(Stage::Running(parent.id));
    let (target, run_id) = target(child.id, &values)?;
    context.ui.status(&format!("task {}: run {run_id} to {}", parent.id, target.title));
    let record = RunRecord::of_run(&context.state, &context.key(), context.env, &run_id);
    let only_checks = record.as_ref().is_some_and(|record| record.precheck && record.task == Some(parent.id));
    let HistoryTold { entries, checks, phases } = told(context, &child, &values)?;
    let planned = planned(&entries, |task| !only_checks || checks.iter().any(|check| check == task));
    let mut ids: Vec<NodeId> = planned.iter().map(|p| p.node).collect();
    ids.sort_unstable();
    ids.dedup();
    let nodes = run_nodes(context, &ids, &values)?;
    let names: BTreeMap<NodeId, String> = nodes.iter().map(|s| (s.id, s.node.name.clone())).collect();
    let child_id = Some(child.id);
    let known = entries.iter().map(|entry| entry.record.clone()).collect();
    let title = "run".to_owned();
    let run = WatchedRun { id: run_id.clone(), parent, child: child_id, planned, phases, known, names, title };
    let end = watch(context, run);
    if end.ended == WatchEnd::Over && !context.interrupt.came() {
        // Before 9.1 only the end tells which of the graph's tasks a run leaves out.
        let HistoryTold { entries, checks, .. } = told(context, &child, &values)?;
        match kind(&entries, &checks, only_checks) {
            RunKind::PreChecks => {
                let left = only(end.progress.left_overs(), &checks);
                return precheck::report(context, &end, &left, &nodes, &run_id, false);
            }
            RunKind::Part => {
                let hint = "install again for the rest";
                context.ui.warning(&format!("this run was one part of an update in several; {hint}"));
            }
            RunKind::Update | RunKind::Unknown => {}
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
        snapshots: None,
        logs: Some(run_log::places(&context.state, &run_id)),
    };
    conclude(context, &end, &nodes, outcome)
}

/// What the history of a run tells: its records, the names of the tasks that only check, and its phases.
struct HistoryTold {
    entries: Vec<HistoryEntry>,
    checks: Vec<String>,
    phases: Vec<RunPhase>,
}

/// Reads the history of a run.
fn told(context: &Context<'_>, child: &Task, values: &UploadedValues) -> Result<HistoryTold, AppError> {
    let id = child.id;
    let records = context.nailgun(move |nailgun| nailgun.full_history(id))?;
    let checks = runs::checks(&records);
    let entries = runs::entries(records.clone(), child, values);
    let phases = runs::phases(&records, &entries);
    Ok(HistoryTold { entries, checks, phases })
}

/// The tasks that the run is to do on nodes, as far as its history tells already.
fn planned(entries: &[HistoryEntry], wanted: impl Fn(&str) -> bool) -> Vec<PlannedTask> {
    let on_nodes = || entries.iter().filter_map(|e| Some((e.record.node.id()?, e)));
    let chosen = |e: &HistoryEntry| e.chosen != Some(false) && wanted(&e.record.task);
    let commits =
        on_nodes().any(|(_, e)| chosen(e) && e.record.task == COMMIT && e.record.status != TaskStatus::Skipped);
    // Of a run of pre-checks all other tasks are skipped; of a whole update none should be.
    let planned = on_nodes().filter(|(_, e)| chosen(e) && (commits || e.record.status != TaskStatus::Skipped));
    planned.map(|(node, e)| PlannedTask { task: e.record.task.clone(), node, kind: e.kind }).collect()
}

/// What a run that is over was.
fn kind(entries: &[HistoryEntry], checks: &[String], only_checks: bool) -> RunKind {
    if only_checks {
        return RunKind::PreChecks;
    }
    let on_nodes: Vec<&HistoryEntry> = entries.iter().filter(|e| matches!(e.record.node, NodeRef::Node(_))).collect();
    RunKind::of(&on_nodes, Landmarks { commit: COMMIT, checks }, true)
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
fn target(child: TaskId, values: &UploadedValues) -> Result<(Mu, String), AppError> {
    let nothing = || AppError::new(Exit::Error, format!("transaction {child} does not tell what it brings"));
    Ok((values.target.clone().ok_or_else(nothing)?, values.run.clone().unwrap_or_default()))
}

/// The nodes of the run, as the inventory lists them, with what they ran before.
fn run_nodes(context: &Context<'_>, ids: &[NodeId], values: &UploadedValues) -> Result<Vec<RunNode>, AppError> {
    let site = site::site(context.settings)?;
    ids.iter()
        .map(|id| {
            let node = site.listed.iter().find(|n| n.id == Some(*id));
            let node = node.ok_or_else(|| {
                AppError::new(Exit::Error, format!("node {id} of the run is not in the inventory"))
                    .hinted("run `inventory sync`".to_owned())
            })?;
            Ok(RunNode { id: *id, node: node.clone(), before: values.before.get(&id.0).cloned(), target: true })
        })
        .collect()
}
