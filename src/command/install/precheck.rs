//! The pre-checks as a run of their own: they change nothing, and what they find decides whether the update is started.

use std::collections::BTreeMap;

use super::calls::Call;
use super::prove::{Subject, fetch_details};
use super::submit::{Job, start};
use super::watch::{WatchEnd, watch};
use super::{Context, attach_command};
use crate::command::ask;
use crate::command::install::compare::words;
use crate::domain::details::{Details, Report};
use crate::domain::node::NodeId;
use crate::domain::nodeset::fold;
use crate::domain::outcome::{InstallResult, NodeOutcome, Outcome, Reached};
use crate::domain::row::Row;
use crate::domain::run::LeftOvers;
use crate::domain::text::one_line;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::Graph;
use crate::ui::Table;

/// Runs them. Nothing when every node passes; else how the installation ended.
pub(super) fn run(
    context: &Context<'_>,
    graph: &Graph,
    job: &Job,
    outcome: &Outcome,
) -> Result<Option<Outcome>, AppError> {
    let tasks = graph.precheck_tasks();
    if tasks.is_empty() {
        return Ok(None);
    }
    let run = start(context, job, Some(&Call { tasks, nodes: job.nodes.clone() }), "pre-checks")?;
    let mut progress = context.ui.progress();
    let end = watch(context, run, &mut progress);
    let ended = |result| Outcome {
        result,
        task: Some((end.parent, end.child)),
        message: end.message.clone(),
        ..outcome.clone()
    };
    match end.ended {
        WatchEnd::Over => {}
        WatchEnd::Lost => return Ok(Some(ended(InstallResult::Lost))),
        WatchEnd::Interrupted => {
            context.ui.hint(&format!(
                "only pre-checks were started, which change nothing; look at them with: {}",
                attach_command(context.env, end.parent)
            ));
            return Ok(Some(ended(InstallResult::Started)));
        }
    }
    let subjects: Vec<&Subject> = job.target_nodes.iter().collect();
    let details = fetch_details(context, &subjects)?;
    let left = end.progress.left_overs();
    let mut nodes = Vec::new();
    let mut upgrades = 0;
    for subject in &job.target_nodes {
        let found = details.get(&subject.id);
        let report = report_of(&details, subject.id, job);
        let (failed, not_run) = trouble(&left, subject.id);
        let fault = report.and_then(|r| r.failed.clone()).or(not_run);
        upgrades += report.map_or(0, |r| r.packages.len());
        if failed.is_some() || fault.is_some() {
            let shown = failed.as_ref().filter(|_| fault.is_none()).and(found).map(|d| d.log_tail.clone());
            nodes.push(NodeOutcome {
                id: subject.id,
                name: subject.node.name.clone(),
                before: subject.before.clone(),
                after: subject.before.clone(),
                reached: Reached::Untouched,
                fault,
                failed_task: failed,
                log_tail: shown.unwrap_or_default(),
            });
        }
    }
    if !left.is_empty() || !nodes.is_empty() {
        context.ui.warning("the pre-checks found what forbids the update; nothing was changed on any node");
        return Ok(Some(Outcome { nodes, ..ended(InstallResult::Failed) }));
    }
    context
        .ui
        .status(&format!("pre-checks passed: {upgrades} packages to upgrade on {} nodes", job.target_nodes.len()));
    if upgrades == 0 && !context.options.accept_empty && !upgraded_before(context, job)? {
        let names = fold(job.target_nodes.iter().map(|s| s.node.name.as_str()));
        let message = format!("the repositories hold nothing newer for {names}: is the package mirror synced?");
        context.ui.warning(&message);
        context.ui.hint("sync the package mirror first; --accept-empty commits all the same");
        return Ok(Some(Outcome { message: None, ..ended(InstallResult::Failed) }));
    }
    Ok(None)
}

