//! What goes wrong while a node is changed: it is said, nothing is committed, and a repaired node goes through.

use crate::node::{NODE_PHASES, Node};

fn node() -> Node {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute", "neutron-openvswitch-agent"]);
    node
}

/// After a repair everything goes through, and the count of upgraded packages covers all runs.
#[track_caller]
fn comes_through(node: &mut Node, upgraded: u64) {
    node.values.run = "20261125T000000Z-0009".into();
    node.pass(NODE_PHASES);
    let evidence = node.state().unwrap().evidence.unwrap();
    assert_eq!((evidence.faults(), evidence.upgraded), (Vec::new(), upgraded));
    node.assert_tidy();
}

/// `update` fails; the file of the update is not written and the commit refuses.
#[track_caller]
fn update_fails(node: &mut Node) -> String {
    node.pass(&["check", "backup", "agents"]);
    let reason = node.gives_up("update");
    node.assert_tidy();
    assert_ne!(node.phase(), "done");
    assert_eq!(node.run("verify").code, 1);
    assert_eq!(node.run("commit").code, 1);
    assert!(!node.exists("etc/fuel/mu-version.json"));
    reason
}

#[test]
fn a_package_that_does_not_configure() {
    let mut node = node();
    node.fault("postinst", "nova-common");
    let reason = update_fails(&mut node);
    assert!(
        reason.starts_with("apt-get dist-upgrade: dpkg: error processing package nova-common (--configure):"),
        "{reason}"
    );
    assert_eq!(node.phase(), "packages");
    // Still broken: the next run says so again.
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(&["check", "backup", "agents"]);
    assert_eq!(node.refusal("update"), "packages not in order: nova-common");
    node.assert_tidy();
    node.repair("postinst");
    comes_through(&mut node, 2);
}

#[test]
fn a_service_that_does_not_come_back() {
    let mut node = node();
    node.fault("service-down", "nova-compute");
    assert_eq!(update_fails(&mut node), "nova-compute does not start");
    assert_eq!(node.phase(), "services");
    node.repair("service-down");
    node.calls("");
    comes_through(&mut node, 2);
    let restarted = node.calls("service nova-compute restart");
    assert_eq!(restarted.len(), 1, "what failed to restart is restarted, although no package is left to upgrade");
}

#[test]
fn a_full_disk_while_it_works() {
    let mut node = node();
    node.pass(&["check", "backup", "agents"]);
    node.fault("disk-full", "");
    assert!(node.refusal("update").starts_with("not enough space on /"));
    assert_eq!(node.phase(), "packages");
    node.repair("disk-full");
    comes_through(&mut node, 2);
}

#[test]
fn a_removal_that_comes_up_after_the_pre_check() {
    let mut node = node();
    node.pass(&["check", "backup", "agents"]);
    node.fault("removal", "libc6");
    assert_eq!(node.refusal("update"), "packages would be removed: libc6");
    assert_eq!(node.installed("nova-common").as_deref(), Some("1:1.0"));
    node.repair("removal");
    comes_through(&mut node, 2);
}

#[test]
fn a_hold_that_comes_up_after_the_pre_check() {
    let mut node = node();
    node.pass(&["check", "backup", "agents"]);
    node.write(".lab/holds", "nova-common\n");
    assert_eq!(node.refusal("update"), "the repositories still have other versions of: nova-common");
    node.write(".lab/holds", "");
    comes_through(&mut node, 2);
}

#[test]
fn a_lock_that_is_held_for_a_while() {
    let mut node = node();
    node.pass(&["check", "backup", "agents"]);
    node.fault("dpkg-lock", "2");
    comes_through(&mut node, 2);
    let mut other = self::node();
    other.pass(&["check", "backup", "agents"]);
    other.fault("dpkg-lock", "");
    assert_eq!(other.gives_up("update"), "another process held the lock of dpkg for 4 s");
    other.repair("dpkg-lock");
    comes_through(&mut other, 2);
}

#[test]
fn holds_that_change_during_the_run() {
    let node = node();
    node.pass(&["check", "backup", "agents", "update"]);
    node.write(".lab/holds", "libc6\n");
    assert_eq!(node.refusal("verify"), "the holds of packages changed during the run");
}

#[test]
fn a_service_that_dies_after_the_update() {
    let node = node();
    node.pass(&["check", "backup", "agents", "update"]);
    node.write(".lab/services/nova-compute", "stopped\n");
    assert_eq!(node.refusal("verify"), "services are down: nova-compute");
    assert_eq!(node.state().unwrap().evidence.unwrap().faults(), ["services down: nova-compute"]);
}

#[test]
fn a_committed_node_that_no_longer_proves_it_says_so_and_stays_committed() {
    let mut node = node();
    node.pass(NODE_PHASES);
    node.write(".lab/services/nova-compute", "stopped\n");
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(&["check", "backup", "agents", "update"]);
    assert_eq!(node.refusal("verify"), "services are down: nova-compute");
    let state = node.state().unwrap();
    assert!(state.finished());
    assert_eq!(state.evidence.unwrap().faults(), ["services down: nova-compute"]);
}

#[test]
fn a_next_update_begins_anew() {
    let mut node = node();
    node.pass(NODE_PHASES);
    node.values.target.id = 4;
    node.values.file = b"{\"id\": 4, \"title\": \"9.2-mu-4\", \"timestamp\": 1467647277}".to_vec();
    node.write(".lab/repo", "nova-common 1:4.0\n");
    node.pass(NODE_PHASES);
    let state = node.state().unwrap();
    assert_eq!((state.target.id, state.evidence.unwrap().upgraded), (4, 1), "only what this update upgraded counts");
    assert!(node.read("etc/fuel/mu-version.json").contains("mu-4"));
}

#[test]
fn a_state_file_that_nobody_can_read_is_no_obstacle() {
    let mut node = node();
    node.write("var/lib/fuel-mu/state.json", "{\"run\":");
    comes_through(&mut node, 2);
}

#[test]
fn only_the_last_two_backups_stay() {
    let mut node = node();
    for (index, version) in ["2", "3", "4"].iter().enumerate() {
        node.values.run = format!("2026112{index}T000000Z-0001");
        node.values.target.id = 10 + index as u64;
        node.write(".lab/repo", &format!("nova-common 1:{version}.0\n"));
        node.pass(NODE_PHASES);
    }
    let mut names: Vec<String> = std::fs::read_dir(node.path("var/lib/fuel-mu/backup"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["20261121T000000Z-0001", "20261122T000000Z-0001"]);
    assert!(node.read("var/lib/fuel-mu/backup/20261122T000000Z-0001/packages").contains("nova-common 1:3.0 ii"));
}
