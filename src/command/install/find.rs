//! Finds the run that `--attach` and `--stop` are about.

use std::time::Duration;

use super::context::Context;
use super::record::RunRecord;
use crate::command::history::find;
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::RunRef;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{COMMIT, GRAPH_TYPE};
use crate::nailgun::{HistoryFilter, Nailgun, NailgunError, NailgunErrorKind, Task};

/// How long Nailgun may take to make the child of a run.
const PATIENCE: u32 = 60;

/// A run: the task that Nailgun answered to its start, and its child, which has the history.
pub(super) struct RunTasks {
    pub(super) parent: Task,
    pub(super) child: Option<Task>,
}

/// The run by its number, parent or child, or the newest run of our graph.
pub(super) fn run(context: &Context<'_>, which: RunRef) -> Result<RunTasks, AppError> {
    match which {
        RunRef::Task(task) => by_number(context, task),
        RunRef::Newest => newest(context),
    }
}

/// The newest run of our graph. Nailgun is asked first: another host may have started it. The record on this host counts
/// for what Nailgun cannot tell: a run that is newer than any that Nailgun shows, or a start that it never received.
fn newest(context: &Context<'_>) -> Result<RunTasks, AppError> {
    let env = context.env;
    let (known, preparing) =
        context.nailgun(move |nailgun| Ok((newest_known(nailgun, env)?, preparing(nailgun, env)?)))?;
    let known_id = known.as_ref().and_then(|run| run.child.as_ref()).map_or_else(TaskId::default, |child| child.id);
    // Nailgun makes the child of a new run only after a while, and until then it does not tell whose run it is.
    if let Some(parent) = preparing.filter(|parent| parent.id > known_id)
        && let Some(child) = wait_for_child(context, &parent)?
    {
        return Ok(RunTasks { parent, child: Some(child) });
    }
    let record = RunRecord::newest(&context.state, env);
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

/// The newest run of our graph that Nailgun knows. Nailgun 9.0 does not tell the type of a graph: there a run is ours if
/// its history has the task that commits.
fn newest_known(nailgun: &Nailgun, env: EnvId) -> Result<Option<RunTasks>, NailgunError> {
    for found in find::runs(nailgun, env)? {
        let ours = found.child.graph_type == GRAPH_TYPE || has_commit(nailgun, found.child.id)?;
        if ours {
            let child = found.child;
            return Ok(Some(RunTasks { parent: found.parent.unwrap_or_else(|| child.clone()), child: Some(child) }));
        }
    }
    Ok(None)
}

fn has_commit(nailgun: &Nailgun, child: TaskId) -> Result<bool, NailgunError> {
    let filter = HistoryFilter { tasks: vec![COMMIT.to_owned()], ..HistoryFilter::default() };
    Ok(nailgun.history(child, &filter)?.iter().any(|record| record.task == COMMIT))
}

/// A run that Nailgun is preparing and that has no child yet.
fn preparing(nailgun: &Nailgun, env: EnvId) -> Result<Option<Task>, NailgunError> {
    let tasks = nailgun.tasks(env)?;
    let has_child = |id: TaskId| tasks.iter().any(|task| task.parent_id == Some(id));
    let preparing = |task: &&Task| task.name == "deploy" && !task.status.is_over() && !has_child(task.id);
    Ok(tasks.iter().filter(preparing).max_by_key(|task| task.id).cloned())
}

fn by_number(context: &Context<'_>, task: TaskId) -> Result<RunTasks, AppError> {
    let Some(found) = context.try_nailgun(move |nailgun| nailgun.transaction(task))? else {
        return Err(context.interrupted());
    };
    let found = found.map_err(|error| match error.kind() {
        NailgunErrorKind::NotFound => AppError::new(Exit::Error, format!("Nailgun has no task {task}"))
            .hinted(format!("list the runs with: fuel-updates --env {} history", context.env)),
        _ => error.into(),
    })?;
    if let Some(of) = found.cluster.filter(|cluster| *cluster != context.env) {
        let message = format!("task {task} belongs to environment {of}, not {}", context.env);
        return Err(AppError::new(Exit::Error, message));
    }
    let is_child = may_be_ours(&found);
    if !is_child && !found.name.starts_with("deploy") {
        return Err(AppError::new(Exit::Error, format!("task {task} ({}) is not an installation", found.name)));
    }
    Ok(if is_child { with_parent(context, found)? } else { RunTasks { parent: found, child: None } })
}

/// A child with its parent: the number of the parent is the one that the operator knows.
fn with_parent(context: &Context<'_>, child: Task) -> Result<RunTasks, AppError> {
    let env = context.env;
    let runs = context.nailgun(move |nailgun| find::runs(nailgun, env))?;
    let parent = runs.into_iter().find(|run| run.child.id == child.id).and_then(|run| run.parent);
    Ok(RunTasks { parent: parent.unwrap_or_else(|| child.clone()), child: Some(child) })
}

/// Whether a transaction can have the history of one of our runs. Nailgun 9.0 does not tell the type of a graph; there
/// the values that the run uploads decide, when they are read.
fn may_be_ours(task: &Task) -> bool {
    task.graph_type == GRAPH_TYPE || (task.graph_type.is_empty() && task.name == "deployment")
}

/// The child of a run, once it has a history; nothing if it is a run of another graph, or is not made in time.
pub(super) fn wait_for_child(context: &Context<'_>, parent: &Task) -> Result<Option<Task>, AppError> {
    for _ in 0..PATIENCE {
        let (env, of) = (context.env, parent.clone());
        let found = context.nailgun(move |nailgun| {
            let Some(child) = nailgun.child(env, &of, GRAPH_TYPE)? else { return Ok(None) };
            // A child that Nailgun is still preparing has no history.
            let ready =
                !may_be_ours(&child) || child.status.is_over() || has_commit(nailgun, child.id).unwrap_or(false);
            Ok(ready.then_some(child))
        })?;
        if let Some(child) = found {
            return Ok(Some(child).filter(may_be_ours));
        }
        if context.interrupt.wait(Duration::from_secs(1)) {
            return Err(context.interrupted());
        }
    }
    Ok(None)
}
