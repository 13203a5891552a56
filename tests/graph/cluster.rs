//! What several nodes do together: the checks of the cluster, resources of pacemaker, galera, RabbitMQ, agents.

use crate::node::{Node, PHASES, scripts};

pub(crate) fn controller() -> Node {
    let node = Node::new(&["primary-controller"]);
    for package in [
        "pacemaker",
        "corosync",
        "mysql-wsrep-5.6",
        "rabbitmq-server",
        "nova-api",
        "cinder-api",
        "neutron-server",
        "ceph",
    ] {
        node.package(package, "1.0", "1.0");
    }
    node.services(&["nova-api", "pacemaker", "corosync"]);
    node.write("root/openrc", "OS_USERNAME=admin\nexport OS_USERNAME\n");
    node.write("etc/ceph/ceph.conf", "[global]\n");
    for resource in ["p_heat-engine", "neutron-l3-agent", "p_mysqld"] {
        node.write(&format!(".lab/cluster/resources/{resource}"), "Started\n");
    }
    node.write(".lab/cluster/resources/neutron-dhcp-agent", "Disabled\n");
    node
}

#[test]
fn a_healthy_cluster_passes() {
    controller().pass(&["check", "check-cluster"]);
}

#[test]
fn each_fault_of_the_cluster_is_named_and_can_be_passed_over_on_request() {
    for (fault, argument, says) in [
        ("pacemaker-down", "", "pacemaker does not answer"),
        ("pacemaker-offline", "node-2.domain.tld", "pacemaker: offline node-2.domain.tld"),
        ("pacemaker-maintenance", "", "pacemaker is in maintenance mode"),
        ("pacemaker-failed", "p_haproxy", "pacemaker: failed p_haproxy_monitor_20000 on node-1.domain.tld"),
        ("mysql-down", "", "galera does not answer"),
        ("galera", "Donor/Desynced 1", "galera is Donor/Desynced, not Synced"),
        ("galera", "Synced 2", "galera has 2 members, not 1"),
        ("rabbit-down", "", "rabbitmq does not answer"),
        ("rabbit-partition", "", "rabbitmq: partitions"),
        ("agents-down", "node-7.domain.tld", "nova: nova-compute on node-7.domain.tld is down"),
        ("neutron-down", "node-7.domain.tld", "neutron: neutron-openvswitch-agent on node-7.domain.tld is down"),
        ("ceph-down", "", "ceph does not answer"),
        ("ceph-health", "", "ceph: HEALTH_ERR 1 pgs inconsistent"),
        (
            "ceph-health",
            "HEALTH_ERR 12 pgs inconsistent; 3 osds down; too many PGs per OSD (352 > max 300)",
            "ceph: HEALTH_ERR 12 pgs inconsistent; 3 osds down; too many PGs per OSD (352 > max 300)",
        ),
        (
            "ceph-health",
            "HEALTH_WARN too many PGs per OSD (352 > max 300); noout flag(s) set",
            "ceph: noout flag(s) set",
        ),
        ("nova-manage-fails", "", "nova: services cannot be queried: OperationalError: (1045"),
        ("nova-manage-empty", "", "nova: services cannot be queried: the answer is empty"),
        ("cinder-manage-fails", "", "cinder: services cannot be queried: OperationalError: (1045"),
        ("cinder-manage-empty", "", "cinder: services cannot be queried: the answer is empty"),
        ("neutron-fails", "", "neutron: agents cannot be queried: Unable to establish connection"),
        ("neutron-empty", "", "neutron: agents cannot be queried: the answer is empty"),
    ] {
        let mut node = controller();
        node.fault(fault, argument);
        let reason = node.refusal("check-cluster");
        assert!(reason.starts_with(says), "{fault}: {reason}");
        node.values.skip_cluster_checks = true;
        node.pass(&["check-cluster", "verify-cluster"]);
        node.values.skip_cluster_checks = false;
        node.repair(fault);
        node.pass(&["verify-cluster"]);
    }
}

