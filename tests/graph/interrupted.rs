//! A run that is killed at any step: the node tells the truth, nothing temporary stays, and the next run
//! goes through.

use crate::node::{MU_FILE, NODE_PHASES, Node, recorders};

fn node() -> Node {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute", "mcollective"]);
    node.package("mcollective", "2.3", "2.4");
    node
}

/// Kills `phase` at every `step`th command, and follows each time what comes of it.
fn killed_everywhere(phase: &str, signal: &str, step: usize) {
    let recorders = recorders(&["dd", "mv", "chmod", "mkdir", "rm", "cp", "base64", "sync", "tar"]);
    let at = NODE_PHASES.iter().position(|name| *name == phase).unwrap();
    let template = node();
    template.pass(&NODE_PHASES[..at]);
    let before = template.read(".lab/installed");
    for call in (1..).step_by(step) {
        let mut node = template.copy();
        node.fault("signal", &format!("{signal} {call}"));
        let ended = node.run_behind(recorders.path(), phase);
        let place = || format!("{phase} killed by {signal} at call {call}: {}", node.log());
        if node.exists(".lab/faults/signal") {
            // The phase has fewer commands than that.
            assert!(ended, "{}", place());
            assert!(call > step, "{phase} was never killed");
            return;
        }
        // Whatever changed, the state file said so before; and no file is there without its commit.
        if node.read(".lab/installed") != before {
            assert!(node.state().is_some(), "{}", place());
        }
        let file = node.exists("etc/fuel/mu-version.json").then(|| node.read("etc/fuel/mu-version.json"));
        match node.state() {
            Some(state) if state.finished() => assert_eq!(file.as_deref(), Some(MU_FILE), "{}", place()),
            Some(_) if phase == "commit" => assert!(file.is_none_or(|text| text == MU_FILE), "{}", place()),
            _ => assert_eq!(file, None, "{}", place()),
        }
        if signal != "KILL" {
            node.assert_tidy();
        }
        node.values.run = "20261124T000000Z-0002".into();
        node.pass(&NODE_PHASES[at..]);
        let state = node.state().unwrap();
        assert!(state.finished());
        let evidence = state.evidence.unwrap();
        assert_eq!((evidence.faults(), evidence.upgraded), (Vec::new(), 3), "{}", node.log());
        assert_eq!(node.read("etc/fuel/mu-version.json"), MU_FILE);
        assert_eq!(node.read(".lab/services/nova-compute"), "running\n");
        node.assert_tidy();
    }
}

#[test]
fn killed_at_every_step_of_the_commit() {
    killed_everywhere("commit", "KILL", 1);
}

#[test]
fn killed_at_steps_of_the_update() {
    killed_everywhere("update", "KILL", 9);
}

#[test]
fn stopped_at_steps_of_the_update() {
    killed_everywhere("update", "TERM", 17);
}

#[test]
fn killed_at_steps_of_the_other_phases() {
    killed_everywhere("backup", "KILL", 7);
    killed_everywhere("agents", "KILL", 11);
    killed_everywhere("verify", "KILL", 11);
}

#[test]
fn a_killed_upgrade_leaves_half_configured_packages_and_the_next_run_finishes_them() {
    let mut node = node();
    node.pass(&["check", "backup", "agents"]);
    node.fault("die", "nova-common");
    node.run("update");
    node.repair("die");
    assert_eq!(node.phase(), "packages");
    assert!(node.exists("var/lib/fuel-mu/undo/policy") && node.exists("var/lib/fuel-mu/undo/work"));
    assert!(node.exists("usr/sbin/policy-rc.d"));
    node.values.run = "20261124T000000Z-0003".into();
    node.calls("");
    node.pass(NODE_PHASES);
    assert_eq!(node.calls("dpkg --force-confdef --force-confold --admindir=").len(), 1);
    assert_eq!(node.state().unwrap().evidence.unwrap().upgraded, 3);
    node.assert_tidy();
}

