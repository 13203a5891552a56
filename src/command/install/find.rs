//! Finds the run that `--attach` and `--stop` are about.

use std::time::{Duration, Instant};

use super::context::Context;
use super::record::RunRecord;
use crate::command::runs::{self, FoundRun, NumberedRun, RunProof};
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::RunRef;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{GRAPH_TYPE, UploadedValues};
use crate::nailgun::{Nailgun, NailgunError, Task, TaskState};

/// A run of ours: the task that Nailgun answered to its start, its child, which has the history, and the values that it
/// uploads to its nodes.
pub(super) struct OwnRun {
    pub(super) parent: Task,
    pub(super) child: Task,
    pub(super) values: UploadedValues,
}

/// The run by its number, parent's or child's, or the newest run of ours. A run of somebody else is refused.
pub(super) fn run(context: &Context<'_>, which: RunRef) -> Result<OwnRun, AppError> {
    match which {
        RunRef::Task(task) => by_number(context, task),
        RunRef::Newest => newest(context),
    }
}

/// The newest run of ours. Nailgun is asked first: another host may have started it. The record on this host counts
/// for what Nailgun cannot tell: a run that is newer than any that Nailgun shows, or a start that it never received.
fn newest(context: &Context<'_>) -> Result<OwnRun, AppError> {
    let env = context.env;
    let (known, preparing) =
        context.nailgun(move |nailgun| Ok((newest_known(nailgun, env)?, preparing(nailgun, env)?)))?;
    let known_id = known.as_ref().map_or_else(TaskId::default, |run| run.child.id);
    // Nailgun makes the child of a new run only after a while, and until then it does not tell whose run it is.
    if let Some(parent) = preparing.filter(|parent| parent.id > known_id)
        && let Some(run) = once_it_has_begun(context, &parent)?
    {
        return Ok(run);
    }
    let record = RunRecord::newest(&context.state, &context.key(), env);
    match (record, known) {
        (Some(RunRecord { task: Some(task), .. }), _) if task > known_id => by_number(context, task),
        (Some(RunRecord { task: None, run, after, .. }), _) if after >= known_id => {
            let message = format!("installation {run} was not started: Nailgun has no run of it; nothing was changed");
            let hint = format!("start it again with: fuel-updates --env {env} install");
            Err(AppError::new(Exit::Error, message).hinted(hint))
        }
        (_, Some(known)) => Ok(known),
        (_, None) => Err(AppError::new(Exit::Error, format!("no installations recorded for environment {env}"))),
    }
}

/// The newest run of ours that Nailgun knows and that has begun.
fn newest_known(nailgun: &Nailgun, env: EnvId) -> Result<Option<OwnRun>, NailgunError> {
    for FoundRun { parent, child } in runs::runs(nailgun, env)? {
        if let RunProof::Ours(values) = runs::proof(nailgun, &child)? {
            return Ok(Some(OwnRun { parent: parent.unwrap_or_else(|| child.clone()), child, values }));
        }
    }
    Ok(None)
}

/// The newest part of the installation with this run id, if that is the newest run in the environment.
pub(super) fn newest_part(context: &Context<'_>, run: &str) -> Result<Option<OwnRun>, AppError> {
    let env = context.env;
    let newest = context.nailgun(move |nailgun| newest_known(nailgun, env))?;
    Ok(newest.filter(|newest| newest.values.run.as_deref() == Some(run)))
}

/// A run that Nailgun is preparing: it has no child yet, or one that has no history yet.
fn preparing(nailgun: &Nailgun, env: EnvId) -> Result<Option<Task>, NailgunError> {
    let tasks = nailgun.tasks(env)?;
    let preparing = |task: &&Task| match task.name.as_str() {
        "deploy" => {
            let child = tasks.iter().find(|child| child.parent_id == Some(task.id));
            child.is_none_or(|child| child.status == TaskState::Pending && runs::may_be_ours(child))
        }
        "deployment" => task.parent_id.is_none() && task.graph_type.is_empty() && task.status == TaskState::Pending,
        _ => false,
    };
    let open = tasks.iter().filter(|task| !task.status.is_over());
    Ok(open.filter(preparing).max_by_key(|task| task.id).cloned())
}

fn by_number(context: &Context<'_>, task: TaskId) -> Result<OwnRun, AppError> {
    let env = context.env;
    let found = context.try_nailgun(move |nailgun| runs::by_number(nailgun, env, task))?;
    let (parent, child) = match found.ok_or_else(|| context.interrupted())?? {
        NumberedRun::Run(FoundRun { parent: Some(parent), child }) => (parent, child),
        NumberedRun::Run(FoundRun { parent: None, child }) => (child.clone(), child),
        NumberedRun::Preparing(parent) => (parent.clone(), parent),
    };
    Ok(once_it_has_begun(context, &parent)?.ok_or_else(|| runs::not_ours(env, task, &child))?)
}

/// A run once it has begun, so that it tells what it carries; nothing if it is somebody else's.
fn once_it_has_begun(context: &Context<'_>, parent: &Task) -> Result<Option<OwnRun>, AppError> {
    let env = context.env;
    let (begin, mut told) = (Instant::now(), false);
    while begin.elapsed() < context.give_up_after() {
        let of = parent.clone();
        let (child, proof) = context.nailgun(move |nailgun| {
            let Some(child) = nailgun.child(env, &of, GRAPH_TYPE)? else { return Ok((of, RunProof::NotYet)) };
            let child = nailgun.transaction(child.id)?;
            let proof = runs::proof(nailgun, &child)?;
            Ok((child, proof))
        })?;
        match proof {
            RunProof::Ours(values) => return Ok(Some(OwnRun { parent: parent.clone(), child, values })),
            RunProof::Stranger => return Ok(None),
            RunProof::NotYet if context.interrupt.wait(Duration::from_secs(1)) => return Err(context.interrupted()),
            RunProof::NotYet if !std::mem::replace(&mut told, true) => {
                context.ui.status(&format!("task {}: Nailgun is still preparing it", parent.id));
            }
            RunProof::NotYet => {}
        }
    }
    let message = format!("task {}: Nailgun is still preparing it, and does not tell yet whose run it is", parent.id);
    Err(AppError::new(Exit::Error, message).hinted("try again in a minute".to_owned()))
}
