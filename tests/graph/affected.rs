//! What an upgrade restarts: what loads a changed package, and nothing else.

use crate::node::{NODE_PHASES, Node};

/// A controller with its packages, whose relations are as on a real one, and their services.
fn controller() -> Node {
    let node = Node::new(&["controller"]);
    node.write(".lab/repo", "");
    node.write(".lab/installed", "");
    let relations = [
        ("libc6", "", ""),
        ("python-oslo.messaging", "python (>= 2.7), libc6", ""),
        ("python-novaclient", "python2.7:any", ""),
        ("python-nova", "python-oslo.messaging (>= 4.0), python-novaclient", "python2.7-nova"),
        ("nova-common", "python-nova (= 1), adduser", ""),
        ("nova-api", "nova-common (= 1)", ""),
        ("nova-compute-kvm", "nova-common", ""),
        ("neutron-server", "neutron-common | neutron-all, python-oslo.messaging", ""),
        ("neutron-common", "python-novaclient", ""),
        ("glance-api", "libc6 (>= 2.14)", ""),
        ("keystone", "default-mta | mail-transport-agent, wsgi-server", ""),
        ("libapache2-mod-wsgi", "libc6", "wsgi-server (= 4)"),
        ("apache2", "libc6", ""),
        ("memcached", "libc6", ""),
        ("python-rbd", "librbd1", ""),
        ("librbd1", "", ""),
    ];
    let line = |(name, depends, provides): &(&str, &str, &str)| format!("{name}\t{depends}\t{provides}\n");
    node.write(".lab/relations", &relations.iter().map(line).collect::<String>());
    for (name, ..) in relations {
        node.package(name, "1", "1");
    }
    node.services(&["nova-api", "neutron-server", "glance-api", "apache2", "memcached"]);
    node
}

/// The services that restart when these packages get newer, as the pre-check says and as it happens.
#[track_caller]
fn restarted(node: &Node, changed: &[&str]) -> Vec<String> {
    let node = node.copy();
    for name in changed {
        let newer = node.read(".lab/repo").replace(&format!("{name} 1\n"), &format!("{name} 2\n"));
        node.write(".lab/repo", &newer);
    }
    node.calls("");
    node.pass(NODE_PHASES);
    let calls = node.calls("service ").into_iter();
    let done: Vec<String> =
        calls.filter_map(|call| Some(call.strip_prefix("service ")?.strip_suffix(" restart")?.to_owned())).collect();
    assert_eq!(node.report()["services"], serde_json::json!(done));
    done
}

#[test]
fn a_service_restarts_when_a_package_that_it_loads_changed() {
    let node = controller();
    for (changed, restarts) in [
        (&["glance-api"][..], &["glance-api"][..]),
        (&["nova-api"], &["nova-api"]),
        (&["python-nova"], &["nova-api"]),
        (&["python-novaclient"], &["neutron-server", "nova-api"]),
        (&["python-oslo.messaging", "memcached"], &["neutron-server", "nova-api", "memcached"]),
        // Another package of the project may be a plugin that nobody depends on.
        (&["nova-compute-kvm"], &["nova-api"]),
        (&["keystone"], &["apache2"]),
        // Needed under a name that it provides.
        (&["libapache2-mod-wsgi"], &["apache2"]),
        (&["librbd1"], &["glance-api", "nova-api"]),
        (&["libc6"], &["glance-api", "neutron-server", "nova-api", "memcached", "apache2"]),
    ] {
        assert_eq!(restarted(&node, changed), restarts, "{changed:?}");
    }
}

#[test]
fn what_a_service_loads_is_not_known_without_its_package() {
    let node = controller();
    node.services(&["heat-api"]);
    assert_eq!(restarted(&node, &["python-rbd"]), ["glance-api", "nova-api", "heat-api"]);
}

#[test]
fn all_services_restart_on_request() {
    let mut node = controller();
    node.values.options.restart_all = true;
    let all = ["glance-api", "neutron-server", "nova-api", "memcached", "apache2"];
    assert_eq!(restarted(&node, &["glance-api"]), all);
}

#[test]
fn a_service_that_an_interrupted_run_did_not_restart_is_restarted_by_the_next() {
    let mut node = controller();
    node.write(".lab/repo", &node.read(".lab/repo").replace("glance-api 1\n", "glance-api 2\n"));
    node.fault("service-down", "glance-api");
    node.pass(&["check", "download", "backup", "agents"]);
    assert_eq!(node.gives_up("update"), "glance-api does not start");
    node.repair("service-down");
    node.calls("");
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(NODE_PHASES);
    assert_eq!(node.calls("service ").iter().filter(|call| call.ends_with("restart")).count(), 1);
    assert_eq!(node.read(".lab/services/glance-api"), "running\n");
}
