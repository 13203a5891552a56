//! Step 5: asks every node again. Only what the nodes themselves prove counts.

use std::collections::BTreeMap;

use super::compare::words;
use super::context::Context;
use super::job::{RunEnd, RunNode, WatchEnd};
use crate::domain::details::{Details, FetchDetails};
use crate::domain::node::{Node, NodeId};
use crate::domain::outcome::{InstallResult, NodeOutcome, Outcome, Reached};
use crate::domain::proof::proof_fault;
use crate::domain::row::{Row, State};
use crate::domain::run::{LeftOvers, NodeProgress, NodeRef};
use crate::domain::text::one_line;
use crate::error::AppError;
use crate::nailgun::TaskState;

/// Asks every node of the run and fills in the outcome.
pub(super) fn prove(
    context: &Context<'_>,
    end: &RunEnd,
    run_nodes: &[RunNode],
    outcome: &mut Outcome,
) -> Result<(), AppError> {
    let nodes: Vec<Node> = run_nodes.iter().map(|s| s.node.clone()).collect();
    let rows = context.nodes().ask(&nodes)?;
    context.go_on()?;
    let left = end.progress.left_overs();
    let reached = end.progress.nodes();
    let Some(target) = outcome.target.clone() else { return Ok(()) };
    for (subject, row) in run_nodes.iter().zip(&rows) {
        let failed = left.failed.iter().find(|t| t.node == NodeRef::Node(subject.id));
        if !subject.target && failed.is_none() {
            continue;
        }
        let fault = proof_fault(row, &target);
        outcome.nodes.push(NodeOutcome {
            id: subject.id,
            name: subject.node.name.clone(),
            before: subject.before.clone(),
            after: row.mu.clone(),
            reached: reached_by(row, fault.is_none(), reached.get(&subject.id)),
            fault,
            old_in_memory: old_in_memory(row),
            failed_task: failed.map(|t| words(&t.task)),
            updated: row.update.as_ref().is_some_and(|u| u.target.same_as(&target) && u.only_commit_is_missing()),
            log_tail: vec![],
        });
    }
    let proven = outcome.nodes.iter().all(|n| n.reached == Reached::Proven);
    outcome.result = result(end, &left, proven, outcome.left_out.is_empty());
    outcome.message.clone_from(&end.message);
    // A stop that was asked for has no cause that a log could tell.
    if matches!(outcome.result, InstallResult::Failed | InstallResult::Lost) {
        add_logs(context, run_nodes, outcome)?;
    }
    Ok(())
}

/// What still runs old code, by the node's own evidence.
fn old_in_memory(row: &Row) -> Option<String> {
    let evidence = row.update.as_ref()?.evidence.as_ref()?;
    Some(one_line(&evidence.old_in_memory, 200)).filter(|programs| !programs.is_empty())
}

/// The result: a success only if Nailgun's status, the history and the nodes all say so.
fn result(end: &RunEnd, left: &LeftOvers, proven: bool, nobody_left_out: bool) -> InstallResult {
    let failed = !left.failed.is_empty() || !left.missing.is_empty();
    match end.ended {
        WatchEnd::Lost => InstallResult::Lost,
        WatchEnd::Interrupted => InstallResult::Started,
        WatchEnd::Halted => InstallResult::Stopped,
        WatchEnd::Over if end.status == TaskState::Ready && left.is_empty() && proven => {
            if nobody_left_out {
                InstallResult::Verified
            } else {
                InstallResult::VerifiedPartly
            }
        }
        // A stop leaves a transaction that is ready, and tasks that never began.
        WatchEnd::Over if end.status == TaskState::Ready && !failed && !left.not_executed.is_empty() => {
            InstallResult::Stopped
        }
        WatchEnd::Over => InstallResult::Failed,
    }
}

fn reached_by(row: &Row, proven: bool, history: Option<&NodeProgress>) -> Reached {
    match row.state {
        _ if proven => Reached::Proven,
        State::NotAsked(_) => Reached::Unknown,
        State::Updating | State::Incomplete => Reached::Begun,
        _ if row.update.is_some() && history != Some(&NodeProgress::Untouched) => Reached::Begun,
        _ => Reached::Untouched,
    }
}

/// The end of the log of every node on which a task failed; if none did, of those that were begun, three at most.
fn add_logs(context: &Context<'_>, run_nodes: &[RunNode], outcome: &mut Outcome) -> Result<(), AppError> {
    let failed: Vec<NodeId> = outcome.nodes.iter().filter(|n| n.failed_task.is_some()).map(|n| n.id).collect();
    let begun = outcome.nodes.iter().filter(|n| n.reached == Reached::Begun).map(|n| n.id);
    let wanted = if failed.is_empty() { begun.take(3).collect() } else { failed };
    let asked: Vec<&RunNode> = run_nodes.iter().filter(|node| wanted.contains(&node.id)).collect();
    let details = fetch_details(context, &asked)?;
    for node in &mut outcome.nodes {
        if let Some(details) = details.get(&node.id) {
            node.log_tail.clone_from(&details.log_tail);
        }
    }
    Ok(())
}

/// Fetches reports and logs of nodes; those that do not answer are missing.
pub(super) fn fetch_details(
    context: &Context<'_>,
    run_nodes: &[&RunNode],
) -> Result<BTreeMap<NodeId, Details>, AppError> {
    let nodes: Vec<Node> = run_nodes.iter().map(|node| node.node.clone()).collect();
    let answers = context.nodes().run::<FetchDetails>(&nodes)?;
    let answered = run_nodes.iter().zip(answers);
    Ok(answered.filter_map(|(node, answer)| Some((node.id, answer.ok()?))).collect())
}
