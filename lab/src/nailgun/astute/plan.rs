//! A message as the engine sees it: copies of tasks that wait for each other.

use std::collections::BTreeMap;

use super::super::serialize::{Message, NodeKey, Sent};

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Running,
    Successful,
    Skipped,
    Failed,
    /// What it waits for failed: it never starts.
    Cut,
}

impl State {
    pub(super) fn over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    pub(super) fn good(self) -> bool {
        matches!(self, Self::Successful | Self::Skipped)
    }
}

/// A task on a node.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) node: usize,
    pub(super) task: Sent,
    pub(super) waits_for: Vec<usize>,
    pub(super) state: State,
}

/// All copies, in the order of the message.
pub(super) struct Plan {
    pub(super) nodes: Vec<NodeKey>,
    pub(super) copies: Vec<Copy>,
    /// How many copies of a task may run at once; no entry is no limit.
    limits: BTreeMap<String, usize>,
}

impl Plan {
    pub(super) fn new(message: &Message) -> Self {
        let mut copies = Vec::new();
        let mut limits = BTreeMap::new();
        for (node, (_, tasks)) in message.nodes.iter().enumerate() {
            for task in tasks {
                // The limit of an id is set anew by every copy, and the last one wins. A skipped copy has no
                // parameters, so it takes the limit away: why strategy and condition do not go together.
                match limit(task) {
                    Some(limit) => limits.insert(task.id.clone(), limit),
                    None => limits.remove(&task.id),
                };
                copies.push(Copy { node, task: task.clone(), waits_for: Vec::new(), state: State::Waiting });
            }
        }
        let nodes: Vec<NodeKey> = message.nodes.iter().map(|(key, _)| key.clone()).collect();
        let mut plan = Self { nodes, copies, limits };
        plan.connect();
        plan
    }

    fn connect(&mut self) {
        let places: BTreeMap<(String, NodeKey), usize> = self
            .copies
            .iter()
            .enumerate()
            .map(|(index, copy)| ((copy.task.id.clone(), self.nodes[copy.node].clone()), index))
            .collect();
        for index in 0..self.copies.len() {
            let task = self.copies[index].task.clone();
            self.copies[index].waits_for.extend(task.requires.iter().filter_map(|other| places.get(other)));
            for other in task.required_for.iter().filter_map(|other| places.get(other)) {
                self.copies[*other].waits_for.push(index);
            }
        }
    }

    /// The first dependency cycle, by the names of its copies.
    pub(super) fn cycle(&self) -> Option<Vec<String>> {
        // 0 unseen, 1 on the path, 2 done.
        let mut marks = vec![0_u8; self.copies.len()];
        for start in 0..self.copies.len() {
            let mut path = vec![(start, 0)];
            while let Some((copy, next)) = path.pop() {
                if next == 0 {
                    if marks[copy] != 0 {
                        continue;
                    }
                    marks[copy] = 1;
                }
                let Some(&other) = self.copies[copy].waits_for.get(next) else {
                    marks[copy] = 2;
                    continue;
                };
                path.push((copy, next + 1));
                if marks[other] == 1 {
                    let from = path.iter().position(|(one, _)| *one == other).unwrap_or(0);
                    let mut names: Vec<String> = path[from..].iter().map(|(one, _)| self.name(*one)).collect();
                    names.sort();
                    return Some(names);
                }
                path.push((other, 0));
            }
        }
        None
    }

    /// `Task[id/node]`
    pub(super) fn name(&self, copy: usize) -> String {
        let Copy { node, task, .. } = &self.copies[copy];
        format!("Task[{}/{}]", task.id, self.nodes[*node].as_deref().unwrap_or("null"))
    }

    /// Whether one more copy of this task may run.
    pub(super) fn has_room(&self, id: &str) -> bool {
        let running = || self.copies.iter().filter(|c| c.state == State::Running && c.task.id == id).count();
        self.limits.get(id).is_none_or(|limit| running() < *limit)
    }

    pub(super) fn of_node(&self, node: usize) -> impl Iterator<Item = &Copy> {
        self.copies.iter().filter(move |copy| copy.node == node)
    }

    /// Percent of a node's copies that are over.
    pub(super) fn progress(&self, node: usize) -> u32 {
        let (mut all, mut over) = (0, 0);
        for copy in self.of_node(node) {
            all += 1;
            over += u32::from(copy.state.over() && copy.state != State::Cut);
        }
        (over * 100).checked_div(all).unwrap_or(0)
    }
}

fn limit(task: &Sent) -> Option<usize> {
    let strategy = task.parameters.as_ref()?.get("strategy")?;
    match strategy["type"].as_str()? {
        "one_by_one" => Some(1),
        _ => usize::try_from(strategy["amount"].as_u64()?).ok().filter(|amount| *amount > 0),
    }
}
