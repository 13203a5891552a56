//! From a graph to what is sent to Astute: tasks per node with their dependencies resolved.

mod braces;
mod order;
mod roles;
mod yaql;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::braces::Names;
use self::roles::{Choice, choice, deciding, meant};
use self::yaql::{Context, evaluate, truth};
use super::db::{Db, GraphTask};
use super::reading::node_form;
pub(super) use roles::promote;

/// A node of the message: a number as text, `master`, or `None` for the virtual node.
pub(super) type NodeKey = Option<String>;

/// A task on a node as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: String,
    /// `skipped` also where a condition or a filter made it so.
    pub(super) kind: String,
    pub(super) parameters: Option<Value>,
    pub(super) fail_on_error: bool,
    pub(super) requires: Vec<(String, NodeKey)>,
    pub(super) required_for: Vec<(String, NodeKey)>,
}

/// Nodes that may fail together.
#[derive(Clone, Debug)]
pub(super) struct ToleranceGroup {
    pub(super) name: String,
    pub(super) nodes: Vec<String>,
    /// How many of them may fail before the run stops.
    pub(super) tolerance: i64,
}

/// What is sent to Astute.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// The virtual node is always there and comes last.
    pub(super) nodes: Vec<(NodeKey, Vec<Sent>)>,
    pub(super) groups: Vec<ToleranceGroup>,
}

/// What a serialization needs.
pub(super) struct Input<'a> {
    pub(super) db: &'a Db,
    pub(super) cluster: u32,
    pub(super) tasks: &'a [GraphTask],
    /// The nodes of the run.
    pub(super) nodes: Vec<u32>,
    /// The only tasks that are not to be skipped, where some were named.
    pub(super) only: Option<&'a [String]>,
    pub(super) force: bool,
}

/// One node while a message is made.
struct RunNode {
    key: String,
    tags: Vec<String>,
    data: Value,
}

/// Makes the message.
///
/// # Errors
/// The message of the transaction that fails.
pub(super) fn serialize(input: &Input<'_>) -> Result<Message, String> {
    let run: Vec<RunNode> = input.nodes.iter().filter_map(|&id| run_node(input.db, id)).collect();
    let names = names(input.db, input.cluster);
    let mut placed: Vec<(&GraphTask, BTreeSet<NodeKey>)> = Vec::new();
    let mut groups = Vec::new();
    for task in input.tasks {
        match text(task, "type") {
            "group" => groups.push(task),
            "stage" => placed.push((task, BTreeSet::from([None]))),
            _ => placed.push((task, nodes_of(task, &run))),
        }
    }
    let groups = groups.into_iter().map(|group| tolerance(group, &run, &mut placed)).collect::<Result<Vec<_>, _>>()?;

    let mut sent: BTreeMap<usize, Vec<Sent>> = BTreeMap::new();
    let mut keys: Vec<NodeKey> = run.iter().map(|node| Some(node.key.clone())).collect();
    keys.extend([Some("master".to_owned()), None]);
    let order = order::Order::new(&placed, &run);
    for (task, nodes) in &placed {
        for (index, key) in keys.iter().enumerate().filter(|(_, key)| nodes.contains(key)) {
            let node = run.iter().find(|node| Some(&node.key) == key.as_ref());
            let mut copy = one(input, task, key, node, &names)?;
            (copy.requires, copy.required_for) = order.of(task, key);
            sent.entry(index).or_default().push(copy);
        }
    }
    let virtual_node = keys.len() - 1;
    sent.entry(virtual_node).or_default();
    let nodes = sent.into_iter().map(|(index, tasks)| (keys[index].clone(), tasks)).collect();
    Ok(Message { nodes, groups })
}

