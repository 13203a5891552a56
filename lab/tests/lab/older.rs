//! The contract's rows of 9.0, 9.0.1 and 9.1: the calls of a recorded session, in its order.

use fuel_lab::{NailgunMode, NodeSpec, Scenario, TaskFault};
use serde_json::{Value, json};

use super::api::{Answer, PATIENCE, Site, after, graph, shell, stage};
use super::contract::Recorder;

const GRAPH: &str = "/api/v1/clusters/1/deployment_graphs/rec/";
const TASKS: &str = "/api/v1/tasks/?cluster_id=1";
const STOP: &str = "/api/v1/clusters/1/stop_deployment/";

/// The environment of the recordings: three controllers, three computes, one with cinder besides, and a plain node.
pub(super) fn environment(mode: NailgunMode) -> Scenario {
    let node = |id: u32| match id {
        1..=3 => NodeSpec::new(id, &["controller"]),
        4..=6 => NodeSpec::new(id, &["compute"]),
        7 => NodeSpec::new(id, &["cinder", "compute"]),
        _ => NodeSpec::new(id, &["base-os"]),
    };
    (1..=8).fold(Scenario::new().nailgun(mode), |scenario, id| scenario.node(node(id)))
}

/// The graph of the recordings; `work` waits until a file of this name is there.
fn rec(file: &str) -> Value {
    let hold = format!("while [ ! -e $FUEL_MU_ROOT/tmp/{file} ]; do sleep 0.01; done");
    let wired = |mut task: Value, requires: &[&str]| {
        task["required_for"] = json!(["end"]);
        after(task, requires)
    };
    let one_by_one = |mut task: Value| {
        task["parameters"]["strategy"] = json!({"type": "one_by_one"});
        task
    };
    let mut work = wired(shell("work", &["/.*/"], ""), &["begin"]);
    let switch = format!("switch($.roles.any($ in ['compute']) => '{hold}', true => '{hold} ')");
    work["parameters"]["cmd"] = json!({ "yaql_exp": switch });
    let mut graph = graph(&[
        json!({"id": "begin", "type": "stage", "version": "2.1.0"}),
        stage("end", &["begin"]),
        one_by_one(wired(shell("first", &["primary-controller"], "true"), &["begin"])),
        work,
        one_by_one(wired(shell("ctrl", &["controller"], "true"), &["begin", "first"])),
    ]);
    graph["name"] = json!("rec");
    graph
}

/// Starts the graph, or tasks of it, as this version does.
fn start(recorder: &mut Recorder, site: &Site, nodes: &[u32], tasks: Option<&[&str]>) -> Answer {
    if recorder.mode.executes_graphs() {
        let mut graph = json!({"type": "rec", "nodes": nodes});
        if let Some(tasks) = tasks {
            graph["tasks"] = json!(tasks);
        }
        return recorder.ask(site, "POST", "/api/v1/graphs/execute/", Some(&json!({"cluster": 1, "graphs": [graph]})));
    }
    let nodes = nodes.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let (what, body) = tasks.map_or(("deploy", json!({})), |tasks| ("deploy_tasks", json!(tasks)));
    recorder.ask(site, "PUT", &format!("/api/v1/clusters/1/{what}/?graph_type=rec&nodes={nodes}"), Some(&body))
}

/// What is asked of a run that is over. Returns its history.
fn finals(recorder: &mut Recorder, site: &Site, started: &Answer) -> Value {
    let run = started.body()["id"].as_u64().unwrap();
    let child = if recorder.mode.executes_graphs() { run + 1 } else { run };
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    recorder.get(site, &format!("/api/v1/tasks/{run}/"));
    recorder.get(site, &format!("/api/v1/transactions/{run}/"));
    recorder.get(site, &format!("/api/v1/transactions/{child}/"));
    let history = recorder.get(site, &format!("/api/v1/transactions/{child}/deployment_history/")).body();
    recorder.get(site, "/api/v1/clusters/1/");
    recorder.get(site, "/api/v1/nodes/?cluster_id=1");
    history
}

fn release(site: &Site, file: &str) {
    for node in site.lab.nodes() {
        node.write(&format!("/tmp/{file}"), b"").unwrap();
    }
}

