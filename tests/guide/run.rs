//! Runs the guide.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use fuel_lab::Lab;

use super::listed::{Listed, Step, steps};
use super::places::{Master, below};
use super::site;
use crate::repository::SiteMirror;

const GUIDE: &str = include_str!("../../docs/guide.md");

#[test]
fn every_command_of_the_guide_does_what_the_guide_says() {
    // It needs the tools that the mirror's packages are made with.
    if SiteMirror::with_update(1).is_none() {
        return;
    }
    let mut scene: Option<(Lab, Master)> = None;
    let mut faults = Vec::new();
    let mut commands = 0;
    for step in steps(GUIDE) {
        match (step, &scene) {
            (Step::Lab(words), running) => match (words.strip_prefix("starts "), running) {
                (Some(name), _) => scene = Some((site::start(name), Master::new())),
                (None, Some((lab, _))) => site::happens(lab, &words),
                (None, None) => panic!("{words}: no lab runs"),
            },
            (_, None) => panic!("the guide begins with `<!-- lab: starts … -->`"),
            (Step::File(path, text), Some((lab, master))) => {
                let file = master.root().join(path.trim_start_matches('/'));
                fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
                fs::write(&file, master.located(&text, lab)).expect("a file");
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
            }
            (Step::Run(listed), Some((lab, master))) => {
                commands += 1;
                faults.extend(fault(&listed, &run(&listed, lab, master), lab, master));
            }
        }
    }
    assert!(commands > 30, "the guide has {commands} commands: the test has gone blind");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn run(listed: &Listed, lab: &Lab, master: &Master) -> Output {
    let mut command = Command::new("/bin/bash");
    command.env_clear().stdin(Stdio::null());
    let real = "/usr/sbin:/usr/bin:/sbin:/bin";
    if matches!(listed.host.as_str(), "master" | "online") {
        let bin = master.root().join("usr/local/bin");
        let _ = symlink(env!("CARGO_BIN_EXE_fuel-updates"), bin.join("fuel-updates"));
        let root = |path: &str| master.root().join(path).display().to_string();
        let variables: Vec<(String, String)> = lab.environment();
        command
            .args(["-c", &master.located(&listed.command, lab)])
            .env("PATH", format!("{}:{real}", bin.display()))
            .envs(variables.iter().filter(|(name, _)| name.starts_with("OS_") || name.starts_with("FUEL_")).cloned())
            // On a real master these have their usual places and need no variables.
            .env("FUEL_UPDATES_MIRROR", lab.mirror_url())
            .env("FUEL_UPDATES_INVENTORY", root("etc/fuel-updates/inventory/env-1.yaml"))
            .env("FUEL_UPDATES_STATE_DIR", root("var/lib/fuel-updates"))
            .env("FUEL_UPDATES_SSH_PORT", lab.node(1).port().to_string())
            .env("HOME", root("root"))
            .current_dir(master.root().join("root"));
        let configuration = master.root().join("etc/fuel-updates/config.yaml");
        if configuration.exists() {
            command.env("FUEL_UPDATES_CONFIG", configuration).env_remove("FUEL_UPDATES_MIRROR");
        }
    } else {
        let node = lab.nodes().iter().find(|node| node.spec().name == listed.host).expect("a node of the lab");
        let stubs = lab.dir().join("stubs");
        command
            .args(["-c", &below(&listed.command, node.tree())])
            .env("PATH", format!("{}:{real}", stubs.display()))
            .env("FUEL_MU_ROOT", node.tree())
            .current_dir(node.tree().join("root"));
    }
    command.output().expect("a shell")
}

/// What is not as the guide says.
fn fault(listed: &Listed, output: &Output, lab: &Lab, master: &Master) -> Option<String> {
    let tree = lab.nodes().iter().find(|node| node.spec().name == listed.host).map(|node| node.tree().to_owned());
    let without = |text: String, root: &Path| text.replace(&root.display().to_string(), "");
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    let said = tree.map_or(master.shown(&said, lab), |tree| without(said, &tree));
    let missing: Vec<&String> = listed.output.iter().filter(|line| !said.contains(line.trim_end())).collect();
    let right = output.status.code() == Some(listed.status) && missing.is_empty();
    let Listed { line, command, status, .. } = listed;
    (!right).then(|| {
        format!(
            "line {line}: {command}\nmust end with {status}, and print {missing:#?}\nit ended with {}:\n{said}",
            output.status
        )
    })
}
