//! One run from the answer to its request until its end: what Nailgun's worker and receiver do.

use std::sync::mpsc::channel;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};

use super::Shared;
use super::astute::{self, Event, Orders, Outcome, Reporter};
use super::db::{Db, Graph, Node, Owner, Record, now};
use super::reading::node_form;
use super::serialize::{Input, Message, NodeKey, Sent, filter_nodes, promote, serialize};

/// A run that was accepted.
pub(super) struct Run {
    pub(super) cluster: u32,
    /// The task that was returned.
    pub(super) parent: u32,
    pub(super) entries: Vec<Entry>,
    pub(super) dry: bool,
    pub(super) noop: bool,
    pub(super) force: bool,
    /// Why the worker refuses it although the request was accepted.
    pub(super) refused: Option<String>,
}

/// One graph of a run.
pub(super) struct Entry {
    pub(super) kind: String,
    /// The nodes that were named.
    pub(super) nodes: Option<Vec<u32>>,
    /// The tasks that were named.
    pub(super) tasks: Option<Vec<String>>,
    /// Its own task.
    pub(super) child: u32,
}

/// How an entry ended.
enum End {
    Well,
    /// A stop ends the entry; the next one is started all the same.
    Stopped,
    /// With the message for the parent.
    Badly(String),
    /// Astute is lost: the end is never reported.
    Lost,
}

/// Conducts a run to its end.
pub(super) fn conduct(shared: &Arc<Shared>, run: &Run) {
    if let Some(message) = &run.refused {
        let mut db = shared.db();
        fail_rest(&mut db, &run.entries);
        finish(&mut db, run, Some(message.clone()));
        return;
    }
    for (index, entry) in run.entries.iter().enumerate() {
        match conduct_entry(shared, run, entry) {
            End::Well | End::Stopped => {}
            End::Lost => return,
            End::Badly(message) => {
                let mut db = shared.db();
                fail_rest(&mut db, &run.entries[index + 1..]);
                finish(&mut db, run, Some(message));
                shared.changed.notify_all();
                return;
            }
        }
    }
    let mut db = shared.db();
    finish(&mut db, run, None);
    end_stops(&mut db, run);
    shared.changed.notify_all();
}

fn finish(db: &mut Db, run: &Run, error: Option<String>) {
    let (topic, text) = match &error {
        None => ("done", "Graph execution has been successfully completed.You can check deployment history for detailed information.".to_owned()),
        Some(error) => ("error", format!("Graph execution failed with error: '{error}'.Please check deployment history for more details.")),
    };
    db.notify(topic, run.cluster, None, text);
    let status = if error.is_some() { "error" } else { "ready" };
    // Before 9.1 there is one task for all of it; it is over already.
    if let Some(task) = db.task_mut(run.parent).filter(|task| !task.finished()) {
        if task.start.is_none() {
            task.start = Some(now());
        }
        task.finish(status, error);
    }
}

fn fail_rest(db: &mut Db, entries: &[Entry]) {
    for entry in entries {
        if let Some(task) = db.task_mut(entry.child).filter(|task| !task.finished()) {
            task.start = Some(now());
            task.finish("error", Some("Aborted".into()));
        }
    }
}

/// A successful stop hides all tasks that are over but itself.
fn end_stops(db: &mut Db, run: &Run) {
    let stop = |t: &&mut super::db::Task| t.name == "stop_deployment";
    let of_run = db.tasks.values_mut().filter(|t| t.cluster == run.cluster && t.finished() && !t.hidden);
    let (stops, others): (Vec<_>, Vec<_>) = of_run.partition(stop);
    if !stops.is_empty() {
        for task in others {
            task.hidden = true;
        }
    }
}

fn conduct_entry(shared: &Arc<Shared>, run: &Run, entry: &Entry) -> End {
    let db = shared.db();
    drop(shared.changed.wait_while(db, |db| db.held).unwrap_or_else(PoisonError::into_inner));
    if !shared.site.pause(shared.serialize_delay) {
        return End::Lost;
    }
    // Not in the `match` itself: the lock would last as long as its arms.
    let begun = begin(&mut shared.db(), run, entry);
    let (message, unreachable) = match begun {
        Ok(begun) => begun,
        Err(message) => {
            // Before 9.1 there is no child beside the task that gets the message.
            if shared.mode.executes_graphs() {
                fail_rest(&mut shared.db(), std::slice::from_ref(entry));
            }
            return End::Badly(message);
        }
    };
    let (sender, events) = channel();
    shared.runs().insert(entry.child, sender.clone());
    shared.changed.notify_all();
    let orders = Orders { dry: run.dry, noop: run.noop, brake: shared.mode.executes_graphs() };
    let reporter = Receiver { shared, run, entry };
    let outcome = if shared.astute_is_lost() {
        Outcome::Lost
    } else {
        astute::run(&message, orders, &unreachable, &shared.site, (sender, events), &reporter)
    };
    shared.runs().remove(&entry.child);
    let mut db = shared.db();
    let end = match outcome {
        Outcome::Lost => return End::Lost,
        Outcome::Ready => End::Well,
        Outcome::Stopped => End::Stopped,
        Outcome::Error(message) => End::Badly(message),
    };
    settle(&mut db, run, entry, &end);
    end
}

