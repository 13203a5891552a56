//! How graphs run in the lab: as was observed of two real servers with a port of Astute's engine.

use std::time::Duration;

use fuel_lab::{NodeSpec, Scenario};
use serde_json::{Value, json};

use super::api::{PATIENCE, Site, after, graph, plain, recorded, shell, stage};

#[test]
fn a_good_run_leaves_everything_ready_and_runs_on_the_trees() {
    let site = Site::new(recorded());
    let tasks = [
        json!({"id": "put", "type": "upload_file", "version": "2.1.0", "roles": ["compute"], "parameters":
            {"path": "/var/lib/x/y", "data": "hello", "permissions": "0600", "dir_permissions": "0700"}}),
        after(shell("use", &["compute"], "cat $FUEL_MU_ROOT/var/lib/x/y > $FUEL_MU_ROOT/tmp/out; echo said"), &["put"]),
    ];
    site.upload("g", &graph(&tasks));
    let run = site.run(&json!({"type": "g"}));
    assert_eq!(run.status(), ("ready", "ready"));
    assert_eq!(run.records(), ["put@3=ready", "put@4=ready", "use@3=ready", "use@4=ready"]);
    let node = site.lab.node(3);
    assert_eq!(node.read("/tmp/out").unwrap(), "hello");
    assert!(node.read("/.lab/tasks.log").unwrap().contains("said\n"));
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &str| node.tree().join(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("var/lib/x/y"), mode("var/lib/x")), (0o600, 0o700));
    // No other node's tree was touched, and nothing went through a node's sshd.
    assert!(site.lab.node(1).read("/tmp/out").is_err());
    assert!(site.lab.nodes().iter().all(|node| node.logins() == 0));
    assert_eq!((site.cluster_status().as_str(), site.node_status(3).as_str()), ("operational", "ready"));
}

#[test]
fn requires_sees_the_same_node_only_and_what_is_absent_there_is_dropped() {
    let site = Site::new(recorded());
    site.upload("plain", &plain());
    let preview = site.get("/api/v1/clusters/1/serialized_tasks/?graph_type=plain&nodes=1,2");
    let requires = |node: &str, id: &str| {
        let tasks = preview["tasks_graph"][node].as_array().unwrap();
        tasks.iter().find(|task| task["id"] == id).map(|task| task["requires"].clone()).unwrap()
    };
    // Node 1 is the primary: it has no `work`, so `fin` waits for nothing.
    assert_eq!(requires("1", "fin"), Value::Null);
    assert_eq!(requires("2", "fin"), json!([{"name": "work", "node_id": "2"}]));
    let run = site.run(&json!({"type": "plain"}));
    assert_eq!(run.of("work"), ["2=ready", "3=ready", "4=ready"]);
    assert_eq!(run.of("fin").len(), 5);
}

#[test]
fn stages_are_barriers_and_strategies_are_limits_per_task() {
    let mut scenario = Scenario::new().task_delay(Duration::from_millis(30));
    for id in 1..=4 {
        scenario = scenario.node(NodeSpec::new(id, &["controller"]));
    }
    for id in 5..=10 {
        scenario = scenario.node(NodeSpec::new(id, &["compute"]));
    }
    let site = Site::new(scenario);
    let limited = |id: &str, roles: &[&str], from: &str, to: &str, strategy: Value| {
        let mut task = after(shell(id, roles, "true"), &[from]);
        task["required_for"] = json!([to]);
        task["parameters"]["strategy"] = strategy;
        task
    };
    let one = json!({"type": "one_by_one"});
    let two = json!({"type": "parallel", "amount": 2});
    let tasks = [
        stage("s1", &[]),
        stage("s2", &["s1"]),
        stage("s3", &["s2"]),
        stage("s4", &["s3"]),
        limited("first", &["primary-controller"], "s1", "s2", one.clone()),
        limited("others", &["controller"], "s2", "s3", one),
        limited("computes", &["compute"], "s3", "s4", two),
    ];
    site.upload("g", &graph(&tasks));
    let run = site.run(&json!({"type": "g"}));
    assert_eq!(run.status(), ("ready", "ready"));
    assert_eq!(run.of("s4"), ["null=skipped"]);
    let nailgun = site.lab.nailgun();
    assert_eq!(nailgun.most_at_once("others"), 1);
    assert_eq!(nailgun.most_at_once("computes"), 2);
    let ids: Vec<String> = nailgun.trace().into_iter().map(|step| step.task).collect();
    let mut order = ids.clone();
    order.dedup();
    assert_eq!(order, ["first", "others", "computes"], "{ids:?}");
}

