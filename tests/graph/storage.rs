//! Ceph and MongoDB around the update of their nodes.

use crate::node::{NODE_PHASES, Node};

fn storage() -> Node {
    let node = Node::new(&["ceph-osd"]);
    node.package("ceph", "0.94.5", "0.94.9");
    node.services(&["ceph-osd-all"]);
    node.write("etc/ceph/ceph.conf", "[global]\n");
    node
}

#[test]
fn ceph_s_flags_are_set_for_the_time_of_the_upgrade() {
    let node = storage();
    node.write(".lab/ceph/flags", "noscrub\n");
    node.fault("ceph-pgs", "2");
    node.pass(NODE_PHASES);
    let calls = node.calls("");
    let at = |call: &str| {
        calls.iter().position(|c| c.contains(call)).unwrap_or_else(|| panic!("{call} is not in {calls:#?}"))
    };
    assert!(at("osd set noout") < at("-y --no-remove --no-download dist-upgrade"));
    assert!(at("-y --no-remove --no-download dist-upgrade") < at("service ceph-osd-all restart"));
    assert!(at("service ceph-osd-all restart") < at("pg stat"));
    assert!(at("pg stat") < at("osd unset noout"));
    assert_eq!(calls.iter().filter(|call| call.contains("pg stat")).count(), 3, "it waits for the placement groups");
    assert_eq!(node.read(".lab/ceph/flags"), "noscrub\n", "the operator's own flag stays");
}

#[test]
fn daemons_of_ceph_that_an_interrupted_run_did_not_restart_are_restarted_under_the_flags() {
    let node = storage();
    node.pass(&["check", "backup", "agents"]);
    node.fault("die-after", "ceph");
    node.run("update");
    node.pass(&["cleanup"]);
    node.calls("");
    node.pass(NODE_PHASES);
    let calls = node.calls("");
    let at = |call: &str| {
        calls.iter().position(|c| c.contains(call)).unwrap_or_else(|| panic!("{call} is not in {calls:#?}"))
    };
    assert!(at("osd set noout") < at("service ceph-osd-all restart"));
    assert!(at("service ceph-osd-all restart") < at("osd unset noout"));
}

#[test]
fn targets_of_systemd() {
    let node = Node::new(&["ceph-osd"]);
    std::fs::create_dir_all(node.path("run/systemd/system")).unwrap();
    node.package("ceph", "10.2.3", "10.2.5");
    node.services(&["ceph-osd.target"]);
    node.write("etc/ceph/ceph.conf", "[global]\n");
    node.pass(NODE_PHASES);
    let calls = node.calls("");
    assert!(calls.contains(&"systemctl restart ceph-osd.target".to_owned()), "{calls:#?}");
    assert!(calls.iter().any(|call| call.contains("osd set noout")));
}

#[test]
fn ceph_s_flags_are_unset_after_every_failure() {
    let mut node = storage();
    node.pass(&["check", "backup", "agents"]);
    node.fault("postinst", "ceph");
    node.refusal("update");
    assert_eq!(node.read(".lab/ceph/flags"), "");
    node.repair("postinst");
    node.fault("ceph-pgs", "");
    assert_eq!(node.gives_up("update"), "ceph: placement groups do not become active+clean");
    assert_eq!(node.read(".lab/ceph/flags"), "");
    node.assert_tidy();
    node.repair("ceph-pgs");
    node.pass(&["update", "verify", "commit"]);
}

#[test]
fn ceph_s_flags_of_a_killed_run_are_unset_by_the_next_phase() {
    let node = storage();
    node.pass(&["check", "backup", "agents"]);
    node.fault("die", "ceph");
    node.run("update");
    node.repair("die");
    assert_eq!(node.read(".lab/ceph/flags"), "noout\nnoscrub\nnodeep-scrub\n");
    assert!(node.read("var/lib/fuel-mu/undo/ceph").contains("noout"));
    node.pass(&["cleanup"]);
    assert_eq!(node.read(".lab/ceph/flags"), "");
    node.pass(NODE_PHASES);
}

#[test]
fn a_replica_set_must_be_healthy_again() {
    let mut node = Node::new(&["mongo"]);
    node.services(&["mongodb"]);
    node.package("mongodb-server", "2.6", "2.7");
    node.pass(&["check", "backup", "agents"]);
    node.fault("mongo-state", "");
    assert_eq!(node.gives_up("update"), "mongo: a member of the replica set is unhealthy");
    node.fault("mongo-state", "2");
    node.pass(&["update", "verify", "commit"]);
}
