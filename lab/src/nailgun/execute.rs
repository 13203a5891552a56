//! Starting and stopping runs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::NailgunMode;
use super::super::web::{Request, Response};
use super::answer::{Answer, bad_method, json_answer, missing, refusal, traceback};
use super::conductor::{Entry, Run};
use super::db::Db;
use super::graphs::body;
use super::schema;
use super::tasks::{View, form};

/// A run to be started, and the answer to its request.
pub(super) struct Started {
    pub(super) run: Run,
    pub(super) answer: Response,
}

/// `POST /graphs/execute/`
pub(super) fn execute(db: &mut Db, request: &Request) -> Result<Started, Response> {
    if request.method != "POST" {
        return Err(bad_method());
    }
    let body = body(request)?;
    schema::execution(&body).map_err(|message| refusal(400, &message))?;
    let cluster = body["cluster"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
    db.cluster(cluster).ok_or_else(|| missing("Cluster"))?;
    let mut entries = Vec::new();
    for graph in body["graphs"].as_array().into_iter().flatten() {
        entries.push(Entry {
            kind: graph["type"].as_str().unwrap_or_default().to_owned(),
            nodes: graph.get("nodes").filter(|nodes| !nodes.is_null()).map(|n| explicit(db, cluster, n)).transpose()?,
            tasks: graph.get("tasks").and_then(Value::as_array).map(|list| texts(list)),
            child: 0,
        });
    }
    if let Some(task) = db.taken_out.clone() {
        for graph in &mut db.graphs {
            graph.tasks.retain(|t| t.get("id").and_then(Value::as_str) != Some(&task));
        }
    }
    let flag = |key: &str| body[key].as_bool().unwrap_or(false);
    start(db, cluster, entries, flag("dry_run"), flag("noop_run"), flag("force"))
}

/// Numbers of nodes as a client gave them. Nailgun validates only texts; an unknown number fails in the
/// database.
fn explicit(db: &Db, cluster: u32, nodes: &Value) -> Result<Vec<u32>, Response> {
    let own: BTreeSet<u32> = db.nodes.iter().filter(|n| n.cluster == Some(cluster)).map(|n| n.id).collect();
    let mut chosen = Vec::new();
    for node in nodes.as_array().into_iter().flatten() {
        let id = node.as_u64().or_else(|| node.as_str().and_then(|text| text.parse().ok()));
        match id.and_then(|id| u32::try_from(id).ok()).filter(|id| own.contains(id)) {
            Some(id) => chosen.push(id),
            None if node.is_string() => {
                let name = node.as_str().unwrap_or_default();
                return Err(refusal(400, &format!("Nodes {name} do not belong to the same cluster {cluster}")));
            }
            None => return Err(traceback("AttributeError: 'NoneType' object has no attribute 'id'")),
        }
    }
    Ok(chosen)
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The older requests: `PUT …/deploy/`, `PUT …/deploy_tasks/`, `PUT …/changes/`.
pub(super) fn deploy(db: &mut Db, cluster: u32, how: &str, request: &Request) -> Result<Started, Response> {
    if request.method != "PUT" {
        return Err(bad_method());
    }
    db.cluster(cluster).ok_or_else(|| missing("Cluster"))?;
    let kind = request.arg("graph_type").filter(|kind| !kind.is_empty()).unwrap_or("default").to_owned();
    // For tasks by name 9.0 knows the default graph alone, whatever type is asked for.
    let kind = if how == "deploy_tasks" && db.mode == NailgunMode::V9_0 { "default".to_owned() } else { kind };
    let known = db.merged(cluster, &kind);
    if known.is_empty() && kind != "default" {
        let message = format!(
            "There are no deployment tasks for graph type '{kind}'. Checked cluster (ID={cluster}), its plugins and release (ID=2)."
        );
        return Err(refusal(400, &message));
    }
    let nodes =
        request.arg("nodes").filter(|text| !text.is_empty()).map(|text| listed(db, cluster, text)).transpose()?;
    let tasks = if how == "deploy_tasks" {
        let names = texts(body(request)?.as_array().map(Vec::as_slice).unwrap_or_default());
        let unknown: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| !known.iter().any(|task| task.get("id").is_some_and(|id| id == name)))
            .collect();
        if !unknown.is_empty() {
            return Err(refusal(400, &format!("Tasks {} are not present in deployment graph", unknown.join(","))));
        }
        Some(names)
    } else {
        None
    };
    let offline = db.nodes.iter().find(|node| node.cluster == Some(cluster) && !node.online).cloned();
    let entry = Entry { kind, nodes, tasks, child: 0 };
    let (dry, noop, force) = (request.flag("dry_run"), request.flag("noop_run"), request.flag("force"));
    let mut started = start(db, cluster, vec![entry], dry, noop, force)?;
    if how == "changes" {
        // The legacy checks come later, in the worker: the answer is `pending`.
        if let Some(task) = db.task_mut(started.run.parent) {
            "pending".clone_into(&mut task.status);
            task.start = None;
        }
        started.answer = answer(db, started.run.parent);
        started.run.refused = offline.map(|node| {
            let mac = format!("52:54:00:aa:{:02x}:{:02x}", node.id / 256 % 256, node.id % 256);
            format!(
                "Nodes \"{} (id={}, mac={mac})\" are offline. Remove them from environment and try again.",
                node.name, node.id
            )
        });
    }
    Ok(started)
}

/// The nodes of a query; if one does not exist, the whole list is not found.
pub(super) fn listed(db: &Db, cluster: u32, text: &str) -> Result<Vec<u32>, Response> {
    let mut nodes = Vec::new();
    for part in text.split(',') {
        let node = db.nodes.iter().find(|node| node.id.to_string() == part.trim());
        let node = node.ok_or_else(|| missing("NodeCollection"))?;
        if node.cluster != Some(cluster) {
            return Err(refusal(400, &format!("Nodes {} do not belong to the same cluster {cluster}", node.id)));
        }
        nodes.push(node.id);
    }
    Ok(nodes)
}

fn start(
    db: &mut Db,
    cluster: u32,
    mut entries: Vec<Entry>,
    dry: bool,
    noop: bool,
    force: bool,
) -> Result<Started, Response> {
    // Before 9.1 the task that is returned is the deployment itself.
    let single = !db.mode.executes_graphs();
    match db.mode {
        // Both run.
        NailgunMode::V9_0 => {}
        NailgunMode::V9_0_1 if db.busy(cluster) => return Err(refusal(400, "deployment task is already running")),
        _ if db.busy(cluster) => return Err(refusal(409, "Deployment already started")),
        _ => {}
    }
    // Since 9.1 the next run hides finished tasks from /tasks/.
    for task in db.tasks.values_mut().filter(|task| !single && task.cluster == cluster && task.finished()) {
        task.hidden = true;
    }
    let parent = db.add_task(if single { "deployment" } else { "deploy" }, cluster, None);
    for entry in &mut entries {
        entry.child = if single { parent } else { db.add_task("deployment", cluster, Some(parent)) };
        if let Some(task) = db.task_mut(entry.child) {
            task.graph_type = Some(entry.kind.clone());
            task.dry_run = dry || noop;
        }
    }
    if let Some(task) = db.task_mut(parent) {
        task.dry_run = dry || noop;
        if single {
            "pending".clone_into(&mut task.status);
        }
    }
    let answer = answer(db, parent);
    Ok(Started { run: Run { cluster, parent, entries, dry, noop, force, refused: None }, answer })
}

fn answer(db: &Db, task: u32) -> Response {
    json_answer(202, &db.tasks.get(&task).map(|task| form(db, task, View::Tasks)).unwrap_or_default())
}

/// A stop that was accepted.
pub(super) struct Stop {
    /// The task of the stop.
    pub(super) task: u32,
    /// The deployment that it stops; `None` where nothing is in a state to be stopped, and then the task never
    /// ends.
    pub(super) deployment: Option<u32>,
    pub(super) answer: Response,
}

/// `PUT /clusters/ID/stop_deployment/`
pub(super) fn stop(db: &mut Db, cluster: u32, request: &Request) -> Result<Stop, Response> {
    if request.method != "PUT" {
        return Err(bad_method());
    }
    db.cluster(cluster).ok_or_else(|| missing("Cluster"))?;
    if db.mode == NailgunMode::V9_0 && db.deployed {
        return Err(refusal(400, "Stop action is forbidden for the cluster"));
    }
    let open = |task: &&super::db::Task| task.cluster == cluster && !task.hidden && !task.finished();
    if db.tasks.values().filter(open).any(|task| task.name == "stop_deployment") {
        let text = "Stopping deployment task is already launched";
        let plain = || Response::new(400, "text/plain", text);
        return Err(if db.mode.executes_graphs() { plain() } else { refusal(409, text) });
    }
    // Any older deployment counts as something to stop. Without one the server refuses; so its source says, and no
    // recording holds it.
    if !db.tasks.values().any(|task| task.cluster == cluster && task.name == "deployment") {
        return Err(Response::new(400, "text/plain", "Nothing to stop"));
    }
    let running = |task: &&super::db::Task| task.name == "deployment" && task.status == "running";
    let deployment = db.tasks.values().filter(open).find(running).map(|task| task.id);
    let task = db.add_task("stop_deployment", cluster, None);
    if let Some(task) = db.task_mut(task) {
        task.start = None;
    }
    let answer = answer(db, task);
    if let Some(task) = db.task_mut(task).filter(|_| deployment.is_some()) {
        task.progress = None;
    }
    Ok(Stop { task, deployment, answer })
}

/// `GET /clusters/ID/deployment_tasks/`: what a run of this type would get.
pub(super) fn merged(db: &Db, cluster: u32, request: &Request) -> Answer {
    if request.method != "GET" {
        return Err(bad_method());
    }
    db.cluster(cluster).ok_or_else(|| missing("Cluster"))?;
    let kind = request.arg("graph_type").filter(|kind| !kind.is_empty()).unwrap_or("default");
    let tasks = db.merged(cluster, kind);
    Ok(json_answer(200, &tasks.iter().map(|task| Value::Object(super::graphs::task_form(task))).collect()))
}
