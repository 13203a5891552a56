//! Step 3b: starts a part of a job. The record is written first, and a lost answer never starts a second run.

use std::time::{Duration, Instant};

use super::context::{Context, Stage};
use super::gather::refuse_when_busy;
use super::halt::Halt;
use super::job::{Job, JobPart, WatchedRun};
use super::record::RunRecord;
use super::stop_request;
use crate::command::clock;
use crate::domain::numbers::{EnvId, TaskId};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::GRAPH_TYPE;
use crate::nailgun::{ExecuteError, Nailgun, NailgunError, NailgunErrorKind, Task};

/// Starts a part of a job.
pub(super) fn start(context: &Context<'_>, job: &Job, part: &JobPart) -> Result<WatchedRun, AppError> {
    let env = context.env;
    let newest = context.nailgun(move |nailgun| newest_task(nailgun, env))?;
    let mut record = RunRecord {
        run: job.values.run.clone(),
        env,
        key: Some(context.key()),
        task: None,
        after: newest,
        precheck: part.precheck,
        started: clock::now(),
        left_out: job.left_out.clone(),
    };
    record.write(&context.state)?;
    context.go_on()?;
    let parent = execute(context, job, part, newest)?;
    context.reached(if part.precheck { Stage::PreChecks(parent.id) } else { Stage::Running(parent.id) });
    record.task = Some(parent.id);
    if let Err(error) = record.write(&context.state) {
        // The run is started: it is watched all the same.
        context.ui.warning(&format!("the run is not recorded on this host: {}", error.message));
    }
    if !part.precheck {
        let back = context.attach_command(parent.id);
        context.ui.status(&format!("started as task {}; come back to it with: {back}", parent.id));
    }
    // A stop that was asked for after the last look must reach this part too.
    if !part.precheck && stop_request::came(context, &job.values.run)? {
        Halt::new(context, parent.clone(), None).send()?;
    }
    let wanted = |task: &str| part.tasks.as_ref().is_none_or(|tasks| tasks.iter().any(|t| t == task));
    let planned = job.planned.iter().filter(|p| wanted(&p.task) && part.nodes.contains(&p.node));
    Ok(WatchedRun {
        id: job.values.run.clone(),
        parent,
        child: None,
        planned: planned.cloned().collect(),
        names: job.names.clone(),
        title: part.title.clone(),
    })
}

/// Sends the request that starts the run, once.
fn execute(context: &Context<'_>, job: &Job, part: &JobPart, newest: TaskId) -> Result<Task, AppError> {
    let (env, api, nodes, tasks) = (context.env, job.api, part.nodes.clone(), part.tasks.clone());
    context.reached(Stage::Starting);
    let answer = context.try_nailgun(move |nailgun| nailgun.execute(api, env, GRAPH_TYPE, &nodes, tasks.as_deref()))?;
    match answer.ok_or_else(|| context.interrupted())? {
        Ok(task) => Ok(task),
        Err(ExecuteError::NotSent(error)) => Err(error.into()),
        Err(ExecuteError::Refused(error)) if error.kind() == NailgunErrorKind::Conflict => {
            context.reached(Stage::Uploading);
            refuse_when_busy(context)?;
            let hint = "another task began meanwhile; wait for it and try again".to_owned();
            Err(AppError { exit: Exit::Busy, ..error.into() }.hinted(hint))
        }
        Err(ExecuteError::Refused(error)) => Err(error.into()),
        Err(ExecuteError::Unclear(error)) => {
            context.ui.warning(&format!("{error}; looking whether the run was started"));
            look_up(context, newest)?.ok_or_else(|| {
                let message = format!("{error}; whether a run was started is not known");
                let hint =
                    format!("look at Nailgun's tasks, then come back: fuel-updates --env {env} install --attach");
                AppError::new(Exit::InstallFailed, message).hinted(hint)
            })
        }
    }
}

fn newest_task(nailgun: &Nailgun, env: EnvId) -> Result<TaskId, NailgunError> {
    Ok(nailgun.transactions(env)?.iter().map(|task| task.id).max().unwrap_or_default())
}

/// Looks for a run of our graph that is newer than `newest`. Nailgun may be restarting, so it is asked for a while.
fn look_up(context: &Context<'_>, newest: TaskId) -> Result<Option<Task>, AppError> {
    let (env, begin) = (context.env, Instant::now());
    let mut answers_without = 0;
    while begin.elapsed() < Duration::from_secs(60) && answers_without < 5 {
        let found = context.try_nailgun(move |nailgun| started_after(nailgun, env, newest))?;
        match found.ok_or_else(|| context.interrupted())? {
            Ok(Some(parent)) => return Ok(Some(parent)),
            Ok(None) => answers_without += 1,
            // Nailgun does not answer: only the time ends that.
            Err(_) => {}
        }
        if context.interrupt.wait(Duration::from_secs(2)) {
            return Err(context.interrupted());
        }
    }
    Ok(None)
}

fn started_after(nailgun: &Nailgun, env: EnvId, newest: TaskId) -> Result<Option<Task>, NailgunError> {
    let is_run = |task: &Task| task.id > newest && task.parent_id.is_none() && task.name.starts_with("deploy");
    let Some(parent) = nailgun.tasks(env)?.into_iter().find(is_run) else { return Ok(None) };
    let child = nailgun.child(env, &parent, GRAPH_TYPE)?;
    Ok(child.filter(|child| child.graph_type == GRAPH_TYPE).map(|_| parent))
}
