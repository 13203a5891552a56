//! Which services a node's roles have.

use crate::node::{NODE_PHASES, Node};

/// The services that an update of a node with these roles restarts, of those that run there.
fn restarted(roles: &[&str], mos: Option<&str>, running: &[&str]) -> Vec<String> {
    let mut node = Node::new(roles);
    node.values.mos_version = mos.and_then(|version| version.parse().ok());
    node.services(running);
    node.pass(NODE_PHASES);
    let calls = node.calls("service ").into_iter();
    calls.filter_map(|call| Some(call.strip_prefix("service ")?.strip_suffix(" restart")?.to_owned())).collect()
}

const EVERYTHING: &[&str] = &[
    "apache2",
    "cinder-volume",
    "glance-api",
    "heat-engine",
    "ironic-conductor",
    "libvirt-bin",
    "libvirtd",
    "mongodb",
    "mysql",
    "neutron-openvswitch-agent",
    "neutron-server",
    "nova-api",
    "nova-cert",
    "nova-compute",
    "rabbitmq-server",
    "ssh",
];

#[test]
fn each_role_restarts_its_own_in_the_order_of_the_list() {
    assert_eq!(
        restarted(&["controller"], Some("9.0"), EVERYTHING),
        ["glance-api", "neutron-server", "nova-api", "nova-cert", "cinder-volume", "apache2"]
    );
    assert_eq!(
        restarted(&["compute"], Some("9.0"), EVERYTHING),
        ["neutron-openvswitch-agent", "nova-compute", "cinder-volume"]
    );
    assert_eq!(restarted(&["cinder"], Some("9.0"), EVERYTHING), ["cinder-volume"]);
    assert_eq!(restarted(&["primary-mongo"], Some("9.0"), EVERYTHING), ["mongodb"]);
    assert_eq!(restarted(&["ironic"], Some("9.0"), EVERYTHING), ["ironic-conductor"]);
    assert_eq!(restarted(&["base-os"], Some("9.0"), EVERYTHING), Vec::<String>::new());
}

#[test]
fn several_roles_restart_each_service_once() {
    assert_eq!(
        restarted(&["compute", "cinder", "ironic"], Some("9.0"), EVERYTHING),
        ["neutron-openvswitch-agent", "nova-compute", "cinder-volume", "ironic-conductor"]
    );
}

#[test]
fn rows_of_another_release_do_not_count() {
    assert!(restarted(&["controller"], Some("9.2"), EVERYTHING).contains(&"nova-cert".to_owned()));
    assert!(!restarted(&["controller"], Some("10.0"), EVERYTHING).contains(&"nova-cert".to_owned()));
    assert!(restarted(&["controller"], None, EVERYTHING).contains(&"nova-cert".to_owned()));
}

#[test]
fn a_systemd_node_is_asked_its_own_way() {
    let node = Node::new(&["compute"]);
    std::fs::create_dir_all(node.path("run/systemd/system")).unwrap();
    node.services(&["nova-compute"]);
    node.pass(NODE_PHASES);
    assert_eq!(node.calls("systemctl restart nova-compute.service").len(), 1);
    assert_eq!(node.report()["services"], serde_json::json!(["nova-compute"]));
}

#[test]
fn tools_alone_restart_nothing() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    node.write(".lab/repo", "fuel-misc 9.0-2\n");
    node.pass(NODE_PHASES);
    assert_eq!(node.calls("service "), Vec::<String>::new());
    assert_eq!(node.report()["services"], serde_json::json!([]));
    assert_eq!(node.state().unwrap().evidence.unwrap().upgraded, 1);
}

#[test]
fn the_task_channel_is_upgraded_first_and_restarted_within_its_task() {
    let node = Node::new(&["compute"]);
    node.services(&["mcollective", "nova-compute"]);
    node.package("mcollective", "2.3", "2.4");
    node.package("nailgun-mcagents", "9.0-1", "9.0-2");
    node.write(".lab/restarts/mcollective", "mcollective\n");
    node.pass(&["check", "backup", "agents"]);
    assert_eq!(node.installed("mcollective").as_deref(), Some("2.4"));
    assert_eq!(node.installed("nova-common").as_deref(), Some("1:1.0"), "alone");
    assert_eq!(node.phase(), "started");
    assert!(!node.exists("var/lib/fuel-mu/channel"), "the restart is over");
    assert_eq!(
        node.calls("service mcollective restart").len(),
        1,
        "by us, not by the package in the middle of its task"
    );
    node.pass(&["update", "verify", "commit"]);
    assert_eq!(node.state().unwrap().evidence.unwrap().upgraded, 4);
}