/// Serializes an entry and sets it running. Returns the message and the nodes that Astute cannot reach.
fn begin(db: &mut Db, run: &Run, entry: &Entry) -> Result<(Message, Vec<String>), String> {
    let nodes = choose(db, run, entry)?;
    let tasks = db.merged(run.cluster, &entry.kind);
    if let Some(task) = db.task_mut(entry.child) {
        task.snapshot.clone_from(&tasks);
    }
    promote(db, run.cluster, &nodes);
    let deploying = !db.mode.executes_graphs() && !run.dry;
    for node in db.nodes.iter_mut().filter(|node| nodes.contains(&node.id)) {
        node.progress = u32::from(!deploying);
        if deploying {
            "deploying".clone_into(&mut node.status);
        }
        if !run.dry && !run.noop {
            node.error_type = None;
            node.error_msg = None;
        }
    }
    let only = entry.tasks.as_deref();
    let message = serialize(&Input { db, cluster: run.cluster, tasks: &tasks, nodes, only, force: run.force })?;
    let records = message.nodes.iter().flat_map(|(node, tasks)| tasks.iter().map(move |task| (node, task)));
    let history = records
        .map(|(node, task)| Record {
            task: task.id.clone(),
            node: node.clone(),
            kind: task.kind.clone(),
            status: "pending",
            start: None,
            end: None,
        })
        .collect();
    if let Some(task) = db.task_mut(entry.child) {
        task.history = history;
        "running".clone_into(&mut task.status);
        task.start = Some(now());
    }
    let used: Vec<&String> = message.nodes.iter().filter_map(|(node, _)| node.as_ref()).collect();
    let silent = db.nodes.iter().filter(|node| !node.reachable).map(|node| node.id.to_string());
    let unreachable = silent.filter(|id| used.contains(&id)).collect();
    Ok((message, unreachable))
}

/// The nodes of an entry. Offline ones are left out silently, even if they were named.
fn choose(db: &Db, run: &Run, entry: &Entry) -> Result<Vec<u32>, String> {
    let online: Vec<&Node> = db.nodes.iter().filter(|n| n.cluster == Some(run.cluster) && n.online).collect();
    if let Some(named) = &entry.nodes {
        return Ok(online.into_iter().map(|node| node.id).filter(|id| named.contains(id)).collect());
    }
    let graph = db.graph(Owner::Cluster(run.cluster), &entry.kind);
    let filter = graph.and_then(|graph| graph.extras.get("node_filter")).and_then(Value::as_str);
    if let Some(filter) = filter.filter(|filter| !filter.trim().is_empty()) {
        let forms: Vec<Value> = online.into_iter().map(node_form).collect();
        return filter_nodes(filter, &forms);
    }
    let fits = |node: &&Node| {
        !node.pending_addition
            && !node.pending_deletion
            && (matches!(node.status.as_str(), "ready" | "provisioned" | "stopped")
                || node.error_type.as_deref() == Some("deploy"))
    };
    Ok(online.into_iter().filter(fits).map(|node| node.id).collect())
}

/// Writes down how an entry ended: the task, the environment, a stop that was waiting.
fn settle(db: &mut Db, run: &Run, entry: &Entry, end: &End) {
    let old = !db.mode.executes_graphs();
    let (status, message) = match end {
        End::Badly(message) if old => ("error", Some(format!("Deployment has failed. {message}"))),
        End::Badly(message) => ("error", Some(message.clone())),
        End::Well | End::Stopped if old => ("ready", Some("Deployment is done. No changes.".to_owned())),
        End::Well | End::Stopped | End::Lost => ("ready", None),
    };
    if let Some(task) = db.task_mut(entry.child) {
        task.finish(status, message);
        let done: Vec<(String, String)> = task
            .history
            .iter()
            .filter(|record| record.status == "ready")
            .map(|record| (record.task.clone(), record.node.clone().unwrap_or_default()))
            .collect();
        if !run.dry && !run.noop {
            db.succeeded.extend(done);
        }
    }
    let waiting = db
        .tasks
        .values()
        .find(|t| t.cluster == run.cluster && t.name == "stop_deployment" && !t.finished() && t.progress.is_none())
        .map(|task| task.id);
    let name = db.cluster(run.cluster).map(|cluster| cluster.name.clone()).unwrap_or_default();
    if let Some(task) = waiting.and_then(|id| db.task_mut(id)) {
        let what = if old { format!("0 environment '{name}' node(s)") } else { format!("environment '{name}'") };
        task.finish("ready", Some(format!("Deployment of {what} was successfully stopped.")));
    }
    if run.dry || run.noop {
        return;
    }
    // Nodes that were not done yet fail with the run.
    if old && matches!(end, End::Badly(_)) {
        let unfinished = |node: &&mut Node| node.cluster == Some(run.cluster) && node.status == "deploying";
        for node in db.nodes.iter_mut().filter(unfinished) {
            "error".clone_into(&mut node.status);
            node.error_type = Some("deploy".to_owned());
        }
    }
    let all_ready = db.nodes.iter().filter(|n| n.cluster == Some(run.cluster)).all(|n| n.status == "ready");
    let status = match end {
        End::Stopped => "stopped",
        End::Badly(_) if old => "error",
        _ if all_ready => "operational",
        _ => "partially_deployed",
    };
    if let Some(cluster) = db.clusters.iter_mut().find(|cluster| cluster.id == run.cluster) {
        status.clone_into(&mut cluster.status);
    }
}

