//! The scripts as text: portable, free of what a shell would misread.

use std::process::Command;

use fuel_updates::graph::Graph;

/// Runs shellcheck on a file; `false` where it is not installed, which CI does not forgive.
fn shellcheck(path: &std::path::Path, options: &[&str]) -> bool {
    let output =
        match Command::new("shellcheck").args(["-s", "sh"]).args(options).arg(path).env("LC_ALL", "C.UTF-8").output() {
            Ok(output) => output,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "shellcheck: {error}");
                eprintln!("skipped: shellcheck is not installed");
                return false;
            }
        };
    assert!(output.status.success(), "{}:\n{}", path.display(), String::from_utf8_lossy(&output.stdout));
    true
}

#[test]
fn shellcheck_has_nothing_to_say_of_the_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sh");
    std::fs::write(&path, Graph::builtin().unwrap().commented_script().unwrap()).unwrap();
    // The parts call each other by name, so the bundle is what is looked at; SC2317 does not see indirect calls.
    shellcheck(&path, &["-e", "SC2317"]);
}

#[test]
fn shellcheck_has_nothing_to_say_of_the_stubs() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/src/stubs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none() && !shellcheck(&path, &["-e", "SC1091,SC2154"]) {
            return;
        }
    }
}

#[test]
fn a_bundle_that_was_cut_short_does_nothing() {
    let script = Graph::builtin().unwrap().node_script().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sh");
    let length = script.len();
    for end in (0..length - 40).step_by(997) {
        std::fs::write(&path, &script.as_bytes()[..end]).unwrap();
        let output =
            Command::new("/bin/sh").arg(&path).arg("update").env("FUEL_MU_ROOT", folder.path()).output().unwrap();
        assert!(!folder.path().join("var").exists(), "{end}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
