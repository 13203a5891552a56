//! The environment's MOS version: option, inventory, else what the nodes themselves say.

use fuel_lab::{Lab, NodeSpec, Scenario};
use insta::assert_snapshot;

use crate::program::{MU_FILE, Program, Ran, mu};

/// Two nodes of 9.0, one of `other`, and an inventory that says `said`.
fn run(other: &str, said: &str, line: &str) -> Ran {
    let mut odd = NodeSpec::new(3, &["compute"]).file(MU_FILE, mu(1));
    odd.fuel_version = Some(other.to_owned());
    let scenario = Scenario::new()
        .published(mu(2))
        .node(NodeSpec::new(1, &["controller"]).file(MU_FILE, mu(1)))
        .node(NodeSpec::new(2, &["compute"]).file(MU_FILE, mu(1)))
        .node(odd);
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let text = std::fs::read_to_string(lab.inventory()).expect("an inventory");
    let file = program.file("list.yaml", text.replace("mos_version: \"9.0\"\n", said)).display().to_string();
    program.variable("FUEL_UPDATES_INVENTORY", &file).run(line)
}

fn verdicts(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    let verdict = |node: &serde_json::Value| node["verdict"].as_str().unwrap_or("-").to_owned();
    let mut told = vec![format!("{} from {}", document["mos_version"], document["mos_version_source"])];
    told.extend(document["nodes"].as_array().expect("nodes").iter().map(verdict));
    told
}

#[test]
fn option_then_inventory_then_nodes() {
    let check = "-e 1 check available -f json";
    let update = "update-available";
    let ran = run("9.0", "", check);
    assert_eq!(verdicts(&ran), [r#""9.0" from "nodes""#, update, update, update]);
    let ran = run("8.0", "mos_version: '9.0'\n", check);
    assert_eq!(verdicts(&ran), [r#""9.0" from "inventory""#, update, update, "unknown"]);
    assert_eq!(ran.lines("warning: "), ["MOS 9.0 is expected, but node-3 has another version"]);
    let ran = run("9.0", "mos_version: '8.0'\n", &format!("{check} --mos-version 9.0"));
    assert_eq!(verdicts(&ran), [r#""9.0" from "option""#, update, update, update]);
}

#[test]
fn nodes_that_contradict_each_other_are_named() {
    let ran = run("8.0", "", "-e 1 check available -f value -c name -c verdict");
    assert_snapshot!(ran.picture(), @"
    exit 1
    --- stdout
    node-1 unknown
    node-2 unknown
    node-3 unknown
    --- stderr
    environment 1: [HOME]/list.yaml (native, AGE old)
    warning: the nodes report different MOS versions: 8.0 on node-3; 9.0 on node-[1-2]
    error: the environment's MOS version is unknown: the nodes report none, or different ones
    hint: give --mos-version X.Y, or mos_version in the inventory
    ");
}
