//! The pre-checks: what they refuse, and that they change nothing.

use crate::node::Node;

/// The pre-check refuses, writes the reason into its report, and leaves packages and state alone.
#[track_caller]
fn refused(node: &Node) -> String {
    let before = node.read(".lab/installed");
    let reason = node.refusal("check");
    assert_eq!(node.report()["failed"], serde_json::Value::from(reason.as_str()));
    assert_eq!(node.read(".lab/installed"), before);
    assert_eq!(node.state(), None);
    node.assert_tidy();
    reason
}

#[test]
fn a_node_that_is_not_of_this_run() {
    let node = Node::new(&["compute"]);
    node.write("etc/nailgun_uid", "6");
    assert_eq!(refused(&node), "this node is 6, which is not part of this run");
}

#[test]
fn repositories_that_do_not_answer() {
    let node = Node::new(&["compute"]);
    node.fault("apt-update", "");
    let reason = refused(&node);
    assert!(reason.starts_with("apt-get update: W: Failed to fetch"), "{reason}");
    node.repair("apt-update");
    node.pass(&["check"]);
}

#[test]
fn repositories_that_apt_cannot_verify() {
    let node = Node::new(&["compute"]);
    node.fault("unsigned", "");
    let said = "apt cannot verify the signature of: http://10.20.0.2:8080/mos mos9.0";
    assert_eq!(refused(&node), said);
    node.fault("unsigned", "0123456789ABCDEF");
    assert_eq!(refused(&node), format!("{said} NO_PUBKEY 0123456789ABCDEF"));
    // Unless somebody said that it need not be.
    node.write(".lab/unauthenticated", "");
    node.pass(&["check"]);
    std::fs::remove_file(node.path(".lab/unauthenticated")).unwrap();
    node.write(
        "etc/apt/sources.list.d/mos.list",
        "deb [ arch=amd64 trusted=yes ] http://10.20.0.2:8080/mos mos9.0 main restricted\n",
    );
    node.pass(&["check"]);
}

#[test]
fn no_repository_at_all() {
    let node = Node::new(&["compute"]);
    std::fs::remove_file(node.path("etc/apt/sources.list.d/mos.list")).unwrap();
    assert_eq!(refused(&node), "no MOS repository in /etc/apt/sources.list.d");
}

#[test]
fn a_repository_of_the_environment_that_the_node_lacks() {
    let mut node = Node::new(&["compute"]);
    node.values.repos = vec!["mos".into(), "mos-updates".into()];
    assert_eq!(refused(&node), "/etc/apt/sources.list.d/mos-updates.list is missing or contains no repository");
}

#[test]
fn sources_that_are_not_the_environment_s() {
    let mut node = Node::new(&["compute"]);
    node.values.sources = vec![("mos".into(), "deb http://10.20.0.2:8080/mos/ mos9.0 main restricted".into())];
    node.pass(&["check"]);
    node.values.sources = vec![("mos".into(), "deb http://mirror/mos mos9.0 main restricted".into())];
    let reason = refused(&node);
    assert!(
        reason.starts_with(
            "/etc/apt/sources.list.d/mos.list differs from the settings of the environment: deb http://mirror/mos"
        ),
        "{reason}"
    );
}

#[test]
fn a_lock_that_is_not_given_back() {
    let mut node = Node::new(&["compute"]);
    node.fault("dpkg-lock", "");
    node.patience = 2;
    assert_eq!(refused(&node), "another process held the lock of dpkg for 2 s");
    node.patience = 60;
    node.fault("dpkg-lock", "3");
    node.pass(&["check"]);
}

#[test]
fn half_configured_packages() {
    let node = Node::new(&["compute"]);
    node.fault("audit", "nova-common");
    assert_eq!(refused(&node), "packages not in order: nova-common");
}

#[test]
fn removals_and_downgrades() {
    let node = Node::new(&["compute"]);
    node.fault("removal", "libc6");
    assert_eq!(refused(&node), "packages would be removed: libc6");
    assert_eq!(node.report()["removals"], serde_json::json!(["libc6"]));
}

#[test]
fn packages_that_would_stay_behind() {
    let node = Node::new(&["compute"]);
    node.write(".lab/holds", "libc6\nnova-common\n");
    assert_eq!(refused(&node), "held packages would stay behind: nova-common");
    assert_eq!(node.report()["holds"], serde_json::json!(["nova-common"]));
    node.write(".lab/repo", "nova-common 1:2.0\n");
    assert_eq!(
        refused(&node),
        "held packages would stay behind: nova-common",
        "also when nothing else is left to upgrade"
    );
    node.write(".lab/holds", "libc6\n");
    node.pass(&["check"]);
    assert_eq!(node.report()["holds"], serde_json::json!([]));
    node.fault("kept-back", "nova-common");
    assert_eq!(refused(&node), "packages would be kept back: nova-common");
}

#[test]
fn a_kernel_in_the_mos_repositories() {
    let node = Node::new(&["compute"]);
    node.package("linux-image-4.4.0-57-generic", "1", "2");
    assert_eq!(
        refused(&node),
        "a kernel would be upgraded, which this update never does: linux-image-4.4.0-57-generic"
    );
}

#[test]
fn no_room() {
    let node = Node::new(&["compute"]);
    node.fault("disk-full", "");
    assert_eq!(refused(&node), "not enough space on /: 0 MB free, 208 MB needed");
}

#[test]
fn the_report_names_what_an_operator_wants_to_know() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    node.write(".lab/customised", "nova-common /usr/lib/python2.7/nova/x.py\nlibc6 /lib/x\n");
    node.write("var/run/reboot-required", "");
    node.pass(&["check"]);
    let report = node.report();
    assert_eq!(report["run"], node.values.run.as_str());
    assert_eq!(report["packages"][1], serde_json::json!({"name": "nova-common", "from": "1:1.0", "to": "1:2.0"}));
    assert_eq!(report["customised"], serde_json::json!(["nova-common"]));
    assert_eq!(report["services"], serde_json::json!(["nova-compute"]));
    assert_eq!(report["reboot"], true);
    assert!(report["space_mb"].is_u64());
    assert_eq!(report["failed"], serde_json::Value::Null);
}

#[test]
fn values_that_nobody_should_source() {
    let node = Node::new(&["compute"]);
    node.upload();
    let mut command = node.command("check");
    node.write("var/lib/fuel-mu/env", "MU_RUN='x'\ntouch \"$FUEL_MU_ROOT/pwned\"\n");
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("env contains lines other than KEY='value'"), "{text}");
    assert!(!node.exists("pwned"));
}
