//! Progress: bars on a terminal of any size and character set, a few lines elsewhere, and who is waited for.

use std::time::Duration;

use fuel_lab::{Lab, NodeSpec, Scenario, SshFault, TaskFault};

use super::install::{SMALL, lab};
use super::pty::Terminal;
use crate::program::{MU_FILE, Program, mu};

const PATIENCE: Duration = Duration::from_secs(60);
const UTF8: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("LANG", "en_US.UTF-8")];

/// Two nodes; the second answers only after this time.
fn slow(answer: Duration) -> Lab {
    let node = |id| NodeSpec::new(id, &["compute"]).file(MU_FILE, mu(1));
    let slow = node(2).ssh_fault(SshFault::SlowStart(answer));
    Lab::start(Scenario::new().node(node(1)).node(slow)).expect("a lab")
}

fn shown(lab: &Lab, line: &str, variables: &[(&str, &str)]) -> String {
    let (code, screen) = Terminal::start(&Program::in_lab(lab), &[], line, variables).end();
    assert_eq!(code, Some(0), "{screen}");
    screen
}

#[test]
fn a_check_that_is_fast_shows_no_bar() {
    let lab = slow(Duration::ZERO);
    // It is over before a bar is due, unless this machine is very slow: then a bar is right.
    let began = std::time::Instant::now();
    let screen = shown(&lab, "-e 1 check installed", &UTF8);
    assert!(!screen.contains("asking nodes") || began.elapsed() > Duration::from_millis(250), "{screen:?}");
}

#[test]
fn bars_are_made_of_what_the_terminal_has() {
    let lab = slow(Duration::from_secs(1));
    let screen = shown(&lab, "-e 1 check installed", &UTF8);
    assert!(screen.contains("asking nodes \x1b[36m█") && screen.contains("░ 1/2  0:0"), "{screen:?}");
    assert!(screen.contains("9.0-mu-1 on all 2 nodes"), "{screen}");
    let ascii = shown(&lab, "-e 1 check installed", &[("TERM", "xterm"), ("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]);
    assert!(ascii.contains("asking nodes \x1b[36m#") && ascii.is_ascii(), "{ascii:?}");
    let plain = shown(&lab, "-e 1 check installed", &[("TERM", "xterm"), ("NO_COLOR", "1")]);
    assert!(plain.contains("asking nodes ###") && !plain.contains("\x1b[36m"), "{plain:?}");
    for (line, term) in [("-e 1 check installed", "dumb"), ("-e 1 check installed --progress plain", "xterm")] {
        let lines = shown(&lab, line, &[("TERM", term), ("NO_COLOR", "1")]);
        assert!(lines.contains("Z asking 2 nodes\n") && !lines.contains('\x1b'), "lines, not bars: {lines:?}");
    }
    for line in ["-e 1 check installed --progress none", "-e 1 -q check installed"] {
        let nothing = shown(&lab, line, &[("TERM", "xterm"), ("NO_COLOR", "1")]);
        assert!(!nothing.contains("asking") && !nothing.contains('\x1b'), "{nothing:?}");
    }
}

#[test]
fn a_slow_check_names_who_is_waited_for() {
    let lab = slow(Duration::from_secs(4));
    let mut terminal = Terminal::start(&Program::in_lab(&lab), &[], "-e 1 check installed", &UTF8);
    terminal.wait_for("1/2  0:02  waiting for node-2");
    assert_eq!(terminal.end().0, Some(0));
    let plain = Program::in_lab(&lab).run("-e 1 check installed");
    let lines = plain.progress();
    assert_eq!(lines[..2], ["asking 2 nodes", "1 of 2 nodes done; waiting for node-2"], "{}", plain.stderr);
    assert!(lines.len() == 3 && lines[2].starts_with("2 of 2 nodes done in "), "{}", plain.stderr);
    let none = Program::in_lab(&lab).variable("FUEL_UPDATES_PROGRESS", "none").run("-e 1 check installed");
    assert_eq!((none.code, none.progress().len()), (Some(0), 0), "{}", none.stderr);
}

/// The longest line that a terminal got, colours and moves of the cursor taken away.
fn longest(screen: &str) -> usize {
    let mut text = String::new();
    let mut chars = screen.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            let _ = chars.by_ref().find(char::is_ascii_alphabetic);
            // Whatever the sequence does, a new piece begins behind it.
            text.push('\n');
        } else {
            text.push(c);
        }
    }
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn bars_follow_a_terminal_that_changes_its_size() {
    let lab = lab(&SMALL);
    let hold = |task: &str, node, fault: Option<TaskFault>| lab.nailgun().set_task_fault(task, Some(node), fault);
    hold("mu_update_first", 1, Some(TaskFault::Hold));
    let program = Program::in_lab(&lab);
    let mut terminal = Terminal::start(&program, &[], "-e 1 install --yes", &[("TERM", "xterm"), ("NO_COLOR", "1")]);
    terminal.resize(120, 40);
    terminal.wait_for("(update first controller): 0 of 1");
    assert!(terminal.screen().contains("(check, check cluster): 3 tasks in "), "phases that are over stay");
    terminal.resize(40, 24);
    // The first drawing after the change is still on its way.
    terminal.forget();
    terminal.wait_for("update first");
    terminal.forget();
    for _ in 0..3 {
        terminal.wait_for("0:");
        terminal.wait_for("update first");
        assert!(longest(&terminal.screen()) < 40, "{:?}", terminal.screen());
        terminal.forget();
    }
    hold("mu_update_first", 1, None);
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
}

#[test]
fn who_comes_back_sees_in_one_line_what_is_over() {
    let lab = lab(&SMALL);
    lab.nailgun().set_task_fault("mu_verify", Some(2), Some(TaskFault::Hold));
    let detached = Program::in_lab(&lab).run("-e 1 -q install --yes --detach");
    assert_eq!(detached.code, Some(0), "{}", detached.picture());
    assert!(lab.nailgun().wait_for("mu_verify", 2, "running", PATIENCE), "the verification has begun");
    let program = Program::in_lab(&lab);
    let mut terminal = Terminal::start(&program, &[], "-e 1 install --attach --progress plain", &[("TERM", "xterm")]);
    terminal.wait_for("(verify): ");
    lab.nailgun().set_task_fault("mu_verify", Some(2), None);
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains(" tasks, ") && screen.contains(" already over\n"), "{screen}");
    assert!(!screen.contains("(backup)") && !screen.contains("backup done"), "nothing is told again: {screen}");
}
