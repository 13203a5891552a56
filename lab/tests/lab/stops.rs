//! Stopping a run, and what hangs.

use serde_json::json;

use super::api::{PATIENCE, Site, after, graph, plain, recorded, shell};

#[test]
fn a_stop_lets_running_tasks_end_and_hides_the_run() {
    let site = Site::new(recorded());
    let hold = "while [ ! -e $FUEL_MU_ROOT/tmp/go ]; do sleep 0.01; done";
    site.upload(
        "g",
        &graph(&[shell("hold", &["ceph-osd"], hold), after(shell("next", &["ceph-osd"], "true"), &["hold"])]),
    );
    let (parent, children) = site.execute(&json!({"cluster": 1, "graphs": [{"type": "g"}]}));
    let nailgun = site.lab.nailgun();
    assert!(nailgun.wait_for("hold", 5, "running", PATIENCE));
    let stop = site.ask("PUT", "/api/v1/clusters/1/stop_deployment/", Some(&json!({})));
    assert_eq!((stop.status, stop.body()["name"].as_str()), (202, Some("stop_deployment")));
    let again = site.ask("PUT", "/api/v1/clusters/1/stop_deployment/", Some(&json!({})));
    assert_eq!((again.status, again.text.as_str()), (400, "Stopping deployment task is already launched"));
    site.lab.node(5).write("/tmp/go", b"").unwrap();
    assert!(nailgun.wait_until_idle(PATIENCE));
    let run = site.result(parent, children[0]);
    assert_eq!((run.status(), run.message()), (("ready", "ready"), ""));
    assert_eq!(run.records(), ["hold@5=ready", "next@5=pending"]);
    assert_eq!((site.cluster_status(), site.node_status(5)), ("stopped".into(), "stopped".into()));
    assert_eq!(site.ask("GET", &format!("/api/v1/tasks/{parent}/"), None).status, 404);
    let tasks = site.get("/api/v1/tasks/?cluster_id=1");
    assert_eq!(tasks[0]["message"], "Deployment of environment 'env1' was successfully stopped.");
    assert_eq!(tasks.as_array().unwrap().len(), 1);
}

#[test]
fn a_stop_of_nothing_never_ends_and_blocks_everything() {
    let site = Site::new(recorded());
    site.upload("plain", &plain());
    let stop = || site.ask("PUT", "/api/v1/clusters/1/stop_deployment/", Some(&json!({})));
    assert_eq!(stop().status, 400, "nothing was ever deployed");
    site.run(&json!({"type": "plain"}));
    let answer = stop();
    assert_eq!(answer.status, 202);
    let execute =
        || site.ask("POST", "/api/v1/graphs/execute/", Some(&json!({"cluster": 1, "graphs": [{"type": "plain"}]})));
    assert_eq!((execute().status, execute().message()), (409, "Deployment already started".into()));
    let path = format!("/api/v1/tasks/{}/", answer.body()["id"]);
    assert_eq!(site.ask("DELETE", &path, None).message(), "You cannot delete running task manually");
    assert_eq!(site.ask("DELETE", &format!("{path}?force=1"), None).status, 204);
    assert_eq!(execute().status, 202);
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
}

#[test]
fn a_stop_before_the_run_has_begun_is_not_heard() {
    let site = Site::new(recorded());
    site.lab.nailgun().hold_pending(true);
    site.upload("plain", &plain());
    let (parent, children) = site.execute(&json!({"cluster": 1, "graphs": [{"type": "plain"}]}));
    let stop = site.ask("PUT", "/api/v1/clusters/1/stop_deployment/", Some(&json!({})));
    assert_eq!(stop.status, 202);
    site.lab.nailgun().hold_pending(false);
    assert!(site.lab.nailgun().wait_for("fin", 3, "ready", PATIENCE), "the deployment goes on");
    while site.get(&format!("/api/v1/transactions/{parent}/"))["status"] == "running" {
        std::thread::yield_now();
    }
    assert_eq!(site.result(parent, children[0]).status(), ("ready", "ready"));
    assert_eq!(site.get(&format!("/api/v1/tasks/{}/", stop.body()["id"]))["status"], "running");
}

#[test]
fn progress_jumps_and_is_no_measure() {
    let site = Site::new(recorded());
    let hold = "while [ ! -e $FUEL_MU_ROOT/tmp/go ]; do sleep 0.01; done";
    site.upload("g", &graph(&[shell("hold", &["/.*/"], hold)]));
    let (parent, _) = site.execute(&json!({"cluster": 1, "graphs": [{"type": "g"}]}));
    for node in 1..=5 {
        assert!(site.lab.nailgun().wait_for("hold", node, "running", PATIENCE));
    }
    // Nobody has finished anything; the offline node alone counts, as done.
    let task = site.get(&format!("/api/v1/transactions/{parent}/"));
    assert_eq!((task["status"].as_str(), task["progress"].as_u64()), (Some("running"), Some(100)));
    for node in 1..=5 {
        site.lab.node(node).write("/tmp/go", b"").unwrap();
    }
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
}
