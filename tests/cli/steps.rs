//! `install --step` and `--not-after`: an update in bounded pieces.

use std::time::{Duration, Instant};

use fuel_lab::{Lab, NailgunMode};
use insta::assert_snapshot;

use super::install::{lab, runs, said, scenario};
use super::stop::{PATIENCE, held, hold, release, start, until};
use super::terminal::on_terminal;
use crate::program::Program;

const ROLES: [&str; 5] = ["controller", "controller", "cinder", "compute", "compute"];

/// The nodes on which a task was begun.
fn begun(lab: &Lab, task: &str) -> Vec<String> {
    let trace = lab.nailgun().trace();
    trace.iter().filter(|t| t.task == task && t.status == "running").map(|t| t.node.clone()).collect()
}

/// The questions, and what was said between them: without times.
fn steps(seen: &str) -> Vec<String> {
    let seen = seen.replace('\r', "");
    let lines = seen.lines().filter(|line| {
        ["done in ", "  node-", "Next: ", "Install it?"]
            .iter()
            .any(|start| line.trim_start_matches("\u{1b}[2K").starts_with(start))
    });
    lines
        .map(|line| match line.split_once("done in ") {
            Some((_, rest)) => format!("done: {}", rest.split_once(": ").map_or(rest, |(_, names)| names)),
            None => line.to_owned(),
        })
        .collect()
}

#[test]
fn every_step_is_asked_for_and_says_what_the_one_before_brought() {
    let lab = lab(&ROLES);
    let program = Program::in_lab(&lab);
    let plain = [("NO_COLOR", "1"), ("TERM", "dumb")];
    let (code, seen) = on_terminal(&program, "-e 1 install --step", &plain, "y\ny\nn\n");
    assert_eq!(code, Some(6), "{seen}");
    assert_snapshot!(steps(&seen).join("\n"), @"
    Install it? [y/N] the first controller is node-1
    done: first controller (node-1)
      node-1: updated to 9.0-mu-2; it is verified and committed with all others at the end
    Next: other controllers (node-2). Go on? [y/N] started as task 5; come back to it with: fuel-updates --env 1 install --attach 5
    done: other controllers (node-2)
      node-2: updated to 9.0-mu-2; it is verified and committed with all others at the end
    Next: storage (node-3). Go on? [y/N] warning: declined: storage (node-3): parts 3 to 5 are not started
    ");
    assert_eq!(begun(&lab, "mu_update_controllers"), ["2"], "{seen}");
    assert_eq!((begun(&lab, "mu_update_block").len(), begun(&lab, "mu_commit").len()), (0, 0));
    assert!(seen.contains("declined: storage (node-3): parts 3 to 5 are not started"), "{seen}");
    assert_eq!([1, 2, 3, 4, 5].map(|node| runs(&lab, node)), [1; 5]);

    let rest = program.run("-e 1 install --step --yes");
    assert_eq!(rest.code, Some(0), "{}", rest.picture());
    assert_eq!([1, 2, 3, 4, 5].map(|node| runs(&lab, node)), [2; 5]);
    assert!(!rest.stderr.contains("Next: "), "{}", rest.picture());
    assert_eq!(rest.stderr.matches("\ndone in ").count(), 4, "{}", rest.picture());
}

#[test]
fn steps_are_the_same_where_nailgun_needs_a_run_for_each_node() {
    let lab = Lab::start(scenario(&ROLES).nailgun(NailgunMode::V9_0)).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --step --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert_eq!([1, 2, 3, 4, 5].map(|node| runs(&lab, node)), [2; 5]);
    let done: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("done in ")).collect();
    assert_eq!(done.len(), 4, "{done:?}");
}

#[test]
fn steps_that_nobody_can_answer_are_refused() {
    let lab = lab(&ROLES);
    assert_snapshot!(said(&Program::in_lab(&lab).run("-e 1 install --step")), @"
    exit 2
    error: there is no terminal to ask for confirmation
    hint: look at the plan with --dry-run, then give --yes
    ");
    assert_snapshot!(said(&Program::in_lab(&lab).run("-e 1 install --step --detach --yes")), @"
    exit 2
    error: the argument '--step' cannot be used with '--detach'
    ");
    assert_eq!(lab.nailgun().asked(), Vec::<String>::new());
}

#[test]
fn after_the_window_no_further_node_begins_and_what_is_at_work_ends() {
    let lab = lab(&ROLES);
    let program = Program::in_lab(&lab);
    hold(&lab, "mu_update_first", 1);
    let mut install = start(&program, "-e 1 install --yes --not-after 40s");
    held(&lab, "mu_update_first", 1);
    install.says("the maintenance window is over (since ");
    install.says("these cannot be interrupted: update first controller on node-1");
    release(&lab, "mu_update_first", 1);
    let ran = install.end();
    assert_eq!(ran.code, Some(6), "{}", ran.picture());
    assert!(lab.nailgun().wait_for("mu_update_first", 1, "ready", PATIENCE), "what was at work ended");
    assert_eq!(begun(&lab, "mu_update_controllers"), [] as [&str; 0], "{}", ran.picture());
    assert!(ran.stdout.contains("stopped"), "{}", ran.picture());
    let again = program.run("-e 1 -q install --yes --not-after 4h");
    assert_eq!((again.code, runs(&lab, 5)), (Some(0), 2), "{}", again.picture());
}

#[test]
fn a_window_that_ends_during_the_pre_checks_starts_nothing() {
    let lab = Lab::start(scenario(&ROLES).nailgun(NailgunMode::V9_0)).expect("a lab");
    let program = Program::in_lab(&lab);
    hold(&lab, "mu_check", 2);
    let install = start(&program, "-e 1 install --yes --not-after 3s");
    held(&lab, "mu_check", 2);
    // The pre-checks change nothing: they go on to their end.
    let began = Instant::now();
    until("the end of the window", || began.elapsed() > Duration::from_secs(3));
    release(&lab, "mu_check", 2);
    let ran = install.end();
    assert_eq!(ran.code, Some(6), "{}", ran.picture());
    assert!(ran.stderr.contains(": the update is not started\n"), "{}", ran.picture());
    assert!(ran.stderr.contains("warning: the maintenance window is over (since "), "{}", ran.picture());
    assert_eq!([1, 2, 3, 4, 5].map(|node| runs(&lab, node)), [1; 5]);
}

#[test]
fn a_time_that_is_over_or_none_is_refused() {
    let lab = lab(&ROLES);
    let program = Program::in_lab(&lab);
    assert_snapshot!(said(&program.run("-e 1 install --yes --not-after 2020-01-01T00:00Z")), @"
    exit 2
    error: --not-after: 2020-01-01T00:00:00Z is in the past
    ");
    assert_snapshot!(said(&program.run("-e 1 install --yes --not-after tomorrow")), @"
    exit 2
    error: invalid value 'tomorrow' for '--not-after <TIME>': not a time: give 05:00 (UTC), 2026-11-30T05:00+02:00, or a duration such as 4h or 90m
    ");
    assert_snapshot!(said(&program.run("-e 1 install --detach --yes --not-after 4h")), @"
    exit 2
    error: the argument '--detach' cannot be used with '--not-after <TIME>'
    ");
    assert_eq!(lab.nailgun().asked(), Vec::<String>::new());
}