#[test]
fn a_channel_that_a_killed_run_did_not_restart_is_restarted_by_the_next() {
    let mut node = node();
    node.pass(&["check", "backup"]);
    // The package is upgraded, then the phase dies before it can see to the restart.
    node.write(".lab/restarts/mcollective", "mcollective\n");
    node.fault("die-after", "mcollective");
    node.run("agents");
    assert_eq!(node.installed("mcollective").as_deref(), Some("2.4"));
    assert_eq!(node.calls("service mcollective restart"), Vec::<String>::new());
    node.values.run = "20261124T000000Z-0004".into();
    node.pass(NODE_PHASES);
    assert_eq!(node.calls("service mcollective restart").len(), 1);
}

#[test]
fn by_hand_cleanup_undoes_what_was_left() {
    let node = node();
    node.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n");
    node.pass(&["check", "backup", "agents"]);
    node.fault("die", "nova-common");
    node.run("update");
    assert!(node.exists("var/lib/fuel-mu/policy-rc.d.saved"));
    node.pass(&["cleanup"]);
    node.assert_tidy();
    assert_eq!(node.read("usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 0\n");
    assert_eq!(node.phase(), "packages", "the state still tells");
}

#[test]
fn two_scripts_at_once_are_refused() {
    let mut node = node();
    node.upload();
    let lock = node.path("var/lib/fuel-mu/lock");
    std::fs::write(&lock, "").unwrap();
    let mut holder = std::process::Command::new("flock")
        .arg(&lock)
        .args(["sh", "-c", "echo held; read wait"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(holder.stdout.take().unwrap()), &mut line).unwrap();
    assert_eq!(node.gives_up("update"), "another script of an update is running on this node");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    node.pass(&["check"]);
}

#[test]
fn the_lock_is_not_left_to_what_a_package_starts() {
    let node = node();
    node.pass(&["check"]);
    // The probe asks like this, an instant after the phase has ended.
    let free = std::process::Command::new("flock")
        .args(["-n", "-s"])
        .arg(node.path("var/lib/fuel-mu/lock"))
        .arg("true")
        .status()
        .unwrap();
    assert!(free.success());
    // A daemon that inherits the descriptors of a maintainer script must not keep the lock.
    node.write(".lab/restarts/nova-common", "ssh\n");
    node.services(&["ssh"]);
    let recorders = tempfile::tempdir().unwrap();
    let daemon = recorders.path().join("service");
    std::fs::write(&daemon, "#!/bin/sh\nls -l /proc/$$/fd >>\"$FUEL_MU_ROOT/descriptors\"\nexit 0\n").unwrap();
    std::fs::set_permissions(&daemon, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    node.pass(&["backup", "agents"]);
    node.run_behind(recorders.path(), "update");
    let descriptors = node.read("descriptors");
    assert!(!descriptors.contains("fuel-mu/lock"), "{descriptors}");
}

#[test]
fn the_folder_of_an_apt_that_goes_on_stays_until_it_has_ended() {
    let node = node();
    node.pass(&NODE_PHASES[..1]);
    node.write("var/lib/fuel-mu/undo/work", "");
    node.write("var/lib/fuel-mu/work/apt/cache/archives/nova.deb", "");
    // The command line of an apt-get is what a clean-up knows it by.
    let mark = format!("Dpkg::Options::=--admindir={}", node.path("var/lib/dpkg").display());
    let mut apt = std::process::Command::new("sh");
    let mut apt = apt
        .args(["-c", "read end; :", "apt-get", "-o", &mark])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("a process");
    let out = node.command("cleanup").env("MU_LOCK_WAIT", "1").output().expect("a clean-up");
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(!out.status.success() && said.contains("the apt of a killed phase is still running"), "{said}");
    assert_eq!(node.log().matches("still running").count(), 1, "it waits once: {said}");
    assert!(node.exists("var/lib/fuel-mu/work/apt/cache/archives/nova.deb"), "it is in use");
    drop(apt.stdin.take());
    apt.wait().expect("its end");
    let out = node.command("cleanup").env("MU_LOCK_WAIT", "1").output().expect("a clean-up");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    assert!(!node.exists("var/lib/fuel-mu/work") && !node.exists("var/lib/fuel-mu/undo"));
}
