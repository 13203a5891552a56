//! fuel-misc that ships an mu-version.json of its own: as a plain file, as a configuration file.

use crate::node::{MU_FILE, NODE_PHASES, Node};

const OTHER: &str = "{\"id\": 2, \"title\": \"9.2-mu-2\", \"timestamp\": 1}\n";
/// The same update as the mirror's, written differently.
const SAME: &str = "{\n  \"title\": \"MU 3\",\n  \"timestamp\": 1467647277,\n  \"id\": 3\n}\n";

fn node(shipped: &str, conffile: bool) -> Node {
    let node = Node::new(&["base-os"]);
    node.write(".lab/files/fuel-misc/etc/fuel/mu-version.json", shipped);
    if conffile {
        node.write(".lab/conffiles/fuel-misc", "/etc/fuel/mu-version.json\n");
    }
    node
}

fn leftovers(node: &Node) -> Vec<String> {
    let names = std::fs::read_dir(node.path("etc/fuel")).unwrap().map(|entry| entry.unwrap().file_name());
    names
        .map(|name| name.into_string().unwrap())
        .filter(|name| name.contains("dpkg") || name.contains("mu-new"))
        .collect()
}

/// The node is unfinished until the commit, whatever the package wrote; then it is the mirror's file.
#[track_caller]
fn goes_through(node: &Node) {
    for phase in NODE_PHASES {
        node.pass(&[phase]);
        if ["update", "verify"].contains(phase) {
            assert!(!node.state().unwrap().finished(), "{phase}");
        }
    }
    assert_eq!(node.read("etc/fuel/mu-version.json"), MU_FILE);
    assert_eq!(leftovers(node), Vec::<String>::new());
    assert_eq!(node.state().unwrap().evidence.unwrap().fuel_misc, "equal");
}

#[test]
fn a_plain_file_with_the_same_update() {
    let node = node(SAME, false);
    goes_through(&node);
    // The package's bytes are overwritten by now; a later verification still knows them.
    node.pass(&["verify"]);
    assert_eq!(node.state().unwrap().evidence.unwrap().fuel_misc, "equal");
}

#[test]
fn a_configuration_file_with_the_same_update() {
    let node = node(SAME, true);
    goes_through(&node);
    node.pass(&["verify"]);
}

#[test]
fn a_configuration_file_that_an_earlier_commit_changed() {
    let mut node = node(SAME, true);
    goes_through(&node);
    // The next update: dpkg keeps our file, because it was changed, and puts the new one beside it.
    node.write(".lab/repo", "fuel-misc 9.0-3\n");
    let next = "{\"id\": 4, \"title\": \"9.2-mu-4\", \"timestamp\": 9}";
    node.write(".lab/files/fuel-misc/etc/fuel/mu-version.json", next);
    node.values.target.id = 4;
    node.values.target.timestamp = 9;
    node.values.file = format!("{next}\n").into_bytes();
    node.pass(&["check", "backup", "agents", "update"]);
    assert_eq!(leftovers(&node), ["mu-version.json.dpkg-dist"]);
    assert_eq!(node.read("etc/fuel/mu-version.json"), MU_FILE, "not ours to change before the commit");
    node.pass(&["verify", "commit"]);
    assert_eq!(leftovers(&node), Vec::<String>::new());
    assert!(node.read("etc/fuel/mu-version.json").contains("mu-4"));
    // Another run verifies once more, although the file beside it is gone.
    node.pass(&["verify"]);
    assert_eq!(node.state().unwrap().evidence.unwrap().fuel_misc, "equal");
}

#[test]
fn another_update_than_the_mirror_announces() {
    for conffile in [false, true] {
        let node = node(OTHER, conffile);
        node.pass(&["check", "backup", "agents", "update"]);
        assert_eq!(node.refusal("verify"), "fuel-misc provides the mu-version.json of another update");
        assert_eq!(node.state().unwrap().evidence.unwrap().fuel_misc, "differs");
        assert_eq!(node.run("commit").code, 1);
        assert_eq!(node.read("etc/fuel/mu-version.json"), OTHER, "what the package wrote");
    }
}
