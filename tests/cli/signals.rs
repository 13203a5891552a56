//! Ctrl-C, SIGTERM and SIGHUP, also where they were ignored when the program started.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fuel_lab::{Lab, NodeSpec, Scenario, SshFault};
use rustix::process::{Pid, Signal, kill_process};

use super::pty::Terminal;
use crate::program::{MU_FILE, Program, Ran, mu};

const DUMB: [(&str, &str); 1] = [("TERM", "dumb")];

fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, signal).expect("sent");
}

/// A shell that ignores these signals and then becomes the program, as `nohup` and a shell's `&` do.
fn ignoring(signals: &str) -> [String; 3] {
    ["/bin/sh".into(), "-c".into(), format!("trap '' {signals}; exec \"$0\" \"$@\"")]
}

/// Starts a command, sends `signals` once stderr has a line with `awaited`, and returns what the process did.
fn signalled(program: &Program, mut command: Command, awaited: &str, signals: &[Signal]) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("stderr"));
    let mut said = String::new();
    while !said.contains(awaited) {
        assert_ne!(stderr.read_line(&mut said).expect("a line"), 0, "`{awaited}` never came: {said}");
    }
    signals.iter().for_each(|signal| send(&child, *signal));
    stderr.read_to_string(&mut said).expect("the rest");
    let mut output = child.wait_with_output().expect("it ends");
    output.stderr = said.into_bytes();
    program.ran(output)
}

fn node(id: u32, update: u64) -> NodeSpec {
    NodeSpec::new(id, &["compute"]).file(MU_FILE, mu(update))
}

#[test]
fn signals_that_were_ignored_at_the_start_stay_ignored() {
    let slow = node(2, 1).ssh_fault(SshFault::SlowStart(Duration::from_secs(1)));
    let lab = Lab::start(Scenario::new().node(node(1, 1)).node(slow)).expect("a lab");
    let program = Program::in_lab(&lab);
    let deaf_to = |signals: &str| {
        let starter = ignoring(signals);
        let starter: Vec<&str> = starter.iter().map(String::as_str).collect();
        program.started_by(&starter, "-e 1 check installed -f value -c name -c state --events /dev/stderr")
    };
    let all = [Signal::HUP, Signal::INT, Signal::TERM, Signal::HUP];
    let ran = signalled(&program, deaf_to("HUP INT TERM"), "\"done\":1,\"total\":2", &all);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "node-1 installed\nnode-2 installed\n"), "{}", ran.picture());
    // Only what was ignored is: `nohup` ignores SIGHUP alone.
    let ran = signalled(&program, deaf_to("HUP"), "\"done\":1,\"total\":2", &[Signal::HUP, Signal::TERM]);
    assert_eq!(ran.code, Some(130), "{}", ran.picture());
}

#[test]
fn a_signal_during_a_check_prints_the_rows_that_came() {
    let slow = node(2, 1).ssh_fault(SshFault::SlowStart(Duration::from_secs(60)));
    let lab = Lab::start(Scenario::new().published(mu(2)).node(node(1, 1)).node(slow)).expect("a lab");
    let program = Program::in_lab(&lab);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let command = program.command("-e 1 check installed -f value -c name -c state -c detail --events /dev/stderr");
        let ran = signalled(&program, command, "\"done\":1,\"total\":2", &[signal]);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.lines("error: ")),
            (
                Some(130),
                "node-1 installed from package\nnode-2 not-asked interrupted\n",
                vec!["interrupted; nothing was changed"]
            ),
        );
    }
    let ran = signalled(
        &program,
        program.command("-e 1 check available -f json --events /dev/stderr"),
        "\"done\":1,\"total\":2",
        &[Signal::INT],
    );
    let document = ran.json();
    assert_eq!((ran.code, &document["exit"]), (Some(130), &130.into()));
    assert_eq!(document["conditions"], serde_json::json!(["interrupted", "update-available", "partial"]));
    assert_eq!(document["summary"]["states"], serde_json::json!({"installed": 1, "not-asked": 1}));
}

#[test]
fn a_signal_does_not_wait_for_a_mirror_that_is_silent() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mirror = format!("http://{}", silent.local_addr().expect("its address"));
    let lab = Lab::start(Scenario::new().node(node(1, 1))).expect("a lab");
    let program = Program::in_lab(&lab).variable("FUEL_UPDATES_MIRROR", &mirror);
    let began = Instant::now();
    let ran = signalled(
        &program,
        program.command("-e 1 check available -f json --events /dev/stderr"),
        "\"done\":1,\"total\":1",
        &[Signal::INT],
    );
    assert!(began.elapsed() < Duration::from_secs(15), "the mirror's own limit is 20 s");
    let document = ran.json();
    assert_eq!((ran.code, &document["mirror"]["error"]["kind"]), (Some(130), &"interrupted".into()));
    assert_eq!(document["nodes"][0]["state"], "installed");
}

#[test]
fn a_signal_at_the_question_ends_at_once_and_a_late_yes_starts_nothing() {
    let package = |node: NodeSpec| node.package("fuel-misc", "1");
    let scenario = Scenario::new().published(mu(2)).repo("fuel-misc", "2").node(package(node(1, 1)));
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let line = "-e 1 install --skip-cluster-checks";
    let typed = |keys: &[u8]| {
        let mut terminal = Terminal::start(&program, &[], line, &DUMB);
        terminal.wait_for("Install it? [y/N]");
        terminal.keyboard.write_all(keys).expect("typed");
        terminal.end()
    };
    let killed = |signal: Signal| {
        let mut terminal = Terminal::start(&program, &[], line, &DUMB);
        terminal.wait_for("Install it? [y/N]");
        send(&terminal.child, signal);
        terminal.end()
    };
    for (code, screen) in [typed(b"\x03"), typed(b"\x03y\n"), killed(Signal::HUP), killed(Signal::TERM)] {
        assert_eq!(code, Some(130), "{screen}");
        assert!(screen.contains("error: interrupted; nothing was sent"), "{screen}");
        assert!(!screen.contains("started as task"), "{screen}");
    }
    // End of input and anything but yes are a no.
    for (code, screen) in [typed(b"\x04"), typed(b"yonder\n")] {
        assert_eq!(code, Some(1), "{screen}");
        assert!(screen.contains("declined; nothing was sent"), "{screen}");
    }
    assert_eq!(lab.nailgun().started("deploy"), 0);
}

#[test]
fn a_closed_terminal_ends_the_question_also_where_its_signal_is_ignored() {
    let scenario = Scenario::new().published(mu(2)).repo("fuel-misc", "2").node(node(1, 1).package("fuel-misc", "1"));
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let line = "-e 1 install --skip-cluster-checks";
    for (starter, status) in [(&[][..], 130), (&ignoring("HUP")[..], 1)] {
        let mut terminal = Terminal::start(&program, starter, line, &DUMB);
        terminal.wait_for("Install it? [y/N]");
        let Terminal { keyboard, mut child, .. } = terminal;
        drop(keyboard);
        assert_eq!(child.wait().expect("it ends").code(), Some(status));
    }
    assert_eq!(lab.nailgun().started("deploy"), 0);
}
