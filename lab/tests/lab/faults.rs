//! Nailgun made to fail on demand: what a client has to live through.

use std::time::{Duration, Instant};

use fuel_lab::{AuthMode, NailgunFault};
use serde_json::json;

use super::api::{PATIENCE, Site, graph, recorded, shell};

const NODES: &str = "/api/v1/nodes/?cluster_id=1";

#[test]
fn answers_are_replaced_as_often_as_asked_and_only_where_asked() {
    let site = Site::new(recorded());
    let nailgun = site.lab.nailgun();
    nailgun.add_fault(NailgunFault::answer("/nodes/", 502, "text/html", "<html>").method("GET").after(1).times(2));
    let statuses: Vec<u16> = (0..4).map(|_| site.ask("GET", NODES, None).status).collect();
    assert_eq!(statuses, [200, 502, 502, 200]);
    nailgun.add_fault(NailgunFault::traceback("/clusters/"));
    let answer = site.ask("GET", "/api/v1/clusters/1/", None);
    assert!(answer.status == 500 && answer.message().starts_with("Traceback (most recent call last):\n"));
    assert_eq!(site.ask("GET", NODES, None).status, 200);
    nailgun.clear_faults();
    assert_eq!(site.ask("GET", "/api/v1/clusters/1/", None).status, 200);
}

#[test]
fn connections_break_in_every_way() {
    let site = Site::new(recorded());
    let nailgun = site.lab.nailgun();
    let ask = || site.send("GET", NODES, None, None);
    nailgun.add_fault(NailgunFault::reset("/nodes/").times(1));
    assert!(ask().is_err());
    nailgun.add_fault(NailgunFault::cut("/nodes/", 20).times(1));
    assert!(ask().is_err());
    nailgun.add_fault(NailgunFault::slow("/nodes/", Duration::from_millis(80)).times(1));
    let begun = Instant::now();
    assert!(ask().is_ok() && begun.elapsed() >= Duration::from_millis(80));
    assert!(ask().is_ok());
}

#[test]
fn a_lost_answer_to_execute_has_started_the_run_all_the_same() {
    let site = Site::new(recorded());
    site.upload("g", &graph(&[shell("t", &["compute"], "true")]));
    site.lab.nailgun().add_fault(NailgunFault::lost_answer("/graphs/execute/").times(1));
    let order = json!({"cluster": 1, "graphs": [{"type": "g"}]}).to_string();
    assert!(site.send("POST", "/api/v1/graphs/execute/", Some(&order), None).is_err());
    assert!(site.lab.nailgun().wait_until_idle(PATIENCE));
    assert_eq!(site.lab.nailgun().started("deploy"), 1);
    assert_eq!(site.result(1, 2).of("t"), ["3=ready", "4=ready"]);
}

#[test]
fn a_restart_does_not_end_a_run() {
    let site = Site::new(recorded());
    let hold = "while [ ! -e $FUEL_MU_ROOT/tmp/go ]; do sleep 0.01; done";
    site.upload("g", &graph(&[shell("hold", &["ceph-osd"], hold)]));
    let (parent, children) = site.execute(&json!({"cluster": 1, "graphs": [{"type": "g"}]}));
    let nailgun = site.lab.nailgun();
    assert!(nailgun.wait_for("hold", 5, "running", PATIENCE));
    nailgun.suspend();
    assert!(site.send("GET", NODES, None, None).is_err());
    site.lab.node(5).write("/tmp/go", b"").unwrap();
    assert!(nailgun.wait_until_idle(PATIENCE));
    nailgun.resume().unwrap();
    assert_eq!(site.result(parent, children[0]).of("hold"), ["5=ready"]);
}

#[test]
fn tokens_expire_and_users_are_refused() {
    let mut site = Site::new(recorded());
    site.lab.nailgun().expire_tokens_after(2);
    let statuses: Vec<u16> = (0..4).map(|_| site.ask("GET", NODES, None).status).collect();
    assert_eq!(statuses, [200, 200, 401, 401]);
    site.log_in();
    assert_eq!(site.ask("GET", NODES, None).status, 200);
    site.lab.nailgun().expire_tokens();
    assert_eq!(site.ask("GET", NODES, None).status, 401);
    site.log_in();
    site.lab.nailgun().set_read_only(true);
    assert_eq!(site.ask("GET", NODES, None).status, 200);
    assert_eq!(site.ask("DELETE", "/api/v1/graphs/1/", None).status, 403);
}

#[test]
fn the_real_middleware_names_keystone() {
    let mut site = Site::new(recorded().auth(AuthMode::Keystone));
    assert_eq!(site.ask("GET", NODES, None).status, 200);
    site.token = None;
    let answer = site.ask("GET", NODES, None);
    assert_eq!((answer.status, answer.text.as_str()), (401, "Authentication required"));
    assert!(
        answer.headers.iter().any(|(name, value)| name == "www-authenticate" && value.starts_with("Keystone uri="))
    );
}

#[test]
fn a_task_that_was_left_running_refuses_every_run() {
    let site = Site::new(recorded());
    site.upload("g", &graph(&[shell("t", &["compute"], "true")]));
    let task = site.lab.nailgun().leave_running("stop_deployment");
    let order = json!({"cluster": 1, "graphs": [{"type": "g"}]});
    assert_eq!(site.ask("POST", "/api/v1/graphs/execute/", Some(&order)).status, 409);
    assert_eq!(site.ask("DELETE", &format!("/api/v1/tasks/{task}/?force=1"), None).status, 204);
    assert_eq!(site.run(&json!({"type": "g"})).status(), ("ready", "ready"));
}

#[test]
fn the_lab_ends_in_the_middle_of_a_run() {
    let site = Site::new(recorded());
    site.upload("g", &graph(&[shell("t", &["compute"], "sleep 600")]));
    site.execute(&json!({"cluster": 1, "graphs": [{"type": "g"}]}));
    assert!(site.lab.nailgun().wait_for("t", 3, "running", PATIENCE));
    let (begun, dir) = (Instant::now(), site.lab.dir().to_owned());
    drop(site);
    assert!(!dir.exists() && begun.elapsed() < Duration::from_secs(10));
}
