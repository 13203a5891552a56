//! Step 3: the graph goes to the environment under its own type, its preview is compared with the plan, and
//! only then it is executed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use super::calls::Call;
use super::compare::{Agreed, compare};
use super::gather::Gathered;
use super::prove::Subject;
use super::watch::Run;
use super::{Context, nailgun_error};
use crate::domain::node::NodeId;
use crate::domain::plan::Plan;
use crate::domain::run::PlannedTask;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{GRAPH_TYPE, Graph, GraphError, NodeRoles, RunValues};
use crate::nailgun::{ExecuteError, NailgunErrorKind, StartApi, Task};

/// A graph that lies in Nailgun, ready to be executed.
pub(super) struct Job {
    pub(super) values: RunValues,
    pub(super) api: StartApi,
    /// All nodes of the run.
    pub(super) nodes: Vec<NodeId>,
    /// Their names.
    pub(super) names: BTreeMap<NodeId, String>,
    /// Every pair of task and node that Nailgun is going to run.
    pub(super) planned: Vec<PlannedTask>,
    /// Those of them that are not worth a word.
    pub(super) dull: BTreeSet<(NodeId, String)>,
    /// The nodes whose proof counts.
    pub(super) target_nodes: Vec<Subject>,
}

/// Refuses while anything else runs in the environment.
pub(super) fn refuse_when_busy(context: &Context<'_>) -> Result<(), AppError> {
    let tasks = context.nailgun.tasks(context.env).map_err(|e| nailgun_error(&e))?;
    let Some(task) = tasks.iter().find(|t| !t.status.is_over()) else { return Ok(()) };
    Err(busy(context.env, task))
}

fn busy(env: u32, task: &Task) -> AppError {
    let what = if task.name.is_empty() { "a task" } else { &task.name };
    let hint = if task.name == "stop_deployment" {
        format!(
            "a stop that never ends blocks the environment; `fuel task delete --task {} --force` on the master frees it",
            task.id
        )
    } else {
        format!("wait for it; if it is an installation of ours: fuel-updates --env {env} install --attach {}", task.id)
    };
    AppError::new(Exit::Busy, format!("task {} ({what}) is {} in environment {env}", task.id, task.status.as_str()))
        .hinted(Some(hint))
}

/// Uploads the graph and compares the preview. Nothing is executed.
pub(super) fn prepare(context: &Context<'_>, graph: &Graph, gathered: &Gathered, plan: &Plan) -> Result<Job, AppError> {
    refuse_foreign_graphs(context)?;
    let (nodes, target_nodes) = nodes_of_run(gathered, plan);
    let values = values(context, graph, gathered, &nodes).map_err(|e| graph_error(&e))?;
    let mut body = graph.compile(&values, context.options.batch.into()).map_err(|e| graph_error(&e))?;
    if let (StartApi::Deploy, Value::Object(body)) = (gathered.api, &mut body) {
        // 9.0 refuses every other key.
        body.retain(|key, _| key == "name" || key == "tasks");
    }
    let nailgun = &context.nailgun;
    let ids: Vec<NodeId> = nodes.iter().map(|(id, _)| *id).collect();
    let upload = || {
        nailgun.delete_graph(context.env, GRAPH_TYPE)?;
        nailgun.create_graph(context.env, GRAPH_TYPE, &body)?;
        let held = nailgun.graph(context.env, GRAPH_TYPE)?;
        Ok((held.map_or(0, |g| g.tasks.len()), nailgun.serialized_tasks(context.env, GRAPH_TYPE, &ids, None)?))
    };
    let (held, preview) = upload().map_err(|e| nailgun_error(&e))?;
    let sent = body.get("tasks").and_then(Value::as_array).map_or(0, Vec::len);
    if held != sent {
        return Err(AppError::new(Exit::Error, format!("Nailgun holds {held} tasks of the graph, {sent} were sent")));
    }
    let agreed = compare(graph, &values, &nodes, &preview).map_err(|e| graph_error(&e))?;
    let Agreed { planned, dull, primary } = agreed.map_err(|faults| {
        let mut error = AppError::new(Exit::Error, "Nailgun would not run what was planned; nothing was started");
        error.causes = faults;
        error
    })?;
    let names: BTreeMap<NodeId, String> = gathered.env.nodes.iter().map(|n| (n.id, n.name.clone())).collect();
    if let Some(primary) = primary.and_then(|id| names.get(&id)) {
        context.ui.status(&format!("the first controller is {primary}"));
    }
    Ok(Job { values, api: gathered.api, nodes: ids, names, planned, dull, target_nodes })
}

/// Graphs of our type at a release or a plugin would be merged into ours.
fn refuse_foreign_graphs(context: &Context<'_>) -> Result<(), AppError> {
    let graphs = context.nailgun.graphs_of_type(GRAPH_TYPE).map_err(|e| nailgun_error(&e))?;
    let foreign = graphs.iter().flat_map(|g| &g.relations).find(|r| r.model != "cluster");
    match foreign {
        None => Ok(()),
        Some(relation) => Err(AppError::new(
            Exit::Error,
            format!(
                "{} {} has a graph of type {GRAPH_TYPE}, which Nailgun would merge into ours",
                relation.model, relation.model_id
            ),
        )
        .hinted(Some("delete it: fuel2 graph delete".to_owned()))),
    }
}

type Nodes = Vec<(NodeId, Vec<String>)>;

