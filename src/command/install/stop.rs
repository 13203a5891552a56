//! `--stop`: waits until the run can be stopped, then stops it, then waits until it is at rest.

use std::time::Duration;

use super::{Context, attach, nailgun_error};
use crate::domain::run::RunRef;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::GRAPH_TYPE;
use crate::nailgun::TaskState;

/// Stops a run.
pub(super) fn run(context: &Context<'_>, run: RunRef) -> Result<Exit, AppError> {
    let (parent, child) = attach::find(context, run)?;
    let mut child = child;
    let mut asked = false;
    loop {
        if child.is_none() {
            child = context.nailgun.child(context.env, &parent, GRAPH_TYPE).map_err(|e| nailgun_error(&e))?;
        }
        let watched = child.as_ref().map_or(parent.id, |c| c.id);
        let now = context.nailgun.transaction(watched).map_err(|e| nailgun_error(&e))?;
        if now.status.is_over() {
            let how = if asked { "at rest" } else { "over already" };
            context.ui.data(&format!("task {} is {how} ({})", parent.id, now.status.as_str()));
            return Ok(Exit::Ok);
        }
        // A stop that comes before the child runs would hang for ever and block the environment.
        if child.is_some() && now.status == TaskState::Running && !asked {
            context.nailgun.stop(context.env).map_err(|e| nailgun_error(&e))?;
            asked = true;
            context.ui.status("asked to stop: tasks at work end, nothing new starts");
        }
        if context.interrupt.wait(Duration::from_secs(1)) {
            let what = if asked { "the stop was asked for" } else { "no stop was asked for" };
            return Err(AppError::new(Exit::Interrupted, format!("interrupted; {what}")));
        }
    }
}
