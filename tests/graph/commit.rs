//! The commit: never without this target's evidence, whole or not at all.

use std::os::unix::fs::PermissionsExt;

use crate::node::{MU_FILE, Node};

#[test]
fn nothing_is_committed_without_evidence() {
    let node = Node::new(&["compute"]);
    node.write("etc/fuel/mu-version.json", "{\"id\": 2, \"title\": \"old\", \"timestamp\": 1}");
    assert_eq!(node.refusal("commit"), "this node was not updated to the target: nothing was committed");
    node.pass(&["check", "backup", "agents", "update"]);
    assert_eq!(node.refusal("commit"), "this node is in the phase updated, not verified: nothing was committed");
    node.pass(&["verify"]);
    let state = node.read("var/lib/fuel-mu/state.json");
    let (head, _) = state.split_once(",\"evidence\"").unwrap();
    node.write("var/lib/fuel-mu/state.json", &format!("{head},\"evidence\":null}}\n"));
    assert_eq!(node.refusal("commit"), "the evidence of the verification is missing: nothing was committed");
    assert!(node.read("etc/fuel/mu-version.json").contains("old"));
    node.pass(&["verify", "commit"]);
    assert_eq!(node.read("etc/fuel/mu-version.json"), MU_FILE);
    let mode = std::fs::metadata(node.path("etc/fuel/mu-version.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn another_target_s_evidence_does_not_count() {
    let mut node = Node::new(&["compute"]);
    node.pass(&["check", "backup", "agents", "update", "verify"]);
    node.values.target.id = 4;
    assert_eq!(node.refusal("commit"), "this node was not updated to the target: nothing was committed");
    assert!(!node.exists("etc/fuel/mu-version.json"));
}
