//! `GET /clusters/ID/serialized_tasks/`: what a run would send, without running it.

use serde_json::json;

use super::super::web::{Request, Response};
use super::answer::{Answer, bad_method, json_answer, missing};
use super::db::Db;
use super::execute::listed;
use super::serialize::{Input, promote, serialize};

/// The preview. It promotes primary nodes and stores that, although it is a GET. Offline nodes are in it, and
/// without `nodes` all nodes are, whatever the graph's filter says.
pub(super) fn of(db: &mut Db, cluster: u32, request: &Request) -> Answer {
    if request.method != "GET" {
        return Err(bad_method());
    }
    db.cluster(cluster).ok_or_else(|| missing("Cluster"))?;
    let kind = request.arg("graph_type").filter(|kind| !kind.is_empty()).unwrap_or("default");
    let nodes = match request.arg("nodes").filter(|text| !text.is_empty()) {
        Some(text) => listed(db, cluster, text)?,
        None => db.nodes.iter().filter(|node| node.cluster == Some(cluster)).map(|node| node.id).collect(),
    };
    let only: Option<Vec<String>> =
        request.arg("tasks").filter(|text| !text.is_empty()).map(|text| text.split(',').map(str::to_owned).collect());
    promote(db, cluster, &nodes);
    let tasks = db.merged(cluster, kind);
    let input = Input { db, cluster, tasks: &tasks, nodes, only: only.as_deref(), force: request.flag("force") };
    let message =
        serialize(&input).map_err(|_| Response::new(500, "text/plain", "Unexpected exception, please check logs"))?;
    Ok(json_answer(
        200,
        &json!({
            "tasks_graph": message.tasks_graph(),
            "tasks_metadata": {"fault_tolerance_groups": message.tolerance_groups()},
            "tasks_directory": {},
            "dry_run": request.flag("dry_run"),
            "noop_run": request.flag("noop_run"),
        }),
    ))
}