/// Everything before the first run.
fn before(recorder: &mut Recorder, site: &mut Site) {
    recorder.stranger(site, "plain", "/api/v1/version/");
    recorder.get(site, "/api/v1/version/");
    recorder.stranger(site, "plain", "/api/v1/clusters/1/");
    for path in ["/api/v1/clusters/99/", "/api/v1/clusters/1/", "/api/v1/graphs/execute/", GRAPH] {
        recorder.get(site, path);
    }
    recorder.ask(site, "DELETE", GRAPH, None);
    let mut keys = rec("go");
    keys["on_success"] = json!({"node_attributes": {}});
    keys["node_filter"] = json!("true");
    recorder.ask(site, "POST", GRAPH, Some(&keys));
    site.ask("DELETE", GRAPH, None);
    let mut double = rec("go");
    double["tasks"].as_array_mut().unwrap().push(shell("ctrl", &["compute"], "true"));
    let refused = recorder.ask(site, "POST", GRAPH, Some(&double));
    assert!(refused.text.contains("IntegrityError") && refused.text.contains("ctrl"), "{}", refused.text);
    recorder.ask(site, "POST", GRAPH, Some(&rec("go")));
    recorder.ask(site, "POST", GRAPH, Some(&rec("go")));
    recorder.get(site, "/api/v1/graphs/?graph_types=rec");
    let nothing = recorder.get(site, "/api/v1/graphs/?graph_types=nosuch").body();
    assert!(nothing.as_array().is_some_and(|graphs| graphs.len() > 3), "all of them: {nothing}");
    recorder.get(site, "/api/v1/clusters/1/deployment_tasks/?graph_type=rec");
    let preview = "/api/v1/clusters/1/serialized_tasks/";
    let whole = recorder.get(site, &format!("{preview}?graph_type=rec&nodes=1,2,4")).body();
    let (work, directory) = (&whole["tasks_graph"]["4"][0], &whole["tasks_directory"]["work"]);
    if recorder.mode == NailgunMode::V9_0 {
        assert!(work.get("parameters").is_none() && directory["parameters"]["cmd"]["yaql_exp"].is_string());
    } else {
        assert!(work["parameters"]["cmd"].is_string() && directory.is_null());
    }
    recorder.get(site, &format!("{preview}?graph_type=rec&nodes=1,2,4&tasks=work"));
    let unknown = recorder.get(site, &format!("{preview}?graph_type=nosuch&nodes=1")).body();
    assert_eq!(unknown["tasks_graph"], json!({"null": []}));
}

