//! `install --stop` and others: runs of strangers, stops that somebody else sent or that come too late, a Nailgun that restarts,
//! and two masters on one host.

use std::time::Duration;

use fuel_lab::NailgunFault;
use fuel_updates::domain::node::NodeId;
use fuel_updates::domain::numbers::TaskId;
use fuel_updates::nailgun::StartApi;
use serde_json::json;

use super::install::{SMALL, lab, said};
use super::stop::{ENV, PATIENCE, client, held, hold, release, start, stop_is_sent, until};
use crate::program::Program;

#[test]
fn a_run_of_somebody_else_is_neither_stopped_nor_watched() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let nailgun = client(&lab);
    let shell = json!({"id": "theirs", "type": "shell", "version": "2.1.0", "roles": ["/.*/"],
                       "parameters": {"cmd": "true", "timeout": 60}});
    hold(&lab, "theirs", 1);
    // Another graph, and a graph of our type that does not carry our values.
    for (number, graph_type) in [(1, "default"), (3, "fuel-updates-mu")] {
        let _ = nailgun.delete_graph(ENV, graph_type);
        nailgun.create_graph(ENV, graph_type, &json!({"name": "x", "tasks": [shell.clone()]})).expect("a graph");
        nailgun.execute(StartApi::Execute, ENV, graph_type, &[NodeId(1)], None).expect("a run");
        until("the run", || lab.nailgun().trace().iter().filter(|t| t.status == "running").count() == number / 2 + 1);
        for what in ["--stop", "--attach"] {
            for task in [number, number + 1] {
                let ran = program.run(&format!("-e 1 install {what} {task}"));
                assert_eq!(ran.code, Some(1), "{}", ran.picture());
                assert!(ran.stderr.contains(") is not an installation\n"), "{}", ran.picture());
            }
            let newest = program.run(&format!("-e 1 install {what}"));
            assert_eq!(newest.code, Some(1), "{}", newest.picture());
        }
        assert_eq!(lab.nailgun().started("stop_deployment"), 0);
        release(&lab, "theirs", 1);
        assert!(lab.nailgun().wait_until_idle(PATIENCE));
        hold(&lab, "theirs", 1);
    }
    release(&lab, "theirs", 1);
    assert!(!lab.nailgun().asked().iter().any(|asked| asked.contains("stop")), "not even a note");
}

#[test]
fn a_stop_under_way_is_waited_for_by_everybody() {
    let lab = lab(&SMALL);
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_update_first", 1);
    let install = start(&here, "-e 1 -q install --yes");
    held(&lab, "mu_update_first", 1);
    // The answer to the stop is lost, and then Nailgun restarts.
    lab.nailgun().add_fault(NailgunFault::lost_answer("/stop_deployment/").times(1));
    let first = start(&elsewhere, "-e 1 install --stop");
    stop_is_sent(&lab);
    // Another installation says what the stop waits for, and not how to remove it.
    let third = Program::in_lab(&lab);
    let refused = third.run("-e 1 install --yes");
    assert_eq!(refused.code, Some(7), "{}", refused.picture());
    // A run's id is its time and a random word.
    let told = said(&refused);
    let run = told.split_once("installation ").and_then(|(_, rest)| rest.split_once(')')).expect("a run").0;
    insta::assert_snapshot!(told.replace(run, "[RUN]"), @"
    exit 7
    error: task 3 (deploy, installation [RUN]) is being stopped in environment 1
    hint: wait until it has stopped; if fuel-updates started it: fuel-updates --env 1 install --stop 3
    ");
    let asked = || lab.nailgun().asked().len();
    let before = asked();
    let second = start(&third, "-e 1 install --stop 4");
    until("the second stop looks", || asked() > before + 12);
    lab.nailgun().suspend();
    let (mut first, mut second) = (first, second);
    first.says("still waiting");
    second.says("still waiting");
    lab.nailgun().resume().expect("it comes back");
    release(&lab, "mu_update_first", 1);
    for stop in [first.end(), second.end()] {
        assert_eq!((stop.code, stop.stdout.as_str()), (Some(0), "task 3 stopped (ready)\n"), "{}", stop.picture());
        assert!(stop.stderr.contains("Nailgun answers again\n"), "{}", stop.picture());
    }
    assert_eq!(install.end().code, Some(6));
    assert_eq!(lab.nailgun().started("stop_deployment"), 1);
}

#[test]
fn two_masters_on_one_host_do_not_mix_up() {
    let (one, other) = (lab(&SMALL), lab(&["controller"]));
    let here = Program::in_lab(&one);
    let state = here.state().display().to_string();
    let there = Program::in_lab(&other).variable("FUEL_UPDATES_STATE_DIR", &state);
    hold(&one, "mu_update_first", 1);
    let install = start(&here, "-e 1 -q install --yes");
    held(&one, "mu_update_first", 1);
    // The environments have the same number, and one of them is at work.
    let busy = here.run("-e 1 -q install --yes");
    assert_eq!(busy.code, Some(7), "{}", busy.picture());
    let checked = there.run("-e 1 -q install --precheck");
    assert_eq!(checked.code, Some(0), "{}", checked.picture());
    let attached = there.run("-e 1 -q install --attach -f csv -c name -c result");
    assert_eq!((attached.code, attached.stdout.as_str()), (Some(0), "name,result\nnode-1,passes\n"));
    let installed = there.run("-e 1 -q install --yes");
    assert_eq!(installed.code, Some(0), "{}", installed.picture());
    release(&one, "mu_update_first", 1);
    let ended = install.end();
    assert_eq!(ended.code, Some(0), "{}", ended.picture());
    for program in [&here, &there] {
        let attached = program.run("-e 1 -q install --attach");
        assert_eq!(attached.code, Some(0), "{}", attached.picture());
    }
}

#[test]
fn a_stop_that_comes_too_late_does_not_block_the_environment() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    hold(&lab, "mu_commit", 1);
    hold(&lab, "mu_commit", 2);
    let detached = program.run("-e 1 -q install --yes --detach");
    assert_eq!(detached.code, Some(0), "{}", detached.picture());
    held(&lab, "mu_commit", 1);
    held(&lab, "mu_commit", 2);
    // Another task of the environment would be stopped as well.
    let other = lab.nailgun().leave_running("provision");
    let refused = program.run("-e 1 -q install --stop");
    assert_eq!(refused.code, Some(1), "{}", refused.picture());
    assert!(refused.stderr.contains("it would also stop task 5 (provision)"), "{}", refused.picture());
    client(&lab).delete_task(TaskId(other.into())).expect("it is gone");
    // The third answer about the run, the one before the stop is sent, is old when it arrives.
    let old = NailgunFault::slow("/transactions/4/", Duration::from_secs(3)).after(2).times(1);
    lab.nailgun().add_fault(old);
    let before = lab.nailgun().asked().len();
    let stop = start(&program, "-e 1 install --stop");
    until("the last look", || {
        lab.nailgun().asked()[before..].iter().any(|asked| asked == "GET /api/v1/transactions/4/")
    });
    release(&lab, "mu_commit", 1);
    release(&lab, "mu_commit", 2);
    let stop = stop.end();
    assert_eq!(stop.code, Some(0), "{}", stop.picture());
    assert!(stop.stderr.contains("the stop came when the run was over; its task "), "{}", stop.picture());
    let again = program.run("-e 1 -q install --yes");
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), "nothing to do: every node runs 9.0-mu-2\n"));
    assert!(lab.nailgun().wait_until_idle(PATIENCE), "the environment is free");
}
