//! The deployment history of a transaction.

use serde_json::{Map, Value, json};

use super::super::NailgunMode;
use super::super::web::{Request, Response};
use super::answer::{Answer, bad_method, json_answer, missing, refusal};
use super::db::{Db, Record, Task};
use super::graphs::task_form;

const STATUSES: &[&str] = &["pending", "ready", "running", "error", "skipped"];

/// `/transactions/ID/deployment_history/`
pub(super) fn of(db: &Db, id: u32, request: &Request) -> Answer {
    if request.method != "GET" {
        return Err(bad_method());
    }
    let task = db.tasks.get(&id).ok_or_else(|| missing("Transaction"))?;
    let list = |name: &str| {
        let text = request.arg(name).filter(|text| !text.is_empty())?;
        Some(text.split(',').map(str::to_owned).collect::<Vec<_>>())
    };
    let (nodes, statuses, names) = (list("nodes"), list("statuses"), list("tasks_names"));
    if statuses.iter().flatten().any(|status| !STATUSES.contains(&status.as_str())) {
        let message = format!("Statuses parameter could be only: {}", STATUSES.join(", "));
        return Err(refusal(400, &message));
    }
    let wanted = |record: &Record| {
        let node = record.node.as_deref().unwrap_or_default();
        nodes.as_ref().is_none_or(|all| all.iter().any(|one| one == node))
            && statuses.as_ref().is_none_or(|all| all.iter().any(|one| one == record.status))
    };
    let records = task.history.iter().filter(|record| wanted(record));
    // Raw records, and no filter by name.
    if db.mode == NailgunMode::V9_0 {
        return Ok(json_answer(200, &records.map(raw).collect()));
    }
    let named = |name: &str| names.as_ref().is_none_or(|all| all.iter().any(|one| one == name));
    let summary = request.flag("include_summary");
    let mut all: Vec<Map<String, Value>> =
        records.filter(|record| named(&record.task)).map(|record| form(db, task, record, summary)).collect();
    let with_skipped = statuses.as_ref().is_none_or(|all| all.iter().any(|one| one == "skipped"));
    if nodes.is_none() && with_skipped {
        all.extend(nowhere(task).filter(|form| form["task_name"].as_str().is_some_and(named)));
    }
    if request.header("accept").is_some_and(|accept| accept.starts_with("text/csv")) {
        return Ok(csv(&all));
    }
    Ok(json_answer(200, &all.into_iter().map(Value::Object).collect()))
}

fn form(db: &Db, task: &Task, record: &Record, summary: bool) -> Map<String, Value> {
    let uploaded = task.snapshot.iter().find(|one| one.get("id").is_some_and(|id| id == record.task.as_str()));
    let mut form = uploaded.map(task_form).unwrap_or_default();
    form.remove("id");
    form.insert("task_name".into(), json!(record.task));
    // On 9.0.1 a task that was skipped keeps its type, and on 9.1 a stage does.
    let keeps = match db.mode {
        NailgunMode::V9_0 | NailgunMode::V9_0_1 => true,
        NailgunMode::V9_1 => form.get("type").is_some_and(|kind| kind == "stage"),
        NailgunMode::V9_2 | NailgunMode::V10_0 => false,
    };
    if !keeps || !form.contains_key("type") {
        form.insert("type".into(), json!(record.kind));
    }
    form.insert("node_id".into(), json!(record.node));
    form.insert("status".into(), json!(record.status));
    form.insert("time_start".into(), json!(record.start));
    form.insert("time_end".into(), json!(record.end));
    if db.mode < NailgunMode::V10_0 {
        form.insert("custom".into(), json!({}));
    }
    if summary {
        form.insert("summary".into(), puppet_summary(record));
    }
    form
}

/// What puppet says of its last run; empty where it did not run.
fn puppet_summary(record: &Record) -> Value {
    let changed = match record.status {
        "ready" => 1,
        "error" => 0,
        _ => return json!({}),
    };
    json!({
        "version": {"config": 0, "puppet": "3.8.5"},
        "changes": {"total": changed},
        "events": {"failure": 1 - changed, "success": changed, "total": 1},
        "resources": {
            "changed": changed, "failed": 1 - changed, "failed_to_restart": 0, "out_of_sync": 1, "restarted": 0, "scheduled": 0,
            "skipped": 0, "total": 8,
        },
        "time": {"exec": 0.1, "last_run": 0, "total": 0.1},
    })
}

/// Tasks that ran on no node: Nailgun generates these records when the history is read.
fn nowhere(task: &Task) -> impl Iterator<Item = Map<String, Value>> {
    let ran = |name: &Value| task.history.iter().any(|record| name == record.task.as_str());
    task.snapshot.iter().filter(move |one| !one.get("id").is_some_and(ran)).map(|one| {
        let mut form = task_form(one);
        form.remove("id");
        form.insert("node_id".into(), json!("-"));
        form.insert("status".into(), json!("skipped"));
        form.insert("time_start".into(), Value::Null);
        form.insert("time_end".into(), Value::Null);
        form
    })
}

fn raw(record: &Record) -> Value {
    json!({
        "deployment_graph_task_name": record.task, "node_id": record.node, "status": record.status, "time_start": record.start,
        "time_end": record.end, "custom": {},
    })
}

fn csv(records: &[Map<String, Value>]) -> Response {
    let columns = ["task_name", "node_id", "status", "type", "time_start", "time_end"];
    let mut text = columns.join(",") + "\r\n";
    for record in records {
        let cell = |name: &&str| record.get(*name).and_then(Value::as_str).unwrap_or_default().to_owned();
        text += &(columns.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n");
    }
    // The real server names no type here.
    let mut response = Response::empty(200);
    response.body = super::super::web::Body::Bytes(text.into_bytes());
    response
}