/// The whole session.
pub(super) fn session(recorder: &mut Recorder, site: &mut Site) {
    let mode = recorder.mode;
    before(recorder, site);
    let nailgun = site.lab.nailgun();

    // A good run, and a second one beside it.
    let first = start(recorder, site, &[1, 2, 4], None);
    assert!(nailgun.wait_for("work", 2, "running", PATIENCE));
    let again = start(recorder, site, &[1], None);
    let told = match mode {
        NailgunMode::V9_0 => (202, String::new()),
        NailgunMode::V9_0_1 => (400, "deployment task is already running".to_owned()),
        _ => (409, "Deployment already started".to_owned()),
    };
    assert_eq!((again.status, again.body()["message"].as_str().unwrap_or_default().to_owned()), told);
    recorder.get(site, TASKS);
    recorder.get(site, "/api/v1/nodes/?cluster_id=1");
    release(site, "go");
    finals(recorder, site, &first);
    let message = site.get(&format!("/api/v1/transactions/{}/", first.body()["id"]))["message"].clone();
    let done = if mode.executes_graphs() { Value::Null } else { json!("Deployment is done. No changes.") };
    assert_eq!((message, site.cluster_status()), (done, "operational".into()));

    // Some tasks of it.
    let part = start(recorder, site, &[1, 2, 4], Some(&["work"]));
    if mode == NailgunMode::V9_0 {
        assert_eq!(part.message(), "Tasks work are not present in deployment graph");
    } else {
        finals(recorder, site, &part);
    }

    // A controller fails: since 9.1 the next one is not begun.
    nailgun.set_task_fault("ctrl", None, TaskFault::Fail);
    let failed = start(recorder, site, &[1, 2, 3, 4], None);
    let history = finals(recorder, site, &failed);
    let key = if mode == NailgunMode::V9_0 { "deployment_graph_task_name" } else { "task_name" };
    let records = history.as_array().unwrap().iter().filter(|r| r[key] == "ctrl");
    let mut statuses: Vec<&str> = records.map(|r| r["status"].as_str().unwrap()).collect();
    statuses.sort_unstable();
    let (environment, wanted) =
        if mode.executes_graphs() { ("partially_deployed", ["error", "pending"]) } else { ("error", ["error"; 2]) };
    assert_eq!((site.cluster_status().as_str(), statuses), (environment, wanted.to_vec()));
    let message = site.get(&format!("/api/v1/transactions/{}/", failed.body()["id"]))["message"].clone();
    let prefix = if mode.executes_graphs() { "" } else { "Deployment has failed. " };
    let own = format!("{prefix}All nodes are finished. Failed tasks: Task[ctrl/");
    assert!(message.as_str().is_some_and(|text| text.starts_with(&own)), "{message}");
    nailgun.set_task_fault("ctrl", None, None);
    if !mode.executes_graphs() {
        recorder.ask(site, "PUT", "/api/v1/clusters/1/", Some(&json!({"status": "operational"})));
        assert_eq!(site.cluster_status(), "operational");
    }

    // A stop.
    site.ask("PUT", GRAPH, Some(&rec("stop")));
    let run = start(recorder, site, &[1, 2, 3, 4], None);
    assert!(nailgun.wait_for("work", 4, "running", PATIENCE));
    let stop = recorder.ask(site, "PUT", STOP, Some(&json!({})));
    let again = recorder.ask(site, "PUT", STOP, Some(&json!({})));
    recorder.get(site, TASKS);
    release(site, "stop");
    assert!(nailgun.wait_until_idle(PATIENCE));
    recorder.get(site, TASKS);
    recorder.get(site, &format!("/api/v1/tasks/{}/", run.body()["id"]));
    if mode == NailgunMode::V9_0 {
        assert_eq!((stop.message(), again.status), ("Stop action is forbidden for the cluster".into(), 400));
        assert_eq!(site.cluster_status(), "operational");
    } else {
        assert_eq!(site.get(TASKS).as_array().map(Vec::len), Some(1), "the stop alone is left");
        assert_eq!((site.cluster_status(), site.node_status(4)), ("stopped".into(), "stopped".into()));
    }
    recorder.get(site, &format!("/api/v1/transactions/{}/", run.body()["id"]));

    if mode.executes_graphs() {
        site.ask("DELETE", GRAPH, None);
    } else {
        recorder.ask(site, "DELETE", GRAPH, None);
    }
    recorder.ask(site, "DELETE", GRAPH, None);
}

/// A failed pre-check leaves every node in `error`, as those that passed it still had tasks before them.
#[test]
fn before_nine_one_a_failure_fails_every_node_that_is_not_done() {
    for mode in [NailgunMode::V9_0, NailgunMode::V9_0_1] {
        let site = Site::new(environment(mode));
        let mut check = after(shell("check", &["/.*/"], "true"), &["begin"]);
        check["required_for"] = json!(["checked"]);
        let tasks = [
            stage("begin", &[]),
            stage("checked", &["begin"]),
            check,
            after(shell("later", &["/.*/"], "true"), &["checked"]),
        ];
        site.upload("rec", &graph(&tasks));
        site.lab.nailgun().set_task_fault("check", Some(5), TaskFault::Fail);
        let path = "/api/v1/clusters/1/deploy/?graph_type=rec&nodes=1,2,5";
        assert_eq!(site.ask("PUT", path, Some(&json!({}))).status, 202);
        assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
        let statuses = [1, 2, 5, 8].map(|id| site.node_status(id));
        assert_eq!(statuses, ["error/deploy", "error/deploy", "error/deploy", "ready"], "{mode:?}");
        assert_eq!(site.cluster_status(), "error");
    }
}

/// The default graph is an operator's own: a task of its name would be run in place of ours.
#[test]
fn on_nine_zero_tasks_by_name_are_those_of_the_default_graph() {
    let site = Site::new(environment(NailgunMode::V9_0));
    site.upload("rec", &graph(&[shell("work", &["/.*/"], "true")]));
    site.upload("default", &graph(&[shell("work", &["compute"], "true")]));
    let path = "/api/v1/clusters/1/deploy_tasks/?graph_type=rec&nodes=1,4";
    assert_eq!(site.ask("PUT", path, Some(&json!(["work"]))).status, 202);
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    let trace = site.lab.nailgun().trace();
    let nodes: Vec<&str> = trace.iter().filter(|step| step.status == "ready").map(|step| step.node.as_str()).collect();
    assert_eq!(nodes, ["4"]);
}
