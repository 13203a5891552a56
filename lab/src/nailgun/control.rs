//! Controls the lab's Nailgun: starts it, makes it fail, shows what it did.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::super::scenario::Scenario;
use super::super::shell::NodeShell;
use super::super::web::WebServer;
use super::astute::{Event, Site, TaskFault};
use super::db::{Db, Node, Owner, RELEASE};
use super::fault::NailgunFault;
use super::initial;
use super::keystone::{AuthMode, Keystone};
use super::router::Api;
use super::{Shared, lock};

/// Something that happened to a task on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The task's id.
    pub task: String,
    /// The node's number, or `master`.
    pub node: String,
    /// `running`, `ready` or `error`.
    pub status: &'static str,
}

/// A running Nailgun.
pub struct NailgunControl {
    shared: Arc<Shared>,
    server: Mutex<WebServer>,
    address: SocketAddr,
}

impl NailgunControl {
    /// Starts it on `address`; `shells` are the nodes by number as text, and `master`.
    pub(in super::super) fn start(
        address: SocketAddr,
        scenario: &Scenario,
        ips: &BTreeMap<u32, String>,
        shells: BTreeMap<String, NodeShell>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            mode: scenario.nailgun,
            db: Mutex::new(initial::database(scenario, ips)),
            keystone: Mutex::new(Keystone {
                mode: scenario.auth,
                user: scenario.user.clone(),
                password: scenario.password.clone(),
                tokens: BTreeSet::new(),
                uses_left: None,
                down: false,
                read_only: false,
            }),
            faults: Mutex::default(),
            runs: Mutex::default(),
            lost: Mutex::default(),
            trace: Mutex::default(),
            asked: Mutex::default(),
            answered: Mutex::default(),
            threads: Mutex::default(),
            changed: Condvar::new(),
            site: Site::new(shells, scenario.task_delay),
            serialize_delay: scenario.serialize_delay,
        });
        let server = WebServer::start(address, Arc::new(Api(Arc::clone(&shared))))?;
        Ok(Self { address: server.address(), server: Mutex::new(server), shared })
    }

    /// Its address, without a final `/`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening: connections are closed and new ones refused. Runs go on, as Astute does without Nailgun.
    pub fn suspend(&self) {
        lock(&self.server).suspend();
    }

    /// Listens again on the same address.
    ///
    /// # Errors
    /// Where the address was taken meanwhile.
    pub fn resume(&self) -> io::Result<()> {
        lock(&self.server).resume()
    }

    /// Adds a fault; earlier ones are asked first.
    pub fn add_fault(&self, fault: NailgunFault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Takes all faults of the HTTP side away.
    pub fn clear_faults(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Makes a task fail or hang, on one node or on all; `None` takes that away.
    pub fn set_task_fault(&self, task: &str, node: Option<u32>, fault: impl Into<Option<TaskFault>>) {
        self.shared.site.set_fault(task, node, fault.into());
    }

    /// Removes this task from every graph after the preview, right before the graph is executed.
    pub fn take_out(&self, task: &str) {
        self.shared.db().taken_out = Some(task.to_owned());
    }

    /// Invalidates every token issued so far.
    pub fn expire_tokens(&self) {
        lock(&self.shared.keystone).tokens.clear();
    }

    /// Invalidates tokens after this many more requests.
    pub fn expire_tokens_after(&self, requests: usize) {
        lock(&self.shared.keystone).uses_left = Some(requests);
    }

    /// Whether Keystone is out of reach.
    pub fn set_keystone_down(&self, down: bool) {
        lock(&self.shared.keystone).down = down;
    }

    /// Whether the user may only read.
    pub fn set_read_only(&self, read_only: bool) {
        lock(&self.shared.keystone).read_only = read_only;
    }

    /// Whether runs stay `pending` as long as they do on a big environment: until this is taken back.
    pub fn hold_pending(&self, held: bool) {
        self.shared.db().held = held;
        self.shared.changed.notify_all();
    }

    /// Carries out the requests that `NailgunFault::late` keeps waiting, and lets later ones pass.
    pub fn admit_late(&self) {
        self.shared.db().late_admitted = true;
        self.shared.changed.notify_all();
    }

    /// Waits until a request has come that `NailgunFault::late` keeps waiting, or until the time is up; returns whether one
    /// has.
    pub fn wait_for_late(&self, patience: Duration) -> bool {
        self.wait(patience, |db| db.late_waiting > 0)
    }

    /// Loses Astute: current and later runs stay `running` for ever.
    pub fn lose_astute(&self) {
        *lock(&self.shared.lost) = true;
        for sender in self.shared.runs().values() {
            let _ = sender.send(Event::Lost);
        }
    }

    /// Brings Astute back; runs that were lost stay lost.
    pub fn find_astute(&self) {
        *lock(&self.shared.lost) = false;
    }

    /// Leaves a task of this name running for ever, as a lost run or a stop of nothing does. Returns its number.
    pub fn leave_running(&self, name: &'static str) -> u32 {
        let mut db = self.shared.db();
        let cluster = db.clusters.first().map_or(1, |cluster| cluster.id);
        db.add_task(name, cluster, None)
    }

    /// Sets whether Nailgun reports a node as online.
    pub fn set_online(&self, node: u32, online: bool) {
        self.change(node, |node| node.online = online);
    }

    /// Sets the status that Nailgun reports for a node.
    pub fn set_node_status(&self, node: u32, status: &str) {
        self.change(node, |node| status.clone_into(&mut node.status));
    }

    /// Sets whether a node is pending deletion.
    pub fn set_pending_deletion(&self, node: u32, pending: bool) {
        self.change(node, |node| node.pending_deletion = pending);
    }

    /// Sets whether mcollective on a node answers Astute.
    pub fn set_reachable(&self, node: u32, reachable: bool) {
        self.change(node, |node| node.reachable = reachable);
    }

    fn change(&self, id: u32, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.shared.db().node_mut(id) {
            change(node);
        }
    }

    /// Sets the status that Nailgun reports for the environment.
    pub fn set_cluster_status(&self, status: &str) {
        for cluster in &mut self.shared.db().clusters {
            status.clone_into(&mut cluster.status);
        }
    }

    /// Puts a graph of this type at the release, where it gets merged into those of the environment.
    pub fn add_release_graph(&self, kind: &str, tasks: &[Value]) {
        self.add_graph(Owner::Release(RELEASE), kind, tasks);
    }

    /// Puts a graph of this type at a plugin, which is made for it.
    pub fn add_plugin_graph(&self, plugin: u32, kind: &str, tasks: &[Value]) {
        self.shared.db().plugins.insert(plugin);
        self.add_graph(Owner::Plugin(plugin), kind, tasks);
    }

    fn add_graph(&self, owner: Owner, kind: &str, tasks: &[Value]) {
        let body = Map::from_iter([("tasks".to_owned(), Value::from(tasks.to_vec()))]);
        super::graphs::update(self.shared.db().add_graph(owner, kind), body);
    }

    /// The environment's graph of this type as it was uploaded, or nothing.
    pub fn graph(&self, kind: &str) -> Option<Vec<Value>> {
        let db = self.shared.db();
        let graph = db.graphs.iter().find(|graph| matches!(graph.owner, Owner::Cluster(_)) && graph.kind == kind)?;
        Some(graph.tasks.iter().cloned().map(Value::Object).collect())
    }

    /// What happened to tasks on nodes, in order; stages and skipped copies are left out.
    pub fn trace(&self) -> Vec<Trace> {
        lock(&self.shared.trace).clone()
    }

    /// The most copies of a task that ran at once.
    pub fn most_at_once(&self, task: &str) -> usize {
        let (mut now, mut most) = (0_usize, 0);
        for step in self.trace().iter().filter(|step| step.task == task) {
            now = if step.status == "running" { now + 1 } else { now.saturating_sub(1) };
            most = most.max(now);
        }
        most
    }

    /// The requests, as `METHOD /path`, in order.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }

    /// The requests as `METHOD /path`, each with the size of its answer in bytes, in the order of the answers.
    pub fn answered(&self) -> Vec<(String, usize)> {
        lock(&self.shared.answered).clone()
    }

    /// How many tasks with this name were ever started: `deploy` for runs.
    pub fn started(&self, name: &str) -> usize {
        self.shared.db().tasks.values().filter(|task| task.name == name).count()
    }

    /// Waits until a task with this id is `status` on a node, or until the time is up; returns whether it was.
    pub fn wait_for(&self, task: &str, node: u32, status: &str, patience: Duration) -> bool {
        self.wait(patience, |db| {
            let records = db.tasks.values().flat_map(|task| &task.history);
            let node = node.to_string();
            records.into_iter().any(|r| r.task == task && r.status == status && r.node.as_deref() == Some(&node))
        })
    }

    /// The status of the environment.
    pub fn cluster_status(&self) -> String {
        self.shared.db().clusters.first().map(|cluster| cluster.status.clone()).unwrap_or_default()
    }

    /// The types of the environment's graphs, the empty `default` left out.
    pub fn graph_types(&self) -> Vec<String> {
        let db = self.shared.db();
        let own = db.graphs.iter().filter(|graph| matches!(graph.owner, Owner::Cluster(_)) && graph.kind != "default");
        own.map(|graph| graph.kind.clone()).collect()
    }

    /// What an upload task put on nodes, run by run: the number of Nailgun's task, and `parameters.data`.
    pub fn uploaded(&self, task: &str) -> Vec<(u32, String)> {
        let db = self.shared.db();
        let data = |run: &super::db::Task| {
            let found = run.snapshot.iter().find(|one| one.get("id").is_some_and(|id| id == task))?;
            Some((run.id, found.get("parameters")?.get("data")?.as_str()?.to_owned()))
        };
        db.tasks.values().filter_map(data).collect()
    }

    /// Waits until nothing is pending or running, or until the time is up; returns whether that happened.
    pub fn wait_until_idle(&self, patience: Duration) -> bool {
        self.wait(patience, |db| db.tasks.values().all(|task| task.hidden || task.finished()))
    }

    fn wait(&self, patience: Duration, test: impl Fn(&Db) -> bool) -> bool {
        let end = Instant::now() + patience;
        let mut db = self.shared.db();
        while !test(&db) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            (db, _) = self.shared.changed.wait_timeout(db, left).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Ends everything; the processes must be gone already.
    pub(in super::super) fn stop(&self) {
        self.suspend();
        self.shared.site.close();
        self.hold_pending(false);
        self.lose_astute();
        let threads = std::mem::take(&mut *lock(&self.shared.threads));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Drop for NailgunControl {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The default way to refuse requests without a token.
impl Default for AuthMode {
    fn default() -> Self {
        Self::Fake
    }
}
