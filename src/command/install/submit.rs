//! Step 3a: uploads the graph under a type of this run's own and compares Nailgun's preview of it with the plan.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use jiff::Timestamp;
use serde_json::Value;

use super::compare::{Agreed, compare};
use super::context::{Context, Stage};
use super::gather::Facts;
use super::job::{Job, RunNode};
use super::tidy;
use crate::domain::mu::Mu;
use crate::domain::node::NodeId;
use crate::domain::plan::Plan;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{Graph, GraphError, NodeRoles, RunExtent, RunOptions, RunValues, run_type};
use crate::nailgun::StartApi;

/// Uploads the graph and compares Nailgun's preview with the plan. Nothing is executed.
pub(super) fn prepare(context: &Context<'_>, graph: &Graph, facts: &Facts, plan: &Plan) -> Result<Job, AppError> {
    let nodes = RunNode::of_plan(plan);
    let roles = |id: NodeId| facts.env.nodes.iter().find(|n| n.id == id).map(|n| n.roles.clone()).unwrap_or_default();
    let roles: Vec<(NodeId, Vec<String>)> = nodes.iter().map(|node| (node.id, roles(node.id))).collect();
    let before: Vec<(u32, Mu)> = nodes.iter().filter_map(|node| Some((node.id.0, node.before.clone()?))).collect();
    let values = values(context, graph, facts, &roles, before)?;
    let body = graph.run_body(&values, context.options.batch.into())?;
    let graph_type = run_type(&values.run);
    let upload = match facts.api {
        StartApi::Execute => body.whole(),
        StartApi::Deploy => body.bare(None, RunExtent::Graph),
    };
    let sent = upload.get("tasks").and_then(Value::as_array).map_or(0, Vec::len);
    let (env, ids) = (context.env, nodes.iter().map(|node| node.id).collect::<Vec<_>>());
    context.reached(Stage::Uploading);
    tidy::old_graphs(context);
    let kind = graph_type.clone();
    let (held, preview) = context.nailgun(move |nailgun| {
        nailgun.create_graph(env, &kind, &upload)?;
        let held = nailgun.graph(env, &kind)?;
        Ok((held.map_or(0, |g| g.tasks.len()), nailgun.serialized_tasks(env, &kind, &ids, None)?))
    })?;
    if held != sent {
        return Err(AppError::new(Exit::Error, format!("Nailgun holds {held} tasks of the graph, {sent} were sent")));
    }
    let Agreed { planned, primary } = compare(graph, &values, &roles, &preview)?.map_err(|faults| {
        tidy::graph_of_run(context, &graph_type);
        let mut error = AppError::new(Exit::Error, "Nailgun would not run what was planned; nothing was started");
        error.causes = faults;
        error
    })?;
    let names: BTreeMap<NodeId, String> = facts.env.nodes.iter().map(|n| (n.id, n.name.clone())).collect();
    let first_controller = primary.and_then(|id| names.get(&id)).cloned();
    if let Some(primary) = &first_controller {
        context.ui.status(&format!("the first controller is {primary}"));
    }
    Ok(Job {
        values,
        body,
        graph_type,
        api: facts.api,
        nodes,
        names,
        planned,
        first_controller,
        phases: graph.run_phases(context.options.batch.into()),
        left_out: plan.left_out.clone(),
    })
}

fn values(
    context: &Context<'_>,
    graph: &Graph,
    facts: &Facts,
    nodes: &[(NodeId, Vec<String>)],
    before: Vec<(u32, Mu)>,
) -> Result<RunValues, GraphError> {
    let sources = facts.sources();
    let mut values = RunValues {
        run: run_id(),
        env: Some(context.env),
        target: facts.announcement.mu.clone(),
        file: facts.announcement.raw.clone(),
        repos: sources.iter().map(|(name, _)| name.clone()).collect(),
        sources,
        before,
        roles: nodes.iter().map(|(id, roles)| (id.0, roles.clone())).collect(),
        mos_version: facts.env.mos_version.clone(),
        canary: None,
        restart_rabbitmq: context.options.restart_rabbitmq,
        restart_mysql: context.options.restart_mysql,
        skip_cluster_checks: context.options.skip_cluster_checks,
        options: RunOptions {
            download_rate: context.options.download_rate.unwrap_or_default(),
            restart_all: context.options.restart_all,
            no_db_backup: context.options.no_db_backup,
            wait_for_quiet: context.options.wait_for_quiet.unwrap_or_default(),
        },
    };
    let roles: Vec<NodeRoles> = nodes.iter().map(|(id, roles)| NodeRoles { id: id.0, roles: roles.clone() }).collect();
    values.canary = graph.canary(&values, &roles)?;
    Ok(values)
}

/// The id begins with the time, so that ids sort by time. Chance distinguishes the runs of two hosts: two may share second
/// and process number.
fn run_id() -> String {
    let chance = RandomState::new().build_hasher().finish();
    format!("{}-{:08x}", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"), chance & 0xffff_ffff)
}