/// Nailgun's receiver: takes Astute's reports.
struct Receiver<'a> {
    shared: &'a Shared,
    run: &'a Run,
    entry: &'a Entry,
}

impl Reporter for Receiver<'_> {
    fn task(&self, copy: usize, task: &Sent, node: &NodeKey, status: &'static str) {
        let mut db = self.shared.db();
        let at = now();
        if let Some(record) = db.task_mut(self.entry.child).and_then(|task| task.history.get_mut(copy)) {
            record.status = status;
            if status == "running" || status == "skipped" {
                record.start = Some(at.clone());
            }
            if status != "running" {
                record.end = Some(at);
            }
        }
        drop(db);
        if task.kind != "skipped" {
            self.shared.trace(&task.id, node.as_deref().unwrap_or("null"), status);
        }
        self.shared.changed.notify_all();
    }

    fn progress(&self, node: &NodeKey, percent: u32) {
        let mut db = self.shared.db();
        let number = node.as_ref().and_then(|node| node.parse().ok());
        if let Some(node) = number.and_then(|id| db.node_mut(id)) {
            node.progress = percent;
        }
        // The mean over nodes that have progress, offline ones counted as done: so it jumps and can decrease.
        let shares: Vec<u32> = db
            .nodes
            .iter()
            .filter(|node| node.cluster == Some(self.run.cluster))
            .map(|node| if node.online { node.progress } else { 100 })
            .filter(|progress| *progress > 0)
            .collect();
        let mean = shares.iter().sum::<u32>() / u32::try_from(shares.len()).unwrap_or(1).max(1);
        if let Some(task) = db.task_mut(self.entry.child) {
            task.progress = Some(mean);
        }
        let children: Vec<u32> =
            self.run.entries.iter().filter_map(|entry| db.tasks.get(&entry.child)?.progress).collect();
        let of_parent = children.iter().sum::<u32>() / u32::try_from(children.len()).unwrap_or(1).max(1);
        if let Some(task) = db.task_mut(self.run.parent) {
            task.progress = Some(of_parent);
        }
    }

    fn node(&self, node: &NodeKey, status: &'static str, message: Option<String>) {
        let Some(id) = node.as_ref().and_then(|node| node.parse::<u32>().ok()) else { return };
        let mut db = self.shared.db();
        if self.run.dry || self.run.noop {
            return;
        }
        let (key, default) = match status {
            "error" => ("on_error", json!({"status": "error", "error_type": "deploy"})),
            "stopped" => ("on_stop", json!({"status": "stopped"})),
            _ => ("on_success", json!({"status": "ready"})),
        };
        let graph = db.graph(Owner::Cluster(self.run.cluster), &self.entry.kind);
        let attributes = graph.and_then(|graph| transition(graph, key)).or_else(|| default.as_object().cloned());
        if let Some(message) = &message {
            let name = db.nodes.iter().find(|node| node.id == id).map(|node| node.name.clone()).unwrap_or_default();
            db.notify("error", self.run.cluster, Some(id), format!("Node '{name}' failed: {message}"));
        }
        if let Some(node) = db.node_mut(id) {
            apply(node, &attributes.unwrap_or_default());
            if message.is_some() {
                node.error_msg = message;
            }
        }
        drop(db);
        self.shared.changed.notify_all();
    }
}

/// What a graph says of nodes that ended in a certain way; an object without `node_attributes` says nothing,
/// and then the defaults hold.
fn transition(graph: &Graph, key: &str) -> Option<Map<String, Value>> {
    graph.extras.get(key)?.get("node_attributes")?.as_object().cloned()
}

fn apply(node: &mut Node, attributes: &Map<String, Value>) {
    if let Some(status) = attributes.get("status").and_then(Value::as_str) {
        if status == "deleted" {
            node.cluster = None;
            "discover".clone_into(&mut node.status);
            return;
        }
        status.clone_into(&mut node.status);
        let kind = attributes.get("error_type").and_then(Value::as_str).unwrap_or("deploy");
        node.error_type = (status == "error").then(|| kind.to_owned());
    }
    for (key, field) in
        [("pending_addition", &mut node.pending_addition), ("pending_deletion", &mut node.pending_deletion)]
    {
        if let Some(value) = attributes.get(key).and_then(Value::as_bool) {
            *field = value;
        }
    }
}

/// Stops a deployment; `false` when it is not in a state to be stopped.
pub(super) fn stop(shared: &Shared, deployment: u32) -> bool {
    shared.runs().get(&deployment).is_some_and(|sender| sender.send(Event::Stop).is_ok())
}
