//! The way through when nothing goes wrong, per role, and the second time.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::node::{MU_FILE, Node, PHASES, stubs};

/// Every phase in order; then the node proves the update.
#[track_caller]
fn goes_through(node: &Node) {
    node.pass(PHASES);
    let state = node.state().unwrap();
    assert!(state.finished(), "{}", state.phase);
    assert_eq!(state.run, node.values.run);
    assert!(state.target.same_as(&node.values.target));
    assert_eq!(state.evidence.unwrap().faults(), Vec::<String>::new());
    assert_eq!(node.read("etc/fuel/mu-version.json"), MU_FILE);
    node.assert_tidy();
}

/// mcollective, a clean-up over SSH or an operator may start the scripts with variables that change programs.
#[test]
fn an_environment_that_changes_programs_changes_nothing() {
    let node = Node::new(&["base-os"]);
    let bin = tempfile::tempdir().unwrap();
    // The grep of Ubuntu 14.04 and 16.04 takes options from the environment; that of later systems does not.
    let grep = bin.path().join("grep");
    fs::write(&grep, "#!/bin/sh\nexec /bin/grep $GREP_OPTIONS \"$@\"\n").unwrap();
    fs::set_permissions(&grep, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}:/usr/bin:/bin", bin.path().display(), stubs().display());
    for phase in PHASES {
        let mut command = node.command(phase);
        command.env("PATH", &path).env("GREP_OPTIONS", "--color=always").env("IFS", "o").env("CDPATH", "/etc");
        command.env("POSIXLY_CORRECT", "1").env("TAR_OPTIONS", "--no-such-option").env("APT_CONFIG", "/nonexistent");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{phase}: {output:?}");
    }
    assert_eq!(node.installed("nova-common").as_deref(), Some("1:2.0"));
    node.assert_tidy();
}

#[test]
fn a_base_node() {
    let node = Node::new(&["base-os"]);
    goes_through(&node);
    assert_eq!(node.installed("nova-common").as_deref(), Some("1:2.0"));
    assert_eq!(node.installed("not-here"), None);
    assert_eq!(node.state().unwrap().evidence.unwrap().upgraded, 2);
    let report = node.report();
    assert_eq!(report["packages"].as_array().unwrap().len(), 2);
    assert_eq!(report["failed"], serde_json::Value::Null);
}

#[test]
fn a_compute_restarts_its_services_once_and_never_libvirt() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute", "neutron-openvswitch-agent", "libvirt-bin", "ssh", "heat-api"]);
    node.write(".lab/services/neutron-l3-agent", "stopped\n");
    node.package("libvirt-bin", "1.2", "1.3");
    node.write(".lab/restarts/libvirt-bin", "libvirt-bin\n");
    goes_through(&node);
    let restarts: Vec<String> = node.calls("service ").into_iter().filter(|call| !call.ends_with("status")).collect();
    assert_eq!(restarts, ["service neutron-openvswitch-agent restart", "service nova-compute restart"]);
    assert_eq!(node.read(".lab/services/neutron-l3-agent"), "stopped\n", "what did not run is not started");
}

#[test]
fn the_second_run_touches_nothing() {
    let mut node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    goes_through(&node);
    node.values.run = "20261124T000000Z-0001".into();
    let state = node.read("var/lib/fuel-mu/state.json");
    node.calls("");
    let start = std::time::Instant::now();
    node.pass(PHASES);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    assert_eq!(node.read("var/lib/fuel-mu/state.json"), state);
    let calls = node.calls("");
    let changes = |call: &&String| call.contains("restart") || call.contains("-y ") && !call.contains("--print-uris");
    assert_eq!(calls.iter().filter(changes).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(!node.exists("var/lib/fuel-mu/backup/20261124T000000Z-0001"), "nothing changes, so nothing is saved");
}
