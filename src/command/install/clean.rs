//! After a failure: undoes what killed scripts left on nodes, with the graph's own script, over SSH. The scripts undo
//! their temporary changes themselves however they end, except after SIGKILL or a loss of power.

use super::context::Context;
use super::job::RunNode;
use crate::domain::cleanup::{Cleanup, UndoChanges};
use crate::domain::failure::NodeFailure;
use crate::domain::node::Node;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::error::AppError;

/// Cleans up after a run that did not end well, and adds to the outcome on which nodes there was something to undo.
pub(super) fn after_failure(
    context: &Context<'_>,
    run_nodes: &[RunNode],
    outcome: &mut Outcome,
) -> Result<(), AppError> {
    if !matches!(outcome.result, InstallResult::Failed | InstallResult::Stopped | InstallResult::Lost) {
        return Ok(());
    }
    let nodes: Vec<Node> = run_nodes.iter().map(|s| s.node.clone()).collect();
    let answers = context.nodes().run::<UndoChanges>(&nodes)?;
    let unasked = |failure: NodeFailure| Cleanup::Left(format!("it could not be asked: {}", failure.cause));
    let results = answers.into_iter().map(|answer| answer.unwrap_or_else(unasked));
    let named = nodes.iter().map(|node| node.name.clone()).zip(results);
    outcome.cleaned = named.filter(|(_, result)| *result != Cleanup::Nothing).collect();
    Ok(())
}
