//! The zero-set-up run: on a 9.1+ master nothing is there but what Fuel itself wrote.

#![allow(clippy::print_stderr)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use fuel_lab::{Lab, NodeSpec, Scenario};
use insta::assert_snapshot;

use super::forms::six;
use crate::program::{MU_FILE, Program, mu};

/// What a 9.2 master has of an environment, and an environment 2 of the lab's nodes in it.
fn tree(root: &Path, lab: &Lab) {
    for folder in ["etc/fuel/cluster/1", "root/.ssh", "var/lib", "tmp", "usr/bin"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let mut astute = fs::read_to_string(six("astute-9.2-master.yaml")).expect("a fixture");
    let (head, _) = astute.split_once("network_metadata:").expect("the list");
    astute = head.replace("deployment_id: 2", "deployment_id: 1").replace("  id: 2\n", "  id: 1\n")
        + "network_metadata:\n  nodes:\n";
    for node in lab.nodes() {
        astute += &format!(
            "    node-{id}:\n      uid: '{id}'\n      name: {name}\n      fqdn: {name}.domain.tld\n      user_node_name: x\n      \
             node_roles: [{roles}]\n      network_roles: {{admin/pxe: {address}, fw-admin: {address}, management: 192.168.0.{id}}}\n",
            id = node.id(),
            name = node.spec().name,
            roles = node.spec().roles.join(", "),
            address = node.address(),
        );
    }
    astute += "    master: {uid: master, name: fuel, node_roles: [master], network_roles: {admin/pxe: 10.20.0.2}}\n";
    let file = root.join("etc/fuel/cluster/1/astute.yaml");
    fs::write(&file, astute).expect("the master's copy");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("its mode");
    fs::set_permissions(root.join("etc/fuel/cluster/1"), fs::Permissions::from_mode(0o750)).expect("its mode");
    fs::write(root.join("etc/fuel_release"), "9.2\n").expect("the master's release");
    let key = root.join("root/.ssh/id_rsa");
    fs::copy(lab.ssh_key(), &key).expect("the key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
    fs::copy(env!("CARGO_BIN_EXE_fuel-updates"), root.join("usr/bin/fuel-updates")).expect("the binary");
    symlink("/usr/bin", root.join("bin")).expect("a link");
    // The only device that is needed: where random numbers come from.
    fs::create_dir(root.join("dev")).expect("a folder");
    for (name, minor) in [("random", "8"), ("urandom", "9")] {
        let made =
            Command::new("mknod").args(["-m", "666"]).arg(root.join("dev").join(name)).args(["c", "1", minor]).status();
        assert!(made.expect("mknod").success());
    }
}

#[test]
fn a_master_needs_no_set_up() {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI runs as root: chroot needs it");
        eprintln!("skipped: chroot needs root");
        return;
    }
    let scenario = Scenario::new()
        .node(NodeSpec::new(1, &["controller"]).file(MU_FILE, mu(2)))
        .node(NodeSpec::new(2, &["compute", "cinder"]).name("rack3").file(MU_FILE, mu(2)));
    let lab = Lab::start(scenario).expect("a lab");
    // A check never needs it.
    lab.nailgun().suspend();
    let dir = tempfile::tempdir().expect("a folder");
    tree(dir.path(), &lab);
    // A trap: a node list in the current directory, which nobody may ever take.
    fs::write(dir.path().join("tmp/env-1.yaml"), "nodes: [{name: trap, address: 127.0.0.1}]\n").expect("a trap");
    fs::write(dir.path().join("tmp/inventory.yaml"), "nodes: [{name: trap, address: 127.0.0.1}]\n").expect("a trap");
    let run = |line: &str| {
        let mut command = Command::new("chroot");
        command.arg(dir.path()).args(["/usr/bin/fuel-updates"]).args(line.split(' '));
        // The lab's nodes cannot listen on port 22; everything else is as on a master.
        command.env_clear().env("HOME", "/root").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("FUEL_UPDATES_SSH_PORT", lab.node(1).port().to_string());
        command.current_dir(dir.path().join("tmp"));
        let program = lab.nodes().iter().fold(Program::new(), |p, n| p.redact(&n.address().to_string(), "ADDRESS"));
        program.ran(command.output().expect("chroot"))
    };
    let ran = run("--env 1 check installed -c id -c name -c roles -c state -c MU");
    // Nodes answer in any order.
    assert_snapshot!(ran.picture(), @"
    exit 0
    --- stdout
    9.0-mu-2 on all 2 nodes
    +----+--------+-----------------+-----------+----------+
    | id | name   | roles           | state     | MU       |
    +----+--------+-----------------+-----------+----------+
    | 1  | node-1 | controller      | installed | 9.0-mu-2 |
    | 2  | rack3  | compute, cinder | installed | 9.0-mu-2 |
    +----+--------+-----------------+-----------+----------+
    --- stderr
    environment 1: /etc/fuel/cluster/1/astute.yaml (astute, AGE old)
    ");
    // The only environment needs no naming, and its version is the environment's own: the master is 9.2.
    let guessed = run("check installed -f json");
    let document = guessed.json();
    assert_eq!((guessed.code, &document["env"], &document["mos_version"]), (Some(0), &1.into(), &"9.0".into()));
    assert!(
        guessed
            .stderr
            .contains("environment 1, the only one with a node list: /etc/fuel/cluster/1/astute.yaml (astute"),
        "{}",
        guessed.stderr
    );
    assert_eq!(document["inventory"]["left_out"], serde_json::json!({"master": 1}));
    assert_eq!(run("--env 2 check installed").code, Some(1));
}
