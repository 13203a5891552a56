//! Ctrl-C, SIGTERM and SIGHUP, also where they were ignored when the program started.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fuel_lab::{Lab, NodeSpec, Scenario, SshFault};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::program::{MU_FILE, Program, Ran, mu};

fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, signal).expect("sent");
}

/// A shell that ignores these signals and then becomes the program, as `nohup` and a shell's `&` do.
fn ignoring(signals: &str) -> [String; 3] {
    ["/bin/sh".into(), "-c".into(), format!("trap '' {signals}; exec \"$0\" \"$@\"")]
}

/// The program on a terminal of its own, which is its controlling terminal: typed keys make signals.
struct Terminal {
    keyboard: File,
    seen: Vec<u8>,
    child: Child,
}

impl Terminal {
    fn start(program: &Program, starter: &[String], line: &str) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal for us");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let slave = || {
            let path = OsStr::from_bytes(name.as_bytes());
            File::from(
                open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("its other end"),
            )
        };
        let starter: Vec<&str> = ["setsid", "--ctty"].into_iter().chain(starter.iter().map(String::as_str)).collect();
        let mut command = program.started_by(&starter, line);
        command.env("TERM", "dumb").stdin(slave()).stdout(slave()).stderr(slave());
        let child = command.spawn().expect("setsid (util-linux)");
        Self { keyboard: File::from(master), seen: vec![], child }
    }

    /// Waits until the screen has shown `text`, or, for an empty text, until the program has left the terminal.
    fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while text.is_empty() || !self.screen().contains(text) {
            let left = Timespec { tv_sec: 60, tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(&self.keyboard, PollFlags::IN)], Some(&left));
            assert!(ready == Ok(1) && Instant::now() < until, "`{text}` did not come: {}", self.screen());
            let mut piece = [0; 4096];
            match self.keyboard.read(&mut piece) {
                Ok(count) if count > 0 => self.seen.extend_from_slice(&piece[..count]),
                _ if text.is_empty() => return,
                _ => panic!("it ended without `{text}`: {}", self.screen()),
            }
        }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace('\r', "")
    }

    /// Exit status and screen once the program has ended.
    fn end(mut self) -> (Option<i32>, String) {
        self.wait_for("");
        (self.child.wait().expect("it ends").code(), self.screen())
    }
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
        program.started_by(&starter, "-e 1 check installed -f value -c name -c state")
    };
    let all = [Signal::HUP, Signal::INT, Signal::TERM, Signal::HUP];
    let ran = signalled(&program, deaf_to("HUP INT TERM"), "[1/2]", &all);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "node-1 installed\nnode-2 installed\n"), "{}", ran.picture());
    // Only what was ignored is: `nohup` ignores SIGHUP alone.
    let ran = signalled(&program, deaf_to("HUP"), "[1/2]", &[Signal::HUP, Signal::TERM]);
    assert_eq!(ran.code, Some(130), "{}", ran.picture());
}

#[test]
fn a_signal_during_a_check_prints_the_rows_that_came() {
    let slow = node(2, 1).ssh_fault(SshFault::SlowStart(Duration::from_secs(60)));
    let lab = Lab::start(Scenario::new().published(mu(2)).node(node(1, 1)).node(slow)).expect("a lab");
    let program = Program::in_lab(&lab);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let command = program.command("-e 1 check installed -f value -c name -c state -c detail");
        let ran = signalled(&program, command, "[1/2]", &[signal]);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.lines("error: ")),
            (
                Some(130),
                "node-1 installed from package\nnode-2 not-asked interrupted\n",
                vec!["interrupted; nothing was changed"]
            ),
        );
    }
    let ran = signalled(&program, program.command("-e 1 check available -f json"), "[1/2]", &[Signal::INT]);
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
    let ran = signalled(&program, program.command("-e 1 check available -f json"), "[1/1]", &[Signal::INT]);
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
        let mut terminal = Terminal::start(&program, &[], line);
        terminal.wait_for("Install it? [y/N]");
        terminal.keyboard.write_all(keys).expect("typed");
        terminal.end()
    };
    let killed = |signal: Signal| {
        let mut terminal = Terminal::start(&program, &[], line);
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
        let mut terminal = Terminal::start(&program, starter, line);
        terminal.wait_for("Install it? [y/N]");
        let Terminal { keyboard, mut child, .. } = terminal;
        drop(keyboard);
        assert_eq!(child.wait().expect("it ends").code(), Some(status));
    }
    assert_eq!(lab.nailgun().started("deploy"), 0);
}
