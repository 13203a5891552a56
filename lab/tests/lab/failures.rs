//! How runs fail in the lab, and what they leave.

use std::time::Duration;

use fuel_lab::{NailgunMode, NodeSpec, TaskFault};
use serde_json::{Value, json};

use super::api::{PATIENCE, Site, after, graph, plain, recorded, shell, stage};

#[test]
fn the_first_failure_is_the_brake() {
    let site = Site::new(recorded());
    site.upload("plain", &plain());
    site.lab.nailgun().set_task_fault("work", Some(3), TaskFault::Fail);
    let run = site.run(&json!({"type": "plain"}));
    assert_eq!(run.status(), ("error", "error"));
    let message = "All nodes are finished. Failed tasks: Task[work/3] Stopping the deployment process!";
    assert_eq!(run.message(), message);
    assert_eq!(run.child["message"], message);
    assert!(run.records().contains(&"work@3=error".to_owned()) && run.records().contains(&"fin@3=pending".to_owned()));
    assert_eq!(site.node_status(3), "error/deploy");
    assert_eq!((site.node_status(2), site.node_status(6)), ("stopped".into(), "ready".into()));
    assert_eq!(site.cluster_status(), "partially_deployed");
    let notes = site.get("/api/v1/notifications/").to_string();
    assert!(notes.contains("Node 'node-3' failed: Task work failed on node 3"), "{notes}");
    assert!(!site.get("/api/v1/nodes/3/").to_string().contains("error_msg"));
    // The next run takes a node that failed by deploy, and repairs the statuses.
    site.lab.nailgun().set_task_fault("work", Some(3), None);
    assert_eq!(site.run(&json!({"type": "plain"})).status(), ("ready", "ready"));
    assert_eq!((site.node_status(3), site.cluster_status()), ("ready".into(), "operational".into()));
}

#[test]
fn empty_node_attributes_keep_the_statuses_and_an_empty_object_does_not() {
    let site = Site::new(recorded());
    site.lab.nailgun().set_task_fault("work", Some(3), TaskFault::Fail);
    let with = |what: Value| {
        let mut graph = plain();
        for key in ["on_success", "on_error", "on_stop"] {
            graph[key] = what.clone();
        }
        graph
    };
    site.upload("g", &with(json!({"node_attributes": {}})));
    assert_eq!(site.run(&json!({"type": "g"})).status(), ("error", "error"));
    assert_eq!((site.node_status(3), site.node_status(2)), ("ready".into(), "ready".into()));
    assert_eq!(site.cluster_status(), "operational");
    site.upload("g", &with(json!({})));
    site.run(&json!({"type": "g"}));
    assert_eq!((site.node_status(3), site.node_status(2)), ("error/deploy".into(), "stopped".into()));
}

#[test]
fn fault_tolerance_lets_the_others_go_on_and_ends_ready() {
    let site = Site::new(recorded());
    let mut graph = plain();
    let group = json!({"id": "ft", "type": "group", "version": "2.1.0", "roles": ["/.*/"], "fault_tolerance": "100%", "tasks": []});
    graph["tasks"].as_array_mut().unwrap().push(group);
    site.upload("g", &graph);
    site.lab.nailgun().set_task_fault("work", Some(3), TaskFault::Fail);
    let run = site.run(&json!({"type": "g"}));
    assert_eq!(run.status(), ("ready", "ready"));
    assert_eq!(run.of("work"), ["2=ready", "3=error", "4=ready"]);
    assert_eq!(run.of("fin"), ["1=ready", "2=ready", "3=pending", "4=ready", "5=ready"]);
    assert_eq!((site.node_status(3), site.cluster_status()), ("error/deploy".into(), "partially_deployed".into()));
}

