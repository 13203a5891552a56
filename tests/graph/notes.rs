//! What forbids nothing and should be known.

use std::os::unix::fs::symlink;

use crate::cluster::{controller, hostname};
use crate::node::{NODE_PHASES, Node};

/// The notes of a pre-check.
#[track_caller]
fn notes(node: &Node) -> Vec<String> {
    node.pass(&["check"]);
    node.report()["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap().to_owned()).collect()
}

#[test]
fn nothing_is_noted_of_an_ordinary_update() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    assert_eq!(notes(&node), Vec::<String>::new());
}

#[test]
fn what_an_upgrade_restarts_by_itself_and_what_keeps_old_code() {
    let node = Node::new(&["compute"]);
    for package in ["openvswitch-switch", "libvirt-bin", "qemu-system-x86", "openvswitch-datapath-dkms"] {
        node.package(package, "1", "2");
    }
    assert_eq!(
        notes(&node),
        [
            "openvswitch-switch is upgraded and restarts ovs-vswitchd: network traffic of this node stops for some seconds",
            "upgraded, but what runs keeps the old code until it is restarted: libvirt-bin openvswitch-datapath-dkms \
             qemu-system-x86"
        ]
    );
}

#[test]
fn packages_with_migrations_of_schemas() {
    let node = Node::new(&["controller"]);
    for (package, file) in [
        ("python-nova", "/usr/lib/python2.7/dist-packages/nova/db/sqlalchemy/migrate_repo/versions/319_x.py"),
        (
            "python-neutron",
            "/usr/lib/python2.7/dist-packages/neutron/db/migration/alembic_migrations/versions/newton/x.py",
        ),
        ("python-murano", "/usr/lib/python2.7/dist-packages/murano/db/migration/alembic_migrations/versions/001_x.py"),
        ("python-oslo.db", "/usr/lib/python2.7/dist-packages/oslo_db/api.py"),
    ] {
        node.package(package, "1", "2");
        node.write(&format!("var/lib/dpkg/info/{package}.list"), &format!("/.\n{file}\n"));
    }
    assert_eq!(
        notes(&node),
        ["has migrations of database schemas, which an update does not run (see its documentation): \
          python-murano python-neutron python-nova"]
    );
}

#[test]
fn work_that_a_restart_breaks_is_named_and_waited_for_on_request() {
    let mut node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    node.write(".lab/domains", "instance-0000000a None\ninstance-0000000b Unbounded\n");
    node.write("proc/77/comm", "qemu-img\n");
    let named =
        ["nova: instance-0000000b is being migrated or saved", "nova: disks are being copied (qemu-img runs: 1)"];
    assert_eq!(notes(&node), named.map(|work| format!("{work} (a restart breaks it)")));
    // Named only: the update goes on.
    let other = node.copy();
    other.pass(&NODE_PHASES[1..]);
    assert!(other.log().contains("update: work that a restart breaks: nova: instance-0000000b"), "{}", other.log());
    // Waited for: it ends meanwhile.
    node.values.options.wait_for_quiet = 30;
    node.pass(&["download", "backup", "agents"]);
    let mut command = node.command("update");
    let running = std::thread::scope(|scope| {
        let update = scope.spawn(|| command.output().unwrap());
        while !node.log().contains("waiting at most 30 minutes for its end") {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(node.installed("nova-common").as_deref(), Some("1:1.0"), "nothing is changed before");
        std::fs::remove_dir_all(node.path("proc/77")).unwrap();
        node.write(".lab/domains", "instance-0000000a None\ninstance-0000000b None\n");
        update.join().unwrap()
    });
    assert!(running.status.success(), "{}", node.log());
    assert!(node.log().contains("that work has ended"), "{}", node.log());
    node.assert_tidy();
}

#[test]
fn work_that_does_not_end_is_waited_for_as_long_as_allowed() {
    let mut node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    node.write(".lab/domains", "instance-0000000b Bounded\n");
    node.values.options.wait_for_quiet = 2;
    node.pass(&["check", "download", "backup", "agents"]);
    assert!(node.command("update").env("MU_MINUTE", "1").output().unwrap().status.success());
    let said = "it goes on after 2 minutes: nova: instance-0000000b is being migrated or saved";
    assert!(node.log().contains(said), "{}", node.log());
}

#[test]
fn volumes_and_stacks_are_asked_of_the_database() {
    let node = controller();
    node.write(".lab/cluster/nodes", &format!("{}\n", hostname()));
    node.services(&["cinder-volume"]);
    node.package("cinder-volume", "1", "2");
    node.write(".lab/database/volumes", "0f5c\n");
    node.write(".lab/database/stack", "one\ntwo\nthree\nfour\nfive\nsix\n");
    assert_eq!(
        notes(&node),
        [
            "cinder: volumes in work: 1 (0f5c) (a restart breaks it)",
            "heat: stacks in work: 6 (one;two;three;four;five) (a restart breaks it)"
        ]
    );
}

#[test]
fn programs_that_still_run_old_code_are_evidence_and_no_fault() {
    let node = Node::new(&["compute"]);
    let process = |number: u32, program: &str, exe: &str, maps: &str| {
        node.write(&format!("proc/{number}/comm"), &format!("{program}\n"));
        node.write(&format!("proc/{number}/maps"), maps);
        symlink(exe, node.path(&format!("proc/{number}/exe"))).unwrap();
    };
    process(10, "libvirtd", "/usr/sbin/libvirtd (deleted)", "");
    process(11, "qemu-system-x86", "/usr/bin/qemu-system-x86_64 (deleted)", "");
    process(12, "qemu-system-x86", "/usr/bin/qemu-system-x86_64 (deleted)", "");
    process(
        13,
        "ovs-vswitchd",
        "/usr/sbin/ovs-vswitchd",
        "7f00-7f01 r-xp 00000000 08:01 42 /lib/x86_64-linux-gnu/libssl.so.1.0.0 (deleted)\n",
    );
    process(14, "ovsdb-server", "/usr/sbin/ovsdb-server", "7f00-7f01 rw-s 00000000 00:05 42 /dev/zero (deleted)\n");
    process(15, "nova-compute", "/usr/bin/python2.7 (deleted)", "");
    node.write("var/lib/dkms/openvswitch/version", "");
    node.write("sys/module/openvswitch/srcversion", "AAAA\n");
    let front = crate::node::scripts(&[("modinfo", "echo BBBB")]);
    for phase in NODE_PHASES {
        assert!(node.run_behind(front.path(), phase), "{phase}: {}", node.log());
    }
    let evidence = node.state().unwrap().evidence.unwrap();
    assert_eq!(evidence.faults(), Vec::<String>::new());
    assert_eq!(evidence.old_in_memory, "libvirtd;ovs-vswitchd;qemu-system-x86 (2);kernel module openvswitch");
}
