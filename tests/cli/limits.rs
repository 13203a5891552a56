//! Limits of this host are never told as faults of nodes.

use std::process::{Command, Output};

use fuel_lab::{Lab, NodeSpec, Scenario};

use crate::program::Program;

/// Runs the program in a shell that sets its limit of open files first.
fn with_open_files(program: &Program, limit: u32, line: &str) -> Output {
    let wanted = program.command(line);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -n {limit}; exec \"$0\" \"$@\"")).arg(wanted.get_program());
    shell.args(wanted.get_args()).env_clear().stdin(std::process::Stdio::null());
    shell.envs(wanted.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.output().expect("a shell")
}

#[test]
fn few_open_files_bound_the_fan_out_and_too_few_are_one_error() {
    let nodes = (1..=60).map(|id| NodeSpec::new(id, &["compute"]));
    let lab = Lab::start(nodes.fold(Scenario::new(), Scenario::node)).expect("a lab");
    let program = Program::in_lab(&lab);

    let ran = program.ran(with_open_files(&program, 64, "-e 1 check installed -f json"));
    assert_eq!(ran.json()["summary"]["states"].to_string(), r#"{"none":60}"#, "{}", ran.picture());
    let warnings = ran.lines("warning: ");
    assert!(warnings[0].contains(" nodes at once: this process may not open more files (ulimit -n)"), "{warnings:?}");

    let ran = program.ran(with_open_files(&program, 20, "-e 1 -q check installed -f json"));
    assert_eq!(ran.code, Some(1), "{}", ran.picture());
    assert!(
        ran.json()["error"]["message"].as_str().is_some_and(|m| m.contains("open 20 files only")),
        "{}",
        ran.picture()
    );
    assert_eq!(
        ran.stderr,
        "error: this process may open 20 files only (ulimit -n), which is not enough to ask nodes\n\
         hint: raise the limit (ulimit -n 1024), or lower --fanout\n"
    );
}

#[test]
fn a_state_folder_that_cannot_be_made_ends_no_check() {
    let lab = Lab::start(Scenario::new().node(NodeSpec::new(1, &["compute"]))).expect("a lab");
    let program = Program::in_lab(&lab);
    // A folder cannot be made below a file, not even by root.
    let file = program.file("a-file", "");
    let program = program.variable("FUEL_UPDATES_STATE_DIR", &format!("{}/state", file.display()));
    let ran = program.run("-e 1 check installed -f value -c name -c state");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "node-1 none\n"), "{}", ran.picture());
    let warnings = ran.lines("warning: ");
    assert_eq!(warnings.len(), 2, "{}", ran.picture());
    assert!(warnings[0].contains("a-file/state cannot be made: "), "{warnings:?}");
    assert!(warnings[1].starts_with("new host keys could not be recorded in "), "{warnings:?}");
}
