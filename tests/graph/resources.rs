//! The restart of pacemaker's resources: on one controller after the other, with what they have set up.

use crate::cluster::{controller, hostname};
use crate::node::{Node, PHASES, scripts};

/// The line of Fuel's resource scripts that says whether namespaces and ports are removed.
const OCF: &str = "#!/bin/bash\nagent_stop() {\n    local remove_artifacts_on_stop_start=${1:-$OCF_RESKEY_remove_artifacts_on_stop_start}\n}\n";
const OCF_FILE: &str = "usr/lib/ocf/resource.d/fuel/neutron-l3-agent";

/// A controller of three.
fn one_of_three() -> Node {
    let node = controller();
    node.write(".lab/cluster/nodes", &format!("node-1.domain.tld\n{}\nnode-3.domain.tld\n", hostname()));
    node.write(".lab/cluster/galera-size", "3\n");
    node.write(OCF_FILE, OCF);
    for package in ["heat-engine", "neutron-l3-agent", "aodh-evaluator", "python-heat", "python-neutron"] {
        node.package(package, "1", "1");
    }
    node.write(".lab/cluster/resources/p_aodh-evaluator", "Started\n");
    node.write(".lab/repo", "nova-common 1:2.0\n");
    node
}

/// What was asked of pacemaker's resources.
fn asked(node: &Node) -> Vec<String> {
    let changes = ["ban", "clear", "disable", "enable"].map(|verb| format!("pcs resource {verb} "));
    node.calls("pcs").into_iter().filter(|call| changes.iter().any(|change| call.starts_with(change))).collect()
}

#[test]
fn a_clone_restarts_on_this_controller_alone() {
    let mut node = one_of_three();
    node.add(".lab/repo", "python-neutron 2\n");
    node.values.skip_cluster_checks = true;
    node.pass(&["check", "download", "backup", "agents"]);
    assert_eq!(node.report()["resources"], serde_json::json!(["neutron-dhcp-agent", "neutron-l3-agent"]));
    // What pacemaker's script would do at that moment.
    let front = scripts(&[(
        "pcs",
        &format!("cat \"$FUEL_MU_ROOT/{OCF_FILE}\" >\"$FUEL_MU_ROOT/seen-$2\"; PATH=${{PATH#*:}}; exec pcs \"$@\""),
    )]);
    node.calls("");
    assert!(node.run_behind(front.path(), "update"), "{}", node.log());
    let me = hostname();
    assert_eq!(
        asked(&node),
        [
            format!("pcs resource ban clone_neutron-l3-agent {me}"),
            format!("pcs resource clear clone_neutron-l3-agent {me}")
        ]
    );
    for moment in ["seen-ban", "seen-clear"] {
        let text = node.read(moment);
        assert!(text.contains(" remove_artifacts_on_stop_start=false #"), "{moment}: {text}");
    }
    assert_eq!(node.read(OCF_FILE), OCF, "as it was");
    assert_eq!(node.read(".lab/cluster/resources/neutron-dhcp-agent"), "Disabled\n", "as the operator left it");
    node.pass(&["ha"]);
    assert_eq!(asked(&node), Vec::<String>::new());
    node.assert_tidy();
}

#[test]
fn agents_of_the_network_stay_when_only_another_project_changed() {
    let node = one_of_three();
    node.package("glance-api", "1", "2");
    node.pass(PHASES);
    assert_eq!(node.report()["resources"], serde_json::json!([]));
    assert_eq!(asked(&node), Vec::<String>::new());
}

#[test]
fn what_runs_once_in_the_cluster_restarts_after_the_last_controller() {
    let node = one_of_three();
    node.add(".lab/repo", "aodh-evaluator 2\n");
    node.pass(&["check", "check-cluster", "download", "backup", "agents", "update"]);
    assert_eq!(asked(&node), Vec::<String>::new());
    assert_eq!(node.read(".lab/cluster/attributes/fuel-mu-restart"), "p_aodh-evaluator\n");
    node.fault("resource-down", "p_aodh-evaluator");
    assert_eq!(node.refusal("ha"), "p_aodh-evaluator does not start again");
    assert!(node.exists("var/lib/fuel-mu/undo/resource"), "what could not be undone stays noted");
    node.repair("resource-down");
    node.calls("");
    node.pass(&["ha"]);
    assert_eq!(
        asked(&node),
        [
            "pcs resource enable p_aodh-evaluator --wait=60",
            "pcs resource disable p_aodh-evaluator --wait=60",
            "pcs resource enable p_aodh-evaluator --wait=60"
        ]
    );
    assert_eq!(node.read(".lab/cluster/resources/p_aodh-evaluator"), "Started\n");
    // Once: nothing runs old code any more.
    node.pass(&["ha", "verify", "verify-cluster", "commit"]);
    assert_eq!(asked(&node), Vec::<String>::new());
    node.assert_tidy();
}

#[test]
fn a_clone_that_does_not_come_back_stops_the_run_and_the_next_one_tries_again() {
    let mut node = one_of_three();
    node.add(".lab/repo", "python-heat 2\n");
    node.pass(&["check", "check-cluster", "download", "backup", "agents"]);
    node.fault("resource-down", "p_heat-engine");
    assert_eq!(node.gives_up("update"), "p_heat-engine does not start again on this node");
    assert!(node.exists("var/lib/fuel-mu/undo/ban"), "what could not be undone stays noted");
    node.repair("resource-down");
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(PHASES);
    assert_eq!(node.read(".lab/cluster/bans"), "");
    node.assert_tidy();
}

#[test]
fn a_killed_restart_is_undone_by_the_next_phase() {
    let mut node = one_of_three();
    node.add(".lab/repo", "python-neutron 2\n");
    node.pass(&["check", "check-cluster", "download", "backup", "agents"]);
    let front = scripts(&[("pcs", "PATH=${PATH#*:}; pcs \"$@\"; [ \"$2\" != ban ] || kill -s KILL 0")]);
    assert!(!node.run_behind(front.path(), "update"));
    assert!(node.read(".lab/cluster/bans").contains("clone_neutron-l3-agent"), "{}", node.log());
    assert!(node.read(OCF_FILE).contains("=false #fuel-mu#"));
    node.pass(&["cleanup"]);
    assert_eq!((node.read(".lab/cluster/bans").as_str(), node.read(OCF_FILE).as_str()), ("", OCF));
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(PHASES);
    node.assert_tidy();
}

#[test]
fn all_resources_restart_on_request() {
    let mut node = one_of_three();
    node.values.options.restart_all = true;
    node.pass(&["check", "check-cluster", "download", "backup", "agents", "update", "ha"]);
    let me = hostname();
    assert_eq!(
        asked(&node),
        [
            format!("pcs resource ban clone_p_heat-engine {me}"),
            format!("pcs resource clear clone_p_heat-engine {me}"),
            format!("pcs resource ban clone_neutron-l3-agent {me}"),
            format!("pcs resource clear clone_neutron-l3-agent {me}"),
            "pcs resource disable p_aodh-evaluator --wait=60".to_owned(),
            "pcs resource enable p_aodh-evaluator --wait=60".to_owned(),
        ]
    );
}
