//! Step 3b: starts a part of a job. The record is written first, and a lost answer never starts a second run.

use std::time::{Duration, Instant};

use super::context::{Context, Stage};
use super::gather::{BusyTask, busy, other_task, refuse_when_busy};
use super::halt::Halt;
use super::job::{Job, JobPart, WatchedRun};
use super::record::RunRecord;
use super::stop_request;
use crate::command::clock;
use crate::domain::numbers::{EnvId, TaskId};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{RunExtent, RunMark};
use crate::nailgun::{ExecuteError, HistoryFilter, Nailgun, NailgunError, NailgunErrorKind, StartApi, Task};

/// Starts a part of a job.
pub(super) fn start(context: &Context<'_>, job: &Job, part: &JobPart) -> Result<WatchedRun, AppError> {
    let env = context.env;
    if job.api == StartApi::Deploy {
        deliver(context, job, part)?;
        // 9.0 does not refuse a second run: nobody else looks.
        refuse_when_busy(context)?;
    }
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
    if job.api == StartApi::Deploy
        && let Some(other) = other_task(context, Some(parent.id))?
    {
        beside(context, part, &parent, &other)?;
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
        phases: job.phases.clone(),
        known: vec![],
        names: job.names.clone(),
        title: part.title.clone(),
    })
}

/// Uploads what a part runs. Before 9.1 a run is always that of a whole graph.
fn deliver(context: &Context<'_>, job: &Job, part: &JobPart) -> Result<(), AppError> {
    let extent = match (part.precheck, &part.tasks) {
        (true, _) => RunExtent::PreChecks,
        (false, Some(_)) => RunExtent::Part,
        (false, None) => RunExtent::Graph,
    };
    let (env, kind, body) = (context.env, job.graph_type.clone(), job.body.bare(part.tasks.as_deref(), extent));
    let sent = body["tasks"].as_array().map_or(0, Vec::len);
    let held = context.nailgun(move |nailgun| {
        nailgun.delete_graph(env, &kind)?;
        Ok(nailgun.create_graph(env, &kind, &body)?.tasks.len())
    })?;
    if held != sent {
        return Err(AppError::new(Exit::Error, format!("Nailgun holds {held} tasks of the graph, {sent} were sent")));
    }
    Ok(())
}

/// Another task began between the look and the start. 9.0 runs both, and cannot stop one: pre-checks come to nothing, what
/// changes nodes is watched.
fn beside(context: &Context<'_>, part: &JobPart, ours: &Task, other: &BusyTask) -> Result<(), AppError> {
    if part.precheck {
        let error = busy(context, other);
        let more =
            format!("only pre-checks of this installation were started (task {}), and they change nothing", ours.id);
        return Err(AppError { message: format!("{}; {more}", error.message), ..error });
    }
    let words = other.words(context.env);
    context.ui.warning(&format!("{words} beside task {} of this installation: Nailgun does not prevent that", ours.id));
    Ok(())
}

/// Sends the request that starts the run, once.
fn execute(context: &Context<'_>, job: &Job, part: &JobPart, newest: TaskId) -> Result<Task, AppError> {
    let (env, api, nodes, tasks) = (context.env, job.api, part.nodes.clone(), part.tasks.clone());
    let kind = job.graph_type.clone();
    context.reached(Stage::Starting);
    let answer = context.try_nailgun(move |nailgun| nailgun.execute(api, env, &kind, &nodes, tasks.as_deref()))?;
    match answer.ok_or_else(|| context.interrupted())? {
        Ok(task) => Ok(task),
        Err(ExecuteError::NotSent(error)) => Err(error.into()),
        Err(ExecuteError::Refused(error)) => {
            // Since 9.1 Nailgun answers 409 while another task runs, 9.0.1 400.
            context.reached(Stage::Uploading);
            refuse_when_busy(context)?;
            if error.kind() != NailgunErrorKind::Conflict {
                return Err(error.into());
            }
            let hint = "another task began meanwhile; wait for it and try again".to_owned();
            Err(AppError { exit: Exit::Busy, ..error.into() }.hinted(hint))
        }
        Err(ExecuteError::Unclear(error)) => {
            context.ui.warning(&format!("{error}; looking whether the run was started"));
            look_up(context, job, newest)?.ok_or_else(|| {
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

/// Looks for the run that was started after the task `newest`. Nailgun may be restarting, so it is asked for a while.
fn look_up(context: &Context<'_>, job: &Job, newest: TaskId) -> Result<Option<Task>, AppError> {
    let (env, begin) = (context.env, Instant::now());
    let mut answers_without = 0;
    while begin.elapsed() < Duration::from_secs(60) && answers_without < 5 {
        let (kind, run) = (job.graph_type.clone(), job.values.run.clone());
        let found = context.try_nailgun(move |nailgun| started_after(nailgun, env, newest, &kind, &run))?;
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

/// The task after `newest` that runs the graph of this type. Before 9.1 Nailgun does not tell the type; there the history has
/// the mark of the run.
fn started_after(
    nailgun: &Nailgun,
    env: EnvId,
    newest: TaskId,
    graph_type: &str,
    run: &str,
) -> Result<Option<Task>, NailgunError> {
    let is_run = |task: &Task| task.id > newest && task.parent_id.is_none() && task.name.starts_with("deploy");
    for parent in nailgun.tasks(env)?.into_iter().filter(is_run) {
        let Some(child) = nailgun.child(env, &parent, graph_type)? else { continue };
        let ours = if child.graph_type.is_empty() {
            let history = nailgun.history(child.id, &HistoryFilter::default())?;
            history.iter().filter_map(|record| RunMark::parse(&record.task)).any(|mark| mark.run == run)
        } else {
            child.graph_type == graph_type
        };
        if ours {
            return Ok(Some(parent));
        }
    }
    Ok(None)
}
