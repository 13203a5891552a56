//! The contract's rows about uploading graphs.

use serde_json::{Value, json};

use super::api::{Site, after, graph, shell};
use super::contract::Recorder;

pub(super) fn task(id: &str) -> Value {
    shell(id, &["/.*/"], "true")
}

/// A graph with everything that it may have.
fn rich() -> Value {
    let keep = json!({"node_attributes": {}});
    let mut second = after(task("t2"), &["t1"]);
    second["condition"] = json!({"yaql_exp": "true"});
    second["fail_on_error"] = json!(false);
    second["my_own_field"] = json!(1);
    second["groups"] = json!(["compute"]);
    second["cross-depends"] = json!([{"name": "t1", "role": "self"}]);
    json!({
        "name": "my graph", "node_filter": "true", "on_success": keep, "on_error": keep, "on_stop": keep,
        "tasks": [task("t1"), second],
    })
}

pub(super) fn graphs(recorder: &mut Recorder, site: &Site) {
    let (all, one) = ("/api/v1/clusters/1/deployment_graphs/", "/api/v1/clusters/1/deployment_graphs/crud/");
    recorder.get(site, all);
    recorder.get(site, one);
    recorder.ask(site, "PUT", one, Some(&graph(&[task("t1")])));
    recorder.ask(site, "POST", one, Some(&rich()));
    recorder.ask(site, "POST", one, Some(&graph(&[])));
    recorder.get(site, one);
    let put = recorder.ask(site, "PUT", one, Some(&graph(&[task("x1")])));
    assert_eq!((put.body()["name"].as_str(), put.body()["node_filter"].as_str()), (Some("my graph"), Some("true")));
    recorder.get(site, one);
    recorder.ask(site, "PATCH", one, Some(&json!({"name": "renamed"})));
    recorder.get(site, all);
    recorder.ask(site, "DELETE", one, None);
    recorder.ask(site, "DELETE", one, None);
    // What is odd and accepted.
    let odd = "/api/v1/clusters/1/deployment_graphs/odd/";
    let mut text = task("t");
    text["roles"] = json!("controller");
    let mut condition = task("t");
    condition["condition"] = json!("settings:a.b == true");
    let tasks = [
        None,
        Some(json!({"id": "a", "type": "shell"})),
        Some(text),
        Some(json!({"id": "a", "type": "shell", "role": ["controller"]})),
        Some(condition),
        Some(
            json!({"id": "a", "type": "shell", "version": "2.1.0", "tags": ["controller"], "parameters": {"cmd": "x"}}),
        ),
    ];
    for task in tasks {
        let body = task.map_or_else(|| json!({}), |task| graph(&[task]));
        recorder.ask(site, "POST", odd, Some(&body));
        site.ask("DELETE", odd, None);
    }
    recorder.ask(site, "POST", "/api/v1/clusters/99/deployment_graphs/crud/", Some(&graph(&[])));
    recorder.ask(site, "POST", "/api/v1/clusters/1/deployment_graphs/a.b/", Some(&graph(&[])));
    recorder.ask(site, "POST", all, Some(&graph(&[])));
    recorder.ask(site, "POST", &format!("{all}{}/", "x".repeat(300)), Some(&graph(&[])));
    site.upload("plain", &graph(&[after(task("b"), &["a"])]));
    recorder.ask(
        site,
        "PUT",
        "/api/v1/clusters/1/deployment_graphs/plain/",
        Some(&graph(&[task("a"), after(task("b"), &["a"])])),
    );
}

