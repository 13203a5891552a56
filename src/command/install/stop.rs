//! `--stop`: stops a run of ours, and prevents what its installation would start after it.

use super::context::Context;
use super::find::{self, OwnRun};
use super::halt::{Halt, Rest};
use super::incomplete;
use super::stop_request;
use crate::domain::run::{RunRef, TaskStatus};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{COMMIT, RunValues};
use crate::nailgun::{HistoryFilter, Nailgun, NailgunError, Task, TaskState};

/// Stops a run and waits until it is at rest.
pub(super) fn stop(context: &Context<'_>, which: RunRef) -> Result<Exit, AppError> {
    let mut found = find::run(context, which)?;
    // First the note, then the stop: the client of the installation must not start another part in between.
    let noted = leave_note(context, &found)?;
    if let Some(run) = &noted {
        found = find::newest_part(context, run)?.unwrap_or(found);
    }
    let OwnRun { parent, child, values } = found;
    let task = parent.id;
    let mut halt = Halt::new(context, parent, Some(child.id));
    halt.send()?;
    if halt.is_forbidden() {
        let message = format!("Nailgun 9.0 forbids to stop task {task}, because the environment was deployed before");
        if noted.is_none() || halt.is_last_part()? {
            let hint = format!("it goes on to its end; watch it with: {}", context.attach_command(task));
            return Err(AppError::new(Exit::Error, message).hinted(hint));
        }
        context.ui.warning(&format!("{message}: it goes on to its end, and no other part is started after it"));
    }
    let rest = halt.wait()?;
    let told = match &rest {
        Rest::Before(status) => format!("task {task} was over already ({})", status.as_str()),
        Rest::Stopped(status) => format!("task {task} stopped ({})", status.as_str()),
        Rest::Whole(status) => {
            format!(
                "task {task} ended whole ({}): its last tasks were at work, nothing was left to stop",
                status.as_str()
            )
        }
        Rest::Unstoppable(status) => format!("task {task} ended by itself ({})", status.as_str()),
    };
    context.ui.data(&told);
    incomplete::tell(context, &child, &values);
    if let Some(run) = noted.filter(|_| !matches!(rest, Rest::Stopped(_))) {
        context.ui.status(&format!("nothing more is started by installation {run}"));
    }
    Ok(Exit::Ok)
}

/// Leaves the note of the stop where another part of the run can follow. The id of the run, if it was left.
fn leave_note(context: &Context<'_>, found: &OwnRun) -> Result<Option<String>, AppError> {
    let (env, child, run) = (context.env, found.child.clone(), found.values.run.clone());
    // Nobody waits for what a run of the compiled graph does, so nothing follows it.
    let Some(run) = run.filter(|run| run != RunValues::ANY_RUN) else { return Ok(None) };
    context.nailgun(move |nailgun| {
        if !may_be_followed(nailgun, &child)? {
            return Ok(None);
        }
        stop_request::leave(nailgun, env, &run)?;
        Ok(Some(run))
    })
}

/// Whether the client of an installation may start another part after this run: not after a failure, and not after the
/// commit.
fn may_be_followed(nailgun: &Nailgun, child: &Task) -> Result<bool, NailgunError> {
    match child.status {
        TaskState::Error => Ok(false),
        TaskState::Ready => {
            let filter = HistoryFilter { tasks: vec![COMMIT.to_owned()], ..HistoryFilter::default() };
            let records = nailgun.history(child.id, &filter)?;
            Ok(!records.iter().any(|record| record.task == COMMIT && record.status == TaskStatus::Ready))
        }
        _ => Ok(true),
    }
}
