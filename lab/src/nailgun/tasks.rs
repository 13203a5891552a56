//! Tasks and transactions: two views of the same rows.

use serde_json::{Map, Value, json};

use super::super::web::{Request, Response};
use super::answer::{Answer, bad_method, json_answer, missing, refusal};
use super::db::{Db, Task};
use super::graphs::body;

/// Which of the two views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// `/tasks/`: with `parent_id`, without what was hidden.
    Tasks,
    /// `/transactions/`: everything, without `parent_id`.
    Transactions,
}

const STATUSES: &[&str] = &["pending", "ready", "running", "error"];
const TYPES: &[&str] = &[
    "super",
    "deploy",
    "deployment",
    "provision",
    "stop_deployment",
    "reset_environment",
    "reset_nodes",
    "remove_keys",
    "remove_ironic_bootstrap",
    "update",
    "spawn_vms",
    "node_deletion",
    "cluster_deletion",
    "remove_images",
    "check_before_deployment",
    "check_networks",
    "verify_networks",
    "check_dhcp",
    "verify_network_connectivity",
    "multicast_verification",
    "check_repo_availability",
    "check_repo_availability_with_setup",
    "dry_run_deployment",
    "dump",
    "capacity_log",
    "create_stats_user",
    "remove_stats_user",
    "update_dnsmasq",
];

impl View {
    fn of(self, db: &Db) -> impl Iterator<Item = &Task> {
        db.tasks.values().filter(move |task| self == Self::Transactions || !task.hidden)
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Tasks => "Task",
            Self::Transactions => "Transaction",
        }
    }
}

/// A task as one of the views shows it.
pub(super) fn form(db: &Db, task: &Task, view: View) -> Value {
    let mut form = json!({
        "id": task.id,
        "uuid": task.uuid,
        "name": task.name,
        "cluster": task.cluster,
        "status": task.status,
        "progress": task.progress,
        "message": task.message,
        "result": {},
    });
    if let Value::Object(map) = &mut form {
        if db.mode.executes_graphs() {
            map.insert("dry_run".into(), json!(task.dry_run));
            map.insert("graph_type".into(), json!(task.graph_type));
            map.insert("time_start".into(), json!(task.start));
            map.insert("time_end".into(), json!(task.end));
        }
        if view == View::Tasks && db.mode.executes_graphs() {
            map.insert("parent_id".into(), json!(task.parent));
        }
    }
    form
}

/// `/tasks/` and `/transactions/`
pub(super) fn collection(db: &Db, view: View, request: &Request) -> Answer {
    if request.method != "GET" {
        return Err(bad_method());
    }
    let list = |name: &str, allowed: &[&str], word: &str| match request.arg(name) {
        None | Some("") => Ok(None),
        Some(text) => {
            let names: Vec<&str> = text.split(',').collect();
            if names.iter().all(|name| allowed.contains(name)) {
                return Ok(Some(names.into_iter().map(str::to_owned).collect::<Vec<_>>()));
            }
            Err(refusal(400, &format!("{word} parameter could only be one of: {}", allowed.join(", "))))
        }
    };
    let statuses = list("statuses", STATUSES, "Statuses")?;
    let types = list("transaction_types", TYPES, "Transaction types")?;
    let cluster = request.arg("cluster_id");
    let mut found: Vec<&Task> = view
        .of(db)
        .filter(|task| cluster.is_none_or(|id| id.is_empty() || task.cluster.to_string() == id))
        .filter(|task| statuses.as_ref().is_none_or(|all| all.contains(&task.status)))
        .filter(|task| types.as_ref().is_none_or(|all| all.iter().any(|name| name == task.name)))
        .collect();
    // Lists are not sorted: the row that changed last is usually the last one.
    if found.len() > 2 {
        found.swap(0, 1);
    }
    Ok(json_answer(200, &found.into_iter().map(|task| form(db, task, view)).collect()))
}

/// `/tasks/ID/` and `/transactions/ID/`
pub(super) fn one(db: &mut Db, view: View, id: u32, request: &Request) -> Answer {
    let task = view.of(db).find(|task| task.id == id).ok_or_else(|| missing(view.noun()))?;
    match request.method.as_str() {
        "GET" => Ok(json_answer(200, &form(db, task, view))),
        "PUT" => {
            let body = body(request)?;
            if let (Some(status), Some(task)) = (body["status"].as_str(), db.task_mut(id)) {
                status.clone_into(&mut task.status);
            }
            let task = db.tasks.get(&id).ok_or_else(|| missing(view.noun()))?;
            Ok(json_answer(200, &form(db, task, view)))
        }
        "DELETE" => {
            if !task.finished() && !request.flag("force") {
                return Err(refusal(400, "You cannot delete running task manually"));
            }
            // The record stays under /transactions/, running for ever if it was.
            for task in db.tasks.values_mut().filter(|task| task.id == id || task.parent == Some(id)) {
                task.hidden = true;
            }
            Ok(Response::empty(204))
        }
        _ => Err(bad_method()),
    }
}

/// `/transactions/ID/deployment_info` and its like: they belong to the child.
pub(super) fn deployment_info(db: &Db, id: u32, request: &Request) -> Answer {
    if request.method != "GET" {
        return Err(bad_method());
    }
    let task = db.tasks.get(&id).ok_or_else(|| missing("Transaction"))?;
    if task.name != "deployment" || task.history.is_empty() {
        return Ok(json_answer(200, &json!({})));
    }
    let used = task.history.iter().map(|record| record.node.as_deref().unwrap_or("null"));
    let nodes: Map<String, Value> =
        used.chain(["master", "null"]).map(|node| (node.to_owned(), json!({"uid": node}))).collect();
    let common = json!({"fuel_version": db.mode.release(), "cluster": {"id": task.cluster}});
    Ok(json_answer(200, &json!({"nodes": nodes, "common": common})))
}
