//! Decides which task starts when, and how the run ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;

use super::super::serialize::{Message, NodeKey, Sent};
use super::plan::{Plan, State};
use super::work::Site;

/// The most nodes that work at once.
const MOST_NODES: usize = 50;

/// How a message is to be run.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Orders {
    /// Nothing is run, and nothing is reported.
    pub(in super::super) dry: bool,
    /// Tasks go through without doing anything; none of them can fail the run.
    pub(in super::super) noop: bool,
    /// Whether a failed node stops the others: since 9.1.
    pub(in super::super) brake: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    Ready,
    /// With the message.
    Error(String),
    Stopped,
    /// Astute is lost: nothing is reported any more.
    Lost,
}

/// An event from outside the run or from one of its workers.
#[derive(Debug)]
pub(in super::super) enum Event {
    Finished { copy: usize, well: bool },
    Stop,
    Lost,
}

/// Receives the progress of the run.
pub(in super::super) trait Reporter {
    /// A copy changed: its number, its status (`running`, `ready`, `error`, `skipped`).
    fn task(&self, copy: usize, task: &Sent, node: &NodeKey, status: &'static str);
    /// A node did so much of its work, in percent.
    fn progress(&self, node: &NodeKey, percent: u32);
    /// A node is done (`ready`), failed (`error`) or was stopped (`stopped`).
    fn node(&self, node: &NodeKey, status: &'static str, message: Option<String>);
}

/// Runs a message.
pub(in super::super) fn run(
    message: &Message,
    orders: Orders,
    unreachable: &[String],
    site: &Arc<Site>,
    (sender, events): (Sender<Event>, Receiver<Event>),
    reporter: &dyn Reporter,
) -> Outcome {
    let plan = Plan::new(message);
    if let Some(path) = plan.cycle() {
        return failed_method(&format!("Loop detected! Path: {}.", path.join(", ")));
    }
    if orders.dry {
        for node in &plan.nodes {
            reporter.progress(node, 100);
        }
        return Outcome::Ready;
    }
    let critical: Vec<String> = unreachable.iter().filter(|node| tolerated(message, node) == 0).cloned().collect();
    if !critical.is_empty() {
        for node in critical.iter().map(|node| Some(node.clone())) {
            reporter.node(
                &node,
                "error",
                Some("Node is not ready for deployment: mcollective has not answered".into()),
            );
        }
        let list = serde_json::to_string(&critical).unwrap_or_default();
        return failed_method(&format!("Critical nodes are not available for deployment: {list}."));
    }
    let mut run = Run {
        message,
        plan,
        orders,
        site,
        sender,
        reporter,
        busy: BTreeSet::new(),
        failed: unreachable.iter().cloned().collect(),
        failures: Vec::new(),
        stopping: false,
        braked: false,
    };
    run.drive(&events)
}

fn failed_method(text: &str) -> Outcome {
    Outcome::Error(format!("Method task_deploy. {text}\nInspect Astute logs for the details"))
}

/// How many nodes of this node's groups may fail; nodes in no group tolerate none.
fn tolerated(message: &Message, node: &str) -> i64 {
    let groups = message.groups.iter().filter(|group| group.nodes.iter().any(|one| one == node));
    groups.map(|group| group.tolerance).min().unwrap_or(0)
}

struct Run<'a> {
    message: &'a Message,
    plan: Plan,
    orders: Orders,
    site: &'a Arc<Site>,
    sender: Sender<Event>,
    reporter: &'a dyn Reporter,
    /// Nodes with a task under way, by place in the plan.
    busy: BTreeSet<usize>,
    /// Nodes that failed.
    failed: BTreeSet<String>,
    /// The copies that failed the run, as they are called.
    failures: Vec<String>,
    /// Somebody asked for a stop.
    stopping: bool,
    /// A failure asked for one.
    braked: bool,
}

impl Run<'_> {
    /// Runs until nothing is under way and nothing can start.
    fn drive(&mut self, events: &Receiver<Event>) -> Outcome {
        loop {
            if !self.stopping && !self.braked {
                self.start_what_can();
            }
            if self.busy.is_empty() {
                break;
            }
            match events.recv() {
                Ok(Event::Finished { copy, well }) => self.finished(copy, well),
                Ok(Event::Stop) => self.stopping = true,
                Ok(Event::Lost) | Err(_) => return Outcome::Lost,
            }
        }
        if self.braked || self.stopping {
            for node in 0..self.plan.nodes.len() {
                let key = self.plan.nodes[node].clone();
                if !key.as_deref().is_some_and(|key| self.failed.contains(key)) {
                    self.reporter.node(&key, "stopped", None);
                }
            }
        }
        for node in &self.plan.nodes {
            self.reporter.progress(node, 100);
        }
        let fatal = self.braked || (!self.orders.brake && !self.failures.is_empty());
        if fatal {
            let list = self.failures.join(", ");
            return Outcome::Error(format!(
                "All nodes are finished. Failed tasks: {list} Stopping the deployment process!"
            ));
        }
        if self.stopping { Outcome::Stopped } else { Outcome::Ready }
    }

