//! What follows the watch, whoever started the run: the proof, the clean-up after a failure, and the report.

use super::clean;
use super::context::Context;
use super::finish;
use super::job::{RunEnd, RunNode, WatchEnd};
use super::prove::prove;
use super::snapshots;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::error::AppError;
use crate::exit::Exit;

/// Proves what a run has brought, and reports it.
pub(super) fn conclude(
    context: &Context<'_>,
    end: &RunEnd,
    nodes: &[RunNode],
    mut outcome: Outcome,
) -> Result<Exit, AppError> {
    outcome.task = Some((end.parent, end.child));
    outcome.result = InstallResult::Started;
    if end.ended == WatchEnd::Interrupted || context.interrupt.came() {
        return finish::interrupted(context, &outcome);
    }
    let started = outcome.clone();
    let proved = prove(context, end, nodes, &mut outcome);
    if context.interrupt.came() && outcome.result == InstallResult::Started {
        return finish::interrupted(context, &started);
    }
    // Something was sent: whatever prevents the proof, the run is not verified.
    proved.map_err(|error| AppError { exit: Exit::InstallFailed, ..error })?;
    clean::after_failure(context, nodes, &mut outcome)?;
    if end.ended != WatchEnd::Lost {
        outcome.snapshots = snapshots::after(context, &end.id, nodes);
    }
    finish::finish(context, &outcome)
}
