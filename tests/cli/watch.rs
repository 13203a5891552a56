//! What happens while a run is watched: a server that fails, a lost answer, a killed client, Ctrl-C, a stop.

use std::time::Duration;

use fuel_lab::{Lab, NailgunFault};
use insta::assert_snapshot;

use super::install::{SMALL, lab, runs, said, scenario};
use crate::program::Program;

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn nothing_that_nailgun_does_ends_the_watch() {
    let lab = lab(&SMALL);
    let nailgun = lab.nailgun();
    nailgun.add_fault(NailgunFault::reset("/deployment_history/").after(1).times(3));
    nailgun.add_fault(NailgunFault::answer("/transactions/", 503, "text/plain", "starting").after(6).times(3));
    nailgun.add_fault(NailgunFault::traceback("/deployment_history/").after(4).times(1));
    nailgun.expire_tokens_after(30);
    let ran = Program::in_lab(&lab).run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert!(ran.stderr.contains("Nailgun answers again"), "{}", ran.picture());
    assert_eq!(nailgun.started("deploy"), 2, "the pre-checks and the update");
}

#[test]
fn a_lost_answer_to_execute_never_starts_a_second_run() {
    let lab = lab(&SMALL);
    lab.nailgun().add_fault(NailgunFault::lost_answer("/graphs/execute/").method("POST").after(1));
    let ran = Program::in_lab(&lab).run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert_eq!(lab.nailgun().started("deploy"), 2, "the pre-checks and one update");
}

#[test]
fn killed_in_the_middle_and_attached_again() {
    let lab = Lab::start(scenario(&SMALL).task_delay(Duration::from_millis(300))).expect("a lab");
    let program = Program::in_lab(&lab);
    let mut child = program
        .command("-e 1 install --yes")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary");
    assert!(lab.nailgun().wait_for("mu_backup", 2, "running", PATIENCE), "the update has begun");
    child.kill().expect("kill -9");
    child.wait().expect("it is gone");
    let attached = program.run("-e 1 install --attach -f json");
    let document = attached.json();
    assert_eq!((attached.code, &document["result"]), (Some(0), &"verified".into()), "{}", attached.picture());
    assert_eq!((runs(&lab, 1), runs(&lab, 2)), (2, 2));

    // Another host knows nothing of the run; its number, parent's or child's, is enough.
    for key in ["id", "child"] {
        let task = document["task"][key].as_u64().expect("a number");
        let elsewhere = Program::in_lab(&lab).run(&format!("-e 1 -q install --attach {task}"));
        assert_eq!(elsewhere.code, Some(0), "{}", elsewhere.picture());
    }
}

#[test]
fn ctrl_c_detaches_and_says_how_to_come_back() {
    let lab = Lab::start(scenario(&SMALL).task_delay(Duration::from_millis(300))).expect("a lab");
    let program = Program::in_lab(&lab);
    let child = program
        .command("-e 1 install --yes")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary");
    assert!(lab.nailgun().wait_for("mu_backup", 2, "running", PATIENCE), "the update has begun");
    let second = program.run("-e 1 install --yes");
    assert_eq!(second.code, Some(7), "{}", second.picture());
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("Ctrl-C");
    let ran = program.ran(child.wait_with_output().expect("it ends"));
    assert_snapshot!(said(&ran), @"
    exit 130
    error: interrupted; task 3 continues on the master
    hint: come back with: fuel-updates --env 1 install --attach 3; stop it with: fuel-updates --env 1 install --stop 3
    ");
    let stopped = program.run("-e 1 -q install --stop");
    assert_eq!(stopped.code, Some(0), "{}", stopped.picture());
    let attached = program.run("-e 1 -q install --attach -f json");
    assert_eq!((attached.code, &attached.json()["result"]), (Some(6), &"stopped".into()), "{}", attached.picture());
}

#[test]
fn killed_at_other_moments_nothing_is_lost_either() {
    for (task, node) in [("mu_check", 1), ("mu_update_first", 1), ("mu_verify", 2), ("mu_commit", 2)] {
        let lab = Lab::start(scenario(&SMALL).task_delay(Duration::from_millis(200))).expect("a lab");
        let program = Program::in_lab(&lab);
        let null = std::process::Stdio::null;
        let mut child =
            program.command("-e 1 install --yes").stdout(null()).stderr(null()).spawn().expect("the binary");
        assert!(lab.nailgun().wait_for(task, node, "running", PATIENCE), "{task} has begun");
        child.kill().expect("kill -9");
        child.wait().expect("it is gone");
        // From another host, which has no record of the run.
        let attached = Program::in_lab(&lab).run("-e 1 install --attach");
        assert_eq!(attached.code, Some(0), "{task}: {}", attached.picture());
        // The lock and the graph of the killed client are in nobody's way.
        let again = program.run("-e 1 -q install --yes");
        assert_eq!(again.code, Some(0), "{task}: {}", again.picture());
        assert_eq!((runs(&lab, 1), runs(&lab, 2)), (2, 2), "{task}");
    }
}

/// The scripts travel in the preview, and in every history that is not asked for certain tasks: with 100 nodes megabytes.
#[test]
fn a_whole_installation_asks_for_three_large_answers() {
    let lab = lab(&["controller", "compute", "compute", "compute"]);
    let ran = Program::in_lab(&lab).run("-e 1 -q install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let answered = lab.nailgun().answered();
    assert!(answered.len() > 30, "{answered:?}");
    // The scripts of two nodes are 40 KB. The graph itself has one copy of them, however many nodes there are.
    let of_nodes = answered.iter().filter(|(line, size)| *size > 40_000 && !line.contains("/deployment_graphs/"));
    let large: Vec<&str> = of_nodes.map(|(line, _)| line.as_str()).collect();
    assert_snapshot!(large.join("\n"), @"
    GET /api/v1/clusters/1/serialized_tasks/
    GET /api/v1/transactions/2/deployment_history/
    GET /api/v1/transactions/4/deployment_history/
    ");
}
