//! Bad input: one clear line with file, key or node, a hint, the right exit status.

use fuel_lab::{Lab, NodeSpec, Scenario};
use insta::assert_snapshot;

use crate::program::{Program, mu};

/// Runs `line` with an inventory of this text.
fn with_inventory(text: &str, line: &str) -> String {
    let program = Program::new();
    let path = program.file("inventory.yaml", text).display().to_string();
    program.redact(&path, "[FILE]").variable("FUEL_UPDATES_INVENTORY", &path).run(line).picture()
}

#[test]
fn no_inventory() {
    assert_snapshot!(Program::new().run("--env 7 check installed").picture(), @"
    exit 1
    --- stderr
    error: no node list for environment 7
    hint: write one with `fuel-updates --env 7 inventory sync` (from Nailgun) or `fuel-updates --env 7 inventory import --from NODE` (from a node over SSH), or name a file with --inventory; looked for /etc/fuel-updates/inventory/env-7.yaml, /etc/fuel-updates/inventory/env-7.yml, /etc/fuel-updates/inventory/env-7.json, /etc/fuel/cluster/7/astute.yaml, /var/lib/fuel/configs/7/cluster.yaml
    ");
}

#[test]
fn no_environment() {
    assert_snapshot!(Program::new().run("check installed").picture(), @"
    exit 2
    --- stderr
    error: no environment given
    hint: give --env ID (`fuel2 env list` shows them); there is no node list yet: `fuel-updates --env ID inventory sync` writes one from Nailgun, `inventory import --from NODE` from a node
    ");
}

#[test]
fn an_inventory_of_another_environment() {
    let text = "env: 7\nnodes: [{name: node-1, address: 10.20.0.1}]\n";
    assert_snapshot!(with_inventory(text, "--env 1 check installed"), @"
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml lists environment 7, not 1
    hint: give --env 7, or another --inventory
    ");
}

#[test]
fn inventories_with_a_fault_name_the_line() {
    let node = "nodes:\n- {id: 1, name: node-1, address: 10.20.0.1}\n";
    let mut pictures = String::new();
    for text in [
        format!("{node}- {{id: 1, name: node-2, address: 10.20.0.2}}\n"),
        format!("{node}- {{id: 2, name: node-2, address: 10.20.0.300}}\n"),
        format!("{node}- {{id: 2, name: node-2, adress: 10.20.0.2}}\n"),
        format!("envv: 1\n{node}"),
        format!("{node}- {{id: two, name: node-2, address: 10.20.0.2}}\n"),
        "nodes: []\n".to_owned(),
        "nodes: [\n".to_owned(),
        "\u{0}".to_owned(),
    ] {
        pictures.push_str(&with_inventory(&text, "--env 1 check installed"));
    }
    assert_snapshot!(pictures, @r"
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml, line 3: node-2: id 1 is already in line 2
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml, line 3: node-2: `10.20.0.300` is neither an address nor a host name
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml, line 3: unknown field `adress`, expected one of id, name, fqdn, label, address, roles, user, port, key, jump, legacy_algorithms
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml, line 1: unknown field `envv`, expected one of schema, env, mos_version, ssh, nodes
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml, line 3: nodes[1].id: expected a whole number
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml lists no node of environment 1 that can be asked
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml, line 1: nodes: unclosed bracket '['
    exit 1
    --- stderr
    error: [HOME]/inventory.yaml, line 1: unexpected character: `\u{0}'
    ");
}

#[test]
fn selections_that_fit_nothing_list_what_there_is() {
    let text = "nodes:\n- {id: 1, name: node-1, address: 10.20.0.1, roles: [compute]}\n";
    let run = |line: &str| with_inventory(text, line);
    assert_snapshot!(run("--env 1 check installed --nodes 7"), @"
    exit 1
    --- stderr
    error: unknown node `7`; known nodes: node-1
    hint: see `inventory show`
    ");
    assert_snapshot!(run("--env 1 check installed --roles mongo"), @"
    exit 1
    --- stderr
    error: no node has the role `mongo`; known roles: compute
    hint: see `inventory show`
    ");
    assert_snapshot!(run("--env 1 check installed --exclude node-1"), @"
    exit 1
    --- stderr
    error: no node matches all selections; known nodes: node-1
    hint: see `inventory show`
    ");
}

#[test]
fn keys_that_cannot_be_used_end_before_any_connection() {
    let lab = Lab::start(Scenario::new().node(NodeSpec::new(1, &["controller"]))).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = |key: &str| program.run(&format!("-e 1 -q check installed --ssh-key {key}"));
    let missing = ran("/nowhere/id_rsa");
    assert_snapshot!(missing.picture(), @"
    exit 1
    --- stderr
    error: SSH key /nowhere/id_rsa: no such file
    hint: name a private key file with --ssh-key
    ");
    let locked = program.file("locked", "");
    std::fs::remove_file(&locked).expect("gone");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "secret", "-f"])
        .arg(&locked)
        .status();
    assert!(made.expect("ssh-keygen").success());
    assert_snapshot!(ran(&locked.display().to_string()).picture(), @"
    exit 1
    --- stderr
    error: SSH key [HOME]/locked: it is protected by a passphrase
    hint: load it into an agent: eval $(ssh-agent); ssh-add [HOME]/locked. A passphrase is never asked for
    ");
    assert_eq!(lab.node(1).connections(), 0);
}

#[test]
fn an_unknown_column_and_an_unknown_option() {
    let lab = Lab::start(Scenario::new().node(NodeSpec::new(1, &["controller"]))).expect("a lab");
    let program = Program::in_lab(&lab);
    assert_snapshot!(program.run("-e 1 -q check installed -c mac").picture(), @"
    exit 2
    --- stderr
    error: there is no column `mac`
    hint: columns: id, name, roles, address, state, MU, published, detail
    ");
    for line in [
        "-e 1 check available -s mac",
        "-e 1 install --yes -c mac",
        "-e 1 install --precheck -c mac",
        "-e 1 install --attach -f csv -c mac",
        "-e 1 history -c mac",
    ] {
        let ran = program.run(line);
        assert_eq!((ran.code, ran.lines("error: ")), (Some(2), vec!["there is no column `mac`"]), "{line}");
    }
    assert_eq!((lab.node(1).connections(), lab.nailgun().asked().len()), (0, 0), "said before anybody is asked");
    assert_eq!(program.run("-e 1 check instaled").code, Some(2));
    assert_eq!(program.run("-e 0 check installed").code, Some(2));
    assert_eq!(program.run("-e 1 check installed --connect-timeout 0").code, Some(2));
}

#[test]
fn a_configuration_file_with_a_typo() {
    let program = Program::new();
    let file = program.file("c.yaml", "mirror: http://m\nssh:\n  fanuot: 7\n").display().to_string();
    let ran = program.run(&format!("-e 1 --config {file} check installed"));
    assert_snapshot!(ran.picture(), @"
    exit 2
    --- stderr
    error: [HOME]/c.yaml: line 3: unknown field `fanuot`, expected one of user, keys, port, jump, host_keys, legacy_algorithms, connect_timeout, handshake_timeout, node_timeout, fanout
    ");
}

#[test]
fn a_password_in_the_mirrors_address_is_never_shown() {
    let lab = Lab::start(Scenario::new().published(mu(1)).node(NodeSpec::new(1, &["controller"]))).expect("a lab");
    let mirror = lab.mirror_url().replace("http://", "http://ops:s3cret@");
    for form in ["table", "json"] {
        let ran = Program::in_lab(&lab).run(&format!("-e 1 check available --mirror {mirror} -f {form}"));
        assert!(!ran.picture().contains("s3cret"), "{}", ran.picture());
    }
}
