//! Step 1: asks nodes, mirror and Nailgun, and makes the plan. Nothing that changes anything is sent.

use std::sync::Arc;

use super::context::Context;
use crate::command::mirror_client::MirrorClient;
use crate::command::site::{self, Site};
use crate::domain::environment::Environment;
use crate::domain::plan::{Allowances, Plan};
use crate::domain::row::Row;
use crate::error::AppError;
use crate::exit::Exit;
use crate::mirror::Announcement;
use crate::nailgun::{NailgunErrorKind, Repository, StartApi, Task};
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
        Ok((nailgun.environment(number)?, nailgun.repositories(number)?, nailgun.start_api()?))
    })?;
    let rows = context.nodes().ask(&site.nodes)?;
    context.go_on()?;
    let answer = asked.wait(&context.interrupt).ok_or_else(|| context.interrupted())?;
    let (env, repositories, api) = answer.map_err(|error| match error.kind() {
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
    if env.status != "operational" {
        notes.push(format!("the environment is {}, not operational", env.status));
    }
    if api == StartApi::Deploy {
        notes.push(
            "this Nailgun is 9.0: it changes the status of nodes, and does not stop at a failure; so nodes that are updated \
             one by one are started one by one, and this program must run until the end"
                .to_owned(),
        );
    }
    Ok(Facts { site, rows, env, repositories, api, announcement, notes })
}

impl Facts {
    /// The plan for these facts.
    pub(super) fn plan(&self, context: &Context<'_>) -> Plan {
        let options = context.options;
        let allow = Allowances { offline: options.allow_offline, no_controller: options.skip_cluster_checks };
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
            restart_rabbitmq: options.restart_rabbitmq,
            restart_mysql: options.restart_mysql,
            more,
        }
    }
}

/// A task that occupies the environment.
pub(super) struct BusyTask {
    task: Task,
    /// Whether a stop waits until the task is over.
    stopping: bool,
}

/// The task that occupies the environment, if there is one: a run before its child, and a stop only where nothing runs.
pub(super) fn busy_task(context: &Context<'_>) -> Result<Option<BusyTask>, AppError> {
    let env = context.env;
    let mut open = context.nailgun(move |nailgun| nailgun.tasks(env))?;
    open.retain(|task| !task.status.is_over());
    open.sort_by_key(|task| (task.name == STOP, task.parent_id.is_some(), task.id));
    let stopping = open.iter().any(|task| task.name == STOP);
    Ok(open.into_iter().next().map(|task| BusyTask { stopping: stopping && task.name != STOP, task }))
}

/// Refuses while any other task runs in the environment.
pub(super) fn refuse_when_busy(context: &Context<'_>) -> Result<(), AppError> {
    match busy_task(context)? {
        None => Ok(()),
        Some(busy) => Err(refused(context, &busy)),
    }
}

/// Why nothing can be started while a task runs.
fn refused(context: &Context<'_>, busy: &BusyTask) -> AppError {
    let (env, id) = (context.env, busy.task.id);
    let hint = if busy.stopping {
        format!(
            "wait until it has stopped; if it is an installation of ours: fuel-updates --env {env} install --stop {id}"
        )
    } else if busy.task.name == STOP {
        format!(
            "nothing runs that the stop could wait for; if it does not end within a minute, `fuel task delete --task {id} \
             --force` on the master removes it"
        )
    } else {
        format!("wait for it; if it is an installation of ours: {}", context.attach_command(id))
    };
    AppError::new(Exit::Busy, busy_words(context, busy)).hinted(hint)
}

/// Which task occupies the environment, in words.
pub(super) fn busy_words(context: &Context<'_>, BusyTask { task, stopping }: &BusyTask) -> String {
    let name = if task.name.is_empty() { "a task" } else { &task.name };
    let status = if *stopping { "being stopped" } else { task.status.as_str() };
    format!("task {} ({name}) is {status} in environment {}", task.id, context.env)
}