#[test]
fn an_ignored_failure_stays_running_for_ever() {
    let site = Site::new(recorded());
    let mut graph = plain();
    graph["tasks"][1]["fail_on_error"] = json!(false);
    site.upload("g", &graph);
    site.lab.nailgun().set_task_fault("work", Some(3), TaskFault::Fail);
    let run = site.run(&json!({"type": "g"}));
    assert_eq!(run.status(), ("ready", "ready"));
    assert_eq!(run.of("work"), ["2=ready", "3=running", "4=ready"]);
    assert_eq!(run.of("fin").len(), 5);
    assert!(run.of("fin").iter().all(|record| record.ends_with("=ready")));
}

#[test]
fn commands_are_repeated_unless_told_otherwise_and_die_in_time() {
    let site = Site::new(recorded());
    let count = "echo x >> $FUEL_MU_ROOT/tmp/count; exit 1";
    let mut twice_more = shell("default", &["ceph-osd"], count);
    twice_more["parameters"].as_object_mut().unwrap().remove("retries");
    site.upload("g", &graph(&[twice_more]));
    assert!(site.run(&json!({"type": "g"})).message().contains("Task[default/5]"));
    assert_eq!(site.lab.node(5).read("/tmp/count").unwrap(), "x\nx\nx\n");
    let mut slow = shell("slow", &["compute"], "echo x >> $FUEL_MU_ROOT/tmp/count; sleep 600");
    slow["parameters"]["timeout"] = json!(1);
    site.upload("g", &graph(&[slow]));
    assert_eq!(site.run(&json!({"type": "g", "nodes": [3]})).status(), ("error", "error"));
    assert_eq!(site.lab.node(3).read("/tmp/count").unwrap(), "x\n");
}

#[test]
fn wrong_expressions_loops_and_unknown_group_tasks_fail_the_run() {
    let site = Site::new(recorded());
    let mut wrong = shell("t", &["compute"], "true");
    wrong["condition"] = json!({"yaql_exp": "nosuchfunc($)"});
    site.upload("g", &graph(&[wrong]));
    let run = site.run(&json!({"type": "g"}));
    assert_eq!(run.message(), "Unknown function \"Unknown function \"nosuchfunc\"\"");
    assert_eq!((run.status(), run.child["message"].as_str()), (("error", "error"), Some("Aborted")));
    assert_eq!(run.records(), ["t@-=skipped"]);
    assert_eq!(site.ask("GET", "/api/v1/clusters/1/serialized_tasks/?graph_type=g", None).status, 500);

    site.upload(
        "g",
        &graph(&[after(shell("a", &["ceph-osd"], "true"), &["b"]), after(shell("b", &["ceph-osd"], "true"), &["a"])]),
    );
    let run = site.run(&json!({"type": "g"}));
    assert_eq!(
        run.message(),
        "Method task_deploy. Loop detected! Path: Task[a/5], Task[b/5].\nInspect Astute logs for the details"
    );
    assert_eq!(run.records(), ["a@5=pending", "b@5=pending"]);

    let group = json!({"id": "g", "type": "group", "roles": ["compute"], "tasks": ["missing"]});
    site.upload("g", &graph(&[group]));
    assert_eq!(site.run(&json!({"type": "g"})).message(), "Task missing cannot be resolved");
    // A JSON `false` as condition is dropped: the task runs.
    let mut never = shell("never", &["ceph-osd"], "true");
    never["condition"] = json!(false);
    site.upload("g", &graph(&[never]));
    assert_eq!(site.run(&json!({"type": "g"})).records(), ["never@5=ready"]);
}

#[test]
fn a_node_that_astute_cannot_reach_fails_the_run() {
    let site = Site::new(recorded());
    site.upload("plain", &plain());
    site.lab.nailgun().set_reachable(3, false);
    let run = site.run(&json!({"type": "plain"}));
    assert_eq!(
        run.message(),
        "Method task_deploy. Critical nodes are not available for deployment: [\"3\"].\nInspect Astute logs for the details"
    );
    assert_eq!((site.node_status(3), site.node_status(2)), ("error/deploy".into(), "ready".into()));
    assert_eq!(site.cluster_status(), "partially_deployed");
}

