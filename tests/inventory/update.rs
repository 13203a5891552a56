//! `inventory sync` and `inventory import`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fuel_lab::{Lab, Membership, NodeSpec, Scenario};
use fuel_updates::domain::numbers::EnvId;
use fuel_updates::domain::remote::Frame;
use fuel_updates::inventory::FetchNodeFile;
use insta::assert_snapshot;

use super::forms::six;
use crate::program::{MU_FILE, Program, exists, mu};

fn lab() -> Lab {
    let scenario = Scenario::new()
        .node(NodeSpec::new(1, &["controller"]))
        .node(NodeSpec::new(2, &["compute", "ceph-osd"]).label("storage a"))
        .node(NodeSpec::new(3, &["compute"]).name("rack3").only_in_nailgun())
        .node(NodeSpec::new(4, &["cinder"]).member_of(Membership::Other(3)).only_in_nailgun());
    Lab::start(scenario).expect("a lab")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The lab's addresses differ from run to run.
fn program(lab: &Lab) -> Program {
    let program = Program::in_lab(lab).redact(&lab.nailgun_url(), "[NAILGUN]");
    let names = ["ADDRESS-1", "ADDRESS-2", "ADDRESS-3", "ADDRESS-4"];
    lab.nodes()
        .iter()
        .zip(names)
        .fold(program, |program, (node, name)| program.redact(&node.address().to_string(), name))
}

#[test]
fn sync_writes_what_nailgun_knows_and_says_what_changed() {
    let lab = lab();
    let program = program(&lab);
    let file = program.file("lists/keep", "").with_file_name("env-1.yaml");
    let sync = || program.run(&format!("--env 1 inventory sync -f csv --to {}", file.display()));
    assert_snapshot!(sync().picture(), @r#"
    exit 0
    --- stdout
    change,id,name,what
    added,1,node-1,ADDRESS-1; controller
    added,2,node-2,"ADDRESS-2; compute, ceph-osd"
    added,3,rack3,ADDRESS-3; compute
    --- stderr
    [HOME]/lists/env-1.yaml: written from [NAILGUN]/api/v1/nodes, 3 nodes
    "#);
    assert_eq!(std::fs::metadata(&file).expect("written").permissions().mode() & 0o777, 0o600);
    assert_snapshot!(sync().picture(), @"
    exit 0
    --- stdout
    change,id,name,what
    --- stderr
    [HOME]/lists/env-1.yaml: up to date with [NAILGUN]/api/v1/nodes, 3 nodes
    ");
    assert!(!exists(&file.with_file_name("env-1.yaml.old")), "nothing changed, nothing was written");

    // The operator's own keys stay, whatever Nailgun says of the rest.
    let changed = text(&file)
        .replace("nodes:\n", "ssh: {user: stack}\nnodes:\n")
        .replace(&lab.node(1).address().to_string(), "10.0.0.77")
        .replace("label: node-1,", "label: mine,")
        .replace("roles: [controller]", "roles: [controller], port: 2222, key: /k, jump: j, legacy_algorithms: true")
        .replace("name: rack3", "name: node-33, user: me")
        + "- {id: 9, name: gone, address: 10.0.0.9} # by hand\n";
    std::fs::write(&file, &changed).expect("changed");
    assert_snapshot!(sync().picture(), @"
    exit 0
    --- stdout
    change,id,name,what
    removed,9,gone,10.0.0.9; no role
    changed,1,node-1,address 10.0.0.77 → ADDRESS-1
    changed,3,rack3,name node-33 → rack3
    --- stderr
    [HOME]/lists/env-1.yaml: brought up to date from [NAILGUN]/api/v1/nodes, 3 nodes
    ");
    let written = text(&file);
    for kept in [
        "ssh: {user: stack}",
        "label: mine,",
        "port: 2222, key: /k, jump: j, legacy_algorithms: true",
        "name: rack3, fqdn: rack3.domain.tld",
        "user: me",
    ] {
        assert!(written.contains(kept), "{kept} is not in\n{written}");
    }
    assert_eq!(text(&file.with_file_name("env-1.yaml.old")), changed, "the last one stays beside it");
    let names: Vec<_> = std::fs::read_dir(file.parent().expect("a folder")).expect("a folder").flatten().collect();
    assert_eq!(names.len(), 3, "no temporary file is left: {names:?}");
}

#[test]
fn what_was_synced_is_what_a_check_uses_and_nailgun_is_not_asked_again() {
    let scenario = Scenario::new().node(NodeSpec::new(1, &["controller"]).file(MU_FILE, mu(2)));
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let file = program.file("lists/keep", "").with_file_name("env-1.yaml").display().to_string();
    assert_eq!(program.run(&format!("-e 1 inventory sync --to {file}")).code, Some(0));
    lab.nailgun().suspend();
    let port = lab.node(1).port();
    let ran = program.run(&format!("-e 1 -q check installed --inventory {file} --ssh-port {port} -f json"));
    assert_eq!((ran.code, &ran.json()["nodes"][0]["state"]), (Some(0), &"installed".into()), "{}", ran.picture());
    assert_eq!(ran.json()["mos_version"], "9.0");
    // Without Nailgun there is nothing to sync with: the list stays as it is.
    let before = text(Path::new(&file));
    let failed = program.run(&format!("-e 1 inventory sync --to {file}"));
    assert_eq!((failed.code, text(Path::new(&file))), (Some(1), before));
}

#[test]
fn a_file_that_is_not_ours_is_left_as_it_is() {
    let lab = lab();
    let program = program(&lab);
    let mut told = String::new();
    for (name, content) in [
        ("nailgun.json", "[]"),
        ("typo.yaml", "env: 1\nnodes:\n- {id: 1, name: a, adress: 10.0.0.1}\n"),
        ("other.yaml", "env: 7\nnodes: []\n"),
    ] {
        let file = program.file(name, content);
        told += &program.run(&format!("--env 1 inventory sync --inventory {}", file.display())).picture();
        assert_eq!(text(&file), content);
    }
    told += &program.run("--env 55 inventory sync").picture();
    assert_snapshot!(told, @"
    exit 1
    --- stderr
    error: [HOME]/nailgun.json is left as it is: it is not in the native form (line 1: expected a map)
    hint: correct or remove it, or name another file with --to
    exit 1
    --- stderr
    error: [HOME]/typo.yaml is left as it is: it is not in the native form (line 3: unknown field `adress`, expected one of id, name, fqdn, label, address, roles, user, port, key, jump, legacy_algorithms)
    hint: correct or remove it, or name another file with --to
    exit 1
    --- stderr
    error: [HOME]/other.yaml is left as it is: it lists environment 7, not 1
    hint: correct or remove it, or name another file with --to
    exit 1
    --- stderr
    error: Nailgun, reading environment 55: not found (404): Cluster not found
    ");
}

#[test]
fn every_form_is_imported() {
    for form in [
        "nailgun.json",
        "fuel-v1.json",
        "fuel2.json",
        "ansible.ini",
        "astute-7.0.yaml",
        "cluster-10.0.yaml",
        "native.yaml",
    ] {
        let program = Program::new();
        let to = program.file("keep", "").with_file_name("env-2.yaml");
        let ran = program.run(&format!("-e 2 inventory import {} --to {}", six(form).display(), to.display()));
        assert_eq!(ran.code, Some(0), "{form}: {}", ran.picture());
        let want = fuel_updates::inventory::read(&six(form), Some(EnvId(2))).expect(form).inventory;
        let got = fuel_updates::inventory::read(&to, Some(EnvId(2))).expect(form).inventory;
        assert_eq!((got.env, &got.mos_version), (Some(EnvId(2)), &want.mos_version), "{form}");
        let mut nodes = want.nodes;
        nodes.sort_by(|a, b| (a.id, &a.name).cmp(&(b.id, &b.name)));
        assert_eq!(got.nodes, nodes, "{form}");
    }
}

#[test]
fn import_prints_and_needs_an_environment() {
    let program = Program::new().redact(&six("").display().to_string(), "");
    let import = |form: &str, options: &str| {
        program.run(&format!("inventory import {} --to - {options}", six(form).display())).picture()
    };
    assert_snapshot!(import("fuel2.json", "--env 2"), @r#"
    exit 0
    --- stdout
    # The node list of one environment, for `fuel-updates`. `fuel-updates inventory sync` updates it from Nailgun
    # and keeps ssh and each node's user, port, key, jump, legacy_algorithms and label.
    schema: fuel-updates-inventory/1
    env: 2
    nodes:
    - {id: 1, name: node-1, label: Untitled (4d:4d), address: "10.20.0.3", roles: [controller]}
    - {id: 2, name: node-2, label: Ünit 2, address: "10.20.0.4", roles: [controller]}
    - {id: 5, name: node-5, label: storage a, address: "10.20.0.7", roles: [compute, ceph-osd]}
    - {id: 7, name: node-7, label: rack 3, address: "10.20.0.9", roles: [compute]}
    - {id: 8, name: node-8, label: old cinder, address: "10.20.0.10", roles: [cinder]}
    --- stderr
    left out: 1 (other-environment)
    "#);
    assert_snapshot!(import("fuel2.json", ""), @"
    exit 2
    --- stderr
    error: no environment given
    hint: give --env ID; fuel2.json lists nodes of 2, 3
    ");
    assert_snapshot!(import("ansible.ini", ""), @"
    exit 2
    --- stderr
    error: no environment given
    hint: give --env ID: ansible.ini does not say which environment it lists
    ");
    assert_snapshot!(import("astute-6.1.yaml", "--env 2"), @"
    exit 1
    --- stderr
    error: astute-6.1.yaml: this astute.yaml has no `network_metadata`: MOS 6.1 and older do not list the other nodes' addresses in the admin network; write an inventory, or import one of Nailgun's node lists
    ");
    assert_snapshot!(import("native.yaml", "--env 7"), @"
    exit 1
    --- stderr
    error: native.yaml lists environment 2, not 7
    hint: give --env 2, or another --inventory
    ");
}

#[test]
fn import_from_a_node_asks_it_over_ssh_once() {
    let astute = text(&six("astute-9.2-slave.yaml"));
    let scenario = Scenario::new()
        .env(2)
        .node(NodeSpec::new(5, &["compute"]).file("/etc/astute.yaml", astute))
        .node(NodeSpec::new(6, &["compute"]).offline())
        .node(NodeSpec::new(7, &["compute"]).file("/etc/hiera/cluster.yaml", text(&six("cluster-10.0.yaml"))));
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let port = lab.node(5).port();
    let address = lab.node(5).address().to_string();
    let program = program.redact(&address, "ADDRESS");
    // The first import knows no list yet.
    let ran = program.run(&format!("-q inventory import --from {address} --ssh-port {port} --to -"));
    assert_snapshot!(ran.picture(), @r#"
    exit 0
    --- stdout
    # The node list of one environment, for `fuel-updates`. `fuel-updates inventory sync` updates it from Nailgun
    # and keeps ssh and each node's user, port, key, jump, legacy_algorithms and label.
    schema: fuel-updates-inventory/1
    env: 2
    mos_version: "9.0"
    nodes:
    - {id: 1, name: node-1, fqdn: node-1.domain.tld, label: Untitled (4d:4d), address: "10.20.0.3", roles: [controller]}
    - {id: 2, name: node-2, fqdn: node-2.domain.tld, label: Ünit 2, address: "10.20.0.4", roles: [controller]}
    - {id: 5, name: node-5, fqdn: node-5.domain.tld, label: storage a, address: "10.20.0.7", roles: [compute, ceph-osd]}
    - {id: 7, name: rack3-kvm, fqdn: rack3-kvm.domain.tld, label: rack 3, address: "10.20.0.9", roles: [compute]}
    - {id: 8, name: node-8, fqdn: node-8.domain.tld, label: old cinder, address: "10.20.0.10", roles: [cinder]}
    "#);
    // One constant command, but for the random word of the run.
    let (frame, commands) = (Frame::new([0; 8]), lab.node(5).commands());
    let word = commands[0].lines().next().and_then(|line| line.strip_prefix("W=")).expect("the word");
    assert_eq!(commands.len(), 1);
    assert_eq!(commands[0].replace(word, frame.word()), frame.command::<FetchNodeFile>());
    let newton = program.run("-q -e 2 inventory import --from node-7 --to -");
    assert!(newton.stdout.contains("mos_version: \"10.0\""), "{}", newton.picture());
    assert_snapshot!(program.run("-q -e 2 inventory import --from node-6 --to -").picture(), @"
    exit 1
    --- stderr
    error: node-6: unreachable (connection refused)
    hint: the host is up; check that its SSH server listens on port PORT
    ");
    assert_snapshot!(program.run("-q -e 3 inventory import --from node-5 --to -").picture(), @"
    exit 1
    --- stderr
    error: node-5: unreachable (unknown host name node-5)
    hint: use the address, or add the name to /etc/hosts
    ");
}
