//! The pre-checks as a run of their own. They change nothing, and what they find decides whether the update is started.

use std::collections::BTreeMap;

use super::compare::words;
use super::context::{Context, Stage};
use super::job::{Job, RunEnd, RunNode, WatchEnd};
use super::parts;
use super::plan_file;
use super::prove::fetch_details;
use super::snapshots;
use super::start::start;
use super::stop_request;
use super::watch::watch;
use crate::command::clock;
use crate::domain::details::{Details, Report};
use crate::domain::node::{Node, NodeId};
use crate::domain::nodeset::fold;
use crate::domain::outcome::{InstallResult, NodeOutcome, Outcome, Reached};
use crate::domain::precheck::{PrecheckReport, PrecheckRow};
use crate::domain::row::Row;
use crate::domain::run::{LeftOvers, NodeRef};
use crate::domain::saved_plan::SavedPlan;
use crate::domain::text::counted;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::Graph;
use crate::nailgun::TaskState;
use crate::ui::ShownPrecheck;

/// Runs the pre-checks before an update. Nothing if every node passes; else how the installation ended.
pub(super) fn before_update(
    context: &Context<'_>,
    graph: &Graph,
    job: &Job,
    described: SavedPlan,
    outcome: &Outcome,
) -> Result<Option<Outcome>, AppError> {
    if graph.precheck_tasks().is_empty() {
        snapshots::before(context, &job.values.run, &job.nodes);
        return Ok(None);
    }
    let end = watch(context, start(context, job, &parts::prechecks(graph, job))?);
    let ended = |result| Outcome {
        result,
        task: Some((end.parent, end.child)),
        message: end.message.clone(),
        ..outcome.clone()
    };
    match end.ended {
        WatchEnd::Over | WatchEnd::Halted => {}
        WatchEnd::Lost => return Ok(Some(ended(InstallResult::Lost))),
        WatchEnd::Interrupted => return Err(interrupted(context, &end)),
    }
    let left = end.progress.left_overs();
    let stopped = |why: &str| {
        context.ui.warning(&format!("{why}: the update is not started"));
        Ok(Some(ended(InstallResult::Stopped)))
    };
    let asked_to = "a stop was asked for";
    if left.failed.is_empty() && stop_request::came(context, &job.values.run)? {
        return stopped(asked_to);
    }
    let asked: Vec<&RunNode> = job.nodes.iter().collect();
    let details = fetch_details(context, &asked)?;
    if context.interrupt.came() {
        return Err(interrupted(context, &end));
    }
    let mut nodes = Vec::new();
    let mut upgrades = 0;
    for node in &job.nodes {
        let found = details.get(&node.id);
        let report = report_of(&details, node.id, &job.values.run);
        let (failed, not_run) = trouble(&left, node.id);
        let fault = report.and_then(|r| r.failed.clone()).or(not_run);
        upgrades += report.map_or(0, |r| r.packages.len());
        if failed.is_some() || fault.is_some() {
            let shown = failed.as_ref().filter(|_| fault.is_none()).and(found).map(|d| d.log_tail.clone());
            nodes.push(NodeOutcome {
                id: node.id,
                name: node.node.name.clone(),
                before: node.before.clone(),
                after: node.before.clone(),
                reached: Reached::Untouched,
                fault,
                old_in_memory: None,
                failed_task: failed,
                updated: false,
                log_tail: shown.unwrap_or_default(),
            });
        }
    }
    if !left.is_empty() || !nodes.is_empty() {
        context.ui.warning("the pre-checks found what forbids the update; nothing was changed on any node");
        return Ok(Some(Outcome { nodes, ..ended(InstallResult::Failed) }));
    }
    context.ui.status(&format!(
        "pre-checks passed: {} to upgrade on {}",
        counted(upgrades, "package"),
        counted(job.nodes.len(), "node")
    ));
    let notes = job.nodes.iter().filter_map(|node| {
        Some((node.node.name.as_str(), report_of(&details, node.id, &job.values.run)?.notes.as_slice()))
    });
    tell_notes(context, notes);
    if upgrades == 0 && !context.options.accept_empty && !upgraded_before(context, job)? {
        let names = fold(job.nodes.iter().map(|s| s.node.name.as_str()));
        let message = format!("the repositories hold nothing newer for {names}: is the package mirror synced?");
        context.ui.warning(&message);
        context.ui.hint("sync the package mirror first; --accept-empty commits all the same");
        return Ok(Some(Outcome { message: None, ..ended(InstallResult::Failed) }));
    }
    let task = Some((end.parent, end.child));
    plan_file::hold_after_checks(context, job, described, &details, &Outcome { task, ..outcome.clone() })?;
    snapshots::before(context, &job.values.run, &job.nodes);
    if context.interrupt.came() {
        return Err(interrupted(context, &end));
    }
    // The last step: nothing is waited for between here and the start.
    if let Some(why) = context.window_over() {
        return stopped(&why);
    }
    if stop_request::came(context, &job.values.run)? { stopped(asked_to) } else { Ok(None) }
}

