//! Step 6: prints how an installation ended, and the next command.

use super::context::Context;
use super::snapshots;
use crate::cli::Format;
use crate::command::clock;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::plan::Plan;
use crate::domain::text::counted;
use crate::error::AppError;
use crate::exit::Exit;
use crate::ui::ShownInstall;

/// Prints the outcome and the next step.
pub(super) fn finish(context: &Context<'_>, outcome: &Outcome) -> Result<Exit, AppError> {
    let exit = exit(context, outcome);
    note(context, outcome);
    context.ui.show(&ShownInstall { outcome, taken_at: &clock::now(), exit })?;
    if let Some(message) = &outcome.message {
        context.ui.status(&format!("Nailgun says: {message}"));
    }
    let env = context.env;
    match outcome.result {
        // Without a node there is no cause on one: what is wrong was said before.
        InstallResult::Failed if !outcome.nodes.is_empty() => {
            let on = outcome.names(|node| node.failed_task.is_some());
            let on = if on.is_empty() { String::new() } else { format!(" on {on}") };
            context.ui.hint(&format!(
                "repair the cause{on} and run `fuel-updates --env {env} install` again: nodes that are updated already pass \
                 quickly; or leave nodes out with --exclude"
            ));
        }
        InstallResult::Stopped => context.ui.hint(&format!(
            "go on with `fuel-updates --env {env} install`: nodes that are updated already pass quickly"
        )),
        InstallResult::Lost => context.ui.hint(&format!(
            "see what the nodes run with `fuel-updates --env {env} check installed`; come back with `install --attach`"
        )),
        InstallResult::Verified | InstallResult::VerifiedPartly => {
            if let Some(link) = outcome.target.as_ref().and_then(|t| t.doc_link.as_ref()) {
                context.ui.hint(&format!("look for manual steps in {link}"));
            }
        }
        _ => {}
    }
    if let Some(hint) = snapshots::how_to_compare(context, outcome) {
        context.ui.hint(&hint);
    }
    Ok(exit)
}

/// Notes the end for the operator's own command.
fn note(context: &Context<'_>, outcome: &Outcome) {
    let summary = ShownInstall { outcome, taken_at: "", exit: Exit::Ok }.summary();
    context.ending.note(outcome.result.as_str(), outcome.task.map(|(task, _)| task), summary);
}

/// The exit status of an outcome.
fn exit(context: &Context<'_>, outcome: &Outcome) -> Exit {
    let all = outcome.left_out.is_empty() || context.options.dry_run;
    match outcome.result {
        InstallResult::Planned | InstallResult::Started | InstallResult::Verified => Exit::Ok,
        InstallResult::NothingToDo if all => Exit::Ok,
        InstallResult::NothingToDo | InstallResult::VerifiedPartly => Exit::Partial,
        InstallResult::Declined | InstallResult::Refused => Exit::Error,
        InstallResult::Failed | InstallResult::Stopped | InstallResult::Lost => Exit::InstallFailed,
    }
}

/// Ends an installation after a signal. The run that was started, if any, is in the document.
pub(super) fn interrupted(context: &Context<'_>, outcome: &Outcome) -> Result<Exit, AppError> {
    note(context, outcome);
    document(context, outcome, Exit::Interrupted)?;
    Err(context.interrupted())
}

/// Says what forbids an installation.
pub(super) fn refuse(context: &Context<'_>, plan: &Plan, outcome: &Outcome) -> Result<Exit, AppError> {
    let mut hints: Vec<&str> = plan.refusals.iter().filter_map(|r| r.hint).collect();
    hints.sort_unstable();
    hints.dedup();
    let hint = if hints.is_empty() { None } else { Some(hints.join("; ")) };
    Err(refused(context, "cannot install", hint, outcome)?)
}

/// Prints the refusals of an outcome. The error that ends the command.
pub(super) fn refused(
    context: &Context<'_>,
    what: &str,
    hint: Option<String>,
    outcome: &Outcome,
) -> Result<AppError, AppError> {
    note(context, outcome);
    document(context, outcome, Exit::Error)?;
    context.ui.refusals(&outcome.refusals);
    let reasons = counted(outcome.refusals.len(), "reason");
    Ok(AppError::new(Exit::Error, format!("{what} ({reasons}); nothing was changed")).hinted(hint))
}

/// Prints the outcome where a document was asked for: people read the error instead.
fn document(context: &Context<'_>, outcome: &Outcome, exit: Exit) -> Result<(), AppError> {
    let shown = ShownInstall { outcome, taken_at: &clock::now(), exit };
    match context.ui.format() {
        Format::Json | Format::Yaml => context.ui.show(&shown)?,
        _ => context.ui.tell_result(&shown),
    }
    Ok(())
}
