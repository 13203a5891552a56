//! The database of the embedded Nailgun.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::super::NailgunMode;

/// A task of a graph as it was uploaded.
pub(super) type GraphTask = Map<String, Value>;

/// Everything that Nailgun keeps.
#[derive(Debug)]
pub(super) struct Db {
    pub(super) mode: NailgunMode,
    pub(super) clusters: Vec<Cluster>,
    /// Whether the environments were deployed before: 9.0 then allows no stop.
    pub(super) deployed: bool,
    pub(super) nodes: Vec<Node>,
    pub(super) plugins: BTreeSet<u32>,
    pub(super) graphs: Vec<Graph>,
    pub(super) tasks: BTreeMap<u32, Task>,
    pub(super) notifications: Vec<Notification>,
    pub(super) next_graph: u32,
    pub(super) next_task: u32,
    /// Whether runs stay `pending`, as long as Nailgun serializes.
    pub(super) held: bool,
    /// Whether requests that were made late are carried out.
    pub(super) late_admitted: bool,
    /// How many of them have come.
    pub(super) late_waiting: usize,
    /// A task to be removed from every graph right before it is executed.
    pub(super) taken_out: Option<String>,
    /// For `changed()`: the tasks, by id and node, that ended well in an earlier run.
    pub(super) succeeded: BTreeSet<(String, String)>,
}

/// An environment.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) version: String,
    pub(super) mos_uri: String,
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) hostname: String,
    pub(super) ip: String,
    pub(super) cluster: Option<u32>,
    pub(super) roles: Vec<String>,
    pub(super) status: String,
    pub(super) error_type: Option<String>,
    /// Never returned by the API, only by notifications.
    pub(super) error_msg: Option<String>,
    pub(super) online: bool,
    pub(super) progress: u32,
    pub(super) pending_addition: bool,
    pub(super) pending_deletion: bool,
    /// The tags of which it is the primary node, for good once it has been chosen.
    pub(super) primary_tags: BTreeSet<String>,
    /// Whether mcollective on it answers Astute.
    pub(super) reachable: bool,
}

/// What a graph belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Release(u32),
    Plugin(u32),
    Cluster(u32),
}

/// A deployment graph.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    pub(super) id: u32,
    pub(super) owner: Owner,
    pub(super) kind: String,
    pub(super) name: Option<String>,
    pub(super) tasks: Vec<GraphTask>,
    /// `node_filter`, `on_success`, `on_error`, `on_stop`, if they were given.
    pub(super) extras: Map<String, Value>,
}

/// A task of Nailgun; its newer API calls it a transaction.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: u32,
    pub(super) uuid: String,
    pub(super) name: &'static str,
    pub(super) cluster: u32,
    pub(super) parent: Option<u32>,
    pub(super) status: String,
    pub(super) progress: Option<u32>,
    pub(super) message: Option<String>,
    pub(super) graph_type: Option<String>,
    pub(super) dry_run: bool,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    /// Hidden from `/tasks/` after the next run, after a stop, and by DELETE.
    pub(super) hidden: bool,
    /// The tasks as they were when the run was serialized.
    pub(super) snapshot: Vec<GraphTask>,
    pub(super) history: Vec<Record>,
}

/// One task of a graph on one node in one run.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) task: String,
    /// `None` is the virtual node.
    pub(super) node: Option<String>,
    /// The type that was sent: `skipped` also where a condition or a filter made it so.
    pub(super) kind: String,
    pub(super) status: &'static str,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

/// A line for the web interface.
#[derive(Clone, Debug)]
pub(super) struct Notification {
    pub(super) id: u32,
    pub(super) topic: &'static str,
    pub(super) cluster: u32,
    pub(super) node: Option<u32>,
    pub(super) message: String,
    pub(super) at: Timestamp,
}

impl Db {
    pub(super) fn cluster(&self, id: u32) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.id == id)
    }

    pub(super) fn node_mut(&mut self, id: u32) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.id == id)
    }

    pub(super) fn task_mut(&mut self, id: u32) -> Option<&mut Task> {
        self.tasks.get_mut(&id)
    }

    pub(super) fn graph(&self, owner: Owner, kind: &str) -> Option<&Graph> {
        self.graphs.iter().find(|graph| graph.owner == owner && graph.kind == kind)
    }

    pub(super) fn add_graph(&mut self, owner: Owner, kind: &str) -> &mut Graph {
        let id = self.next_graph;
        self.next_graph += 1;
        self.graphs.push(Graph { id, owner, kind: kind.to_owned(), name: None, tasks: Vec::new(), extras: Map::new() });
        let last = self.graphs.len() - 1;
        &mut self.graphs[last]
    }

    /// A new task of Nailgun, `running` since now unless it has a parent; those wait as `pending`.
    pub(super) fn add_task(&mut self, name: &'static str, cluster: u32, parent: Option<u32>) -> u32 {
        let id = self.next_task;
        self.next_task += 1;
        let running = parent.is_none();
        self.tasks.insert(
            id,
            Task {
                id,
                uuid: uuid(),
                name,
                cluster,
                parent,
                status: if running { "running" } else { "pending" }.to_owned(),
                progress: Some(0),
                message: None,
                graph_type: None,
                dry_run: false,
                start: running.then(now),
                end: None,
                hidden: false,
                snapshot: Vec::new(),
                history: Vec::new(),
            },
        );
        id
    }

    /// Whether something of this environment is pending or running: every execution is then refused.
    pub(super) fn busy(&self, cluster: u32) -> bool {
        self.tasks.values().any(|task| task.cluster == cluster && !task.hidden && !task.finished())
    }

    pub(super) fn notify(&mut self, topic: &'static str, cluster: u32, node: Option<u32>, message: String) {
        let id = u32::try_from(self.notifications.len()).unwrap_or(u32::MAX) + 1;
        self.notifications.push(Notification { id, topic, cluster, node, message, at: Timestamp::now() });
    }

    /// The list of tasks of a graph type as a run gets it: release, plugins and environment merged, the
    /// later ones winning by id.
    pub(super) fn merged(&self, cluster: u32, kind: &str) -> Vec<GraphTask> {
        let mut owners = vec![Owner::Release(RELEASE)];
        owners.extend(self.plugins.iter().map(|&id| Owner::Plugin(id)));
        owners.push(Owner::Cluster(cluster));
        let mut merged: Vec<GraphTask> = Vec::new();
        for graph in owners.into_iter().filter_map(|owner| self.graph(owner, kind)) {
            for task in &graph.tasks {
                match merged.iter_mut().find(|known| known.get("id") == task.get("id")) {
                    Some(known) => known.clone_from(task),
                    None => merged.push(task.clone()),
                }
            }
        }
        merged
    }
}

impl Task {
    pub(super) fn finished(&self) -> bool {
        matches!(self.status.as_str(), "ready" | "error")
    }

    /// Marks it as finished.
    pub(super) fn finish(&mut self, status: &str, message: Option<String>) {
        let at = now();
        status.clone_into(&mut self.status);
        self.message = message;
        self.progress = Some(100);
        self.end = Some(at);
    }
}

/// The release of the lab's environments.
pub(super) const RELEASE: u32 = 2;

/// Now, as Nailgun writes it: UTC, ISO, microseconds, no zone.
pub(super) fn now() -> String {
    Timestamp::now().to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

fn uuid() -> String {
    let bits: u128 = rand::random();
    let hex = format!("{bits:032x}");
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
