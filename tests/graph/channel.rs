//! The restart of the task channel, within the task that upgrades it.

use std::net::TcpListener;

use crate::node::{Node, scripts};

fn node() -> Node {
    let node = Node::new(&["compute"]);
    node.services(&["mcollective"]);
    node.package("mcollective", "2.3", "2.4");
    node.pass(&["check", "backup"]);
    node
}

#[test]
fn the_task_ends_when_mcollective_is_connected_again() {
    let mut node = node();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    node.write("etc/mcollective/server.cfg", &format!("plugin.rabbitmq.pool.1.port= {port}\n"));
    assert_eq!(node.gives_up("agents"), "mcollective is running but not connected to its message broker");
    let _connection = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    node.pass(&["agents"]);
    assert_eq!(node.calls("service mcollective restart").len(), 1, "the first restart was well");
    assert!(!node.exists("var/lib/fuel-mu/channel"));
}

#[test]
fn an_mcollective_that_does_not_start_fails_the_task() {
    let mut node = node();
    node.fault("service-down", "mcollective");
    assert_eq!(node.gives_up("agents"), "mcollective is not running after its restart");
    node.repair("service-down");
    node.write(".lab/services/mcollective", "running\n");
    node.pass(&["agents"]);
}

#[test]
fn under_systemd_the_restart_leaves_the_task_alive() {
    let node = Node::new(&["compute"]);
    std::fs::create_dir_all(node.path("run/systemd/system")).unwrap();
    node.services(&["mcollective"]);
    node.package("mcollective", "2.3", "2.4");
    node.pass(&["check", "backup"]);
    let drop_in = "run/systemd/system/mcollective.service.d/fuel-mu.conf";
    let front = scripts(&[(
        "service",
        "cp \"$FUEL_MU_ROOT/run/systemd/system/mcollective.service.d/fuel-mu.conf\" \"$FUEL_MU_ROOT/seen\"; exit 0",
    )]);
    node.calls("");
    assert!(node.run_behind(front.path(), "agents"), "{}", node.log());
    assert_eq!(node.read("seen"), "[Service]\nKillMode=process\n", "in force while mcollective restarts");
    assert!(!node.exists(drop_in), "and gone afterwards");
    assert_eq!(node.calls("systemctl daemon-reload").len(), 2);
    node.assert_tidy();
}
