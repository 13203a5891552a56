//! The contract's rows about logging in, reading and running.

use fuel_lab::{NailgunMode, TaskFault};
use serde_json::{Value, json};

use super::api::{PATIENCE, Site, after, graph, shell};
use super::contract::Recorder;
use super::uploads::task;

pub(super) fn tokens(recorder: &mut Recorder, site: &mut Site) {
    for path in ["/api/v1/clusters/", "/api/v1/version/", "/api/version"] {
        recorder.stranger(site, "plain", path);
    }
    for path in ["/keystone/v2.0/", "/keystone/v3/"] {
        recorder.get(site, path);
    }
    let v2 = |auth: Value| json!({"auth": auth});
    let password =
        |word: &str| v2(json!({"tenantName": "admin", "passwordCredentials": {"username": "admin", "password": word}}));
    let tokens = "/keystone/v2.0/tokens";
    recorder.ask(site, "POST", tokens, Some(&password("no")));
    recorder.ask(site, "POST", tokens, Some(&v2(json!({}))));
    let token = recorder.ask(site, "POST", tokens, Some(&password("admin"))).body()["access"]["token"]["id"].clone();
    recorder.ask(site, "POST", tokens, Some(&v2(json!({"tenantName": "admin", "token": {"id": token}}))));
    let v3 = |word: &str| {
        let user = json!({"name": "admin", "password": word, "domain": {"id": "default"}});
        v2(json!({"identity": {"methods": ["password"], "password": {"user": user}}}))
    };
    recorder.ask(site, "POST", "/keystone/v3/auth/tokens", Some(&v3("no")));
    let answer = recorder.ask(site, "POST", "/keystone/v3/auth/tokens", Some(&v3("admin")));
    let token = answer.headers.iter().find(|(name, _)| name == "x-subject-token").map(|(_, value)| value.clone());
    site.token = token;
    recorder.get(site, "/api/v1/version/");
    recorder.get(site, "/api/version");
}

pub(super) fn middleware(recorder: &mut Recorder, site: &mut Site) {
    recorder.stranger(site, "keystone", "/api/v1/clusters/");
    site.lab.nailgun().set_keystone_down(true);
    recorder.send(site, "keystone", "GET", "/api/v1/clusters/", None, None);
}

pub(super) fn reading(recorder: &mut Recorder, site: &Site) {
    for path in [
        "/api/v1/clusters/",
        "/api/v1/clusters",
        "/api/v1/clusters/1/",
        "/api/v1/clusters/99/",
        "/api/v1/clusters/1/attributes/",
        "/api/v1/nodes/?cluster_id=1",
        "/api/v1/nodes/99/",
        "/api/v1/nosuch/",
    ] {
        recorder.get(site, path);
    }
    recorder.ask(site, "DELETE", "/api/v1/graphs/", None);
}

const EXECUTE: &str = "/api/v1/graphs/execute/";

fn order(graph: &Value) -> Value {
    json!({"cluster": 1, "graphs": [graph]})
}

pub(super) fn orders(recorder: &mut Recorder, site: &Site) {
    let refused = [
        (json!({"cluster": 1}), 400, "'graphs' is a required property"),
        (json!({"cluster": 1, "graphs": []}), 400, "[] is too short"),
        (json!({"graphs": [{"type": "ex"}]}), 400, "'cluster' is a required property"),
        (json!({"cluster": "1", "graphs": [{"type": "ex"}]}), 400, "u'1' is not of type 'integer'"),
        (json!({"cluster": 99, "graphs": [{"type": "ex"}]}), 404, "Cluster not found"),
        (json!({"cluster": 1, "graphs": [{"nodes": [1]}]}), 400, "'type' is a required property"),
        (json!({"cluster": 1, "graphs": ["ex"]}), 400, "u'ex' is not of type 'object'"),
        (
            json!({"cluster": 1, "graphs": [{"type": "ex"}], "foo": 1}),
            400,
            "Additional properties are not allowed (u'foo' was unexpected)",
        ),
        (json!({"cluster": 1, "graphs": [{"type": "ex"}], "dry_run": "yes"}), 400, "u'yes' is not of type 'boolean'"),
        (order(&json!({"type": "ex", "nodes": ["99"]})), 400, "Nodes 99 do not belong to the same cluster 1"),
    ];
    for (body, status, first_line) in refused {
        let answer = recorder.ask(site, "POST", EXECUTE, Some(&body));
        assert_eq!((answer.status, answer.message().lines().next()), (status, Some(first_line)), "{body}");
    }
    assert_eq!(recorder.send(site, "plain", "POST", EXECUTE, Some("{x"), None).message(), "Invalid json received");
    recorder.get(site, EXECUTE);
    site.upload("ex", &graph(&[task("a")]));
    for graph in [
        json!({"type": "ex", "nodes": ["1"]}),
        json!({"type": "ex", "nodes": [6]}),
        json!({"type": "ex", "nodes": []}),
        json!({"type": "ex", "nodes": null}),
        json!({"type": "nosuch"}),
        json!({"type": "ex", "tasks": ["zzz"]}),
    ] {
        recorder.ask(site, "POST", EXECUTE, Some(&order(&graph)));
        assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    }
    let all = recorder.get(site, "/api/v1/transactions/");
    assert_eq!(all.body().as_array().map(Vec::len), Some(12));
}

