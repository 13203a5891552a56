//! `install --attach`: which run it comes back to, and what it says of pre-checks.

use std::time::{Duration, Instant};

use fuel_lab::{Lab, NailgunFault};
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};

use super::install::{SMALL, lab, runs, said, scenario};
use crate::program::Program;

const PATIENCE: Duration = Duration::from_secs(60);

/// The only record of a run in the state folder.
fn record(program: &Program) -> serde_json::Value {
    let files: Vec<_> = std::fs::read_dir(program.state().join("runs")).expect("records").collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let path = files[0].as_ref().expect("an entry").path();
    serde_json::from_slice(&std::fs::read(path).expect("a record")).expect("JSON")
}

#[test]
fn the_newest_run_is_nailguns_and_not_this_hosts() {
    let lab = lab(&["controller", "controller"]);
    lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
    let here = Program::in_lab(&lab);
    let failed = here.run("-e 1 -q install --yes");
    assert_eq!(failed.code, Some(6), "{}", failed.picture());
    lab.node(2).clear_stub_fault("postinst").expect("repaired");
    let elsewhere = Program::in_lab(&lab).run("-e 1 -q install --yes -f json");
    assert_eq!(elsewhere.code, Some(0), "{}", elsewhere.picture());
    let attached = here.run("-e 1 -q install --attach -f json");
    assert_eq!(
        (attached.code, &attached.json()["task"]),
        (Some(0), &elsewhere.json()["task"]),
        "{}",
        attached.picture()
    );
}

#[test]
fn a_start_that_nailgun_never_received_is_not_taken_for_an_older_run() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let older = Program::in_lab(&lab).run("-e 1 -q install --precheck");
    assert_eq!(older.code, Some(0), "{}", older.picture());
    lab.nailgun().add_fault(NailgunFault::reset("/graphs/execute/").method("POST"));
    let unclear = program.run("-e 1 install --yes");
    assert_eq!(unclear.code, Some(6), "{}", unclear.picture());
    assert!(unclear.stderr.contains("whether a run was started is not known"), "{}", unclear.picture());
    let record = record(&program);
    assert_eq!(
        (&record["task"], &record["precheck"]),
        (&().into(), &true.into()),
        "written before the start: {record}"
    );
    lab.nailgun().clear_faults();
    let run = record["run"].as_str().expect("an id");
    let attached = program.redact(run, "[RUN]").run("-e 1 install --attach");
    assert_snapshot!(said(&attached), @"
    exit 1
    error: installation [RUN] was not started: Nailgun has no run of it; nothing was changed
    hint: start it again with: fuel-updates --env 1 install
    ");
}

#[test]
fn pre_checks_that_passed_say_so_wherever_they_are_attached_to() {
    let lab = Lab::start(scenario(&SMALL).task_delay(Duration::from_millis(200))).expect("a lab");
    let program = Program::in_lab(&lab);
    let null = std::process::Stdio::null;
    let mut child = program.command("-e 1 install --yes").stdout(null()).stderr(null()).spawn().expect("the binary");
    assert!(lab.nailgun().wait_for("mu_check", 1, "running", PATIENCE), "the pre-checks have begun");
    // The pre-checks may begin before their start is answered.
    let until = Instant::now() + PATIENCE;
    while record(&program)["task"].is_null() {
        assert!(Instant::now() < until, "{}", record(&program));
        std::thread::yield_now();
    }
    child.kill().expect("kill -9");
    child.wait().expect("it is gone");
    let record = record(&program);
    assert_eq!((&record["task"], &record["precheck"]), (&1.into(), &true.into()), "{record}");
    for program in [program, Program::in_lab(&lab)] {
        let attached = program.run("-e 1 install --attach -f csv -c name -c packages -c result");
        let rows = "name,packages,result\nnode-1,3,passes\nnode-2,3,passes\n";
        assert_eq!((attached.code, attached.stdout.as_str()), (Some(0), rows), "{}", attached.picture());
        let next = "pre-checks passed; nothing was changed; next: fuel-updates --env 1 install\n";
        assert!(attached.stderr.contains(next), "{}", attached.picture());
    }
    assert_eq!((runs(&lab, 1), runs(&lab, 2)), (1, 1));
}

#[test]
fn pre_checks_that_failed_name_node_and_task() {
    let lab = lab(&SMALL);
    lab.node(2).set_stub_fault("removal", "nova-compute").expect("a fault");
    let program = Program::in_lab(&lab);
    let checked = program.run("-e 1 install --precheck");
    for ran in [&checked, &program.run("-e 1 install --attach"), &Program::in_lab(&lab).run("-e 1 install --attach")] {
        let message = "error: pre-checks did not pass on node-2 (check); nothing was changed\n\
                       hint: repair the cause, then check again with: fuel-updates --env 1 install --precheck\n";
        assert!(ran.code == Some(3) && ran.stderr.ends_with(message), "{}", ran.picture());
        assert!(ran.stdout.contains("packages would be removed: nova-compute"), "{}", ran.picture());
    }
    assert_eq!(lab.nailgun().started("deploy"), 1);
}