/// `--precheck`: runs the pre-checks alone and prints what they found on each node; saves the plan where that was asked
/// for and every node passes.
pub(super) fn alone(context: &Context<'_>, graph: &Graph, job: &Job, described: SavedPlan) -> Result<Exit, AppError> {
    let end = watch(context, start(context, job, &parts::prechecks(graph, job))?);
    let found = found(context, &end, &job.nodes)?;
    let exit = tell(context, &end, &end.progress.left_overs(), &job.nodes, &found, (&job.values.run, true))?;
    if let (Some(path), Exit::Ok) = (&context.options.save_plan, exit) {
        plan_file::save(context, path, job, described, &found)?;
    }
    Ok(exit)
}

/// What the pre-checks of a run found on each node.
pub(super) fn found(
    context: &Context<'_>,
    end: &RunEnd,
    nodes: &[RunNode],
) -> Result<BTreeMap<NodeId, Details>, AppError> {
    match end.ended {
        WatchEnd::Over | WatchEnd::Halted => {}
        WatchEnd::Interrupted => return Err(interrupted(context, end)),
        WatchEnd::Lost => {
            let message = format!("Nailgun does not tell how the pre-checks ended (task {})", end.parent);
            let hint = format!("they change nothing; look again with: {}", context.attach_command(end.parent));
            return Err(AppError::new(Exit::Partial, message).hinted(hint));
        }
    }
    let details = fetch_details(context, &nodes.iter().collect::<Vec<_>>())?;
    if context.interrupt.came() { Err(interrupted(context, end)) } else { Ok(details) }
}

/// Prints what the pre-checks of a run found on each node. `fresh` where no later run can have written over it.
pub(super) fn report(
    context: &Context<'_>,
    end: &RunEnd,
    left: &LeftOvers,
    nodes: &[RunNode],
    run: &str,
    fresh: bool,
) -> Result<Exit, AppError> {
    tell(context, end, left, nodes, &found(context, end, nodes)?, (run, fresh))
}

