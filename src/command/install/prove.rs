//! Step 5: reads every node again. Only what the nodes themselves prove counts.

use std::collections::BTreeMap;

use super::Context;
use super::compare::words;
use super::watch::{End, WatchEnd};
use crate::command::ask;
use crate::domain::details::{Details, FetchDetails};
use crate::domain::mu::Mu;
use crate::domain::node::{Node, NodeId};
use crate::domain::outcome::{InstallResult, NodeOutcome, Outcome, Reached};
use crate::domain::plan::proof_fault;
use crate::domain::remote::RemoteCommand as _;
use crate::domain::row::{Row, State};
use crate::domain::run::{LeftOvers, NodeProgress};
use crate::error::AppError;
use crate::event::{Event, Events as _};
use crate::fleet::{self, FleetEvent};
use crate::nailgun::TaskState;

/// A node of the run.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Nailgun's number.
    pub(super) id: NodeId,
    /// Where to log in.
    pub(super) node: Node,
    /// What it ran before.
    pub(super) before: Option<Mu>,
    /// Whether the installation is about it, or it only looks after the cluster.
    pub(super) target: bool,
}

/// Asks every node of the run and fills in the outcome.
pub(super) fn prove(
    context: &Context<'_>,
    end: &End,
    subjects: &[Subject],
    outcome: &mut Outcome,
) -> Result<(), AppError> {
    let nodes: Vec<Node> = subjects.iter().map(|s| s.node.clone()).collect();
    let rows = ask::ask(
        &nodes,
        &context.settings.ssh,
        &context.state.join("known_hosts"),
        &mut context.ui.progress(),
        context.interrupt.flag(),
    )?;
    let left = end.progress.left_overs();
    let reached = end.progress.nodes();
    let Some(target) = outcome.target.clone() else { return Ok(()) };
    for (subject, row) in subjects.iter().zip(&rows) {
        let failed = left.failed.iter().chain(&left.running).find(|t| t.node == subject.id);
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
            failed_task: failed.map(|t| words(&t.task)),
            log_tail: vec![],
        });
    }
    let proven = outcome.nodes.iter().all(|n| n.reached == Reached::Proven);
    outcome.result = result(end, &left, proven, outcome.left_out.is_empty());
    outcome.message.clone_from(&end.message);
    if !matches!(outcome.result, InstallResult::Verified | InstallResult::VerifiedPartly) {
        add_logs(context, subjects, outcome)?;
    }
    Ok(())
}

/// Nailgun's word, the history and the nodes: all three must agree on success.
fn result(end: &End, left: &LeftOvers, proven: bool, nobody_left_out: bool) -> InstallResult {
    let failed = [&left.failed, &left.running, &left.missing].iter().any(|list| !list.is_empty());
    match end.ended {
        WatchEnd::Lost => InstallResult::Lost,
        WatchEnd::Interrupted => InstallResult::Started,
        WatchEnd::Over if end.status == TaskState::Ready && left.is_empty() && proven => {
            if nobody_left_out {
                InstallResult::Verified
            } else {
                InstallResult::VerifiedPartly
            }
        }
        // A stop leaves a transaction that is ready, and tasks that never began.
        WatchEnd::Over if end.status == TaskState::Ready && !failed && !left.pending.is_empty() => {
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

/// The end of the log of every node on which a task failed; where none did, of those that were begun, three at most.
fn add_logs(context: &Context<'_>, subjects: &[Subject], outcome: &mut Outcome) -> Result<(), AppError> {
    let failed: Vec<NodeId> = outcome.nodes.iter().filter(|n| n.failed_task.is_some()).map(|n| n.id).collect();
    let begun = outcome.nodes.iter().filter(|n| n.reached == Reached::Begun).map(|n| n.id);
    let wanted = if failed.is_empty() { begun.take(3).collect() } else { failed };
    let subjects: Vec<&Subject> = subjects.iter().filter(|s| wanted.contains(&s.id)).collect();
    let details = fetch_details(context, &subjects)?;
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
    subjects: &[&Subject],
) -> Result<BTreeMap<NodeId, Details>, AppError> {
    let nodes: Vec<Node> = subjects.iter().map(|s| s.node.clone()).collect();
    let mut found = BTreeMap::new();
    let mut progress = context.ui.progress();
    let frame = fleet::frame()?;
    ask::run(
        &nodes,
        &frame.command::<FetchDetails>(),
        FetchDetails::LIMIT,
        &context.settings.ssh,
        &context.state.join("known_hosts"),
        context.interrupt.flag(),
        &mut |event| match event {
            FleetEvent::Finished { index, result: Ok(answer), .. } => {
                if let (Some(subject), Ok(details)) = (subjects.get(index), answer.read::<FetchDetails>(&frame)) {
                    found.insert(subject.id, details);
                }
            }
            FleetEvent::Warning { text } => progress.event(&Event::Warning(&text)),
            FleetEvent::Finished { .. } | FleetEvent::Started { .. } => {}
        },
    )?;
    Ok(found)
}