#[test]
fn a_signal_in_the_pre_checks_says_that_only_they_were_started() {
    let lab = Lab::start(scenario(&SMALL).task_delay(Duration::from_millis(300))).expect("a lab");
    for (line, task) in [("-e 1 install --yes", 1), ("-e 1 install --precheck", 3)] {
        let program = Program::in_lab(&lab);
        let pipe = std::process::Stdio::piped;
        let child = program.command(line).stdout(pipe()).stderr(pipe()).spawn().expect("the binary");
        assert!(lab.nailgun().wait_for("mu_check", 1, "running", PATIENCE), "the pre-checks have begun");
        // The history of an earlier run tells of the same task: what counts is that this one is watched.
        let until = Instant::now() + PATIENCE;
        while !program.state().join("log").exists() {
            assert!(Instant::now() < until, "the run is not watched");
            std::thread::yield_now();
        }
        let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
        kill_process(pid, Signal::INT).expect("Ctrl-C");
        let ran = program.ran(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, Some(130), "{}", ran.picture());
        let message =
            format!("error: interrupted; only pre-checks were started (task {task}), and they change nothing\n");
        assert!(ran.stderr.contains(&message) && !ran.stdout.contains("started:"), "{}", ran.picture());
        assert!(lab.nailgun().wait_until_idle(PATIENCE));
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_nailgun_that_says_nothing() {
    let lab = lab(&SMALL);
    for (path, method, message) in [
        ("/attributes/", "GET", "interrupted; nothing was sent"),
        ("/serialized_tasks/", "GET", "interrupted; the graph was sent to Nailgun, but no task was started"),
        ("/graphs/execute/", "POST", "interrupted; a start was sent, and Nailgun has not answered"),
    ] {
        lab.nailgun().add_fault(NailgunFault::silence(path).method(method));
        let program = Program::in_lab(&lab);
        let pipe = std::process::Stdio::piped;
        let child = program.command("-e 1 install --yes").stdout(pipe()).stderr(pipe()).spawn().expect("the binary");
        let asked = format!("{method} ");
        let until = Instant::now() + PATIENCE;
        while !lab.nailgun().asked().iter().any(|r| r.starts_with(&asked) && r.contains(path)) {
            assert!(Instant::now() < until, "{path} is never asked");
            std::thread::yield_now();
        }
        let pid = Pid::from_raw(child.id().cast_signed()).expect("a process");
        kill_process(pid, Signal::TERM).expect("a signal");
        let sent = Instant::now();
        let ran = program.ran(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, Some(130), "{path}: {}", ran.picture());
        assert!(ran.stderr.contains(message), "{path}: {}", ran.picture());
        assert!(sent.elapsed() < Duration::from_secs(5), "{path}: {:?}", sent.elapsed());
        lab.nailgun().clear_faults();
    }
    assert_eq!(lab.nailgun().started("deploy"), 0);
}

#[test]
fn left_out_nodes_stand_in_plan_end_and_document() {
    let lab = lab(&["controller", "compute", "compute", "compute"]);
    let program = Program::in_lab(&lab);
    let plan = program.run("-e 1 install --dry-run --nodes 1-3 --exclude 3");
    assert_eq!(plan.code, Some(0), "{}", plan.picture());
    for line in ["Left out    node-3 (excluded)\n", "Left out    node-4 (not selected)\n"] {
        assert!(plan.stdout.contains(line), "{}", plan.picture());
    }
    let ran = program.run("-e 1 -q install --yes --nodes 1-3 --exclude 3 -f json");
    let document = ran.json();
    assert_eq!((ran.code, &document["result"]), (Some(3), &"verified-partly".into()), "{}", ran.picture());
    let left_out = serde_json::json!([
        {"node": "node-3", "reason": "excluded"},
        {"node": "node-4", "reason": "not selected"},
    ]);
    assert_eq!(document["left_out"], left_out);
    let again = program.run("-e 1 -q install --yes --nodes 1-3 --exclude 3");
    assert_snapshot!(again.picture(), @"
    exit 3
    --- stdout
    left out: node-3 (excluded)
    left out: node-4 (not selected)
    nothing to do: 2 of 4 nodes were asked and run 9.0-mu-2; 2 left out
    ");
    assert_eq!(program.run("-e 1 -q install --dry-run --nodes 1-3 --exclude 3").code, Some(0));
    assert_eq!((runs(&lab, 3), runs(&lab, 4)), (1, 1));
}