const HOLD: &str = "while [ ! -e $FUEL_MU_ROOT/tmp/go ]; do sleep 0.01; done";

fn held() -> Value {
    graph(&[
        task("prep"),
        after(shell("work", &["compute", "controller"], HOLD), &["prep"]),
        after(task("fin"), &["work"]),
    ])
}

/// Lets the tasks that wait go on, on all nodes.
fn release(site: &Site) {
    for node in site.lab.nodes() {
        node.write("/tmp/go", b"").unwrap();
    }
}

pub(super) fn good_run(recorder: &mut Recorder, site: &Site) {
    let nailgun = site.lab.nailgun();
    site.upload("plain", &held());
    // Until the run is serialized its task is pending and has no history.
    nailgun.hold_pending(true);
    let begun = recorder.ask(site, "POST", EXECUTE, Some(&order(&json!({"type": "plain"})))).body();
    let (parent, child) = (begun["id"].as_u64().unwrap(), begun["id"].as_u64().unwrap() + 1);
    let (tasks, transactions) = ("/api/v1/tasks", "/api/v1/transactions");
    recorder.get(site, &format!("{transactions}/{child}/"));
    recorder.get(site, &format!("{transactions}/{child}/deployment_history/"));
    nailgun.hold_pending(false);
    for node in [2, 3, 4] {
        assert!(nailgun.wait_for("work", node, "running", PATIENCE));
    }
    recorder.get(site, &format!("{tasks}/{parent}/"));
    recorder.get(site, &format!("{tasks}/{child}/"));
    recorder.get(site, &format!("{tasks}/?cluster_id=1"));
    recorder.get(site, &format!("{transactions}/{parent}/"));
    recorder.ask(site, "POST", EXECUTE, Some(&order(&json!({"type": "plain"}))));
    recorder.ask(site, "PUT", "/api/v1/clusters/1/deploy/?graph_type=plain", Some(&json!({})));
    recorder.ask(site, "PUT", "/api/v1/clusters/1/deployment_graphs/plain/", Some(&held()));
    recorder.get(site, &format!("{transactions}/{child}/deployment_history/"));
    recorder.get(site, "/api/v1/clusters/1/");
    recorder.ask(site, "DELETE", &format!("{tasks}/{parent}/"), None);
    recorder.ask(site, "DELETE", &format!("{transactions}/{parent}/"), None);
    release(site);
    assert!(nailgun.wait_until_idle(PATIENCE));
    recorder.get(site, &format!("{transactions}/{parent}/"));
    recorder.get(site, &format!("{transactions}/{child}/"));
    recorder.get(site, &format!("{tasks}/?cluster_id=1"));
    recorder.get(site, &format!("{transactions}/{parent}/deployment_history/"));
    recorder.get(site, &format!("{transactions}/{parent}/deployment_info"));
    recorder.get(site, &format!("{transactions}/{child}/deployment_info"));
    let history = format!("{transactions}/{child}/deployment_history/");
    for query in [
        "?nodes=1,3",
        "?nodes=abc",
        "?nodes=77",
        "?nodes=",
        "?statuses=ready",
        "?tasks_names=work",
        "?tasks_names=nosuch",
        "?statuses=bogus",
        "?include_summary=1",
        "?include_summary=1&tasks_names=work&nodes=1",
        "?nodes=1&statuses=ready,error&tasks_names=prep",
    ] {
        recorder.get(site, &format!("{history}{query}"));
    }
    let csv = recorder.send(site, "csv", "GET", &history, None, Some("text/csv"));
    assert!(csv.text.starts_with("task_name,node_id,status,type,time_start,time_end\r\n"), "{}", csv.text);
    recorder.get(site, &format!("{transactions}/9999/deployment_history/"));
    recorder.get(site, &format!("{transactions}/9999/"));
    for query in [
        "?cluster_id=1",
        "?cluster_id=99",
        "?cluster_id=1&statuses=ready",
        "?statuses=ready,error&transaction_types=deployment",
        "?statuses=foo",
        "?transaction_types=foo",
    ] {
        recorder.get(site, &format!("{transactions}/{query}"));
    }
    recorder.ask(site, "PUT", &format!("{transactions}/{parent}/"), Some(&json!({"status": "error"})));
}

