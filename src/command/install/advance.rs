//! Between two parts of an update: whether the next one is started.

use std::time::Duration;

use jiff::SignedDuration;

use super::context::Context;
use super::job::{Job, JobPart};
use super::stop_request;
use crate::domain::node::Node;
use crate::domain::nodeset::fold;
use crate::domain::phase::Phase;
use crate::domain::row::Row;
use crate::domain::run::TaskKind;
use crate::domain::time::format_duration;
use crate::error::AppError;
use crate::ui::Confirmation;

/// The phase of a node whose packages are upgraded and whose services run again (`graphs/mu/scripts/phases.sh`).
const UPDATED: &str = "updated";

/// Why the part after `ended` is not started; nothing if it is.
pub(super) fn forbidden(
    context: &Context<'_>,
    job: &Job,
    (ended, next): (&JobPart, &JobPart),
    took: Duration,
) -> Result<Option<String>, AppError> {
    if stop_request::came(context, &job.values.run)? {
        return Ok(Some("a stop was asked for".to_owned()));
    }
    let (Some(done), Some(phase)) = (ended.phase, next.phase) else { return Ok(context.window_over()) };
    if done != phase {
        report(context, job, done, took)?;
        if !context.options.yes && context.window_over().is_none() {
            let question = format!("Next: {}. Go on?", named(job, phase));
            match context.ui.confirm(&question, &context.interrupt) {
                Confirmation::Yes => {}
                Confirmation::No => return Ok(Some(format!("declined: {}", named(job, phase)))),
                Confirmation::Interrupted => return Err(context.interrupted()),
            }
        }
    }
    Ok(context.window_over())
}

/// Says what a phase has brought, by the nodes' own word.
fn report(context: &Context<'_>, job: &Job, phase: Phase, took: Duration) -> Result<(), AppError> {
    let took = format_duration(SignedDuration::try_from(took).unwrap_or(SignedDuration::MAX));
    context.ui.status(&format!("done in {took}: {}", named(job, phase)));
    let rows = context.nodes().ask(&nodes(job, phase))?;
    context.go_on()?;
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for row in &rows {
        let text = words(row);
        match told.iter_mut().find(|(other, _)| *other == text) {
            Some((_, names)) => names.push(&row.node.name),
            None => told.push((text, vec![&row.node.name])),
        }
    }
    for (text, names) in told {
        context.ui.status(&format!("  {}: {text}", fold(names)));
    }
    Ok(())
}

/// How far a node is, by its own word.
fn words(row: &Row) -> String {
    match row.update.as_ref().filter(|update| update.phase == UPDATED) {
        Some(update) => {
            format!("updated to {}; it is verified and committed with all others at the end", update.target.title)
        }
        None => {
            let detail = row.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
            format!("{}{detail}", row.state.as_str())
        }
    }
}

/// A phase and its nodes: `the other controllers (node-[2-3])`.
fn named(job: &Job, phase: Phase) -> String {
    let nodes = nodes(job, phase);
    format!("{} ({})", phase.as_str(), fold(nodes.iter().map(|node| node.name.as_str())))
}

/// The nodes that a phase updates.
fn nodes(job: &Job, phase: Phase) -> Vec<Node> {
    let works = |id| {
        let mut tasks = job.planned.iter().filter(|p| p.node == id && p.kind == TaskKind::Work);
        tasks.any(|p| Phase::of_task(&p.task) == Some(phase))
    };
    job.nodes.iter().filter(|node| works(node.id)).map(|node| node.node.clone()).collect()
}