/// The targeted nodes; and when a controller is among them, the other controllers as well: the primary one looks
/// after the cluster, and which it is, Nailgun does not tell.
fn nodes_of_run(gathered: &Gathered, plan: &Plan) -> (Nodes, Vec<Subject>) {
    let controller = |roles: &[String]| roles.iter().any(|r| r == "controller");
    let mut subjects: Vec<Subject> = plan
        .targeted
        .iter()
        .map(|t| Subject { id: t.id, node: t.node.clone(), before: t.before.clone(), target: true })
        .collect();
    if plan.targeted.iter().any(|t| controller(&t.roles)) {
        let companions = plan.at_target.iter().filter(|row| controller(&row.node.roles));
        subjects.extend(companions.filter_map(|row| {
            Some(Subject { id: row.node.id?, node: row.node.clone(), before: row.mu.clone(), target: false })
        }));
    }
    subjects.sort_by_key(|s| s.id);
    let roles =
        |id: NodeId| gathered.env.nodes.iter().find(|n| n.id == id).map(|n| n.roles.clone()).unwrap_or_default();
    (subjects.iter().map(|s| (s.id, roles(s.id))).collect(), subjects)
}

fn values(
    context: &Context<'_>,
    graph: &Graph,
    gathered: &Gathered,
    nodes: &[(NodeId, Vec<String>)],
) -> Result<RunValues, GraphError> {
    let mos: Vec<_> = gathered.repositories.iter().filter(|r| r.is_mos() && r.kind == "deb").collect();
    let source = |uri: &str, suite: &str, section: &str| format!("deb {uri} {suite} {section}").trim_end().to_owned();
    let mut values = RunValues {
        run: run_id(),
        env: context.env,
        target: gathered.announcement.mu.clone(),
        file: gathered.announcement.raw.clone(),
        repos: mos.iter().map(|r| r.name.clone()).collect(),
        sources: mos.iter().map(|r| (r.name.clone(), source(&r.uri, &r.suite, &r.section))).collect(),
        roles: nodes.iter().map(|(id, roles)| (id.0, roles.clone())).collect(),
        mos_version: gathered.env.mos_version.clone(),
        canary: None,
        restart_rabbitmq: context.options.restart_rabbitmq,
        restart_mysql: context.options.restart_mysql,
        skip_cluster_checks: context.options.skip_cluster_checks,
    };
    let roles: Vec<NodeRoles> = nodes.iter().map(|(id, roles)| NodeRoles { id: id.0, roles: roles.clone() }).collect();
    values.canary = graph.canary(&values, &roles)?;
    Ok(values)
}

/// Begins with the time, so that names sort by it; the process number keeps two hosts' apart well enough.
fn run_id() -> String {
    format!("{}-{:x}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), std::process::id())
}

fn graph_error(error: &GraphError) -> AppError {
    AppError::from_error(Exit::Error, error)
}

/// Executes the graph, or a part of it. A lost answer never starts a second run: what became of it is looked up.
pub(super) fn start(context: &Context<'_>, job: &Job, part: Option<&Call>, title: &str) -> Result<Run, AppError> {
    let nodes = part.map_or(&job.nodes, |call| &call.nodes);
    let tasks = part.map(|call| call.tasks.as_slice());
    let nailgun = &context.nailgun;
    let newest = newest_task(context).map_err(|e| nailgun_error(&e))?;
    let parent = match nailgun.execute(job.api, context.env, GRAPH_TYPE, nodes, tasks) {
        Ok(task) => task,
        Err(ExecuteError::NotSent(error)) => return Err(nailgun_error(&error)),
        Err(ExecuteError::Refused(error)) if error.kind == NailgunErrorKind::Conflict => {
            refuse_when_busy(context)?;
            let hint = "another task began meanwhile; wait for it and try again".to_owned();
            return Err(AppError { exit: Exit::Busy, ..nailgun_error(&error) }.hinted(Some(hint)));
        }
        Err(ExecuteError::Refused(error)) => return Err(nailgun_error(&error)),
        Err(ExecuteError::Unclear(error)) => {
            context.ui.warning(&format!("{error}; looking whether the run was started"));
            look_up(context, newest).ok_or_else(|| {
                AppError::new(Exit::InstallFailed, format!("{error}; whether a run was started is not known")).hinted(
                    Some(format!(
                        "look at Nailgun's tasks, then come back: fuel-updates --env {} install --attach",
                        context.env
                    )),
                )
            })?
        }
    };
    let wanted = |task: &str| tasks.is_none_or(|tasks| tasks.iter().any(|t| t == task));
    Ok(Run {
        id: job.values.run.clone(),
        parent,
        child: None,
        planned: job.planned.iter().filter(|p| wanted(&p.task) && nodes.contains(&p.node)).cloned().collect(),
        dull: job.dull.clone(),
        names: job.names.clone(),
        title: title.to_owned(),
    })
}

fn newest_task(context: &Context<'_>) -> Result<u64, crate::nailgun::NailgunError> {
    let transactions = context.nailgun.transactions(context.env)?;
    Ok(transactions.iter().map(|t| t.id).max().unwrap_or(0))
}

/// Looks for a run that is newer than `newest`; Nailgun may be restarting, so it is asked for a while.
fn look_up(context: &Context<'_>, newest: u64) -> Option<Task> {
    let begin = Instant::now();
    let mut answers_without = 0;
    while begin.elapsed() < Duration::from_secs(60) && answers_without < 5 {
        if let Ok(tasks) = context.nailgun.tasks(context.env) {
            let parent =
                tasks.into_iter().find(|t| t.id > newest && t.parent_id.is_none() && t.name.starts_with("deploy"));
            if let Some(parent) = parent
                && let Ok(Some(child)) = context.nailgun.child(context.env, &parent, GRAPH_TYPE)
                && child.graph_type == GRAPH_TYPE
            {
                return Some(parent);
            }
            answers_without += 1;
        }
        if context.interrupt.wait(Duration::from_secs(2)) {
            return None;
        }
    }
    None
}