/// Records that only odd graphs have.
pub(super) fn histories(recorder: &mut Recorder, site: &Site) {
    if recorder.mode != NailgunMode::V9_2 {
        return;
    }
    let mut ignored = task("ignored");
    ignored["fail_on_error"] = json!(false);
    let group = json!({"id": "g", "type": "group", "version": "2.1.0", "roles": ["/.*/"], "fault_tolerance": "100%"});
    let mut conditional = task("c");
    conditional["condition"] = json!({"yaql_exp": "nosuchfunc($)"});
    for graph in [graph(&[ignored, group]), graph(&[conditional])] {
        site.upload("odd", &graph);
        let (_, children) = site.execute(&order(&json!({"type": "odd"})));
        assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
        recorder.get(site, &format!("/api/v1/transactions/{}/deployment_history/", children[0]));
    }
}

pub(super) fn bad_run(recorder: &mut Recorder, site: &Site) {
    site.upload("plain", &graph(&[task("prep"), after(shell("work", &["compute"], "exit 1"), &["prep"])]));
    let (parent, children) = site.execute(&order(&json!({"type": "plain"})));
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    recorder.get(site, &format!("/api/v1/transactions/{parent}/"));
    recorder.get(site, &format!("/api/v1/transactions/{}/", children[0]));
    recorder.get(site, "/api/v1/notifications/");
    recorder.get(site, "/api/v1/clusters/1/");
}

const STOP: &str = "/api/v1/clusters/1/stop_deployment/";

pub(super) fn stops(recorder: &mut Recorder, site: &Site) {
    let nothing = json!({});
    let nailgun = site.lab.nailgun();
    site.upload("plain", &held());
    let (parent, _) = site.execute(&order(&json!({"type": "plain"})));
    assert!(nailgun.wait_for("work", 3, "running", PATIENCE));
    recorder.ask(site, "PUT", STOP, Some(&nothing));
    recorder.ask(site, "PUT", STOP, Some(&nothing));
    recorder.get(site, "/api/v1/tasks/?cluster_id=1");
    recorder.get(site, "/api/v1/transactions/?cluster_id=1");
    release(site);
    assert!(nailgun.wait_until_idle(PATIENCE));
    recorder.get(site, "/api/v1/tasks/?cluster_id=1");
    recorder.get(site, "/api/v1/transactions/?cluster_id=1");
    recorder.get(site, &format!("/api/v1/tasks/{parent}/"));
    recorder.ask(site, "PUT", "/api/v1/clusters/99/stop_deployment/", Some(&nothing));
    let idle = recorder.ask(site, "PUT", STOP, Some(&nothing)).body();
    recorder.get(site, "/api/v1/tasks/?cluster_id=1");
    let path = format!("/api/v1/tasks/{}/", idle["id"]);
    recorder.ask(site, "DELETE", &path, None);
    recorder.ask(site, "DELETE", &format!("{path}?force=1"), None);
    // Astute is gone: the run stays.
    nailgun.set_task_fault("prep", None, TaskFault::Hang);
    let (parent, children) = site.execute(&order(&json!({"type": "plain"})));
    assert!(nailgun.wait_for("prep", 3, "running", PATIENCE));
    nailgun.lose_astute();
    recorder.get(site, &format!("/api/v1/transactions/{parent}/"));
    recorder.ask(site, "DELETE", &format!("/api/v1/tasks/{parent}/?force=1"), None);
    recorder.get(site, &format!("/api/v1/transactions/{}/", children[0]));
}

pub(super) fn old_ways(recorder: &mut Recorder, site: &Site) {
    let nothing = json!({});
    site.upload("plain", &graph(&[task("prep")]));
    let put = |recorder: &mut Recorder, path: &str| {
        let answer = recorder.ask(site, "PUT", &format!("/api/v1/clusters/1/{path}"), Some(&nothing));
        assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
        answer
    };
    put(recorder, "deploy/?graph_type=plain");
    put(recorder, "deploy/?graph_type=plain&nodes=1,3");
    put(recorder, "deploy/?graph_type=nosuch");
    put(recorder, "deploy/?graph_type=plain&nodes=99");
    put(recorder, "deploy/?graph_type=plain&dry_run=1");
    let changes = put(recorder, "changes/?graph_type=plain");
    let end = site.get(&format!("/api/v1/transactions/{}/", changes.body()["id"]));
    assert!(
        end["message"]
            .as_str()
            .is_some_and(|text| text.ends_with("are offline. Remove them from environment and try again.")),
        "{end}"
    );
}

pub(super) fn previews(recorder: &mut Recorder, site: &Site) {
    site.upload("g", &graph(&[task("b0"), task("b1")]));
    for query in [
        "?graph_type=g&nodes=1",
        "?graph_type=g",
        "?graph_type=g&tasks=b1",
        "?graph_type=nosuch",
        "?graph_type=g&nodes=99",
    ] {
        recorder.get(site, &format!("/api/v1/clusters/1/serialized_tasks/{query}"));
    }
}
