//! `GET /clusters/ID/serialized_tasks/`: what a run would send, without running it.

use serde_json::{Map, Value, json};

use super::super::NailgunMode;
use super::super::web::{Request, Response};
use super::answer::{Answer, bad_method, json_answer, missing};
use super::db::{Db, GraphTask};
use super::execute::listed;
use super::serialize::{Input, Message, promote, serialize};

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
    if db.mode == NailgunMode::V9_0 {
        return Ok(json_answer(200, &of_9_0(&message, &tasks, only.is_some())));
    }
    let mut preview = json!({
        "tasks_graph": message.tasks_graph(),
        "tasks_metadata": {"fault_tolerance_groups": message.tolerance_groups()},
        "tasks_directory": {},
        "dry_run": request.flag("dry_run"),
    });
    if db.mode.executes_graphs() {
        preview["noop_run"] = json!(request.flag("noop_run"));
    }
    Ok(json_answer(200, &preview))
}

/// On 9.0 the graph has ids, types and order alone. What a task does stands once for all nodes in the directory, with
/// its expressions as they were uploaded.
fn of_9_0(message: &Message, uploaded: &[GraphTask], some: bool) -> Value {
    let mut graph = message.tasks_graph();
    let mut directory = Map::new();
    for task in graph.as_object_mut().into_iter().flat_map(|nodes| nodes.values_mut()) {
        for task in task.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            task.remove("parameters");
            let fails = task.remove("fail_on_error");
            let mut entry = json!({"id": task["id"], "type": task["type"], "fail_on_error": fails});
            if task["type"] != "skipped" {
                entry["task_name"] = task["id"].clone();
                let own = uploaded.iter().find(|one| one.get("id") == task.get("id"));
                entry["parameters"] = own.and_then(|one| one.get("parameters")).cloned().unwrap_or_else(|| json!({}));
                if entry["parameters"].get("cwd").is_none() {
                    entry["parameters"]["cwd"] = json!("/");
                }
            }
            directory.insert(task["id"].as_str().unwrap_or_default().to_owned(), entry);
        }
    }
    // With tasks by name it adds the hooks of plugins.
    for hook in ["_plugin_pre_deployment_hook", "_plugin_post_deployment_hook"].into_iter().filter(|_| some) {
        let skipped = json!({"id": hook, "type": "skipped"});
        if let Some(stages) = graph["null"].as_array_mut() {
            stages.push(skipped.clone());
        }
        directory.insert(hook.to_owned(), json!({"id": hook, "type": "skipped", "fail_on_error": false}));
    }
    json!({"tasks_graph": graph, "tasks_directory": directory})
}
