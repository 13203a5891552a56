//! `install --save-plan` and `--plan`: a change that is approved before it is made.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use fuel_lab::{Lab, SshFault};
use insta::assert_snapshot;
use serde_json::Value;

use super::install::{changing_requests, lab, runs, said};
use crate::program::{Program, mu};

const ROLES: [&str; 4] = ["controller", "controller", "compute", "compute"];

/// A lab, a program, and a plan that it saved.
fn planned() -> (Lab, Program, String) {
    let lab = lab(&ROLES);
    let program = Program::in_lab(&lab);
    let file = program.file("approved/.keep", "").with_file_name("plan.json").display().to_string();
    let ran = program.run(&format!("-e 1 install --save-plan {file}"));
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let saved = format!("plan saved in {file}: 12 packages to upgrade on 4 nodes; nothing was changed\n");
    assert!(ran.stderr.contains(&saved), "{}", ran.picture());
    assert!(ran.stderr.contains(&format!("install --plan {file}\n")), "the next command: {}", ran.picture());
    (lab, program, file)
}

fn document(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(file).expect("the plan")).expect("JSON")
}

/// How the program refuses a plan that no longer holds, without the time at which it was saved.
fn refused(program: &Program, file: &str) -> String {
    let ran = program.run(&format!("-e 1 install --yes --plan {file}"));
    let saved = document(file)["saved_at"].as_str().expect("a time").to_owned();
    said(&ran).replace(&saved, "[TIME]").replace(file, "[PLAN]")
}

fn unchanged(lab: &Lab) {
    for node in lab.nodes() {
        assert_eq!((runs(lab, node.id()), node.read("/var/lib/fuel-mu/state.json").is_err()), (1, true));
    }
}