/// `--precheck`: runs the pre-checks alone and prints what each node found.
pub(super) fn report(context: &Context<'_>, graph: &Graph, job: &Job) -> Result<Exit, AppError> {
    let call = Call { tasks: graph.precheck_tasks(), nodes: job.nodes.clone() };
    let run = start(context, job, Some(&call), "pre-checks")?;
    let end = watch(context, run, &mut context.ui.progress());
    if end.ended != WatchEnd::Over {
        let exit = if end.ended == WatchEnd::Interrupted { Exit::Interrupted } else { Exit::InstallFailed };
        return Err(AppError::new(exit, "the pre-checks were not watched to their end; they change nothing"));
    }
    let subjects: Vec<&Subject> = job.target_nodes.iter().collect();
    let details = fetch_details(context, &subjects)?;
    let left = end.progress.left_overs();
    let columns =
        ["id", "name", "packages", "removals", "holds", "customised", "services", "space_mb", "reboot", "result"];
    let mut table = Table::new(&columns);
    let mut all_pass = left.is_empty();
    for subject in subjects {
        let report = report_of(&details, subject.id, job).cloned().unwrap_or_default();
        let result = match (&report.failed, trouble(&left, subject.id)) {
            (Some(reason), _) => reason.clone(),
            (None, (Some(task), _)) => format!("{task} did not pass"),
            (None, (None, Some(not_run))) => not_run,
            (None, (None, None)) if report.run.is_empty() => "no report".to_owned(),
            (None, (None, None)) => "passes".to_owned(),
        };
        all_pass &= result == "passes";
        table.push(vec![
            subject.id.to_string(),
            subject.node.name.clone(),
            report.packages.len().to_string(),
            safe(&report.removals),
            safe(&report.holds),
            safe(&report.customised),
            safe(&report.services),
            report.space_mb.to_string(),
            if report.reboot { "needed" } else { "no" }.to_owned(),
            result,
        ]);
    }
    context.ui.table(&table)?;
    Ok(if all_pass { Exit::Ok } else { Exit::Partial })
}

/// The task that failed on a node; where none failed on any, in words the one that never ran on this one.
fn trouble(left: &LeftOvers, node: NodeId) -> (Option<String>, Option<String>) {
    let failed = left.failed.iter().chain(&left.running).find(|t| t.node == node).map(|t| words(&t.task));
    let waiting = left.pending.iter().chain(&left.missing).find(|t| t.node == node);
    let unexplained = left.failed.is_empty() && left.running.is_empty();
    let not_run = waiting.filter(|_| unexplained).map(|t| format!("{} was not run", words(&t.task)));
    (failed, not_run)
}

/// Names from a node as one short line.
fn safe(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { one_line(&names.join(" "), 200) }
}

/// The report that this run wrote on a node.
fn report_of<'a>(details: &'a BTreeMap<NodeId, Details>, node: NodeId, job: &Job) -> Option<&'a Report> {
    details.get(&node).and_then(|d| d.report.as_ref()).filter(|r| r.run == job.values.run)
}

/// Whether an earlier run upgraded packages for this target: then there is nothing left to upgrade, only to commit.
fn upgraded_before(context: &Context<'_>, job: &Job) -> Result<bool, AppError> {
    let nodes: Vec<_> = job.target_nodes.iter().map(|s| s.node.clone()).collect();
    let rows = ask::ask(
        &nodes,
        &context.settings.ssh,
        &context.state.join("known_hosts"),
        &mut context.ui.progress(),
        context.interrupt.flag(),
    )?;
    let target = &job.values.target;
    let upgraded = |row: &Row| {
        let ours = row.update.as_ref().filter(|u| u.target.same_as(target));
        // Evidence is written by the verification; a run that stopped before it has at least begun on this node.
        ours.is_some_and(|u| !u.finished() || u.evidence.as_ref().is_some_and(|e| e.upgraded > 0))
    };
    Ok(rows.iter().any(upgraded))
}