    /// Starts whatever has nothing left to wait for, until nothing changes any more.
    fn start_what_can(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for copy in 0..self.plan.copies.len() {
                if self.plan.copies[copy].state == State::Waiting && !self.braked {
                    changed |= self.consider(copy);
                }
            }
        }
    }

    /// Whether the copy's state changed.
    fn consider(&mut self, copy: usize) -> bool {
        let one = &self.plan.copies[copy];
        let stage = self.plan.nodes[one.node].is_none();
        let states: Vec<State> = one.waits_for.iter().map(|other| self.plan.copies[*other].state).collect();
        // A stage waits until everything before it is over, failed or not; before 9.1 it fails with it.
        let tolerant = stage && self.orders.brake;
        if !tolerant && states.iter().any(|state| matches!(state, State::Failed | State::Cut)) {
            self.plan.copies[copy].state = State::Cut;
            return true;
        }
        if !states.iter().all(|state| state.over()) || self.busy.contains(&one.node) {
            return false;
        }
        let node = one.node;
        if self.plan.nodes[node].as_deref().is_some_and(|key| self.failed.contains(key)) {
            self.plan.copies[copy].state = State::Cut;
            return true;
        }
        if one.task.kind == "skipped" {
            self.plan.copies[copy].state = State::Skipped;
            self.report(copy, "skipped");
            self.after(node);
            return true;
        }
        if !self.plan.has_room(&one.task.id) || self.busy.len() >= MOST_NODES {
            return false;
        }
        self.start(copy);
        true
    }

    fn start(&mut self, copy: usize) {
        let one = &mut self.plan.copies[copy];
        one.state = State::Running;
        let (node, task) = (one.node, one.task.clone());
        self.busy.insert(node);
        self.report(copy, "running");
        self.reporter.progress(&self.plan.nodes[node], self.plan.progress(node));
        let key = self.plan.nodes[node].clone().unwrap_or_default();
        let (site, sender, noop) = (Arc::clone(self.site), self.sender.clone(), self.orders.noop);
        thread::spawn(move || {
            let well = if noop { site.pretend(&key, &task) } else { site.perform(&key, &task) };
            // When Astute is lost nobody receives this.
            let _ = sender.send(Event::Finished { copy, well });
        });
    }

    fn finished(&mut self, copy: usize, well: bool) {
        let one = &self.plan.copies[copy];
        let (node, ignored) = (one.node, self.orders.noop || !one.task.fail_on_error);
        self.busy.remove(&node);
        if well {
            self.plan.copies[copy].state = State::Successful;
            self.report(copy, "ready");
        } else if ignored {
            // Astute says "skipped", Nailgun refuses that of what is running: the record stays `running` for ever.
            self.plan.copies[copy].state = State::Skipped;
        } else {
            self.plan.copies[copy].state = State::Failed;
            self.report(copy, "error");
            self.fail_node(copy, node);
        }
        self.after(node);
    }

    fn fail_node(&mut self, copy: usize, node: usize) {
        self.failures.push(self.plan.name(copy));
        let key = self.plan.nodes[node].clone();
        let name = key.clone().unwrap_or_default();
        let message = format!("Task {} failed on node {name}", self.plan.copies[copy].task.id);
        self.failed.insert(name.clone());
        self.reporter.node(&key, "error", Some(message));
        let groups: Vec<_> = self.message.groups.iter().filter(|group| group.nodes.contains(&name)).collect();
        let over = groups.iter().any(|group| {
            let failed = group.nodes.iter().filter(|node| self.failed.contains(*node)).count();
            i64::try_from(failed).is_ok_and(|failed| failed > group.tolerance)
        });
        if self.orders.brake && (groups.is_empty() || over) {
            self.braked = true;
        }
    }

    /// After a copy of this node is over.
    fn after(&self, node: usize) {
        let key = &self.plan.nodes[node];
        self.reporter.progress(key, self.plan.progress(node));
        if self.plan.of_node(node).all(|copy| copy.state.good()) {
            self.reporter.node(key, "ready", None);
        }
    }

    fn report(&self, copy: usize, status: &'static str) {
        let one = &self.plan.copies[copy];
        self.reporter.task(copy, &one.task, &self.plan.nodes[one.node], status);
    }
}
