//! Forms of a check for machines and mail: one line, Prometheus, Nagios, and errors as documents.

use std::collections::BTreeMap;

use fuel_lab::{Lab, MirrorFault, NodeSpec, Scenario, SshFault};
use insta::assert_snapshot;

use crate::program::{MU_FILE, Program, mu};

/// Nodes with these updates, 0 being none; the mirror has 2.
fn lab(updates: &[u64]) -> Lab {
    let node = |(id, update): (u32, &u64)| {
        let node = NodeSpec::new(id, &["compute"]);
        if *update == 0 { node } else { node.file(MU_FILE, mu(*update)) }
    };
    Lab::start((1..).zip(updates).map(node).fold(Scenario::new().published(mu(2)), Scenario::node)).expect("a lab")
}

/// A sample of the text format of Prometheus: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads the text format as its specification says, and refuses what does not keep to it.
fn prometheus(text: &str) -> Vec<Sample> {
    assert!(text.ends_with('\n'), "the last line ends");
    let mut samples: Vec<Sample> = Vec::new();
    let mut typed: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name, rest) = (words.next(), words.next().expect(line), words.next().expect(line));
            match kind {
                Some("HELP") => assert!(!typed.contains(&name.to_owned()), "a metric stands in one place: {line}"),
                Some("TYPE") => {
                    assert_eq!(rest, "gauge", "{line}");
                    typed.push(name.to_owned());
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (head, value) = line.rsplit_once(' ').expect(line);
        let (name, mut labels) =
            head.split_once('{').map_or((head, ""), |(name, rest)| (name, rest.strip_suffix('}').expect(line)));
        assert!(
            name.starts_with("fuel_updates_") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{line}"
        );
        assert_eq!(typed.last().map(String::as_str), Some(name), "samples stand below their type: {line}");
        let mut found = BTreeMap::new();
        while !labels.is_empty() {
            let (label, rest) = labels.split_once("=\"").expect(line);
            let mut value = String::new();
            let mut chars = rest.char_indices();
            let end = loop {
                match chars.next().expect(line) {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().expect(line).1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("\\{c} in {line}"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            assert!(found.insert(label.to_owned(), value).is_none(), "{line}");
            labels = rest[end + 1..].trim_start_matches(',');
        }
        samples.push((name.to_owned(), found, value.parse().expect(line)));
    }
    let mut keys: Vec<_> = samples.iter().map(|(name, labels, _)| (name, labels)).collect();
    keys.sort();
    let count = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), count, "no sample stands there twice");
    samples
}

#[test]
fn metrics_for_prometheus() {
    let odd = r#"{"id": 1, "title": "MU \"1\" \\ new", "timestamp": 1467733677}"#;
    let lab = Lab::start(
        Scenario::new()
            .published(mu(2))
            .node(NodeSpec::new(1, &["controller"]).file(MU_FILE, mu(2)))
            .node(NodeSpec::new(2, &["compute"]).file(MU_FILE, odd))
            .node(NodeSpec::new(3, &["compute"]))
            .node(NodeSpec::new(4, &["compute"]).file(MU_FILE, "{}")),
    )
    .expect("a lab");
    let ran = Program::in_lab(&lab).run("-e 1 -q check available -f prometheus");
    assert_eq!(ran.code, Some(5), "{}", ran.picture());
    let samples = prometheus(&ran.stdout);
    let of = |name: &str, label: &str| -> Vec<(String, String, f64)> {
        let name = format!("fuel_updates_{name}");
        let own = samples.iter().filter(|(n, ..)| *n == name);
        own.map(|(_, l, v)| (l.get("node").cloned().unwrap_or_default(), l.get(label).cloned().unwrap_or_default(), *v))
            .collect()
    };
    let row = |node: &str, label: &str, value: f64| (node.to_owned(), label.to_owned(), value);
    assert_eq!(
        of("node_state", "state"),
        [
            row("node-1", "installed", 1.0),
            row("node-2", "installed", 1.0),
            row("node-3", "none", 1.0),
            row("node-4", "invalid", 1.0)
        ]
    );
    assert_eq!(
        of("node_mu_id", "title"),
        [row("node-1", "9.0-mu-2", 2.0), row("node-2", "MU \"1\" \\ new", 1.0), row("node-3", "", 0.0)]
    );
    assert_eq!(
        of("node_mu_timestamp_seconds", "id"),
        [row("node-1", "1", 1_467_820_077.0), row("node-2", "2", 1_467_733_677.0)]
    );
    assert_eq!(
        of("node_verdict", "verdict")[2..],
        [row("node-3", "update-available", 1.0), row("node-4", "unknown", 1.0)]
    );
    assert_eq!(of("mirror_mu_id", "title"), [row("", "9.0-mu-2", 2.0)]);
    assert_eq!(of("mirror_up", "env"), [row("", "1", 1.0)]);
    assert_eq!(of("check_exit_status", "check"), [row("", "check available", 5.0)]);
    // Without a node list there is still a number to alert on.
    let nothing = Program::new().run("-e 7 check -f prometheus");
    assert_eq!(prometheus(&nothing.stdout), [("fuel_updates_check_exit_status".to_owned(), BTreeMap::new(), 1.0)]);
}

#[test]
fn a_plugin_for_nagios() {
    let mut said = Vec::new();
    let mut run = |lab: &Lab, line: &str| {
        let ran = Program::in_lab(lab).run(line);
        assert_eq!((ran.stdout.lines().count(), ran.stdout.matches('|').count()), (1, 1), "{}", ran.picture());
        said.push(format!("{:?} {}", ran.code, ran.stdout.trim_end()));
    };
    run(&lab(&[2, 2]), "-e 1 -q check available -f nagios");
    run(&lab(&[1, 2]), "-e 1 -q check -f nagios");
    run(&lab(&[1, 0]), "-e 1 -q check installed -f nagios");
    let silent = lab(&[1, 2]);
    silent.node(2).set_ssh_faults(&[SshFault::Offline]).expect("a fault");
    run(&silent, "-e 1 -q check available -f nagios");
    let stale = lab(&[1, 1]);
    stale.set_mirror_fault(MirrorFault::Status(500));
    run(&stale, "-e 1 -q check available -f nagios");
    for line in ["-e 7 check -f nagios", "check --fanuot 3 -f nagios"] {
        let ran = Program::new().run(line);
        said.push(format!("{:?} {}", ran.code, ran.stdout.trim_end()));
    }
    assert_snapshot!(said.join("\n"), @"
    Some(0) FUEL_UPDATES OK - environment 1: up to date: 9.0-mu-2 on all 2 nodes | nodes=2;;;0 without_answer=0;;;0 updatable=0;;;0 state_installed=2;;;0
    Some(1) FUEL_UPDATES WARNING - environment 1: update available: 9.0-mu-2 for 1 of 2 nodes; up to date: 9.0-mu-2 on 1 | nodes=2;;;0 without_answer=0;;;0 updatable=1;;;0 state_installed=2;;;0
    Some(1) FUEL_UPDATES WARNING - environment 1: nodes differ: 9.0-mu-1 on 1 of 2 nodes, no maintenance update on 1 | nodes=2;;;0 without_answer=0;;;0 state_installed=1;;;0 state_none=1;;;0
    Some(2) FUEL_UPDATES CRITICAL - environment 1: update available: 9.0-mu-2 for 1 of 2 nodes; 1 node did not answer | nodes=2;;;0 without_answer=1;;;0 updatable=1;;;0 state_installed=1;;;0 state_unreachable=1;;;0
    Some(3) FUEL_UPDATES UNKNOWN - environment 1: 9.0-mu-1 on all 2 nodes; the mirror has no answer | nodes=2;;;0 without_answer=0;;;0 updatable=0;;;0 state_installed=2;;;0
    Some(3) FUEL_UPDATES UNKNOWN - no node list for environment 7
    Some(3) FUEL_UPDATES UNKNOWN - unexpected argument '--fanuot' found
    ");
}

#[test]
fn one_line_for_a_mail() {
    let mut said = String::new();
    for (updates, line) in [
        (&[1, 2, 0][..], "-e 1 check available --summary"),
        (&[2, 2], "-e 1 check --summary"),
        (&[1, 2], "-e 1 check installed --summary"),
    ] {
        said.push_str(&Program::in_lab(&lab(updates)).run(&format!("-q {line}")).picture());
    }
    assert_snapshot!(said, @"
    exit 5
    --- stdout
    environment 1: update available: 9.0-mu-2 for 2 of 3 nodes; up to date: 9.0-mu-2 on 1
    exit 0
    --- stdout
    environment 1: up to date: 9.0-mu-2 on all 2 nodes
    exit 4
    --- stdout
    environment 1: nodes differ: 9.0-mu-1 on 1 of 2 nodes, 9.0-mu-2 on 1
    ");
    let refused = Program::new().run("-e 1 check --summary -f csv");
    assert_eq!((refused.code, refused.lines("error: ")), (Some(2), vec!["--format has no effect with --summary"]));
}

#[test]
fn check_alone_does_both_and_needs_no_mirror() {
    let lab = lab(&[1, 2]);
    let program = Program::in_lab(&lab);
    let columns = "-c name -c state -c MU -c verdict";
    assert_snapshot!(program.run(&format!("-e 1 -q check {columns}")).picture(), @"
    exit 5
    --- stdout
    update available: 9.0-mu-2 for 1 of 2 nodes; up to date: 9.0-mu-2 on 1
    +--------+-----------+----------+------------------+
    | name   | state     | MU       | verdict          |
    +--------+-----------+----------+------------------+
    | node-1 | installed | 9.0-mu-1 | update-available |
    | node-2 | installed | 9.0-mu-2 | up-to-date       |
    +--------+-----------+----------+------------------+
    9.0-mu-1 on node-1
    9.0-mu-2 on node-2
    mirror: 9.0-mu-2 (id 2, published 2016-07-06) for MOS 9.0
    documentation: https://example.org/mu2
    next: fuel-updates --env 1 install
    ");
    lab.set_mirror_fault(MirrorFault::Status(404));
    let ran = program.run("-e 1 check -c name -c state -c MU");
    let said = ran.stderr.replace(&lab.mirror_url(), "[MIRROR]");
    let said: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("warning") || line.starts_with("hint") || line.starts_with("error"))
        .collect();
    assert_eq!(ran.code, Some(4), "the nodes differ, as for check installed: {}", ran.picture());
    assert_snapshot!(format!("{}{}", ran.stdout, said.join("\n")), @"
    nodes differ: 9.0-mu-1 on 1 of 2 nodes, 9.0-mu-2 on 1
    +--------+-----------+----------+
    | name   | state     | MU       |
    +--------+-----------+----------+
    | node-1 | installed | 9.0-mu-1 |
    | node-2 | installed | 9.0-mu-2 |
    +--------+-----------+----------+
    9.0-mu-1 on node-1
    9.0-mu-2 on node-2
    warning: what is installed is shown alone: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: no such file (404)
    hint: the mirror's address is the folder that contains `mcv/`: check it, and that the mirror serves this MOS version
    ");
    let document = program.run("-e 1 -q check -f json").json();
    assert_eq!(
        (&document["command"], &document["conditions"], &document["mirror"]["error"]["kind"]),
        (&"check".into(), &serde_json::json!(["drift"]), &"not-found".into())
    );
    assert!(document["nodes"][0]["verdict"].is_null() && document["nodes"][1]["state"] == "installed");
}

#[test]
fn an_error_is_a_document_for_programs_and_is_printed_once() {
    let document = Program::new().run("-e 7 check installed -f json").json();
    assert_eq!(
        (&document["schema"], &document["command"], &document["env"], &document["exit"], &document["conditions"]),
        (&"fuel-updates/1".into(), &"check installed".into(), &7.into(), &1.into(), &serde_json::json!(["error"]))
    );
    let error = &document["error"];
    assert_eq!(error["message"], "no node list for environment 7");
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("inventory sync")), "{error}");

    let usage = Program::new().run("check installed --fanuot 3 -f json");
    let document = usage.json();
    assert_eq!((usage.code, &document["exit"], &document["command"]), (Some(2), &2.into(), &serde_json::Value::Null));
    assert_eq!(document["error"]["hint"], "a similar argument exists: '--fanout'");

    let yaml = Program::new().run("-e 7 install --yes -f yaml");
    assert!(yaml.stdout.contains("\ncommand: install\n") && yaml.stdout.contains("\nerror:\n"), "{}", yaml.picture());

    // A report that tells of the fault is the document; the error adds none.
    let lab = lab(&[1]);
    lab.set_mirror_fault(MirrorFault::Status(500));
    let report = Program::in_lab(&lab).run("-e 1 -q check available -f json").json();
    assert!(report["error"].is_null() && report["mirror"]["error"]["kind"].is_string(), "{report}");
}

#[test]
fn every_document_has_the_envelope_and_numbers_are_numbers() {
    let lab = lab(&[1]);
    let program = Program::in_lab(&lab);
    for (line, command, env) in [
        ("config show", "config show", None),
        ("-e 1 config show", "config show", Some(1)),
        ("graph show", "graph show", None),
        ("-e 1 inventory show", "inventory show", Some(1)),
        ("-e 1 inventory sync --to sync.yaml", "inventory sync", Some(1)),
        ("-e 1 check installed", "check installed", Some(1)),
        ("-e 1 check", "check", Some(1)),
        ("-e 1 history", "history", Some(1)),
    ] {
        let document = program.run(&format!("-q {line} -f json")).json();
        assert_eq!((&document["schema"], &document["command"]), (&"fuel-updates/1".into(), &command.into()), "{line}");
        assert_eq!(document["env"], env.map_or(serde_json::Value::Null, Into::into), "{line}");
        assert!(
            document["taken_at"].is_string() && document["exit"].is_number() && document["conditions"].is_array(),
            "{line}"
        );
    }
    let settings = program.run("-q config show -f json").json();
    let value = |name: &str| {
        let settings = settings["settings"].as_array().expect("a list");
        settings.iter().find(|setting| setting["setting"] == name).expect(name)["value"].clone()
    };
    assert_eq!(
        (value("ssh.fanout"), value("ssh.legacy_algorithms"), value("mos_version")),
        (100.into(), false.into(), serde_json::Value::Null)
    );
    let graph = program.run("-q graph show -f json").json();
    let tasks = graph["tasks"].as_array().expect("a list");
    assert!(tasks.iter().any(|task| task["timeout"].is_number() && task["roles"].is_array()), "{graph}");
}