#[test]
fn neutron_s_agents_cannot_be_queried_without_credentials() {
    let node = controller();
    std::fs::remove_file(node.path("root/openrc")).unwrap();
    assert_eq!(node.refusal("check-cluster"), "neutron: agents cannot be queried: /root/openrc is missing");
}

#[test]
fn more_placement_groups_than_ceph_likes_are_no_problem() {
    let node = controller();
    node.fault("ceph-health", "HEALTH_WARN too many PGs per OSD (352 > max 300)");
    node.pass(&["check-cluster"]);
}

#[test]
fn queries_run_as_the_user_of_their_service() {
    let node = controller();
    let front = scripts(&[
        ("id", "case \"$*\" in -u) echo 0 ;; nova | cinder) exit 0 ;; *) exit 1 ;; esac"),
        ("su", "echo \"$5 $4\" >>\"$FUEL_MU_ROOT/asked\"; exec sh -c \"$4\""),
    ]);
    assert!(node.run_behind(front.path(), "check-cluster"), "{}", node.log());
    assert_eq!(node.read("asked"), "nova nova-manage service list\ncinder cinder-manage service list\n");
}

#[test]
fn a_service_that_crashes_again_and_again_is_not_running() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute", "neutron-l3-agent"]);
    node.pass(&["check", "backup", "agents"]);
    node.fault("service-crashes", "nova-compute");
    assert_eq!(node.refusal("update"), "not running any more: nova-compute (crashes and is started again)");
    node.repair("service-crashes");
    node.pass(&["update"]);
    node.fault("service-crashes", "nova-compute");
    assert_eq!(node.refusal("verify"), "services are down: nova-compute (crashes and is started again)");
    assert_eq!(node.run("commit").code, 1);
}

#[test]
fn a_resource_that_runs_nowhere_is_named_unless_it_is_disabled() {
    let node = controller();
    node.write(".lab/cluster/resources/vip__public", "Stopped\n");
    assert_eq!(node.refusal("check-cluster"), "pacemaker: vip__public is stopped");
    node.write(".lab/cluster/resources/vip__public", "Disabled\n");
    node.pass(&["check-cluster"]);
    node.write(".lab/cluster/resources/vip__public", "Started\n");
    node.pass(&["check-cluster"]);
}

#[test]
fn a_clone_must_run_where_it_ran_before() {
    let mut node = controller();
    node.write(".lab/cluster/nodes", "node-1.domain.tld\nnode-2.domain.tld\n");
    node.write(".lab/cluster/galera-size", "2\n");
    node.fault("resource-stopped", "p_heat-engine node-2.domain.tld");
    // It need not run everywhere: that is how it was before.
    node.pass(&["check", "check-cluster"]);
    node.repair("resource-stopped");
    node.pass(&["check", "check-cluster"]);
    node.fault("resource-stopped", "p_heat-engine node-2.domain.tld");
    assert_eq!(node.gives_up("verify-cluster"), "pacemaker: clone_p_heat-engine is stopped on node-2.domain.tld");
}

#[test]
fn the_next_controller_waits_until_this_one_is_in_service_again() {
    let mut node = controller();
    node.package("haproxy", "1", "1");
    node.write("var/lib/haproxy/stats", "");
    // A server that is down on another controller is named before anything begins.
    node.fault("haproxy-down", "node-2");
    assert_eq!(node.refusal("check-cluster"), "haproxy: nova-api-1 on node-2 is down");
    node.repair("haproxy-down");
    node.pass(&["check", "check-cluster", "backup", "agents"]);
    let front = scripts(&[("hostname", "echo node-1.domain.tld")]);
    node.fault("haproxy-down", "node-1");
    node.patience = 4;
    assert!(!node.run_behind(front.path(), "update"));
    let said = "this controller is not in service again: haproxy: nova-api-1 on node-1 is DOWN";
    assert!(node.log().trim_end().ends_with(said), "{}", node.log());
    node.repair("haproxy-down");
    node.fault("agent-silent", "");
    assert_eq!(
        node.refusal("update"),
        format!(
            "this controller is not in service again: nova: nova-conductor on {0} does not report;\
             cinder: cinder-conductor on {0} does not report",
            hostname()
        )
    );
    node.patience = 60;
    node.repair("agent-silent");
    node.pass(&["update"]);
}

