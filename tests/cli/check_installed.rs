//! `check installed` against the lab.

use fuel_lab::{Lab, NodeSpec, Scenario, SshFault};
use insta::assert_snapshot;
use serde_json::Value;

use crate::program::{MU_FILE, Program, mu};

fn installed(id: u32, role: &str, update: u64) -> NodeSpec {
    NodeSpec::new(id, &[role]).file(MU_FILE, mu(update))
}

#[test]
fn all_the_same_needs_no_attention() {
    let nodes = (1..=3).map(|id| installed(id, "controller", 2));
    let lab = nodes.fold(Scenario::new(), Scenario::node);
    let lab = Lab::start(lab).expect("a lab");
    let ran = Program::in_lab(&lab)
        .run("--env 1 --quiet check installed -c id -c name -c roles -c state -c MU -c published -c detail");
    assert_snapshot!(ran.picture(), @"
    exit 0
    --- stdout
    9.0-mu-2 on all 3 nodes
    +----+--------+------------+-----------+----------+------------+--------------+
    | id | name   | roles      | state     | MU       | published  | detail       |
    +----+--------+------------+-----------+----------+------------+--------------+
    | 1  | node-1 | controller | installed | 9.0-mu-2 | 2016-07-06 | from package |
    | 2  | node-2 | controller | installed | 9.0-mu-2 | 2016-07-06 | from package |
    | 3  | node-3 | controller | installed | 9.0-mu-2 | 2016-07-06 | from package |
    +----+--------+------------+-----------+----------+------------+--------------+
    ");
}

#[test]
fn nodes_that_differ_or_do_not_answer() {
    let scenario = Scenario::new()
        .node(installed(1, "controller", 2))
        .node(NodeSpec::new(2, &["controller"]))
        .node(installed(3, "compute", 1).label("rack 3"))
        .node(NodeSpec::new(4, &["compute", "ceph-osd"]).file(MU_FILE, "{\"id\": \"4\"}"))
        .node(NodeSpec::new(5, &["cinder"]).offline());
    let lab = Lab::start(scenario).expect("a lab");
    let ran = Program::in_lab(&lab)
        .run("--env 1 check installed -c id -c name -c roles -c state -c MU -c published -c detail");
    assert_snapshot!(ran.picture(), @"
    exit 3
    --- stdout
    nodes differ: 9.0-mu-2 on 1 of 5 nodes, no maintenance update on 1, 9.0-mu-1 on 1; 1 node gave no valid answer; 1 node did not answer
    +----+--------+-------------------+-------------+----------+------------+------------------------------+
    | id | name   | roles             | state       | MU       | published  | detail                       |
    +----+--------+-------------------+-------------+----------+------------+------------------------------+
    | 1  | node-1 | controller        | installed   | 9.0-mu-2 | 2016-07-06 | from package                 |
    | 2  | node-2 | controller        | none        | -        | -          |                              |
    | 3  | node-3 | compute           | installed   | 9.0-mu-1 | 2016-07-05 | from package                 |
    | 4  | node-4 | compute, ceph-osd | invalid     | -        | -          | `id` is text, not an integer |
    | 5  | node-5 | cinder            | unreachable | -        | -          | connection refused           |
    +----+--------+-------------------+-------------+----------+------------+------------------------------+
    9.0-mu-2 on node-1
    none on node-2
    9.0-mu-1 on node-3
    invalid node-4 (`id` is text, not an integer)
    unreachable node-5 (connection refused)
    --- stderr
    environment 1: [LAB]/inventory.yaml (native, AGE old)
    hint: node-5: the host is up; check that its SSH server listens on port PORT
    ");
    assert_eq!(ran.progress().first(), Some(&"asking 5 nodes"), "{}", ran.stderr);
}

#[test]
fn the_document_is_a_contract() {
    let scenario = Scenario::new().node(installed(1, "controller", 2)).node(NodeSpec::new(2, &["compute"]).offline());
    let lab = Lab::start(scenario).expect("a lab");
    let ran = Program::in_lab(&lab).run("check installed -e 1 -f json");
    let mut document = ran.json();
    assert_eq!(ran.code, Some(3));
    for (pointer, value) in [("/taken_at", "T"), ("/inventory/source", "S"), ("/inventory/age_s", "A")] {
        *document.pointer_mut(pointer).expect(pointer) = value.into();
    }
    for node in document["nodes"].as_array_mut().expect("nodes") {
        node["elapsed_ms"] = 0.into();
        node["port"] = 0.into();
        node["address"] = "A".into();
    }
    assert_snapshot!(serde_json::to_string_pretty(&document).expect("JSON"), @r#"
    {
      "command": "check installed",
      "conditions": [
        "partial"
      ],
      "env": 1,
      "exit": 3,
      "inventory": {
        "age_s": "A",
        "format": "native",
        "left_out": {},
        "source": "S"
      },
      "mos_version": "9.0",
      "mos_version_source": "inventory",
      "nodes": [
        {
          "address": "A",
          "detail": "from package",
          "elapsed_ms": 0,
          "fqdn": "node-1.domain.tld",
          "id": 1,
          "identity": "verified",
          "label": null,
          "mu": {
            "doc_link": "https://example.org/mu2",
            "id": 2,
            "timestamp": 1467820077,
            "title": "9.0-mu-2"
          },
          "name": "node-1",
          "port": 0,
          "roles": [
            "controller"
          ],
          "state": "installed",
          "target": null
        },
        {
          "address": "A",
          "detail": "connection refused",
          "elapsed_ms": 0,
          "fqdn": "node-2.domain.tld",
          "id": 2,
          "identity": null,
          "label": null,
          "mu": null,
          "name": "node-2",
          "port": 0,
          "roles": [
            "compute"
          ],
          "state": "unreachable",
          "target": null
        }
      ],
      "schema": "fuel-updates/1",
      "summary": {
        "answer": "9.0-mu-2 on 1 of 2 nodes; 1 node did not answer",
        "groups": [
          {
            "count": 1,
            "mu": {
              "doc_link": "https://example.org/mu2",
              "id": 2,
              "timestamp": 1467820077,
              "title": "9.0-mu-2"
            },
            "nodes": "node-1",
            "state": "installed"
          },
          {
            "count": 1,
            "mu": null,
            "nodes": "node-2",
            "state": "unreachable"
          }
        ],
        "next": null,
        "nodes": 2,
        "states": {
          "installed": 1,
          "unreachable": 1
        }
      },
      "taken_at": "T",
      "tool": "0.1.0"
    }
    "#);
}

#[test]
fn every_form_carries_the_rows() {
    let lab = Lab::start(Scenario::new().node(installed(1, "controller", 2)).node(installed(2, "compute", 2)))
        .expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = |line: &str| program.run(line).stdout;
    assert_eq!(ran("-e 1 check installed -f csv -c id -c MU"), "id,MU\n1,9.0-mu-2\n2,9.0-mu-2\n");
    assert_eq!(ran("-e 1 check installed -f value -c name -c state"), "node-1 installed\nnode-2 installed\n");
    assert!(ran("-e 1 check installed -f yaml").contains("command: check installed"), "YAML");
}

#[test]
fn each_fault_of_a_node_has_one_state_and_one_cause() {
    let second = std::time::Duration::from_secs(1);
    let faults = [
        SshFault::Offline,
        SshFault::Silent,
        SshFault::EndlessBanner,
        SshFault::DripHandshake(second),
        SshFault::NotSsh,
        SshFault::RefuseAuth,
        SshFault::DropInAuth,
        SshFault::RefuseExec,
        SshFault::SlowStart(60 * second),
        SshFault::Flood(1 << 30),
        SshFault::EndlessOutput,
        SshFault::DropInOutput,
        SshFault::ExitSignal,
    ];
    let mut scenario = Scenario::new();
    for (id, fault) in (1..).zip(faults) {
        scenario = scenario.node(NodeSpec::new(id, &["compute"]).ssh_fault(fault));
    }
    let lab = Lab::start(scenario).expect("a lab");
    let line = "-e 1 -q check installed -f value -c name -c state -c detail --handshake-timeout 6 --node-timeout 12";
    let mut ran = Program::in_lab(&lab).run(line);
    // How many bytes came until then is not ours to say.
    for (node, before) in [("node-4 ", "\""), ("node-11 ", "(")] {
        let line = ran.stdout.lines().find(|l| l.starts_with(node)).expect(node).to_owned();
        ran.stdout = ran.stdout.replace(&line, line.split(before).next().expect("its beginning"));
    }
    assert_snapshot!(ran.picture(), @r#"
    exit 1
    --- stdout
    node-1 unreachable connection refused
    node-2 timeout silent for 6 s after it accepted the connection
    node-3 remote-error not an SSH server: it answers "this is no version"
    node-4 timeout no SSH banner after 6 s, but 
    node-5 remote-error not an SSH server: it answers "HTTP/1.1 400 Bad Request"
    node-6 auth root refused; tried [LAB]/keys/id_rsa
    node-7 remote-error connection lost while logging in (early eof)
    node-8 remote-error logged in, but running a command was refused
    node-9 timeout logged in, but no answer after 12 s
    node-10 remote-error sent more than 524288 bytes
    node-11 timeout answer not complete after 12 s 
    node-12 remote-error connection lost while reading the answer
    node-13 remote-error the command was killed by signal KILL
    --- stderr
    error: no node could be asked
    "#);
}

#[test]
fn what_a_node_prints_never_reaches_the_terminal_as_it_is() {
    let evil = "{\"id\": 1, \"title\": \"\\u001b[2J\\u001b]0;owned\\u0007 mu\\r\\n\\u202e\", \"timestamp\": 1}";
    let scenario = Scenario::new()
        .node(NodeSpec::new(1, &["controller"]).file(MU_FILE, evil))
        .node(installed(2, "compute", 1).ssh_fault(SshFault::Escapes))
        .node(installed(3, "compute", 1).ssh_fault(SshFault::ProfileNoise))
        .node(installed(4, "compute", 1).ssh_fault(SshFault::AuthBanner))
        .node(installed(5, "compute", 1).ssh_fault(SshFault::NoExitStatus));
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    for form in ["table", "json", "yaml", "csv", "value"] {
        let ran = program.run(&format!("-e 1 check installed -f {form}"));
        assert_eq!(ran.code, Some(4), "{}", ran.picture());
        let odd =
            ran.stdout.chars().chain(ran.stderr.chars()).find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(odd, None, "{form}");
    }
    let ran = program.run("-e 1 -q check installed -f value -c name -c state -c MU");
    let rows: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        rows[1..],
        [
            "node-2 installed 9.0-mu-1",
            "node-3 installed 9.0-mu-1",
            "node-4 installed 9.0-mu-1",
            "node-5 installed 9.0-mu-1"
        ]
    );
}

#[test]
fn a_node_in_the_middle_of_an_installation() {
    let state = r#"{"run":"r","target":{"id":2,"title":"9.0-mu-2","timestamp":5},"phase":"packages","since":1467647277,"evidence":null}"#;
    let node =
        installed(1, "controller", 1).file("/var/lib/fuel-mu/state.json", state).file("/var/lib/fuel-mu/lock", "");
    let lab = Lab::start(Scenario::new().node(node)).expect("a lab");
    let program = Program::in_lab(&lab);
    let line = "-e 1 -q check installed -f value -c state -c MU -c detail";
    let seen = || {
        let ran = program.run(line);
        assert_eq!(ran.code, Some(4));
        ran.stdout
    };
    assert_eq!(seen(), "incomplete 9.0-mu-1 to 9.0-mu-2, phase packages, since 2016-07-04 15:47:57Z\n");
    let lock = std::fs::File::open(lab.node(1).tree().join("var/lib/fuel-mu/lock")).expect("the lock");
    lock.lock().expect("held");
    assert_eq!(seen(), "updating 9.0-mu-1 to 9.0-mu-2, phase packages, since 2016-07-04 15:47:57Z\n");
}

#[test]
fn another_node_at_the_address() {
    let mut wrong = installed(1, "controller", 1);
    wrong.uid = Some("9".into());
    let mut unknown = installed(2, "compute", 1);
    unknown.uid = None;
    let lab = Lab::start(Scenario::new().node(wrong).node(unknown)).expect("a lab");
    let ran =
        Program::in_lab(&lab).run("-e 1 check installed -c id -c name -c roles -c state -c MU -c published -c detail");
    assert_snapshot!(ran.picture(), @"
    exit 3
    --- stdout
    9.0-mu-1 on 1 of 2 nodes; 1 node gave no valid answer
    +----+--------+------------+------------+----------+------------+--------------------------------+
    | id | name   | roles      | state      | MU       | published  | detail                         |
    +----+--------+------------+------------+----------+------------+--------------------------------+
    | 1  | node-1 | controller | wrong-node | -        | -          | node 9 answers at this address |
    | 2  | node-2 | compute    | installed  | 9.0-mu-1 | 2016-07-05 | from package                   |
    +----+--------+------------+------------+----------+------------+--------------------------------+
    9.0-mu-1 on node-2
    wrong-node node-1 (node 9 answers at this address)
    --- stderr
    environment 1: [LAB]/inventory.yaml (native, AGE old)
    warning: identity unverified on node-2: no id in the inventory, or no number in /etc/nailgun_uid on the node
    hint: node-1: the inventory is out of date: run `inventory sync`, or correct its address
    ");
}

/// What another machine runs counts nowhere, and a file that holds no number verifies nobody.
#[test]
fn a_uid_that_is_no_number() {
    let with = |id, uid: &str| {
        let mut node = installed(id, "compute", 1);
        node.uid = Some(uid.to_owned());
        node
    };
    let scenario = Scenario::new().node(with(1, "master")).node(with(2, "two\nlines\u{61c}")).node(with(3, "9"));
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q check installed -f value -c id -c state -c MU -c detail");
    assert_eq!(
        ran.stdout,
        "1 wrong-node - the Fuel master answers at this address\n\
         2 installed 9.0-mu-1 from package; /etc/nailgun_uid holds no node ID: \"two lines\"\n\
         3 wrong-node - node 9 answers at this address\n"
    );
    assert_eq!(ran.code, Some(3));
    let report = program.run("-e 1 -q check installed -f json").json();
    let told: Vec<_> =
        report["nodes"].as_array().expect("nodes").iter().map(|n| (&n["identity"], &n["mu"]["id"])).collect();
    assert_eq!(
        told,
        [(&"wrong".into(), &Value::Null), (&"unverified".into(), &1.into()), (&"wrong".into(), &Value::Null)]
    );
}

#[test]
fn a_changed_host_key_is_refused_until_it_is_forgotten() {
    let lab = Lab::start(Scenario::new().node(installed(1, "controller", 1))).expect("a lab");
    let program = Program::in_lab(&lab);
    let line = "-e 1 -q check installed -f value -c state -c detail";
    assert_eq!(program.run(line).code, Some(0));
    lab.node(1).change_host_key().expect("another key");
    let changed = program.run(line);
    assert_eq!(changed.code, Some(1), "{}", changed.picture());
    assert!(changed.stdout.starts_with("host-key "), "{}", changed.picture());
    let forgot = program.run("-e 1 -q inventory forget-host-key node-1");
    assert_eq!((forgot.code, forgot.stdout.as_str()), (Some(0), "node-1: 1 host key forgotten\n"));
    assert_eq!(program.run(line).code, Some(0));
}

#[test]
fn host_keys_and_certificates_that_are_not_checked_are_a_warning_of_every_command() {
    let lab = Lab::start(Scenario::new().published(mu(2)).node(installed(1, "controller", 1))).expect("a lab");
    let program = Program::in_lab(&lab);
    let warned = |line: &str| {
        let ran = program.run(line);
        let count = |text: &str| ran.lines("warning: ").iter().filter(|w| w.starts_with(text)).count();
        (count("host keys are not checked"), count("Nailgun's certificate is not checked"))
    };
    for line in ["-e 1 check installed", "-e 1 check available -f json", "-e 1 inventory import --from node-1 --to -"] {
        assert_eq!(warned(&format!("{line} --host-keys off")), (1, 0), "{line}");
        assert_eq!(warned(line), (0, 0), "{line}");
    }
    // A whole installation logs in several times.
    assert_eq!(warned("-e 1 install --yes --host-keys off --insecure-tls"), (1, 1));
    assert_eq!(warned("-e 1 install --attach --host-keys off"), (1, 0));
    assert_eq!(warned("-e 1 history --insecure-tls"), (0, 1));
    assert_eq!(warned("-e 1 -q check installed --host-keys off"), (0, 0));
}