#[test]
fn a_plan_is_saved_without_a_change_and_then_carried_out() {
    let (lab, program, file) = planned();
    unchanged(&lab);
    let mode = fs::metadata(&file).expect("the plan").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let plan = document(&file);
    assert_eq!(plan["phases"][0], serde_json::json!({"phase": "first-controller", "nodes": ["node-1"]}));
    assert_eq!(plan["first_controller"], "node-1");
    assert_eq!((&plan["target"]["id"], &plan["nodes"][2]["before"]), (&2.into(), &"9.0-mu-1".into()));
    let nova = serde_json::json!({"name": "nova-compute", "from": "1", "to": "9.0.2"});
    assert!(plan["nodes"][2]["packages"].as_array().expect("a list").contains(&nova), "{plan:#}");
    let services = plan["nodes"][2]["services"].as_array().expect("a list");
    assert!(services.contains(&"nova-compute".into()), "{services:?}");

    let ran = program.run(&format!("-e 1 install --yes --plan {file}"));
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert!(ran.stderr.contains("everything is as in the plan of "), "{}", ran.picture());
    assert_eq!([1, 2, 3, 4].map(|node| runs(&lab, node)), [2; 4]);
    // What was done is not done again.
    assert_snapshot!(refused(&program, &file), @"
    exit 1
      node-[1-4]: is in the plan, and would not take part
    error: the plan of [TIME] no longer holds (1 reason); nothing was changed
    hint: save a new plan with --save-plan, and have it approved
    ");
}

#[test]
fn what_the_pre_checks_find_must_be_what_was_approved() {
    let (lab, program, file) = planned();
    for node in [3, 4] {
        lab.node(node)
            .write("/.lab/repo", b"nova-compute 9.0.3\npython-nova 9.0.2\nfuel-misc 9.0.2\n")
            .expect("a file");
    }
    assert_snapshot!(refused(&program, &file), @"
    exit 1
      node-[3-4]: nova-compute would go from 1 to 9.0.3; in the plan from 1 to 9.0.2
    error: the plan of [TIME] no longer holds (1 reason); nothing was changed
    hint: save a new plan with --save-plan, and have it approved
    ");
    unchanged(&lab);
    let json = program.run(&format!("-e 1 -q install --yes -f json --plan {file}")).json();
    assert_eq!((&json["result"], json["refusals"].as_array().map(Vec::len)), (&"refused".into(), Some(1)), "{json:#}");
}

#[test]
fn what_nodes_mirror_and_graph_tell_must_be_what_was_approved() {
    let (lab, program, file) = planned();
    let before = changing_requests(&lab).len();
    fs::write(lab.mirror_dir().join("mcv/mos/9.0/mu-version.json"), mu(3)).expect("the mirror's file");
    lab.node(4).write(crate::program::MU_FILE, mu(2).as_ref()).expect("a file");
    assert_snapshot!(refused(&program, &file), @"
    exit 1
      the mirror has 9.0-mu-3 (id 3, timestamp 1467906477); the plan has 9.0-mu-2 (id 2, timestamp 1467820077)
      node-4: runs 9.0-mu-2; in the plan 9.0-mu-1
    error: the plan of [TIME] no longer holds (2 reasons); nothing was changed
    hint: save a new plan with --save-plan, and have it approved
    ");
    fs::write(lab.mirror_dir().join("mcv/mos/9.0/mu-version.json"), mu(2)).expect("the mirror's file");
    lab.node(4).write(crate::program::MU_FILE, mu(1).as_ref()).expect("a file");

    let ours = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs/mu");
    let mut changed = program.file("graph/metadata.yaml", fs::read(ours.join("metadata.yaml")).expect("a file"));
    changed.pop();
    program.file("graph/tasks.yaml", fs::read(ours.join("tasks.yaml")).expect("a file"));
    for script in fs::read_dir(ours.join("scripts")).expect("the scripts").map(|entry| entry.expect("an entry").path())
    {
        let name = script.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&script).expect("a script");
        let more = if name == "lib.sh" { "\n: more\n" } else { "" };
        program.file(&format!("graph/scripts/{name}"), format!("{text}{more}"));
    }
    let line = format!("-e 1 install --yes --plan {file} --graph {}", changed.display());
    let told = said(&program.run(&line));
    assert!(told.contains("\n  the graph is another one: SHA-256 "), "{told}");

    lab.node(4).set_ssh_faults(&[SshFault::Offline]).expect("a fault");
    assert_snapshot!(refused(&program, &file), @"
    exit 1
      node-4: unreachable: connection refused
    error: cannot install (1 reason); nothing was changed
    hint: repair the node, or leave it out with --allow-offline or --exclude
    ");
    assert_eq!(changing_requests(&lab).len(), before, "nothing was sent");
    unchanged(&lab);
}

#[test]
fn a_file_that_is_no_plan_is_refused_before_anybody_is_asked() {
    let (lab, program, file) = planned();
    let asked = lab.nailgun().asked().len();
    let mut other = document(&file);
    other["environment"] = 7.into();
    let other = program.file("other.json", other.to_string());
    let future = program.file("future.json", r#"{"format": "fuel-updates-plan/9"}"#);
    // Further on there are addresses, which are not always of the same length.
    let cut = program.file("cut.json", &fs::read(&file).expect("the plan")[..20]);
    let mut pictures = String::new();
    for path in [&other, &future, &cut, &other.with_file_name("absent.json")] {
        pictures.push_str(&said(&program.run(&format!("-e 1 install --yes --plan {}", path.display()))));
    }
    let nowhere = other.with_file_name("nowhere").join("plan.json");
    pictures.push_str(&said(&program.run(&format!("-e 1 install --save-plan {}", nowhere.display()))));
    pictures.push_str(&said(&program.run(&format!("-e 1 install --plan {file}"))).replace(&file, "[PLAN]"));
    for line in ["--batch 3", "--nodes 1", "--save-plan x", "--attach"] {
        pictures.push_str(&said(&program.run(&format!("-e 1 install --yes --plan {file} {line}"))));
    }
    assert_snapshot!(pictures.replace(&other.parent().expect("a folder").display().to_string(), "[HOME]"), @"
    exit 1
    error: plan [HOME]/other.json: it is for environment 7
    exit 1
    error: plan [HOME]/future.json: its format is `fuel-updates-plan/9`; this version reads fuel-updates-plan/1
    exit 1
    error: plan [HOME]/cut.json: not a plan: EOF while parsing a string at line 2 column 18
    exit 1
    error: plan [HOME]/absent.json: No such file or directory
    exit 1
    error: cannot write [HOME]/nowhere/plan.json: No such file or directory
    exit 2
    error: there is no terminal to ask for confirmation
    hint: read [HOME]/approved/plan.json, then give --yes
    exit 2
    error: --batch has no effect with --plan
    exit 2
    error: --nodes has no effect with --plan
    exit 2
    error: the argument '--plan <FILE>' cannot be used with '--save-plan <FILE>'
    exit 2
    error: the argument '--plan <FILE>' cannot be used with '--attach [<TASK>]'
    ");
    assert_eq!(lab.nailgun().asked().len(), asked);
    unchanged(&lab);
}

#[test]
fn a_plan_of_some_nodes_is_for_these_nodes_and_one_that_does_not_pass_is_not_saved() {
    let lab = lab(&ROLES);
    let program = Program::in_lab(&lab);
    let file = program.file("approved/.keep", "").with_file_name("plan.json").display().to_string();
    lab.node(3).set_stub_fault("removal", "nova-compute").expect("a fault");
    let ran = program.run(&format!("-e 1 install --save-plan {file}"));
    assert_eq!((ran.code, fs::exists(&file).expect("a folder")), (Some(3), false), "{}", ran.picture());
    let ran = program.run(&format!("-e 1 -q install --exclude 3 --save-plan {file}"));
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert_eq!(document(&file)["options"]["exclude"], serde_json::json!(["3"]));
    let ran = program.run(&format!("-e 1 install --yes --plan {file}"));
    assert_eq!(ran.code, Some(3), "{}", ran.picture());
    assert_eq!([1, 2, 3, 4].map(|node| runs(&lab, node)), [2, 2, 1, 2]);
}