pub(super) fn refused_graphs(recorder: &mut Recorder, site: &Site) {
    let path = "/api/v1/clusters/1/deployment_graphs/bad/";
    let with = |key: &str, value: Value| {
        let mut task = task("t1");
        task[key] = value;
        graph(&[task])
    };
    let strategy = |strategy: Value| with("parameters", json!({"cmd": "x", "strategy": strategy}));
    let top = |key: &str, value: Value| json!({"tasks": [task("t1")], key: value});
    let bodies = [
        (top("foo", json!(1)), "Additional properties are not allowed (u'foo' was unexpected)"),
        (
            with("type", json!("ansible")),
            "deque(['tasks', 0, 'type']): u'ansible' is not one of ['puppet', 'shell', 'sync', ",
        ),
        (with("type", json!("upload_files")), "deque(['tasks', 0, 'type']): u'upload_files' is not one of "),
        (with("type", json!("noop")), "deque(['tasks', 0, 'type']): u'noop' is not one of "),
        (graph(&[json!({"type": "shell"})]), "deque(['tasks', 0]): 'id' is a required property"),
        (graph(&[json!({"id": "a"})]), "deque(['tasks', 0]): 'type' is a required property"),
        (json!({"tasks": {}}), "deque(['tasks']): {} is not of type 'array'"),
        (json!([task("t1")]), "[{u'"),
        (with("version", json!("2")), r"deque(['tasks', 0, 'version']): u'2' does not match '^\\d+.\\d+.\\d+$'"),
        (
            strategy(json!({"type": "serial"})),
            "deque(['tasks', 0, 'parameters', 'strategy', 'type']): u'serial' is not one of ",
        ),
        (
            strategy(json!({"type": "parallel", "amount": "50%"})),
            "deque(['tasks', 0, 'parameters', 'strategy', 'amount']): u'50%' is not valid under any of the given schemas",
        ),
        (with("requires", json!("a")), "deque(['tasks', 0, 'requires']): u'a' is not of type 'array'"),
        (
            with("cross-depends", json!([{"role": "self"}])),
            "deque(['tasks', 0, 'cross-depends']): [{u'role': u'self'}] is not valid under any of the given schemas",
        ),
        (with("cross-depends", json!([{"name": "a", "policy": "one"}])), "deque(['tasks', 0, 'cross-depends']): "),
        (graph(&[task("t1"), task("t1")]), "Tasks duplication found: t1"),
        (
            top("on_error", json!({"node_attributes": {"status": "bad"}})),
            "deque(['on_error', 'node_attributes', 'status']): u'bad' is not one of ['ready', ",
        ),
        (top("node_filter", Value::Null), "deque(['node_filter']): None is not of type 'string'"),
        (top("name", Value::Null), "deque(['name']): None is not of type 'string'"),
        (with("id", json!(1)), "deque(['tasks', 0, 'id']): 1 is not of type 'string'"),
        (json!({"tasks": null}), "deque(['tasks']): None is not of type 'array'"),
    ];
    for (body, message) in bodies {
        let answer = recorder.ask(site, "POST", path, Some(&body));
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.message().starts_with(message), "{body}: {}", answer.message());
    }
    for (body, message) in [("{nonsense", "Invalid json received"), ("", "Empty request received")] {
        assert_eq!(recorder.send(site, "plain", "POST", path, Some(body), None).message(), message);
    }
    let types = [
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
    for kind in types {
        site.upload("types", &with("type", json!(kind)));
    }
}

pub(super) fn other_graphs(recorder: &mut Recorder, site: &Site) {
    let release = "/api/v1/releases/2/deployment_graphs";
    recorder.get(site, &format!("{release}/default/"));
    let made = recorder.ask(site, "POST", &format!("{release}/relgraph/"), Some(&graph(&[task("r1")])));
    recorder.ask(site, "POST", &format!("{release}/relgraph/"), Some(&graph(&[task("r1")])));
    recorder.get(site, "/api/v1/releases/99/deployment_graphs/relgraph/");
    recorder.get(site, "/api/v1/plugins/99/deployment_graphs/relgraph/");
    for query in [
        "",
        "?graph_types=relgraph",
        "?clusters_ids=1",
        "?clusters_ids=1&fetch_related=1",
        "?clusters_ids=1&graph_types=relgraph",
    ] {
        recorder.get(site, &format!("/api/v1/graphs/{query}"));
    }
    let id = format!("/api/v1/graphs/{}/", made.body()["id"]);
    recorder.get(site, &id);
    recorder.get(site, "/api/v1/graphs/9999/");
    recorder.ask(site, "DELETE", &id, None);
    recorder.get(site, "/api/v1/clusters/1/deployment_tasks/?graph_type=nosuch");
}