/// Astute sets the limit of a task id anew for every copy, and a skipped copy has none.
#[test]
fn a_condition_takes_the_limit_away() {
    let mut scenario = Scenario::new().task_delay(Duration::from_millis(50));
    for id in 1..=4 {
        scenario = scenario.node(NodeSpec::new(id, &["compute"]));
    }
    let site = Site::new(scenario);
    let mut task = shell("t", &["compute"], "true");
    task["parameters"]["strategy"] = json!({"type": "one_by_one"});
    task["condition"] = json!({"yaql_exp": "$.uid != '4'"});
    site.upload("g", &graph(&[task]));
    let run = site.run(&json!({"type": "g"}));
    assert_eq!(run.of("t"), ["1=ready", "2=ready", "3=ready", "4=skipped"]);
    assert_eq!(site.lab.nailgun().most_at_once("t"), 3);
}

#[test]
fn dry_and_noop_runs_do_nothing() {
    let site = Site::new(recorded());
    site.upload("g", &graph(&[shell("t", &["compute"], "touch $FUEL_MU_ROOT/tmp/done")]));
    site.lab.nailgun().set_node_status(3, "stopped");
    for (flag, records) in [("dry_run", ["3=pending", "4=pending"]), ("noop_run", ["3=ready", "4=ready"])] {
        let (parent, children) = site.execute(&json!({"cluster": 1, "graphs": [{"type": "g"}], flag: true}));
        assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
        let run = site.result(parent, children[0]);
        assert_eq!((run.status(), run.of("t")), (("ready", "ready"), records.map(String::from).to_vec()), "{flag}");
        assert_eq!(run.child["dry_run"], true);
        assert_eq!((site.node_status(3), site.cluster_status()), ("stopped".into(), "operational".into()));
    }
    assert!(site.lab.node(3).read("/tmp/done").is_err());
}

#[test]
fn braces_are_formatted_and_expressions_evaluated() {
    let site = Site::new(recorded());
    let mut by_role = shell("by-role", &["compute"], "");
    by_role["parameters"]["cmd"] =
        json!({"yaql_exp": "switch($.roles.any($ in ['cinder']) => 'true', true => 'touch $FUEL_MU_ROOT/tmp/ran')"});
    site.upload(
        "g",
        &graph(&[
            by_role,
            shell("braces", &["compute"], "echo ${CLUSTER_ID}"),
            shell("plain", &["compute"], "${X:-1}"),
        ]),
    );
    let preview = site.get("/api/v1/clusters/1/serialized_tasks/?graph_type=g&nodes=3,4");
    let cmd = |node: &str, id: &str| {
        let tasks = preview["tasks_graph"][node].as_array().unwrap();
        tasks.iter().find(|task| task["id"] == id).unwrap()["parameters"]["cmd"].as_str().unwrap().to_owned()
    };
    assert_eq!(cmd("4", "by-role"), "true");
    assert_eq!(cmd("3", "by-role"), "touch $FUEL_MU_ROOT/tmp/ran");
    assert_eq!((cmd("3", "braces"), cmd("3", "plain")), ("echo $1".into(), "${X:-1}".into()));
    // The history keeps what was uploaded.
    let run = site.run(&json!({"type": "g", "tasks": ["braces"]}));
    assert_eq!(run.of("plain"), ["3=skipped", "4=skipped"]);
    let record = run.history.iter().find(|record| record["task_name"] == "braces").unwrap();
    assert_eq!(record["parameters"]["cmd"], "echo ${CLUSTER_ID}");
}

#[test]
fn cross_dependencies_reach_other_nodes() {
    let site = Site::new(recorded());
    let cross = |id: &str, depends: Value| {
        let mut task = shell(id, &["compute"], "true");
        task["cross-depends"] = json!([depends]);
        task
    };
    let tasks = [
        shell("c", &["controller", "primary-controller"], "true"),
        cross("all", json!({"name": "c"})),
        cross("primary", json!({"name": "c", "role": ["primary-controller"]})),
        cross("others", json!({"name": "c", "role": ["controller"]})),
        cross("self", json!({"name": "all", "role": "self"})),
        cross("any", json!({"name": "/c/", "policy": "any"})),
        cross("own", json!({"name": "own"})),
    ];
    site.upload("g", &graph(&tasks));
    let preview = site.get("/api/v1/clusters/1/serialized_tasks/?graph_type=g");
    let needs = |id: &str| {
        let tasks = preview["tasks_graph"]["3"].as_array().unwrap();
        let task = tasks.iter().find(|task| task["id"] == id).unwrap();
        let list = task["requires"].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|one| format!("{}@{}", one["name"].as_str().unwrap(), one["node_id"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(needs("all"), ["c@1", "c@2"]);
    assert_eq!(needs("primary"), ["c@1"]);
    assert_eq!(needs("others"), ["c@2"]);
    assert_eq!(needs("self"), ["all@3"]);
    assert_eq!(needs("any").len(), 1);
    assert_eq!(needs("own"), ["own@4", "own@6"], "never its own copy");
}
