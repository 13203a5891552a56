//! What Nailgun accepts as a graph and as a request to execute one.

use serde_json::{Map, Value};

use super::super::NailgunMode;
use super::python::{choices, repr};

/// The types of tasks that an upload may name.
const TYPES: &[&str] = &[
    "puppet",
    "shell",
    "sync",
    "upload_file",
    "group",
    "stage",
    "skipped",
    "reboot",
    "copy_files",
    "role",
    "master_shell",
    "move_to_bootstrap",
    "erase_node",
];
/// Nailgun before 9.1 lacks the last three; so its source says, and no recording holds it.
const TYPES_9_0: usize = 10;

const NODE_STATUSES: &[&str] =
    &["ready", "discover", "provisioning", "provisioned", "deploying", "error", "removing", "stopped", "deleted"];

/// One place in a document, as the messages name it.
#[derive(Clone)]
struct Place(Vec<String>);

impl Place {
    fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(format!("'{key}'"));
        Self(steps)
    }

    fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(index.to_string());
        Self(steps)
    }

    fn fault(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { format!("deque([{}]): {text}", self.0.join(", ")) }
    }

    fn of_type(&self, value: &Value, wanted: &'static str) -> Result<(), String> {
        let fits = match wanted {
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.fault(&format!("{} is not of type '{wanted}'", repr(value)))) }
    }
}

/// Checks the body of an upload.
///
/// # Errors
/// The message that the server gives.
pub(super) fn graph(body: &Value, mode: NailgunMode) -> Result<(), String> {
    let top = Place(Vec::new());
    top.of_type(body, "object")?;
    let Value::Object(body) = body else { return Ok(()) };
    let allowed: &[&str] = if mode.executes_graphs() {
        &["name", "tasks", "node_filter", "on_success", "on_error", "on_stop"]
    } else {
        &["name", "tasks"]
    };
    let extra: Vec<String> =
        body.keys().filter(|key| !allowed.contains(&key.as_str())).map(|key| format!("u'{key}'")).collect();
    if !extra.is_empty() {
        let verb = if extra.len() == 1 { "was" } else { "were" };
        return Err(format!("Additional properties are not allowed ({} {verb} unexpected)", extra.join(", ")));
    }
    for key in ["name", "node_filter"] {
        if let Some(value) = body.get(key) {
            top.key(key).of_type(value, "string")?;
        }
    }
    for key in ["on_success", "on_error", "on_stop"] {
        if let Some(value) = body.get(key) {
            transition(value, &top.key(key))?;
        }
    }
    let Some(tasks) = body.get("tasks") else { return Ok(()) };
    let place = top.key("tasks");
    place.of_type(tasks, "array")?;
    let tasks = tasks.as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, task) in tasks.iter().enumerate() {
        place.index(index).of_type(task, "object")?;
        if let Value::Object(task) = task {
            one_task(task, &place.index(index), mode)?;
        }
    }
    // Earlier ones do not look for duplicates; their database does.
    if mode >= NailgunMode::V9_2 {
        let mut seen = std::collections::BTreeSet::new();
        let double: Vec<&str> =
            tasks.iter().filter_map(|task| task["id"].as_str()).filter(|id| !seen.insert(*id)).collect();
        if !double.is_empty() {
            return Err(format!("Tasks duplication found: {}", double.join(", ")));
        }
    }
    Ok(())
}

fn transition(value: &Value, place: &Place) -> Result<(), String> {
    place.of_type(value, "object")?;
    let Some(attributes) = value.get("node_attributes") else { return Ok(()) };
    let place = place.key("node_attributes");
    place.of_type(attributes, "object")?;
    match attributes.get("status") {
        Some(status) => one_of(status, NODE_STATUSES, &place.key("status")),
        None => Ok(()),
    }
}

fn one_of(value: &Value, choice: &[&str], place: &Place) -> Result<(), String> {
    if value.as_str().is_some_and(|text| choice.contains(&text)) {
        return Ok(());
    }
    Err(place.fault(&format!("{} is not one of {}", repr(value), choices(choice))))
}