#[test]
fn without_astute_a_run_stays_for_ever_until_its_task_is_deleted() {
    let site = Site::new(recorded());
    site.upload("plain", &plain());
    site.lab.nailgun().set_task_fault("prep", Some(3), TaskFault::Hang);
    let (parent, children) = site.execute(&json!({"cluster": 1, "graphs": [{"type": "plain"}]}));
    assert!(site.lab.nailgun().wait_for("prep", 3, "running", PATIENCE));
    site.lab.nailgun().lose_astute();
    assert!(!site.lab.nailgun().wait_until_idle(Duration::from_millis(100)));
    assert_eq!(site.ask("DELETE", &format!("/api/v1/tasks/{parent}/?force=1"), None).status, 204);
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    assert_eq!(site.result(parent, children[0]).status(), ("running", "running"));
}

#[test]
fn graphs_of_one_order_run_in_sequence_and_a_failure_aborts_the_rest() {
    let site = Site::new(recorded());
    site.upload("one", &graph(&[shell("one1", &["compute"], "true")]));
    site.upload("two", &graph(&[shell("two1", &["compute"], "true")]));
    let order = json!({"cluster": 1, "graphs": [{"type": "one"}, {"type": "two", "nodes": [3]}]});
    let (parent, children) = site.execute(&order);
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    assert_eq!(site.result(parent, children[1]).records(), ["two1@3=ready"]);
    site.lab.nailgun().set_task_fault("one1", Some(3), TaskFault::Fail);
    let (parent, children) = site.execute(&order);
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    let second = site.result(parent, children[1]);
    assert_eq!((second.status(), second.child["message"].as_str()), (("error", "error"), Some("Aborted")));
    assert!(second.history.is_empty());
}

#[test]
fn nine_zero_has_no_execute_no_brake_and_raw_history() {
    let site = Site::new(recorded().nailgun(NailgunMode::V9_0).node(NodeSpec::new(7, &["controller"])));
    assert_eq!(site.ask("GET", "/api/v1/graphs/execute/", None).status, 404);
    let path = "/api/v1/clusters/1/deployment_graphs/g/";
    let mut body = graph(&[
        stage("begin", &[]),
        stage("end", &["begin"]),
        {
            let mut task = after(shell("work", &["controller"], "true"), &["begin"]);
            task["required_for"] = json!(["end"]);
            task["parameters"]["strategy"] = json!({"type": "one_by_one"});
            task
        },
        after(shell("later", &["compute"], "true"), &["end"]),
    ]);
    body["node_filter"] = json!("true");
    assert_eq!(site.ask("POST", path, Some(&body)).status, 400);
    body.as_object_mut().unwrap().remove("node_filter");
    assert_eq!(site.ask("POST", path, Some(&body)).status, 200);
    site.lab.nailgun().set_task_fault("work", Some(2), TaskFault::Fail);
    let answer = site.ask("PUT", "/api/v1/clusters/1/deploy/?graph_type=g&nodes=1,2,3,7", Some(&json!({})));
    assert_eq!((answer.status, answer.body()["name"].as_str()), (202, Some("deployment")));
    assert!(answer.body().get("graph_type").is_none());
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    let history = site.get(&format!("/api/v1/transactions/{}/deployment_history/", answer.body()["id"]));
    let status = |task: &str, node: &str| {
        let records = history.as_array().unwrap();
        let found = records.iter().find(|r| r["deployment_graph_task_name"] == task && r["node_id"] == node);
        found.map(|r| r["status"].as_str().unwrap().to_owned()).unwrap()
    };
    assert_eq!(
        (status("work", "2"), status("work", "7"), status("later", "3")),
        ("error".into(), "ready".into(), "pending".into())
    );
    assert_eq!(site.get(&format!("/api/v1/transactions/{}/", answer.body()["id"]))["status"], "error");
    assert!(history[0].get("task_name").is_none());
}