fn run_node(db: &Db, id: u32) -> Option<RunNode> {
    let node = db.nodes.iter().find(|node| node.id == id)?;
    let tags = roles::tags(db.mode, node);
    let others = db.nodes.iter().filter(|other| other.cluster == node.cluster);
    let metadata: Map<String, Value> = others
        .map(|other| {
            let about = json!({"uid": other.id.to_string(), "name": other.hostname, "node_roles": other.roles});
            (other.hostname.clone(), about)
        })
        .collect();
    let mut data = node_form(node);
    data["uid"] = json!(id.to_string());
    data["roles"] = json!(tags);
    data["cluster"] = json!({"id": node.cluster});
    data["network_metadata"] = json!({"nodes": metadata});
    Some(RunNode { key: id.to_string(), tags, data })
}

/// The names that strings may use in braces. The database's password is among them, as in the field.
fn names(db: &Db, cluster: u32) -> Names {
    let version = db.cluster(cluster).map(|cluster| format!("mitaka-{}", cluster.version)).unwrap_or_default();
    let database = "{'engine': 'postgresql', 'host': '127.0.0.1', 'name': 'nailgun', 'passwd': 'lab', 'port': '5432', 'user': 'nailgun'}";
    Names::from([
        ("CLUSTER_ID", cluster.to_string()),
        ("OPENSTACK_VERSION", version),
        ("MASTER_IP", "127.0.0.1".to_owned()),
        ("CN_HOSTNAME", "127.0.0.1".to_owned()),
        ("SETTINGS.MASTER_IP", "127.0.0.1".to_owned()),
        ("SETTINGS.DATABASE", database.to_owned()),
    ])
}

fn text<'a>(task: &'a GraphTask, key: &str) -> &'a str {
    task.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn nodes_of(task: &GraphTask, run: &[RunNode]) -> BTreeSet<NodeKey> {
    match deciding(task).map_or(Choice::Nobody, choice) {
        Choice::Nobody => BTreeSet::new(),
        Choice::Everybody => run.iter().map(|node| Some(node.key.clone())).collect(),
        Choice::Some(patterns) => {
            let chosen = |node: &&RunNode| patterns.iter().any(|p| node.tags.iter().any(|tag| meant(p, tag)));
            let mut nodes: BTreeSet<NodeKey> = run.iter().filter(chosen).map(|node| Some(node.key.clone())).collect();
            // The master is no node and has no tags: it is meant by its name alone.
            if patterns.contains(&"master") {
                nodes.insert(Some("master".to_owned()));
            }
            nodes
        }
    }
}

/// A group puts its tasks on its nodes and says how many of them may fail. It is not sent itself, and
/// what it requires is lost.
fn tolerance(
    group: &GraphTask,
    run: &[RunNode],
    placed: &mut [(&GraphTask, BTreeSet<NodeKey>)],
) -> Result<ToleranceGroup, String> {
    let nodes = nodes_of(group, run);
    for name in group.get("tasks").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let task = placed.iter_mut().find(|(task, _)| text(task, "id") == name);
        let (_, own) = task.ok_or_else(|| format!("Task {name} cannot be resolved"))?;
        own.extend(nodes.iter().cloned());
    }
    let count = i64::try_from(nodes.len()).unwrap_or(i64::MAX);
    let tolerance = match group.get("fault_tolerance") {
        Some(Value::Number(number)) => number.as_i64().map_or(0, |n| if n < 0 { count + n } else { n }),
        Some(Value::String(text)) => match text.strip_suffix('%').and_then(|n| n.trim().parse::<i64>().ok()) {
            Some(percent) => count * percent / 100,
            None => text.trim().parse().unwrap_or(0),
        },
        _ => count + 1,
    };
    Ok(ToleranceGroup { name: text(group, "id").to_owned(), nodes: nodes.into_iter().flatten().collect(), tolerance })
}