#[test]
fn a_maintenance_mode_that_the_operator_set_stays() {
    let mut node = controller();
    node.values.skip_cluster_checks = true;
    node.write(".lab/cluster/nodes", &format!("{}\n", hostname()));
    node.write(".lab/cluster/maintenance", "");
    node.add(".lab/repo", "pacemaker 2.0\ncorosync 2.0\n");
    node.pass(&["check", "backup", "agents", "update"]);
    assert_eq!(node.calls("pcs property"), Vec::<String>::new());
    assert!(node.exists(".lab/cluster/maintenance"));
}

#[test]
fn a_node_without_the_packages_is_not_asked() {
    let node = Node::new(&["primary-controller"]);
    for fault in ["pacemaker-down", "mysql-down", "rabbit-down", "ceph-down"] {
        node.fault(fault, "");
    }
    node.pass(&["check-cluster", "ha", "verify-cluster"]);
}

#[test]
fn message_queue_and_database_restart_only_on_request() {
    let mut node = controller();
    node.write(".lab/cluster/resources/p_rabbitmq-server", "Started\n");
    node.pass(PHASES);
    let of = |calls: Vec<String>| {
        calls.into_iter().filter(|call| call.contains("p_mysqld") || call.contains("rabbitmq")).collect::<Vec<_>>()
    };
    assert_eq!(of(node.calls("pcs resource disable")), Vec::<String>::new());
    node.values.restart_mysql = true;
    node.values.restart_rabbitmq = true;
    node.pass(&["ha"]);
    assert_eq!(
        of(node.calls("pcs resource disable")),
        ["pcs resource disable clone_p_mysqld --wait=60", "pcs resource disable master_p_rabbitmq-server --wait=60"]
    );
}

#[test]
fn packages_may_not_restart_what_pacemaker_runs() {
    let node = controller();
    node.package("mysql-server", "1", "2");
    node.package("heat-engine", "1", "2");
    node.package("haproxy", "1", "2");
    node.package("memcached", "1", "2");
    node.services(&["mysql", "heat-engine", "haproxy", "memcached", "rsyslog"]);
    for (package, service) in
        [("mysql-server", "mysql"), ("heat-engine", "heat-engine"), ("haproxy", "haproxy"), ("memcached", "rsyslog")]
    {
        node.write(&format!(".lab/restarts/{package}"), &format!("{service}\n"));
    }
    node.pass(&["check", "backup", "agents", "update"]);
    let restarts: Vec<String> = node.calls("service ").into_iter().filter(|call| call.ends_with("restart")).collect();
    assert_eq!(restarts, ["service rsyslog restart", "service nova-api restart", "service memcached restart"]);
}

#[test]
fn new_binaries_of_pacemaker_start_in_maintenance_mode() {
    let node = controller();
    node.write(".lab/cluster/nodes", &format!("{}\n", hostname()));
    node.add(".lab/repo", "pacemaker 2.0\ncorosync 2.0\n");
    node.pass(&["check", "backup", "agents", "update"]);
    let calls = node.calls("");
    let steps: Vec<&str> = calls
        .iter()
        .map(String::as_str)
        .filter(|call| {
            call.starts_with("pcs property") || call.contains("pacemaker st") || call.contains("corosync restart")
        })
        .collect();
    assert_eq!(
        steps,
        [
            "pcs property set maintenance-mode=true",
            "service pacemaker stop",
            "service corosync restart",
            "service pacemaker start",
            "pcs property set maintenance-mode=false"
        ]
    );
    node.assert_tidy();
}

#[test]
fn maintenance_mode_is_left_when_pacemaker_does_not_come_back() {
    let mut node = controller();
    node.write(".lab/cluster/nodes", "somebody-else\n");
    node.add(".lab/repo", "pacemaker 2.0\n");
    node.pass(&["check", "backup", "agents"]);
    assert_eq!(node.gives_up("update"), "pacemaker does not start again");
    node.assert_tidy();
}

pub(crate) fn hostname() -> String {
    let output = std::process::Command::new("hostname").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
