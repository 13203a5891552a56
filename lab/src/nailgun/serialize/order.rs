//! What a task on a node waits for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::db::GraphTask;
use super::roles::{Choice, choice, meant};
use super::{NodeKey, RunNode, text};

/// A task on a node, by name.
type Reference = (String, NodeKey);

/// Where every task of the message is, to resolve names into copies.
pub(super) struct Order<'a> {
    placed: &'a [(&'a GraphTask, BTreeSet<NodeKey>)],
    run: &'a [RunNode],
}

impl<'a> Order<'a> {
    pub(super) fn new(placed: &'a [(&'a GraphTask, BTreeSet<NodeKey>)], run: &'a [RunNode]) -> Self {
        Self { placed, run }
    }

    /// What the copy of `task` on `node` requires, and what it is required for.
    ///
    /// `requires` and `required_for` look at the same node and the virtual node only; a name that is on
    /// neither is dropped silently, together with every order that it would have implied.
    pub(super) fn of(&self, task: &GraphTask, node: &NodeKey) -> (Vec<Reference>, Vec<Reference>) {
        let mut requires = self.near(task, "requires", node);
        requires.extend(self.far(task, "cross_depends", node));
        let mut required_for = self.near(task, "required_for", node);
        required_for.extend(self.far(task, "cross_depended_by", node));
        for list in [&mut requires, &mut required_for] {
            // A task never depends on its own copy.
            list.retain(|(name, at)| name != text(task, "id") || at != node);
            let mut seen = BTreeSet::new();
            list.retain(|reference| seen.insert(reference.clone()));
        }
        (requires, required_for)
    }

    fn near(&self, task: &GraphTask, key: &str, node: &NodeKey) -> Vec<Reference> {
        let names = task.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let nodes = if node.is_none() { vec![None] } else { vec![node.clone(), None] };
        names.flat_map(|name| self.copies(name, &nodes)).collect()
    }

    fn far(&self, task: &GraphTask, key: &str, node: &NodeKey) -> Vec<Reference> {
        let list = task.get(key).and_then(Value::as_array).into_iter().flatten();
        list.flat_map(|one| {
            let Some(name) = one["name"].as_str() else { return Vec::new() };
            let nodes = self.nodes(one.get("role"), node);
            let mut found = self.copies(name, &nodes);
            // Which node it is when one will do is not the graph's choice.
            if one["policy"] == "any" {
                found.truncate(1);
            }
            found
        })
        .collect()
    }

    /// The nodes that a cross dependency means: neither the master nor the virtual node by `*`.
    fn nodes(&self, role: Option<&Value>, own: &NodeKey) -> Vec<NodeKey> {
        let all = || self.run.iter().map(|node| Some(node.key.clone())).collect();
        match role {
            None => all(),
            Some(Value::String(role)) if role == "self" => vec![own.clone()],
            Some(Value::String(role)) if role == "master" => vec![Some("master".to_owned())],
            Some(role) => match choice(role) {
                Choice::Everybody => all(),
                Choice::Nobody => Vec::new(),
                Choice::Some(patterns) => {
                    let meant = |node: &&RunNode| patterns.iter().any(|p| node.tags.iter().any(|tag| meant(p, tag)));
                    let mut nodes: Vec<NodeKey> =
                        self.run.iter().filter(meant).map(|node| Some(node.key.clone())).collect();
                    if patterns.contains(&"master") {
                        nodes.push(Some("master".to_owned()));
                    }
                    nodes
                }
            },
        }
    }

    fn copies(&self, name: &str, nodes: &[NodeKey]) -> Vec<Reference> {
        let tasks = self.placed.iter().filter(|(task, _)| meant(name, text(task, "id")));
        tasks
            .flat_map(|(task, on)| {
                let id = text(task, "id").to_owned();
                nodes.iter().filter(|node| on.contains(node)).map(move |node| (id.clone(), node.clone()))
            })
            .collect()
    }
}