fn one(
    input: &Input<'_>,
    task: &GraphTask,
    key: &NodeKey,
    node: Option<&RunNode>,
    names: &Names,
) -> Result<Sent, String> {
    let id = text(task, "id");
    let nothing = json!({});
    let data = node.map_or(&nothing, |node| &node.data);
    let context = Context {
        task: id,
        node: key.as_deref().unwrap_or("null"),
        succeeded: &input.db.succeeded,
        force: input.force,
    };
    let named = input.only.is_none_or(|only| only.iter().any(|name| name == id));
    let kind = text(task, "type");
    let runs = kind != "stage" && kind != "skipped" && named && condition(task, data, &context)?;
    let mut sent = Sent {
        id: id.to_owned(),
        kind: "skipped".to_owned(),
        parameters: None,
        fail_on_error: false,
        requires: Vec::new(),
        required_for: Vec::new(),
    };
    if runs {
        let mut parameters = match task.get("parameters") {
            Some(given) => filled(given, data, &context, names)?,
            None => json!({}),
        };
        if let Value::Object(map) = &mut parameters {
            map.entry("cwd").or_insert_with(|| json!("/"));
        }
        kind.clone_into(&mut sent.kind);
        sent.parameters = Some(parameters);
        sent.fail_on_error = task.get("fail_on_error").and_then(Value::as_bool).unwrap_or(true);
    }
    Ok(sent)
}

fn condition(task: &GraphTask, data: &Value, context: &Context<'_>) -> Result<bool, String> {
    match task.get("condition") {
        None => Ok(true),
        Some(Value::Bool(truth)) => Ok(*truth),
        // The old form, `settings:a.b.value == true`: an unknown key just counts as false.
        Some(Value::String(text)) => Ok(text.trim() == "true"),
        Some(condition) => match condition["yaql_exp"].as_str() {
            Some(expression) => evaluate(expression, data, context).map(|value| truth(&value)),
            None => Ok(true),
        },
    }
}

/// The parameters with their expressions evaluated and their strings formatted, at any depth.
fn filled(given: &Value, data: &Value, context: &Context<'_>, names: &Names) -> Result<Value, String> {
    match given {
        Value::String(text) => Ok(Value::String(braces::format(text, names))),
        Value::Array(items) => items.iter().map(|item| filled(item, data, context, names)).collect(),
        Value::Object(map) => match map.get("yaql_exp").and_then(Value::as_str) {
            Some(expression) => evaluate(expression, data, context),
            None => {
                let pairs = map.iter().map(|(key, value)| Ok((key.clone(), filled(value, data, context, names)?)));
                pairs.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
        },
        other => Ok(other.clone()),
    }
}

/// The nodes that a `node_filter` chooses.
///
/// # Errors
/// The message of the transaction that fails.
pub(super) fn filter_nodes(filter: &str, nodes: &[Value]) -> Result<Vec<u32>, String> {
    let context = Context { task: "", node: "", succeeded: &BTreeSet::new(), force: false };
    let expression = format!("$.where({filter}).select($.id)");
    let chosen = evaluate(&expression, &Value::Array(nodes.to_vec()), &context)?;
    let ids = chosen.as_array().into_iter().flatten().filter_map(Value::as_u64);
    Ok(ids.filter_map(|id| u32::try_from(id).ok()).collect())
}

impl Message {
    /// The message's `tasks_graph`, as the preview shows it.
    pub(super) fn tasks_graph(&self) -> Value {
        let reference = |(name, node): &(String, NodeKey)| json!({"name": name, "node_id": node});
        let form = |sent: &Sent| {
            let mut form = json!({"id": sent.id, "type": sent.kind, "fail_on_error": sent.fail_on_error});
            if let Some(parameters) = &sent.parameters {
                form["parameters"] = parameters.clone();
            }
            for (key, list) in [("requires", &sent.requires), ("required_for", &sent.required_for)] {
                if !list.is_empty() {
                    form[key] = list.iter().map(reference).collect();
                }
            }
            form
        };
        let nodes = self
            .nodes
            .iter()
            .map(|(key, tasks)| (key.clone().unwrap_or_else(|| "null".to_owned()), tasks.iter().map(form).collect()));
        Value::Object(nodes.collect())
    }

    /// The groups as the preview shows them.
    pub(super) fn tolerance_groups(&self) -> Value {
        let form = |group: &ToleranceGroup| json!({"name": group.name, "node_ids": group.nodes, "fault_tolerance": group.tolerance});
        self.groups.iter().map(form).collect()
    }
}
