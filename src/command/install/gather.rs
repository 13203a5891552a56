//! Step 1: asks nodes, mirror and Nailgun, and makes the plan. Nothing that changes anything is sent.

use std::sync::Arc;

use super::context::Context;
use crate::command::mirror_client::MirrorClient;
use crate::command::runs::{self, RunProof};
use crate::command::site::{self, Site};
use crate::domain::environment::Environment;
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::plan::{Allowances, Plan};
use crate::domain::row::Row;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::run_of_type;
use crate::mirror::Announcement;
use crate::nailgun::{Nailgun, NailgunError, NailgunErrorKind, Repository, StartApi, Task, TaskState};
use crate::ui::PlanNotes;

/// The name of the task that a stop is at Nailgun.
const STOP: &str = "stop_deployment";

/// Everything that the plan is made from.
pub(super) struct Facts {
    pub(super) site: Site,
    pub(super) rows: Vec<Row>,
    pub(super) env: Environment,
    pub(super) repositories: Vec<Repository>,
    pub(super) api: StartApi,
    pub(super) announcement: Announcement,
    /// The failed run of ours that left the environment in `error`.
    own_failure: Option<TaskId>,
    /// What the operator should know beside the plan.
    notes: Vec<String>,
}

/// Asks nodes and Nailgun at the same time, then the mirror for Nailgun's version.
pub(super) fn gather(context: &Context<'_>) -> Result<Facts, AppError> {
    let mirror = Arc::new(MirrorClient::new(context.settings)?);
    let site = site::site(context.settings)?;
    site.announce(context.ui);
    let number = context.env;
    let asked = context.start_nailgun(move |nailgun| {
        let env = nailgun.environment(number)?;
        let own_failure = if env.status == "error" { own_failure(nailgun, number)? } else { None };
        Ok((env, nailgun.repositories(number)?, nailgun.start_api()?, own_failure))
    })?;
    let rows = context.nodes().ask(&site.nodes)?;
    context.go_on()?;
    let answer = asked.wait(&context.interrupt).ok_or_else(|| context.interrupted())?;
    let (env, repositories, api, own_failure) = answer.map_err(|error| match error.kind() {
        NailgunErrorKind::NotFound => AppError::from(error)
            .hinted("`fuel2 env list` on the master shows the environments that Nailgun has".to_owned()),
        _ => error.into(),
    })?;

    // For an installation Nailgun decides which version the environment has.
    let Some(version) = &env.mos_version else {
        return Err(AppError::new(Exit::Error, format!("Nailgun reports no MOS version of environment {}", env.id)));
    };
    if let Some((listed, source)) = site.mos_version.as_ref().filter(|(listed, _)| listed != version) {
        let message = format!("the {source} says MOS {listed}, Nailgun says {version} of environment {}", env.id);
        return Err(
            AppError::new(Exit::Error, message).hinted("run `inventory sync`, or leave --mos-version out".to_owned())
        );
    }
    let pending = mirror.start(version);
    let pending = pending.map_err(|e| AppError::new(Exit::Error, format!("cannot ask the mirror: {e}")))?;
    let announcement = pending.wait(&context.interrupt).ok_or_else(|| context.interrupted())??;
    let mut notes = Vec::new();
    notes.extend(announcement.doubts(version, jiff::Timestamp::now().as_second()));
    match own_failure {
        Some(task) => notes.push(format!(
            "the environment is {} because an installation by fuel-updates failed (task {task}); one that succeeds makes it operational",
            env.status
        )),
        None if env.status != "operational" => {
            notes.push(format!("the environment is {}, not operational", env.status));
        }
        None => {}
    }
    if api == StartApi::Deploy {
        notes.push(
            "this Nailgun is older than 9.1: it does not stop at a failure; so nodes that are updated one by one are started one \
             by one, and this program must run until the end"
                .to_owned(),
        );
        notes.push(
            "after a failure, of a pre-check too, it shows the environment and every node that was not done as `error`; \
             install takes such an environment again, and ends with all of them operational and ready"
                .to_owned(),
        );
    }
    Ok(Facts { site, rows, env, repositories, api, announcement, own_failure, notes })
}

impl Facts {
    /// The environment's MOS repositories: the name of each and its line of a sources list.
    pub(super) fn sources(&self) -> Vec<(String, String)> {
        let mos = self.repositories.iter().filter(|r| r.is_mos() && r.kind == "deb");
        let line = |r: &Repository| format!("deb {} {} {}", r.uri, r.suite, r.section).trim_end().to_owned();
        mos.map(|r| (r.name.clone(), line(r))).collect()
    }

    /// The plan for these facts.
    pub(super) fn plan(&self, context: &Context<'_>) -> Plan {
        let options = context.options;
        let allow = Allowances {
            offline: options.allow_offline,
            no_controller: options.skip_cluster_checks,
            own_failure: self.own_failure.is_some(),
        };
        let selection = &context.settings.selection;
        let mut plan = Plan::new(
            &self.env,
            &self.site.listed,
            &self.rows,
            selection.is_everything(),
            &self.announcement.mu,
            allow,
        );
        let unselected = self.site.unselected(selection).into_iter();
        plan.left_out.extend(unselected.map(|(node, reason)| (node.name.clone(), reason.to_owned())));
        if !selection.is_everything() {
            // Nodes of Nailgun that the inventory lacks cannot be selected.
            let deployed = self.env.nodes.iter().filter(|n| !n.pending_deletion && !n.in_discover());
            let unlisted = deployed.filter(|n| !self.site.listed.iter().any(|listed| listed.id == Some(n.id)));
            plan.left_out.extend(unlisted.map(|n| (n.name.clone(), "not in the inventory".to_owned())));
        }
        plan
    }

