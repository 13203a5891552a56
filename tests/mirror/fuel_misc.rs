//! The package fuel-misc with announcement and graph: built, unpacked, and its graph executed without our client.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use fuel_lab::{AuthMode, Lab, NodeSpec, Scenario};
use serde_json::Value;

use super::nailgun;
use crate::program::{MU_FILE, Program, mu};

/// Adds announcement and graph to a tree of fuel-library as `packaging/fuel-misc/README.md` says.
fn fuel_library(program: &Program, announced: &str) -> PathBuf {
    program.file("tree/files/fuel-misc/mu-version.json", announced);
    let list = program.file("tree/debian/fuel-misc.install", "files/fuel-misc/fuel-logrotate /usr/bin\n");
    program.file("tree/files/fuel-misc/fuel-logrotate", "#!/bin/sh\n");
    let tree = list.ancestors().nth(2).expect("the tree").to_owned();
    let binary = Path::new(env!("CARGO_BIN_EXE_fuel-updates"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/fuel-misc/add-to-fuel-library");
    for _ in 0..2 {
        let out = Command::new(&script)
            .arg(&tree)
            .arg("9.0")
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", binary.parent().expect("a folder").display()))
            .env("HOME", program.state())
            .output()
            .expect("the script");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    tree
}

/// Builds the package as debhelper does with `debian/fuel-misc.install`, and unpacks it again.
fn packaged(tree: &Path) -> tempfile::TempDir {
    let work = tempfile::tempdir().expect("a folder");
    fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let list = fs::read_to_string(tree.join("debian/fuel-misc.install")).expect("the list");
    assert_eq!(list.lines().count(), 3, "a second run adds nothing: {list}");
    for line in list.lines() {
        let (file, folder) = line.split_once(' ').expect("file and folder");
        let folder = work.path().join(folder.trim_start_matches('/'));
        fs::create_dir_all(&folder).expect("a folder");
        let from = tree.join(file);
        fs::copy(&from, folder.join(from.file_name().expect("a name"))).expect("a file");
    }
    fs::create_dir(work.path().join("DEBIAN")).expect("a folder");
    let control = "Package: fuel-misc\nVersion: 9.0.0-3\nArchitecture: all\nMaintainer: MOS <mos@example.org>\nDescription: misc\n";
    fs::write(work.path().join("DEBIAN/control"), control).expect("a file");
    fs::write(work.path().join("DEBIAN/conffiles"), "/etc/fuel/mu-version.json\n").expect("a file");
    let unpacked = tempfile::tempdir().expect("a folder");
    let deb = unpacked.path().join("fuel-misc.deb");
    for words in [
        vec![
            "--root-owner-group".as_ref(),
            "-Zgzip".as_ref(),
            "--build".as_ref(),
            work.path().as_os_str(),
            deb.as_os_str(),
        ],
        vec!["-x".as_ref(), deb.as_os_str(), unpacked.path().as_os_str()],
    ] {
        let out = Command::new("dpkg-deb").args(words).output().expect("dpkg-deb");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    unpacked
}

#[test]
fn its_graph_installs_the_update_without_this_program() {
    let node = |id: u32, roles: &[&str]| {
        let mut node = NodeSpec::new(id, roles).file(MU_FILE, mu(1));
        node.services.truncate(2);
        node
    };
    let scenario = Scenario::new().auth(AuthMode::None).published(mu(2));
    let lab = Lab::start(scenario.node(node(1, &["controller"])).node(node(2, &["compute", "cinder"]))).expect("a lab");
    let program = Program::in_lab(&lab);
    let announced = mu(2);
    let package = packaged(&fuel_library(&Program::new(), &announced));
    let shipped = fs::read_to_string(package.path().join("etc/fuel/mu-version.json")).expect("the announcement");
    assert_eq!(shipped, announced);
    let text = fs::read_to_string(package.path().join("usr/share/fuel-misc/fuel-updates-mu.yaml")).expect("the graph");
    let graph: Value = serde_saphyr::from_str(&text).expect("a graph");

    // One file, uploaded twice and executed twice: a run of its own each time.
    let mut runs = Vec::new();
    for (upload, package) in [("POST", "1:9.9"), ("PUT", "1:10.1")] {
        for node in lab.nodes() {
            let repository = node.tree().join(".lab/repo");
            fs::write(repository, format!("nailgun-agent {package}\n")).expect("the repository");
            // The names of runs have seconds; what the first one chose must not serve the second.
            let _ = fs::write(node.tree().join("var/lib/fuel-mu/run"), "20160101T000000Z-package\n");
        }
        assert_eq!(nailgun::upload(&lab, &graph), upload);
        let (status, message) = nailgun::execute(&lab, &[1, 2]);
        assert_eq!(status, "ready", "{message}");
        for node in lab.nodes() {
            assert_eq!(fs::read_to_string(node.tree().join("etc/fuel/mu-version.json")).expect("a file"), announced);
            let state = fs::read_to_string(node.tree().join("var/lib/fuel-mu/state.json")).expect("a state");
            let state: Value = serde_json::from_str(&state).expect("JSON");
            assert_eq!(state["phase"], "done");
            let run = state["run"].as_str().expect("a run").to_owned();
            assert!(run.ends_with("Z-package") && !run.starts_with("2016"), "{run}");
            assert!(node.tree().join(format!("var/lib/fuel-mu/log/{run}.log")).exists());
            runs.push(run);
        }
    }
    // What our program says of it afterwards.
    let ran = program.run("-e 1 -q check installed -f value -c name -c state -c MU");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "node-1 installed 9.0-mu-2\nnode-2 installed 9.0-mu-2\n"));
    let history = program.run("-e 1 -q history -f value -c target -c status -c run").stdout;
    assert_eq!(history, "9.0-mu-2 done -\n".repeat(2), "each node chose the name of its run");
}

#[test]
fn a_graph_without_its_pre_check_begins_no_run() {
    let lab = Lab::start(Scenario::new().auth(AuthMode::None).node(NodeSpec::new(1, &["controller"]))).expect("a lab");
    let package = packaged(&fuel_library(&Program::new(), &mu(2)));
    let text = fs::read_to_string(package.path().join("usr/share/fuel-misc/fuel-updates-mu.yaml")).expect("the graph");
    let mut graph: Value = serde_saphyr::from_str(&text).expect("a graph");
    let tasks = graph["tasks"].as_array_mut().expect("tasks");
    for task in tasks.iter_mut().filter(|task| task["id"] == "mu_check") {
        let command = task["parameters"]["cmd"].as_str().expect("a command").replace("node.sh check", "node.sh backup");
        task["parameters"]["cmd"] = Value::from(command);
    }
    nailgun::upload(&lab, &graph);
    assert_eq!(nailgun::execute(&lab, &[1]).0, "error");
    assert!(!lab.node(1).tree().join("var/lib/fuel-mu/state.json").exists());
}
