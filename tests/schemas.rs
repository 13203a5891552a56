//! Holds the schemas of the repository to what the program really writes: each output against the lab, and every line of
//! `--events`.
//!
//! A published schema lets keys be added. Here each object may have no other keys than those that its schema lists, so that
//! no key is added without being written down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use fuel_lab::{Lab, NodeSpec, Scenario};
use serde_json::Value;

#[path = "support/program.rs"]
mod program;

use program::{MU_FILE, Program, Ran, mu};

/// Closes every object that lists its keys.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            if keys.contains_key("properties") && !keys.contains_key("additionalProperties") {
                keys.insert("additionalProperties".to_owned(), false.into());
            }
            keys.values_mut().for_each(closed);
        }
        Value::Array(items) => items.iter_mut().for_each(closed),
        _ => {}
    }
}

/// What is wrong with a document by the schema that `fuel-updates schema NAME` prints.
fn faults(name: &str, document: &Value) -> Vec<String> {
    let printed = Program::new().run(&format!("schema {name}"));
    let mut schema: Value = serde_json::from_str(&printed.stdout).expect(name);
    closed(&mut schema);
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect(name);
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn hold(name: &str, document: &Value) {
    let faults = faults(name, document);
    assert!(faults.is_empty(), "{name}: {faults:#?}\n{document:#}");
}

fn held(name: &str, ran: &Ran) -> Value {
    let document = ran.json();
    hold(name, &document);
    document
}

/// A node with packages of its role that MU 2 upgrades.
fn node(id: u32, role: &str, package: &str) -> NodeSpec {
    NodeSpec::new(id, &[role])
        .package("fuel-misc", "9.0.1")
        .package(package, "1")
        .service(package, true)
        .file(MU_FILE, mu(1))
}

fn scenario() -> Scenario {
    let packages = ["fuel-misc", "nova-api", "nova-compute"];
    let scenario = Scenario::new().published(mu(2)).node(node(1, "controller", "nova-api"));
    packages.iter().fold(scenario.node(node(2, "compute", "nova-compute")), |s, package| s.repo(package, "9.0.2"))
}

/// The lines of an event stream, each held to the schema; their names.
fn events(text: &str) -> (Vec<String>, Vec<Value>) {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    // Of several alternatives the validator names none: the one of this name is looked at.
    let printed = Program::new().run("schema events");
    let mut schema: Value = serde_json::from_str(&printed.stdout).unwrap();
    closed(&mut schema);
    for line in &lines {
        let alternatives = schema["oneOf"].as_array().unwrap();
        let own = alternatives.iter().find(|one| one["properties"]["event"]["const"] == line["event"]);
        let mut own = own.unwrap_or_else(|| panic!("no schema for {line}")).clone();
        own["$defs"] = schema["$defs"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&own).unwrap();
        let faults: Vec<String> = validator.iter_errors(line).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{line:#}");
        hold("events", line);
    }
    (lines.iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect(), lines)
}

#[test]
fn the_documents_of_the_checks() {
    let scenario = Scenario::new()
        .node(NodeSpec::new(1, &["controller"]).file(MU_FILE, mu(1)).label("rack 1"))
        .node(NodeSpec::new(2, &["controller"]))
        .node(NodeSpec::new(3, &["compute", "ceph-osd"]).file(MU_FILE, "{\"id\": \"4\"}"))
        .node(NodeSpec::new(4, &["cinder"]).offline())
        .published(mu(2));
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let installed = held("check-installed", &program.run("-e 1 check installed -f json"));
    assert_eq!(installed["nodes"].as_array().unwrap().len(), 4);
    let available = held("check-available", &program.run("-e 1 check available -f json"));
    assert_eq!(available["mirror"]["mu"]["id"], 2);
    let no_mirror = held("check-available", &program.run("-e 1 check available -f json --mirror /no/such/folder"));
    assert!(no_mirror["mirror"]["error"]["kind"].is_string());
    // A check is not the other: the schemas tell them apart.
    assert!(!faults("check-installed", &available).is_empty());
    hold("mu-version", &serde_json::from_str(&mu(2)).unwrap());
    held("inventory-show", &program.run("-e 1 inventory show -f json"));
    held("inventory-show-ansible", &program.run("-e 1 inventory show -f ansible"));
    held("doctor", &program.run("-e 1 doctor -f json"));
    held("graph-show", &program.run("graph show -f json"));
    held("config-show", &program.run("config show -f json"));
    let written = program.file("empty/env-1.yaml", "nodes: []\n").with_file_name("new.yaml");
    let synced = program.run(&format!("-e 1 inventory sync -f json --to {}", written.display()));
    assert!(!held("inventory-changes", &synced)["changes"].as_array().unwrap().is_empty(), "{}", synced.picture());
    held("check-drift", &program.run("-e 1 check drift -f json"));
    program.run("-e 1 check drift --save before.json");
    assert!(held("check-drift", &program.run("-e 1 check drift --against before.json -f json"))["against"].is_object());
    held("check", &program.run("-e 1 check -f json"));
    held("check", &program.run("-e 1 check -f json --mirror /no/such/folder"));
    held("error", &program.run("-e 1 check installed --nodes 77 -f json"));
    held("error", &program.run("check installed --no-such-option -f json"));
}

#[test]
fn the_documents_and_events_of_an_installation() {
    let lab = Lab::start(scenario()).expect("a lab");
    let program = Program::in_lab(&lab);
    let planned = held("install", &program.run("-e 1 install --dry-run -f json"));
    assert_eq!(planned["result"], "planned");
    held("install-precheck", &program.run("-e 1 install --precheck -f json"));

    let plan = program.file("plan.json", "");
    let saved = program.run(&format!("-e 1 -q install --save-plan {}", plan.display()));
    assert_eq!(saved.code, Some(0), "{}", saved.picture());
    hold("plan", &serde_json::from_str(&fs::read_to_string(&plan).unwrap()).unwrap());

    lab.node(1).set_stub_fault("postinst", "fuel-misc").expect("a fault");
    let file = program.file("events/failed.ndjson", "what was there before\n");
    let failed = program.run(&format!("-e 1 install --yes -f json --events {}", file.display()));
    assert_eq!((failed.code, &held("install", &failed)["result"]), (Some(6), &"failed".into()), "{}", failed.picture());
    let (names, lines) = events(&fs::read_to_string(&file).unwrap());
    let changes = lines.iter().filter_map(|line| line["changes"].as_array()).flatten();
    assert!(changes.into_iter().any(|change| change["what"] == "failed" && change["node"] == "node-1"), "{names:?}");
    lab.node(1).clear_stub_fault("postinst").expect("repaired");

    let verified = program.run("-e 1 -q install --yes --events -");
    let (names, lines) = events(&verified.stdout);
    assert_eq!((verified.code, verified.stderr.as_str()), (Some(0), ""), "{names:?}");
    let mut order =
        vec!["begun", "asking", "answered", "asked", "plan", "run-begun", "run-moved", "run-over", "result", "ended"];
    order.retain(|name| !names.contains(&(*name).to_owned()));
    assert!(order.is_empty(), "no {order:?} in {names:?}");
    assert_eq!((names.first().unwrap().as_str(), names.last().unwrap().as_str()), ("begun", "ended"));
    let of = |name: &str| lines.iter().find(|line| line["event"] == name).unwrap();
    assert_eq!((&of("begun")["command"], &of("begun")["env"]), (&"install".into(), &1.into()));
    assert_eq!(of("plan")["phases"][0]["phase"], "first-controller");
    assert_eq!((&of("result")["document"]["result"], &of("ended")["exit"]), (&"verified".into(), &0.into()));
    hold("install", &of("result")["document"]);

    held("history", &program.run("-e 1 history -f json"));
    let task = lines.iter().rfind(|line| line["event"] == "run-begun").unwrap()["task"].clone();
    let tasks = held("history", &program.run(&format!("-e 1 history {task} -f json")));
    assert!(!tasks["tasks"].as_array().unwrap().is_empty());
}

#[test]
fn a_refused_installation_tells_its_reasons_in_events_too() {
    let lab = Lab::start(scenario().node(NodeSpec::new(3, &["compute"]).offline())).expect("a lab");
    let program = Program::in_lab(&lab);
    let refused = program.run("-e 1 install --yes -f json");
    assert_eq!((refused.code, &held("install", &refused)["result"]), (Some(1), &"refused".into()));
    let (names, lines) = events(&program.run("-e 1 install --yes --events -").stdout);
    let result = lines.iter().find(|line| line["event"] == "result").unwrap_or_else(|| panic!("{names:?}"));
    assert_eq!(result["document"]["refusals"][0]["node"], "node-3");
    assert!(names.contains(&"error".to_owned()) && lines.last().unwrap()["exit"] == 1, "{names:?}");
}

#[test]
fn the_events_of_a_check() {
    let node = |id, update| NodeSpec::new(id, &["compute"]).file(MU_FILE, mu(update));
    let lab = Lab::start(Scenario::new().node(node(1, 1)).node(node(2, 2)).published(mu(2))).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 check installed --events -");
    let (names, lines) = events(&ran.stdout);
    let answers: Vec<&Value> = lines.iter().filter(|line| line["event"] == "answered").collect();
    assert_eq!((ran.code, answers.len(), &answers[1]["done"]), (Some(4), 2, &2.into()), "{names:?}");
    let result = lines.iter().find(|line| line["event"] == "result").unwrap();
    hold("check-installed", &result["document"]);
    assert_eq!(lines.last().unwrap()["exit"], 4);

    // The report of the terminal stays what it is when events go to a file.
    let file = program.file("events/check.ndjson", "");
    let table = program.run(&format!("-e 1 -q check available -f csv -c name -c verdict --events {}", file.display()));
    assert_eq!(table.stdout, "name,verdict\nnode-1,update-available\nnode-2,up-to-date\n");
    assert_eq!(events(&fs::read_to_string(&file).unwrap()).1.last().unwrap()["exit"], 5);
}

#[test]
fn events_that_cannot_be_written_are_an_error() {
    let lab = Lab::start(Scenario::new().node(NodeSpec::new(1, &["compute"]))).expect("a lab");
    let program = Program::in_lab(&lab);
    let nowhere = program.run("-e 1 check installed --events /no/such/folder/e");
    assert_eq!((nowhere.code, nowhere.stdout.as_str()), (Some(1), ""));
    assert_eq!(nowhere.lines("error: "), ["--events: /no/such/folder/e: No such file or directory"]);
    // What was found is printed all the same.
    let full = program.run("-e 1 check installed -f value -c state --events /dev/full");
    assert_eq!((full.code, full.stdout.as_str()), (Some(1), "none\n"));
    assert_eq!(full.lines("error: "), ["/dev/full: No space left on device"]);
}

#[test]
fn the_document_of_a_mirror() {
    let lab = Lab::start(scenario()).expect("a lab");
    let program = Program::in_lab(&lab);
    program.file("mirror/mcv/mos/9.0/mu-version.json", mu(2));
    let announced = held("mirror-verify", &program.run("mirror verify mirror --signals-only -f json"));
    assert_eq!(announced["releases"][0]["mu"]["id"], 2);
    // No repository lies behind this announcement.
    let empty = held("mirror-verify", &program.run("-e 1 mirror verify mirror -f json"));
    let findings = [&empty["releases"][0]["findings"], &empty["findings"]];
    assert!(findings.iter().any(|list| !list.as_array().unwrap().is_empty()), "{empty:#}");
    assert!(!empty["nodes"].as_array().unwrap().is_empty(), "{empty:#}");
}

#[test]
fn the_schemas_are_listed() {
    let list = Program::new().run("schema");
    assert!(
        list.stdout.lines().any(|line| line.starts_with("events ") && line.ends_with("A line of `--events`")),
        "{}",
        list.stdout
    );
    assert_eq!(Program::new().run("schema nonsense").code, Some(2));
}