    /// What else belongs to the plan, in words.
    pub(super) fn notes(&self, context: &Context<'_>, plan: &Plan) -> PlanNotes {
        let options = context.options;
        let mut more = self.notes.clone();
        let controller = plan.targeted.iter().any(|t| t.roles.iter().any(|r| r == "controller"));
        if !controller {
            more.push("no controller is updated, so the cluster itself is not checked".to_owned());
        }
        let version = self.env.mos_version.as_ref();
        for row in self.rows.iter().filter(|row| plan.targeted.iter().any(|t| Some(t.id) == row.node.id)) {
            if let (Some(own), Some(version)) = (row.mos_version.as_ref().filter(|own| Some(*own) != version), version)
            {
                more.push(format!("{} says that it runs MOS {own}, and Nailgun that it runs {version}", row.node.name));
            }
        }
        PlanNotes {
            mirror: self.announcement.url.clone(),
            batch: options.batch,
            download_rate: options.download_rate,
            restart_all: options.restart_all,
            no_db_backup: options.no_db_backup,
            restart_rabbitmq: options.restart_rabbitmq,
            restart_mysql: options.restart_mysql,
            more,
        }
    }
}

/// The newest deployment of an environment, if it failed and was a run of ours: then it is what left the environment in
/// `error`.
fn own_failure(nailgun: &Nailgun, env: EnvId) -> Result<Option<TaskId>, NailgunError> {
    let all = nailgun.transactions(env)?;
    let Some(newest) = all.into_iter().filter(|task| task.name == "deployment").max_by_key(|task| task.id) else {
        return Ok(None);
    };
    let ours = newest.status == TaskState::Error && matches!(runs::proof(nailgun, &newest)?, RunProof::Ours(_));
    Ok(ours.then_some(newest.id))
}

/// A task that occupies the environment.
pub(super) struct BusyTask {
    task: Task,
    /// Whether a stop waits until the task is over.
    stopping: bool,
    /// The run of ours that it is, where Nailgun tells.
    run: Option<String>,
}

impl BusyTask {
    /// Which task occupies which environment, in words.
    pub(super) fn words(&self, env: EnvId) -> String {
        let id = self.task.id;
        let name = if self.task.name.is_empty() { "a task" } else { &self.task.name };
        let status = if self.stopping { "being stopped" } else { self.task.status.as_str() };
        let run = self.run.as_ref().map_or_else(String::new, |run| format!(", installation {run}"));
        format!("task {id} ({name}{run}) is {status} in environment {env}")
    }
}

/// The task that occupies the environment, if there is one: a run before its child, and a stop only where nothing runs.
pub(super) fn busy_task(context: &Context<'_>) -> Result<Option<BusyTask>, AppError> {
    other_task(context, None)
}

/// A task that is not over, other than `own`.
pub(super) fn other_task(context: &Context<'_>, own: Option<TaskId>) -> Result<Option<BusyTask>, AppError> {
    let env = context.env;
    let mut open = context.nailgun(move |nailgun| nailgun.tasks(env))?;
    open.retain(|task| !task.status.is_over() && Some(task.id) != own);
    open.sort_by_key(|task| (task.name == STOP, task.parent_id.is_some(), task.id));
    let Some(task) = open.first().cloned() else { return Ok(None) };
    let stopping = task.name != STOP && open.iter().any(|task| task.name == STOP);
    // The type of the graph is that of the child.
    let of_run = open.iter().filter(|other| other.id == task.id || other.parent_id == Some(task.id));
    let run = of_run.filter_map(|task| run_of_type(&task.graph_type)).next().map(str::to_owned);
    Ok(Some(BusyTask { task, stopping, run }))
}

/// Refuses while any other task runs in the environment.
pub(super) fn refuse_when_busy(context: &Context<'_>) -> Result<(), AppError> {
    match busy_task(context)? {
        None => Ok(()),
        Some(task) => Err(busy(context, &task)),
    }
}

/// Why nothing can be started while a task runs.
pub(super) fn busy(context: &Context<'_>, busy: &BusyTask) -> AppError {
    let (env, id) = (context.env, busy.task.id);
    let hint = if busy.stopping {
        format!("wait until it has stopped; if fuel-updates started it: fuel-updates --env {env} install --stop {id}")
    } else if busy.task.name == STOP {
        format!(
            "nothing runs that the stop could wait for; if it does not end within a minute, `fuel task delete --task {id} \
             --force` on the master removes it"
        )
    } else if busy.run.is_some() {
        format!("wait for it, or watch it with: {}", context.attach_command(id))
    } else {
        format!("wait for it; if fuel-updates started it: {}", context.attach_command(id))
    };
    AppError::new(Exit::Busy, busy.words(env)).hinted(hint)
}
