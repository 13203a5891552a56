//! Every rule by a graph that breaks it alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;

/// A small graph without a breach.
const GOOD: &str = "
- {id: mu_start, type: stage, version: 2.1.0}
- {id: mu_checked, type: stage, version: 2.1.0, requires: [mu_start]}
- {id: mu_verified, type: stage, version: 2.1.0, requires: [mu_checked]}
- {id: mu_end, type: stage, version: 2.1.0, requires: [mu_verified]}
- {id: up, type: upload_file, version: 2.1.0, roles: ['/.*/'], requires: [mu_start], required_for: [mu_checked],
   parameters: {path: /x, data: '@scripts/x.sh'}}
- {id: work, type: shell, version: 2.1.0, roles: [controller, primary-controller], requires: [mu_checked],
   required_for: [mu_verified], parameters: {cmd: sh x update, timeout: 60, retries: 0, strategy: {type: one_by_one}}}
- {id: mu_commit, type: shell, version: 2.1.0, roles: ['*'], requires: [mu_verified], required_for: [mu_end],
   parameters: {cmd: sh x commit, timeout: 60, retries: 0, strategy: {type: parallel, amount: 5}}}
";
const METADATA: &str =
    "{name: x, on_success: {node_attributes: {}}, on_error: {node_attributes: {}}, on_stop: {node_attributes: {}}}";

/// A graph as its files have it: what a test breaks.
struct Draft {
    tasks: Vec<Map<String, Value>>,
    metadata: Map<String, Value>,
    files: BTreeMap<String, String>,
}

fn good() -> Draft {
    let map = |text| serde_saphyr::from_str(text).unwrap();
    let files = BTreeMap::from([("scripts/x.sh".to_owned(), "exit 0\n".to_owned())]);
    Draft { tasks: serde_saphyr::from_str(GOOD).unwrap(), metadata: map(METADATA), files }
}

impl Draft {
    fn graph(self) -> Graph {
        let tasks = serde_json::to_string(&self.tasks).unwrap();
        let metadata = serde_json::to_string(&self.metadata).unwrap();
        Graph::parse(&tasks, &metadata, self.files).unwrap()
    }
}

/// The rules that the graph breaks after `change`.
fn broken(change: impl FnOnce(&mut Draft)) -> Vec<&'static str> {
    let mut graph = good();
    change(&mut graph);
    let mut rules: Vec<&str> = graph.graph().lint().iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

fn task<'a>(graph: &'a mut Draft, id: &str) -> &'a mut Map<String, Value> {
    graph.tasks.iter_mut().find(|task| task["id"] == id).unwrap()
}

/// The rules broken when a key of the task `work` gets another value; `parameters.x` is reached by a dot.
fn with(key: &str, value: Value) -> Vec<&'static str> {
    broken(|graph| {
        let work = task(graph, "work");
        match key.split_once('.') {
            Some((outer, inner)) => work[outer][inner] = value,
            None => {
                work.insert(key.to_owned(), value);
            }
        }
    })
}

fn without(key: &str) -> Vec<&'static str> {
    broken(|graph| {
        let work = task(graph, "work");
        match key.split_once('.') {
            Some((outer, inner)) => work[outer].as_object_mut().unwrap().remove(inner),
            None => work.remove(key),
        };
    })
}

#[test]
fn a_good_graph_has_no_findings() {
    assert_eq!(good().graph().lint(), []);
    assert_eq!(good().graph().precheck_tasks(), ["up"]);
}

#[test]
fn ids_and_names() {
    assert_eq!(broken(|graph| graph.tasks.clear()), ["landmarks"]);
    assert_eq!(
        broken(|graph| {
            let twice = task(graph, "up").clone();
            graph.tasks.push(twice);
        }),
        ["unique-ids"]
    );
    assert!(without("id").contains(&"unique-ids"));
    assert_eq!(with("requires", json!(["mu_checked", "nobody"])), ["known-names"]);
    assert_eq!(with("requires", json!(["mu_checked", "/mu_.*/"])), ["known-names"]);
    assert!(with("requires", json!("mu_checked")).contains(&"known-names"));
}

#[test]
fn loops() {
    let found = broken(|graph| {
        let mut other = task(graph, "work").clone();
        other["id"] = json!("other");
        other["requires"] = json!(["mu_checked", "work"]);
        other["roles"] = json!(["compute"]);
        graph.tasks.push(other);
        task(graph, "work")["requires"] = json!(["mu_checked", "other"]);
    });
    assert_eq!(found, ["no-cycle"]);
    let mut graph = good();
    task(&mut graph, "work")["requires"] = json!(["mu_checked", "work"]);
    let finding = graph.graph().lint().into_iter().find(|finding| finding.rule == "no-cycle").unwrap();
    assert_eq!(finding.to_string(), "tasks wait for each other: work → work [no-cycle]");
}

#[test]
fn stages_and_wires() {
    assert_eq!(broken(|graph| drop(task(graph, "mu_verified").remove("requires"))), ["stage-chain"]);
    assert_eq!(
        broken(|graph| {
            task(graph, "mu_verified").insert("requires".into(), json!(["mu_checked", "work"]));
        }),
        ["stage-chain"]
    );
    assert_eq!(
        broken(|graph| {
            task(graph, "mu_checked").insert("required_for".into(), json!(["mu_verified"]));
        }),
        ["stage-chain"]
    );
    assert_eq!(with("requires", json!(["up"])), ["phase-wires"]);
    assert_eq!(with("requires", json!(["mu_start", "mu_checked"])), ["phase-wires"]);
    assert_eq!(with("required_for", json!([])), ["phase-wires"]);
    assert_eq!(with("required_for", json!(["mu_end"])), ["phase-wires", "one-update-per-phase"]);
    assert_eq!(
        broken(|graph| {
            task(graph, "work").insert("requires".into(), json!(["mu_end"]));
            task(graph, "work").insert("required_for".into(), json!([]));
        }),
        ["phase-wires"]
    );
}