fn one_task(task: &Map<String, Value>, place: &Place, mode: NailgunMode) -> Result<(), String> {
    for key in ["id", "type"] {
        if !task.contains_key(key) {
            return Err(place.fault(&format!("'{key}' is a required property")));
        }
    }
    place.key("id").of_type(&task["id"], "string")?;
    let types = if mode.executes_graphs() { TYPES } else { &TYPES[..TYPES_9_0] };
    one_of(&task["type"], types, &place.key("type"))?;
    if let Some(version) = task.get("version") {
        let place = place.key("version");
        place.of_type(version, "string")?;
        let text = version.as_str().unwrap_or_default();
        let numbers: Vec<&str> = text.split('.').collect();
        if numbers.len() != 3 || numbers.iter().any(|n| n.is_empty() || !n.bytes().all(|b| b.is_ascii_digit())) {
            return Err(place.fault(&format!("{} does not match '^\\\\d+.\\\\d+.\\\\d+$'", repr(version))));
        }
    }
    for key in ["requires", "required_for"] {
        if let Some(value) = task.get(key) {
            expression_or(value, |value| place.key(key).of_type(value, "array"))?;
        }
    }
    for key in ["cross-depends", "cross-depended-by"] {
        if let Some(value) = task.get(key) {
            expression_or(value, |value| crossings(value, &place.key(key)))?;
        }
    }
    if let Some(parameters) = task.get("parameters") {
        let place = place.key("parameters");
        place.of_type(parameters, "object")?;
        if let Some(strategy) = parameters.get("strategy") {
            limits(strategy, &place.key("strategy"))?;
        }
    }
    Ok(())
}

/// Where a value may also be an expression, the expression is not looked at.
fn expression_or(value: &Value, check: impl Fn(&Value) -> Result<(), String>) -> Result<(), String> {
    if value.get("yaql_exp").is_some() { Ok(()) } else { check(value) }
}

fn crossings(value: &Value, place: &Place) -> Result<(), String> {
    let good = |one: &Value| {
        one["name"].is_string()
            && one.get("policy").is_none_or(|policy| matches!(policy.as_str(), Some("any" | "all")))
            && one.get("role").is_none_or(|role| role.is_string() || role.is_array())
    };
    if value.as_array().is_some_and(|list| list.iter().all(good)) {
        return Ok(());
    }
    Err(place.fault(&format!("{} is not valid under any of the given schemas", repr(value))))
}

fn limits(strategy: &Value, place: &Place) -> Result<(), String> {
    place.of_type(strategy, "object")?;
    if let Some(kind) = strategy.get("type") {
        one_of(kind, &["parallel", "one_by_one"], &place.key("type"))?;
    }
    match strategy.get("amount") {
        Some(amount) if !amount.is_i64() && amount.get("yaql_exp").is_none() => {
            let place = place.key("amount");
            Err(place.fault(&format!("{} is not valid under any of the given schemas", repr(amount))))
        }
        _ => Ok(()),
    }
}

/// Checks the body of `graphs/execute`. The real messages carry the schema in several more lines; only the
/// first says anything, and a few of the rest are kept so that a client has something to cut off.
///
/// # Errors
/// The message that the server gives.
pub(super) fn execution(body: &Value) -> Result<(), String> {
    let fault = |first: String, rule: &str, at: &str, instance: &Value| {
        Err(format!(
            "{first}\n\nFailed validating '{rule}' in schema{at}:\n    {{'$schema': 'http://json-schema.org/draft-04/schema#',\n     'type': 'object'}}\n\nOn instance{at}:\n    {}",
            repr(instance)
        ))
    };
    let wrong = |value: &Value, wanted: &str| format!("{} is not of type '{wanted}'", repr(value));
    let Value::Object(map) = body else { return fault(wrong(body, "object"), "type", "", body) };
    for key in ["graphs", "cluster"] {
        if !map.contains_key(key) {
            return fault(format!("'{key}' is a required property"), "required", "", body);
        }
    }
    let allowed = ["cluster", "graphs", "dry_run", "noop_run", "force", "debug", "subgraphs"];
    if let Some(extra) = map.keys().find(|key| !allowed.contains(&key.as_str())) {
        let first = format!("Additional properties are not allowed (u'{extra}' was unexpected)");
        return fault(first, "additionalProperties", "", body);
    }
    if !map["cluster"].is_i64() {
        return fault(wrong(&map["cluster"], "integer"), "type", "['properties']['cluster']", &map["cluster"]);
    }
    for key in ["dry_run", "noop_run", "force", "debug"] {
        if let Some(value) = map.get(key).filter(|value| !value.is_boolean()) {
            return fault(wrong(value, "boolean"), "type", &format!("['properties']['{key}']"), value);
        }
    }
    let Value::Array(graphs) = &map["graphs"] else {
        return fault(wrong(&map["graphs"], "array"), "type", "['properties']['graphs']", &map["graphs"]);
    };
    if graphs.is_empty() {
        return fault("[] is too short".into(), "minItems", "['properties']['graphs']", &map["graphs"]);
    }
    for graph in graphs {
        let at = "['properties']['graphs']['items']";
        let Value::Object(map) = graph else { return fault(wrong(graph, "object"), "type", at, graph) };
        if !map.contains_key("type") {
            return fault("'type' is a required property".into(), "required", at, graph);
        }
    }
    Ok(())
}
