//! Which nodes a task is for.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::super::super::NailgunMode;
use super::super::db::{Db, GraphTask, Node};

/// What a controller is besides. The same on 9.2 and 10.0, where tasks go by tags.
const CONTROLLER_TAGS: &[&str] = &["controller", "database", "keystone", "neutron", "rabbitmq"];

/// Tags of a node that are not yet split into primary and others; before 9.2 there are only roles.
fn plain_tags(mode: NailgunMode, node: &Node) -> BTreeSet<&str> {
    let roles = node.roles.iter().map(String::as_str);
    roles
        .flat_map(|role| match role {
            "controller" if mode >= NailgunMode::V9_2 => CONTROLLER_TAGS.to_vec(),
            other => vec![other],
        })
        .collect()
}

fn has_primary(tag: &str) -> bool {
    tag == "mongo" || CONTROLLER_TAGS.contains(&tag)
}

/// The tags of a node as tasks see them: the primary of a tag has `primary-TAG` in its place.
pub(super) fn tags(mode: NailgunMode, node: &Node) -> Vec<String> {
    let mut tags: Vec<String> = plain_tags(mode, node)
        .into_iter()
        .map(|tag| if node.primary_tags.contains(tag) { format!("primary-{tag}") } else { tag.to_owned() })
        .collect();
    tags.sort();
    tags
}

/// Makes sure that every tag of these nodes which needs a primary has one: where no node of the environment
/// holds it, or its holder is pending deletion, the first ready node of this run gets it, for good.
pub(in super::super) fn promote(db: &mut Db, cluster: u32, run: &[u32]) {
    let mode = db.mode;
    let wanted: BTreeSet<String> = db
        .nodes
        .iter()
        .filter(|node| run.contains(&node.id))
        .flat_map(|node| plain_tags(mode, node))
        .filter(|tag| has_primary(tag))
        .map(str::to_owned)
        .collect();
    for tag in wanted {
        let held = db
            .nodes
            .iter()
            .any(|node| node.cluster == Some(cluster) && !node.pending_deletion && node.primary_tags.contains(&tag));
        if held {
            continue;
        }
        let able = |node: &&mut Node| run.contains(&node.id) && plain_tags(mode, node).contains(tag.as_str());
        let mut candidates: Vec<&mut Node> = db.nodes.iter_mut().filter(able).collect();
        candidates.sort_by_key(|node| (node.status != "ready", node.id));
        if let Some(first) = candidates.into_iter().next() {
            first.primary_tags.insert(tag);
        }
    }
}

/// Whether a name is meant by a pattern: `/regexp/` matches from the start, as Python's `re.match` does.
pub(super) fn meant(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        // Python knows what this library does not: text that must not follow.
        Some(regexp) if regexp.starts_with("(?!") => {
            let others = regexp.trim_start_matches("(?!").trim_end_matches(')');
            !Regex::new(&format!("^(?:{others})")).is_ok_and(|others| others.is_match(name))
        }
        Some(regexp) => Regex::new(&format!("^(?:{regexp})")).is_ok_and(|regexp| regexp.is_match(name)),
        None => pattern == name,
    }
}

/// The nodes that a list of roles selects by these tags.
pub(super) enum Choice<'a> {
    Everybody,
    /// Patterns.
    Some(Vec<&'a str>),
    /// Also where it is a text and no list: that matches nobody, silently.
    Nobody,
}

pub(super) fn choice(roles: &Value) -> Choice<'_> {
    match roles {
        Value::String(text) if text == "*" => Choice::Everybody,
        Value::Array(list) if list.len() == 1 && list[0] == "*" => Choice::Everybody,
        Value::Array(list) => Choice::Some(list.iter().filter_map(Value::as_str).collect()),
        _ => Choice::Nobody,
    }
}

/// The roles that decide for a task: `tags`, else `roles`, else `groups`.
pub(super) fn deciding(task: &GraphTask) -> Option<&Value> {
    ["tags", "roles", "groups"].into_iter().find_map(|key| task.get(key))
}