fn tell(
    context: &Context<'_>,
    end: &RunEnd,
    left: &LeftOvers,
    nodes: &[RunNode],
    details: &BTreeMap<NodeId, Details>,
    (run, fresh): (&str, bool),
) -> Result<Exit, AppError> {
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for node in nodes {
        let report = report_of(details, node.id, run);
        let (failed, not_run) = trouble(left, node.id);
        let task = failed.as_ref().map_or_else(String::new, |task| format!(" ({task})"));
        let failed = failed.map(|task| format!("{task} did not pass"));
        let missing = || (fresh && report.is_none()).then(|| "no report".to_owned());
        let fault = report.and_then(|r| r.failed.clone()).or(failed).or(not_run).or_else(missing);
        if fault.is_some() {
            faults.push(format!("{}{task}", node.node.name));
        }
        let report = report.cloned().unwrap_or_default();
        rows.push(PrecheckRow {
            id: node.id,
            name: node.node.name.clone(),
            packages: report.packages.len(),
            removals: report.removals,
            holds: report.holds,
            customised: report.customised,
            services: report.services,
            resources: report.resources,
            notes: report.notes,
            space_mb: report.space_mb,
            reboot: report.reboot,
            fault,
        });
    }
    let exit = if faults.is_empty() && left.is_empty() { Exit::Ok } else { Exit::Partial };
    let found = PrecheckReport { env: context.env, task: end.parent, rows };
    let (result, words) = if exit == Exit::Ok { ("passed", "passed") } else { ("not-passed", "did not pass") };
    context.ending.note(result, Some(end.parent), format!("pre-checks {words}; nothing was changed"));
    context.ui.show(&ShownPrecheck { report: &found, taken_at: &clock::now(), exit })?;
    tell_notes(context, found.rows.iter().map(|row| (row.name.as_str(), row.notes.as_slice())));
    if exit == Exit::Ok {
        let next = format!("fuel-updates --env {} install", context.env);
        context.ui.status(&format!("pre-checks passed; nothing was changed; next: {next}"));
        return Ok(Exit::Ok);
    }
    if end.status == TaskState::Ready && left.failed.is_empty() && !left.not_executed.is_empty() {
        let hint = format!("run them again with: fuel-updates --env {} install --precheck", context.env);
        return Err(AppError::new(Exit::Partial, "the pre-checks were stopped; nothing was changed").hinted(hint));
    }
    if let Some(message) = &end.message {
        context.ui.status(&format!("Nailgun says: {message}"));
    }
    let on = if faults.is_empty() { String::new() } else { format!(" on {}", faults.join(", ")) };
    let hint =
        format!("repair the cause, then check again with: fuel-updates --env {} install --precheck", context.env);
    Err(AppError::new(Exit::Partial, format!("pre-checks did not pass{on}; nothing was changed")).hinted(hint))
}

/// Warns of what nodes noted, each note once with its nodes.
fn tell_notes<'a>(context: &Context<'_>, notes: impl Iterator<Item = (&'a str, &'a [String])>) {
    let mut nodes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, notes) in notes {
        for note in notes {
            nodes.entry(note).or_default().push(name);
        }
    }
    for (note, names) in nodes {
        context.ui.warning(&format!("{}: {note}", fold(names.into_iter())));
    }
}

/// The error for a signal while the pre-checks run, or before the update is started.
fn interrupted(context: &Context<'_>, end: &RunEnd) -> AppError {
    context.reached(Stage::PreChecks(end.parent));
    context.interrupted()
}

/// The task that failed on a node; if none failed on any, in words the one that never ran on this one.
fn trouble(left: &LeftOvers, node: NodeId) -> (Option<String>, Option<String>) {
    let node = NodeRef::Node(node);
    let failed = left.failed.iter().find(|t| t.node == node).map(|t| words(&t.task));
    let waiting = left.not_executed.iter().chain(&left.missing).find(|t| t.node == node);
    let unexplained = left.failed.is_empty();
    let not_run = waiting.filter(|_| unexplained).map(|t| format!("{} was not run", words(&t.task)));
    (failed, not_run)
}

/// The report that a run wrote on a node.
fn report_of<'a>(details: &'a BTreeMap<NodeId, Details>, node: NodeId, run: &str) -> Option<&'a Report> {
    details.get(&node).and_then(|d| d.report.as_ref()).filter(|r| r.run == run)
}

/// Whether an earlier run upgraded packages for this target: then only the commit is missing.
fn upgraded_before(context: &Context<'_>, job: &Job) -> Result<bool, AppError> {
    let nodes: Vec<Node> = job.nodes.iter().map(|s| s.node.clone()).collect();
    let rows = context.nodes().ask(&nodes)?;
    let target = &job.values.target;
    let upgraded = |row: &Row| {
        let ours = row.update.as_ref().filter(|u| u.target.same_as(target));
        // The verification writes the evidence; a run that stopped before it has at least begun on this node.
        ours.is_some_and(|u| !u.finished() || u.evidence.as_ref().is_some_and(|e| e.upgraded > 0))
    };
    Ok(rows.iter().any(upgraded))
}
