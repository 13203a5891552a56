//! `--stop`: waits until the run can be stopped, then stops it, then waits until it has stopped.

use std::time::Duration;

use super::context::Context;
use super::find;
use crate::domain::run::RunRef;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::GRAPH_TYPE;
use crate::nailgun::TaskState;

/// Stops a run.
pub(super) fn stop(context: &Context<'_>, which: RunRef) -> Result<Exit, AppError> {
    let env = context.env;
    let interrupted = |asked: bool| {
        let what = if asked { "the stop was sent to Nailgun" } else { "no stop was sent" };
        AppError::new(Exit::Interrupted, format!("interrupted; {what}"))
    };
    let found = find::run(context, which)?;
    let (parent, mut child) = (found.parent, found.child.map(|task| task.id));
    let mut asked = false;
    loop {
        let (of, known) = (parent.clone(), child);
        let look = context.try_nailgun(move |nailgun| {
            let child = match known {
                Some(child) => Some(child),
                None => nailgun.child(env, &of, GRAPH_TYPE)?.map(|task| task.id),
            };
            Ok::<_, crate::nailgun::NailgunError>((child, nailgun.transaction(child.unwrap_or(of.id))?))
        })?;
        let (seen, now) = look.ok_or_else(|| interrupted(asked))??;
        child = seen;
        if now.status.is_over() {
            let how = if asked { "stopped" } else { "was over already" };
            context.ui.data(&format!("task {} {how} ({})", parent.id, now.status.as_str()));
            return Ok(Exit::Ok);
        }
        // A stop before the child runs would never end, and block the environment.
        if child.is_some() && now.status == TaskState::Running && !asked {
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
