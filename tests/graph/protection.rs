//! What packages may restart while they are upgraded.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::node::{NODE_PHASES, Node};

/// What the policy answers.
fn policy(node: &Node, words: &[&str]) -> Option<i32> {
    Command::new(node.path("usr/sbin/policy-rc.d")).args(words).status().unwrap().code()
}

#[test]
fn a_service_that_is_disabled_is_not_started_by_a_package() {
    let node = Node::new(&["base-os"]);
    node.write(".lab/services/memcached", "disabled\n");
    node.write(".lab/restarts/nova-common", "memcached\n");
    node.pass(NODE_PHASES);
    assert_eq!(node.read(".lab/services/memcached"), "disabled\n");
}

#[test]
fn gateways_of_ceph_volumes_of_guests_and_murano_s_queue_are_not_restarted_by_a_package() {
    let node = Node::new(&["base-os"]);
    node.services(&["radosgw", "radosgw-all", "tgt", "murano-rabbitmq", "rsyslog"]);
    node.write(".lab/restarts/nova-common", "radosgw\nradosgw-all\ntgt\nmurano-rabbitmq\nrsyslog\n");
    node.pass(NODE_PHASES);
    assert_eq!(
        node.calls("service ").into_iter().filter(|c| c.ends_with("restart")).collect::<Vec<_>>(),
        ["service rsyslog restart"]
    );
}

#[test]
fn a_job_of_instances_restarts_as_a_whole() {
    let node = Node::new(&["controller"]);
    node.services(&["radosgw-all"]);
    node.pass(NODE_PHASES);
    assert_eq!(node.calls("service radosgw-all restart").len(), 1);
}

#[test]
fn protection_lasts_as_long_as_the_dpkg_of_a_killed_phase() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    node.pass(&["check", "backup", "agents"]);
    node.fault("die", "nova-common");
    node.run("update");
    node.repair("die");
    // The apt that killed the phase lives a moment longer, and protects as long as it does.
    let end = Instant::now() + Duration::from_secs(30);
    while policy(&node, &["mysql", "restart"]) != Some(0) {
        assert!(Instant::now() < end, "nothing is at work: services can be started");
    }
    let mark = format!("--admindir={}", node.path("var/lib/dpkg").display());
    let mut dpkg = Command::new("sh");
    let mut dpkg = dpkg.args(["-c", "read end; :", "dpkg", &mark]).stdin(Stdio::piped()).spawn().unwrap();
    for protected in ["mysql", "rabbitmq-server", "libvirt-bin", "nova-compute"] {
        assert_eq!(policy(&node, &[protected, "restart"]), Some(101), "{protected}");
    }
    assert_eq!(policy(&node, &["ssh", "restart"]), Some(0));
    // A clean-up leaves the policy until that dpkg has ended.
    let out = node.command("cleanup").env("MU_LOCK_WAIT", "1").output().unwrap();
    assert!(!out.status.success(), "{}", node.log());
    assert_eq!(policy(&node, &["mysql", "restart"]), Some(101));
    drop(dpkg.stdin.take());
    dpkg.wait().unwrap();
    node.pass(&["cleanup"]);
    node.assert_tidy();
}
