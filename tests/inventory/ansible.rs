//! `inventory show`, also as Ansible's dynamic inventory.

use insta::assert_snapshot;

use super::forms::six;
use crate::program::Program;

fn show(form: &str, options: &str) -> crate::program::Ran {
    let program = Program::new().redact(&six("").display().to_string(), "");
    program.run(&format!("--env 2 --inventory {} inventory show {options}", six(form).display()))
}

#[test]
fn what_is_listed_and_left_out() {
    assert_snapshot!(show("nailgun.json", "").picture(), @"
    exit 0
    --- stdout
    +----+-----------+-------------------+-----------+------+----------------------+------------------+
    | id | name      | roles             | address   | port | fqdn                 | label            |
    +----+-----------+-------------------+-----------+------+----------------------+------------------+
    | 1  | node-1    | controller        | 10.20.0.3 | 22   | node-1.domain.tld    | Untitled (4d:4d) |
    | 2  | node-2    | controller        | 10.20.0.4 | 22   | node-2.domain.tld    | Ünit 2           |
    | 5  | node-5    | compute, ceph-osd | 10.20.0.7 | 22   | node-5.domain.tld    | storage a        |
    | 7  | rack3-kvm | compute           | 10.20.0.9 | 22   | rack3-kvm.domain.tld | rack 3           |
    +----+-----------+-------------------+-----------+------+----------------------+------------------+
    --- stderr
    environment 2: nailgun.json (nailgun, AGE old)
    left out: 1 (other-environment)
    left out: 1 (pending-deletion)
    ");
    assert_snapshot!(show("ansible.ini", "-q -f value -c id -c name -c roles").picture(), @"
    exit 0
    --- stdout
    - node-5 ceph-osd, compute
    - node-8 cinder
    - rack3-kvm compute
    - node-1 controller
    - node-2 controller
    ");
}

/// What `ansible-inventory --list` reads: groups with hosts, `_meta.hostvars` for every host of them.
#[test]
fn ansibles_dynamic_inventory() {
    let ran = show("astute-9.2-slave.yaml", "-q -f ansible --ssh-user ops --jump root@10.20.0.2 --nodes 1,5");
    assert_snapshot!(ran.picture(), @r#"
    exit 0
    --- stdout
    {
      "_meta": {
        "hostvars": {
          "node-1": {
            "ansible_host": "10.20.0.3",
            "ansible_port": 22,
            "ansible_ssh_common_args": "-o ProxyJump=root@10.20.0.2",
            "ansible_user": "ops",
            "fuel_fqdn": "node-1.domain.tld",
            "fuel_id": 1,
            "fuel_label": "Untitled (4d:4d)",
            "fuel_roles": [
              "controller"
            ]
          },
          "node-5": {
            "ansible_host": "10.20.0.7",
            "ansible_port": 22,
            "ansible_ssh_common_args": "-o ProxyJump=root@10.20.0.2",
            "ansible_user": "ops",
            "fuel_fqdn": "node-5.domain.tld",
            "fuel_id": 5,
            "fuel_label": "storage a",
            "fuel_roles": [
              "compute",
              "ceph-osd"
            ]
          }
        }
      },
      "all": {
        "children": [
          "ceph-osd",
          "compute",
          "controller",
          "ungrouped"
        ],
        "vars": {
          "fuel_env": 2,
          "fuel_mos_version": "9.0"
        }
      },
      "ceph-osd": {
        "hosts": [
          "node-5"
        ]
      },
      "compute": {
        "hosts": [
          "node-5"
        ]
      },
      "controller": {
        "hosts": [
          "node-1"
        ]
      }
    }
    "#);
    let list = ran.json();
    let hosts = list["_meta"]["hostvars"].as_object().expect("hostvars");
    for (group, content) in
        list.as_object().expect("groups").iter().filter(|(g, _)| !matches!(g.as_str(), "_meta" | "all"))
    {
        for host in content["hosts"].as_array().expect(group) {
            assert!(hosts.contains_key(host.as_str().expect("a name")), "{group}: {host}");
        }
        let children = list["all"]["children"].as_array().expect("children");
        assert!(children.iter().any(|child| child == group), "{group}");
    }
}

#[test]
fn ansibles_form_is_for_the_node_list_alone() {
    assert_snapshot!(Program::new().run("-e 2 check installed -f ansible").picture(), @"
    exit 2
    --- stderr
    error: invalid value 'ansible' for '--format <FORMAT>'
      [possible values: table, json, yaml, csv, value, prometheus, nagios]

      tip: a similar value exists: 'table'

    For more information, try '--help'.
    ");
}

#[test]
fn the_node_lists_own_port_and_home() {
    let program = Program::new();
    let text = "ssh: {key: ~/.ssh/one}\nnodes:\n- {name: a, address: 10.0.0.1, port: 22}\n- {name: b, address: 10.0.0.2}\n\
                - {name: c, address: 10.0.0.3, port: 2222, key: keys/k}\n";
    let file = program.file("list/env-1.yaml", text).display().to_string();
    let ran = program.run(&format!("-q -e 1 --inventory {file} --ssh-port 2200 inventory show -f json"));
    let document = ran.json();
    let nodes = document["nodes"].as_array().expect("nodes");
    let ports: Vec<_> = nodes.iter().map(|node| node["port"].as_u64()).collect();
    assert_eq!(ports, [Some(22), Some(2200), Some(2222)], "{}", ran.picture());
    let ends =
        |i: usize, end: &str| nodes[i]["key"].as_str().is_some_and(|key| key.starts_with('/') && key.ends_with(end));
    assert!(ends(0, "/.ssh/one") && !ends(0, "/~/.ssh/one") && ends(2, "/list/keys/k"), "{}", ran.picture());
}

#[test]
fn ansible_logs_in_as_this_program_would() {
    let program = Program::new();
    let text = "ssh: {user: ops, jump: gate}\nnodes:\n- {name: a, address: 10.0.0.1}\n\
                - {name: b, address: 10.0.0.2, jump: \"root@gate:2222\", user: fuel}\n";
    let file = program.file("env-1.yaml", text).display().to_string();
    let vars = |options: &str| {
        let list = program.run(&format!("-q -e 1 --inventory {file} {options} inventory show -f ansible")).json();
        ["a", "b"].map(|host| {
            let vars = &list["_meta"]["hostvars"][host];
            let text = |key: &str| vars[key].as_str().unwrap_or_default().to_owned();
            [text("ansible_user"), text("ansible_ssh_common_args")]
        })
    };
    // Without a user in the jump host, OpenSSH would take the local one.
    assert_eq!(vars(""), [["ops", "-o ProxyJump=ops@gate"], ["fuel", "-o ProxyJump=root@gate:2222"]]);
    assert_eq!(vars("--ssh-user adm"), [["adm", "-o ProxyJump=adm@gate"], ["adm", "-o ProxyJump=root@gate:2222"]]);
}

#[test]
fn what_is_not_used_is_named() {
    let program = Program::new();
    let text = "[controller]\nnode-1 ansible_host='10.0.0.1' ansible_become=yes # first\n";
    let file = program.file("hosts", text).display().to_string();
    assert_snapshot!(program.run(&format!("-e 1 --inventory {file} inventory show -f value -c address")).picture(), @"
    exit 0
    --- stdout
    10.0.0.1
    --- stderr
    environment 1: [HOME]/hosts (ansible-ini, AGE old)
    warning: [HOME]/hosts: line 2: ansible_become is not used
    ");
}

#[test]
fn one_document_for_programs() {
    let ran = show("astute-9.2-slave.yaml", "-q -f json --nodes 7");
    let mut document = ran.json();
    document["inventory"]["age_s"] = 0.into();
    document["inventory"]["source"] = "S".into();
    assert!(document["taken_at"].as_str().is_some_and(|at| at.len() == 20 && at.ends_with('Z')), "{document}");
    document["taken_at"] = "T".into();
    assert_snapshot!(serde_json::to_string_pretty(&document).expect("JSON"), @r#"
    {
      "command": "inventory show",
      "conditions": [],
      "env": 2,
      "exit": 0,
      "inventory": {
        "age_s": 0,
        "format": "astute",
        "left_out": {},
        "source": "S"
      },
      "mos_version": "9.0",
      "mos_version_source": "inventory",
      "nodes": [
        {
          "address": "10.20.0.9",
          "fqdn": "rack3-kvm.domain.tld",
          "id": 7,
          "jump": null,
          "key": null,
          "label": "rack 3",
          "legacy_algorithms": null,
          "name": "rack3-kvm",
          "port": 22,
          "roles": [
            "compute"
          ],
          "user": null
        }
      ],
      "schema": "fuel-updates/1",
      "taken_at": "T",
      "tool": "0.1.0"
    }
    "#);
}
