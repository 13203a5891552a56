//! The snapshots that `install` takes of its nodes, and what its end says of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::install::{SMALL, lab};
use crate::program::{Program, Ran};

/// What a document says of the snapshots: both files, what changed, and where.
fn snapshots(ran: &Ran) -> (Option<String>, Option<String>, Value, Value) {
    let document = ran.json();
    let taken = &document["snapshots"];
    let path = |name: &str| taken[name].as_str().map(str::to_owned);
    (path("before"), path("after"), taken["changed"].clone(), taken["changed_on"].clone())
}

/// The versions of a package that a snapshot holds.
fn versions(path: &str, package: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a snapshot");
    let snapshot: Value = serde_json::from_str(&text).expect("JSON");
    let facts = snapshot["facts"].as_array().expect("facts");
    let of = facts.iter().filter(|fact| fact[0] == "package" && fact[1] == package);
    of.map(|fact| fact[2].as_str().expect("a version").to_owned()).collect()
}

#[test]
fn the_end_of_an_installation_says_what_it_changed() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let line = "changed since before: 4 packages on node-[1-2]\nverified: 9.0-mu-2 on node-[1-2]";
    assert!(ran.stdout.contains(line), "{}", ran.picture());
    let hint = ran.lines("hint: see each change with `").join("");
    let command = hint.strip_suffix('`').expect("one hint").strip_prefix("fuel-updates ").expect("a command");
    let path = command.rsplit_once(' ').expect("a path").1;
    assert!(path.ends_with("-before.json"), "{hint}");
    for (path, version) in [(path.to_owned(), "1"), (path.replace("-before.json", "-after.json"), "9.0.2")] {
        assert_eq!(versions(&path, "nova-api"), [version], "{path}");
        assert_eq!(Path::new(&path).metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        let folder = Path::new(&path).parent().expect("a folder");
        assert_eq!(folder.metadata().expect("a folder").permissions().mode() & 0o777, 0o700);
    }
    // The command of the hint is one that works, and it tells of each package.
    let drift = program.run(&format!("-q {command}"));
    assert_eq!(drift.code, Some(4), "{}", drift.picture());
    assert!(drift.stdout.contains("    nova-api  1 -> 9.0.2\n"), "{}", drift.picture());
}

#[test]
fn a_failed_installation_says_what_it_has_changed_all_the_same() {
    let lab = lab(&["controller", "controller"]);
    lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --yes -f json");
    assert_eq!(ran.code, Some(6), "{}", ran.picture());
    let (before, after, changed, on) = snapshots(&ran);
    assert_eq!(versions(&before.expect("a file"), "fuel-misc"), ["9.0.1"]);
    assert_eq!(versions(&after.expect("a file"), "nova-api"), ["9.0.2"]);
    assert_eq!((&changed["package"], on), (&3.into(), "node-[1-2]".into()), "{changed}");
}

#[test]
fn whoever_comes_back_finds_the_snapshot_of_before() {
    let lab = lab(&SMALL);
    let here = Program::in_lab(&lab);
    let started = here.run("-e 1 install --yes --detach");
    assert_eq!(started.code, Some(0), "{}", started.picture());
    let attached = here.run("-e 1 install --attach -f json");
    assert_eq!(attached.code, Some(0), "{}", attached.picture());
    let (before, after, changed, _) = snapshots(&attached);
    assert_eq!(versions(&before.expect("a file"), "nova-compute"), ["1"]);
    assert_eq!(versions(&after.expect("a file"), "nova-compute"), ["9.0.2"]);
    assert_eq!(changed["package"], 4, "{changed}");

    // Another host has no snapshot of before, and invents none.
    let there = Program::in_lab(&lab);
    let elsewhere = there.run("-e 1 install --attach -f json");
    let (before, after, changed, on) = snapshots(&elsewhere);
    assert_eq!((before, changed, on), (None, json!(null), json!(null)), "{}", elsewhere.picture());
    assert_eq!(versions(&after.expect("a file"), "nova-compute"), ["9.0.2"]);
}

#[test]
fn a_snapshot_that_cannot_be_taken_is_a_warning() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    program.file("state/drift", "in the way of the folder");
    let ran = program.run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let warnings = ran.lines("warning: no snapshot ");
    let said = |moment: &str| warnings.iter().any(|w| w.starts_with(&format!("{moment} the update: state folder ")));
    assert!(said("before") && said("after") && warnings.len() == 2, "{}", ran.picture());
    assert!(!ran.stdout.contains("changed since"), "{}", ran.picture());
}

#[test]
fn a_node_that_is_in_no_snapshot_is_named_and_nothing_is_invented() {
    let lab = lab(&SMALL);
    std::fs::create_dir_all(lab.node(2).tree().join("var/lib/dpkg")).expect("a folder");
    let lock = std::fs::File::create(lab.node(2).tree().join("var/lib/dpkg/lock")).expect("a lock");
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("the lock");
    let ran = Program::in_lab(&lab).run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let why = "busy node-2 (somebody holds the lock of dpkg: packages are being changed)";
    assert_eq!(
        ran.lines("warning: not in the snapshot "),
        [format!("before the update: {why}"), format!("after the update: {why}")],
        "{}",
        ran.picture()
    );
    assert!(ran.stdout.contains("\nchanged since before: 3 packages on node-1\n"), "{}", ran.picture());
}

#[test]
fn they_are_left_out_when_nobody_wants_them() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --yes --no-snapshots -f json");
    assert_eq!((ran.code, ran.json().get("snapshots")), (Some(0), None), "{}", ran.picture());
    assert!(!program.state().join("drift").exists());
    for other in ["--precheck", "--dry-run", "--stop"] {
        let refused = program.run(&format!("-e 1 install --no-snapshots {other}"));
        let message = format!("error: --no-snapshots has no effect with {other}\n");
        assert!(refused.code == Some(2) && refused.stderr.starts_with(&message), "{}", refused.picture());
    }
}
