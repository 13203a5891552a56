//! `--stop`: waits until the run can be stopped, then stops it, then waits until it has stopped.

use std::time::Duration;

use super::context::Context;
use super::find::{self, OwnRun};
use crate::domain::run::RunRef;
use crate::error::AppError;
use crate::exit::Exit;
use crate::nailgun::TaskState;

/// Stops a run.
pub(super) fn stop(context: &Context<'_>, which: RunRef) -> Result<Exit, AppError> {
    let env = context.env;
    let interrupted = |asked: bool| {
        let what = if asked { "the stop was sent to Nailgun" } else { "no stop was sent" };
        AppError::new(Exit::Interrupted, format!("interrupted; {what}"))
    };
    let OwnRun { parent, child, .. } = find::run(context, which)?;
    let child = child.id;
    let mut asked = false;
    loop {
        let look = context.try_nailgun(move |nailgun| nailgun.transaction(child))?;
        let now = look.ok_or_else(|| interrupted(asked))??;
        if now.status.is_over() {
            let how = if asked { "stopped" } else { "was over already" };
            context.ui.data(&format!("task {} {how} ({})", parent.id, now.status.as_str()));
            return Ok(Exit::Ok);
        }
        // A stop before the child runs would never end, and block the environment.
        if now.status == TaskState::Running && !asked {
            asked = true;
            let stop = context.try_nailgun(move |nailgun| nailgun.stop(env))?;
            stop.ok_or_else(|| interrupted(asked))??;
            context.ui.status("asked to stop: running tasks finish, no new ones start");
        }
        if context.interrupt.wait(Duration::from_secs(1)) {
            return Err(interrupted(asked));
        }
    }
}
