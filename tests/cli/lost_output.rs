//! stdout or stderr that cannot be written: nothing is hidden by it, and the status that was found is kept.

use std::fs::{File, OpenOptions};
use std::process::Stdio;

use fuel_lab::{Lab, NodeSpec, Scenario};

use crate::program::{MU_FILE, Program, Ran, mu};

/// A device that takes nothing: "No space left on device".
fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("the full device")
}

/// Runs a command line with stdout on the full device.
fn on_full_disk(program: &Program, line: &str) -> Ran {
    program.ran(program.command(line).stdout(full()).stderr(Stdio::piped()).output().expect("the binary starts"))
}

/// Runs a command line whose reader of stdout has left before the first byte.
fn without_reader(program: &Program, line: &str) -> Ran {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    program.ran(program.command(line).stdout(writer).stderr(Stdio::piped()).output().expect("the binary starts"))
}

fn lab() -> Lab {
    let node = |id, role, update| NodeSpec::new(id, &[role]).package("fuel-misc", "1").file(MU_FILE, mu(update));
    let scenario = Scenario::new().published(mu(2)).repo("fuel-misc", "2");
    Lab::start(scenario.node(node(1, "controller", 1)).node(node(2, "compute", 1))).expect("a lab")
}

const NO_SPACE: &str = "error: stdout: No space left on device";

#[test]
fn a_full_disk_is_an_error_of_every_command_that_prints() {
    let lab = lab();
    let program = Program::in_lab(&lab);
    for (line, status) in [
        ("--help", 1),
        ("--version", 1),
        ("help install", 1),
        ("man", 1),
        ("completions bash", 1),
        ("config show", 1),
        ("graph show", 1),
        ("-e 1 graph show --compiled", 1),
        ("-e 1 inventory show", 1),
        ("-e 1 inventory show -f ansible", 1),
        ("-e 1 history -f json", 1),
        ("-e 1 check installed", 1),
        ("-e 1 check installed -f yaml", 1),
        ("-e 1 install --dry-run", 1),
        // What was found counts more than the disk.
        ("-e 1 check available -f csv", 5),
        ("-e 1 check installed --nodes 77", 1),
        ("--no-such-option", 2),
    ] {
        let ran = on_full_disk(&program, line);
        assert_eq!(ran.code, Some(status), "{line}: {}", ran.picture());
        let printed = !matches!(line, "-e 1 check installed --nodes 77" | "--no-such-option");
        assert_eq!(ran.stderr.lines().filter(|l| *l == NO_SPACE).count(), usize::from(printed), "{}", ran.picture());
    }
}

#[test]
fn an_installation_on_a_full_disk_ends_with_what_it_found() {
    let lab = lab();
    let program = Program::in_lab(&lab);
    lab.node(1).set_stub_fault("postinst", "fuel-misc").expect("a fault");
    let failed = on_full_disk(&program, "-e 1 install --yes");
    assert_eq!((failed.code, failed.lines("error: stdout: ").len()), (Some(6), 1), "{}", failed.picture());
    let attached = on_full_disk(&program, "-e 1 install --attach");
    assert_eq!((attached.code, attached.lines("error: stdout: ").len()), (Some(6), 1), "{}", attached.picture());
    assert_eq!(without_reader(&program, "-e 1 install --attach").code, Some(6));
    lab.node(1).clear_stub_fault("postinst").expect("repaired");
    let verified = on_full_disk(&program, "-e 1 install --yes -f json");
    assert_eq!((verified.code, verified.lines("error: stdout: ").len()), (Some(1), 1), "{}", verified.picture());
    assert_eq!(lab.node(1).read(MU_FILE).expect("the file"), mu(2), "it was installed all the same");
}

#[test]
fn a_reader_that_left_is_no_error_and_the_status_is_kept() {
    let lab = lab();
    let program = Program::in_lab(&lab);
    for (line, status) in [
        ("--help", 0),
        ("man", 0),
        ("-e 1 -q check installed", 0),
        ("-e 1 -q check available", 5),
        ("-e 1 -q inventory show", 0),
    ] {
        let ran = without_reader(&program, line);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(status), ""), "{line}");
    }
    lab.node(2).write(MU_FILE, mu(2).as_bytes()).expect("another update");
    let differ = without_reader(&program, "-e 1 -q check installed");
    assert_eq!((differ.code, differ.stderr.as_str()), (Some(4), ""));
}

#[test]
fn a_stdout_that_is_open_for_reading_only_is_an_error() {
    let ran = |line: &str| {
        let stdout = File::open("/dev/null").expect("a file");
        let program = Program::new();
        program.ran(program.command(line).stdout(stdout).stderr(Stdio::piped()).output().expect("the binary starts"))
    };
    let shown = ran("graph show");
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(1), "error: stdout: Bad file descriptor\n"));
}

#[test]
fn a_lost_stderr_changes_neither_the_report_nor_the_status() {
    let lab = lab();
    let program = Program::in_lab(&lab);
    for line in
        ["-e 1 check available -f value -c name -c verdict", "-e 1 check installed --nodes 77", "--no-such-option"]
    {
        let seen = program.run(line);
        let stderr_full = program.command(line).stdout(Stdio::piped()).stderr(full()).output().expect("it starts");
        let blind = program.ran(stderr_full);
        assert_eq!((blind.code, &blind.stdout), (seen.code, &seen.stdout), "{line}");
    }
}

#[test]
fn a_timeline_that_cannot_be_written_is_an_error() {
    let lab = lab();
    let program = Program::in_lab(&lab);
    assert_eq!(program.run("-e 1 -q install --yes").code, Some(0));
    let full = program.run("-e 1 -q history --timeline /dev/full");
    let errors = full.lines("error: cannot write /dev/full: No space left on device");
    assert_eq!((full.code, errors.len()), (Some(1), 1), "{}", full.picture());
    assert!(!std::fs::metadata("/dev/full").expect("the device").is_file(), "it is not replaced by a file");
    let ran = program.run("-e 1 -q history --timeline /proc/no-folder/run.html");
    assert_eq!(
        (ran.code, ran.lines("error: cannot write /proc/no-folder/run.html: ").len()),
        (Some(1), 1),
        "{}",
        ran.picture()
    );
}