#[test]
fn landmarks() {
    assert_eq!(broken(|graph| graph.tasks.retain(|task| task["id"] != "mu_commit")), ["landmarks"]);
    let renamed = |from: &str, to: &str| {
        let tasks = GOOD.replace(from, to);
        let files = BTreeMap::from([("scripts/x.sh".to_owned(), "exit 0\n".to_owned())]);
        Graph::parse(&tasks, METADATA, files).unwrap().lint().iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    assert_eq!(renamed("mu_verified", "mu_proved"), ["landmarks"]);
    assert_eq!(renamed("mu_checked", "mu_looked_at"), ["landmarks"]);
}

#[test]
fn one_task_per_role_and_phase() {
    let found = broken(|graph| {
        let mut second = task(graph, "work").clone();
        second["id"] = json!("second");
        second["roles"] = json!(["/.*/"]);
        graph.tasks.push(second);
    });
    assert_eq!(found, ["one-update-per-phase"]);
}

#[test]
fn roles() {
    for bad in [
        json!("compute"),
        json!([]),
        json!([1]),
        json!(["computes"]),
        json!(["/x/", "*"]),
        json!(["/controller/"]),
        json!(["/^controller$/"]),
        json!(["/a|b/"]),
    ] {
        assert_eq!(with("roles", bad.clone()), ["roles"], "{bad}");
    }
    assert_eq!(without("roles"), ["roles"]);
    for key in ["role", "groups", "tags"] {
        assert_eq!(with(key, json!(["compute"])), ["roles"], "{key}");
    }
    assert_eq!(with("roles", json!(["/^(primary-)?controller$/"])), [] as [&str; 0]);
}

#[test]
fn keys_that_lose_the_order_or_hide_failures() {
    assert_eq!(with("condition", json!({"yaql_exp": "true"})), ["no-condition"]);
    assert_eq!(with("fail_on_error", json!(false)), ["no-hidden-failure"]);
    assert_eq!(with("fault_tolerance", json!("100%")), ["no-hidden-failure"]);
    assert_eq!(with("cross-depends", json!([{"name": "up"}])), ["no-cross-depends"]);
    assert_eq!(with("colour", json!("red")), ["unknown-key"]);
    for key in ["strategy", "timeout", "retries", "cmd"] {
        assert_eq!(with(key, json!(1)), ["parameters-place"], "{key}");
    }
    assert!(with("type", json!("group")).contains(&"no-group"));
    assert!(with("type", json!("reboot")).contains(&"task-type"));
    assert_eq!(with("version", json!("2.0.0")), ["version"]);
    assert_eq!(with("version", json!(2.1)), ["version"]);
}

#[test]
fn parameters() {
    assert_eq!(without("parameters.strategy"), ["strategy"]);
    for bad in
        [json!({"type": "parallel"}), json!({"type": "parallel", "amount": 0}), json!({"type": "all"}), json!("x")]
    {
        assert_eq!(with("parameters.strategy", bad.clone()), ["strategy"], "{bad}");
    }
    assert_eq!(with("parameters.strategy", json!({"type": "parallel", "amount": "@batch"})), [] as [&str; 0]);
    assert_eq!(without("parameters.cmd"), ["command"]);
    assert_eq!(with("parameters.cmd", json!({"yaql_exp": "$.uid"})), ["command"]);
    assert_eq!(with("parameters.cmd", json!("a\nb")), ["command"]);
    assert_eq!(without("parameters.timeout"), ["timeout"]);
    assert_eq!(without("parameters.retries"), ["retries"]);
    assert_eq!(with("parameters.retries", json!(2)), ["retries"]);
    assert_eq!(with("parameters.cmd", json!("echo ${HOME}")), ["braces"]);
}

#[test]
fn uploads() {
    let upload = |key: &str, value: Value| {
        broken(|graph| {
            task(graph, "up")["parameters"][key] = value;
        })
    };
    assert_eq!(upload("path", json!("x")), ["upload"]);
    assert_eq!(upload("data", json!("")), ["upload"]);
    assert_eq!(upload("data", json!("@scripts/y.sh")), ["upload"]);
    assert_eq!(upload("data", json!("x".repeat(MAX_BUNDLE + 1))), ["bundle-size"]);
    assert_eq!(
        broken(|graph| {
            graph.files.insert("scripts/x.sh".into(), "x".repeat(MAX_BUNDLE * 3 / 4 + 3));
        }),
        ["bundle-size"]
    );
}

#[test]
fn metadata() {
    assert_eq!(broken(|graph| drop(graph.metadata.remove("on_stop"))), ["keep-status"]);
    assert_eq!(
        broken(|graph| {
            graph.metadata.insert("on_error".into(), json!({}));
        }),
        ["keep-status"]
    );
    assert_eq!(
        broken(|graph| {
            graph.metadata.insert("colour".into(), json!(1));
        }),
        ["metadata"]
    );
    assert_eq!(broken(|graph| drop(graph.metadata.remove("name"))), ["metadata"]);
}
