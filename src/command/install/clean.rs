//! After a failure: what killed scripts left on nodes is undone by the graph's own script, over SSH. The scripts undo
//! their temporary changes themselves however they end, except by SIGKILL or loss of power.

use super::Context;
use super::prove::Subject;
use crate::command::ask;
use crate::domain::cleanup::{Cleanup, UndoChanges};
use crate::domain::failure::NodeFailure;
use crate::domain::node::Node;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::remote::RemoteCommand as _;
use crate::error::AppError;
use crate::event::{Event, Events as _};
use crate::fleet::{self, FleetEvent};

/// Cleans up after a run that did not end well, and notes in the outcome where there was something.
pub(super) fn after_failure(
    context: &Context<'_>,
    subjects: &[Subject],
    outcome: &mut Outcome,
) -> Result<(), AppError> {
    if !matches!(outcome.result, InstallResult::Failed | InstallResult::Stopped | InstallResult::Lost) {
        return Ok(());
    }
    let nodes: Vec<Node> = subjects.iter().map(|s| s.node.clone()).collect();
    let mut progress = context.ui.progress();
    let mut found: Vec<(usize, Cleanup)> = Vec::new();
    let frame = fleet::frame()?;
    ask::run(
        &nodes,
        &frame.command::<UndoChanges>(),
        UndoChanges::LIMIT,
        &context.settings.ssh,
        &context.state.join("known_hosts"),
        context.interrupt.flag(),
        &mut |event| match event {
            FleetEvent::Finished { index, result, .. } => {
                let answer =
                    result.as_ref().map_err(Clone::clone).and_then(|answer| answer.read::<UndoChanges>(&frame));
                let unasked = |failure: NodeFailure| Cleanup::Left(format!("it could not be asked: {}", failure.cause));
                found.push((index, answer.unwrap_or_else(unasked)));
            }
            FleetEvent::Warning { text } => progress.event(&Event::Warning(&text)),
            FleetEvent::Started { .. } => {}
        },
    )?;
    found.sort_by_key(|(index, _)| *index);
    found.retain(|(_, cleanup)| *cleanup != Cleanup::Nothing);
    outcome.cleaned =
        found.into_iter().filter_map(|(index, what)| Some((nodes.get(index)?.name.clone(), what))).collect();
    Ok(())
}
