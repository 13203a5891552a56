//! What an installation tells of itself: the same totals wherever one looks, what pre-checks failed for, progress in the order in
//! which it happened, what nodes ran before, and what stands in the plan.

use std::process::Stdio;
use std::time::Duration;

use fuel_lab::{Lab, NailgunMode, TaskFault};

use super::install::{SMALL, lab, scenario};
use crate::program::{Program, Ran};

const PATIENCE: Duration = Duration::from_secs(60);

/// The number in `TITLE: N tasks`, as progress tells it.
fn planned(ran: &Ran, title: &str) -> u64 {
    let line = ran.progress().into_iter().find_map(|line| line.strip_prefix(title)?.split_once(" task"));
    line.and_then(|(number, _)| number.parse().ok()).unwrap_or_else(|| panic!("no total: {}", ran.stderr))
}

#[test]
fn a_run_has_the_same_total_wherever_one_looks() {
    let lab = lab(&["controller", "controller", "compute"]);
    let program = Program::in_lab(&lab);
    let installed = program.run("-e 1 install --yes");
    assert_eq!(installed.code, Some(0), "{}", installed.picture());
    for elsewhere in [&program, &Program::in_lab(&lab)] {
        for (task, total) in [(1, planned(&installed, "pre-checks: ")), (3, planned(&installed, "update: "))] {
            let attached = elsewhere.run(&format!("-e 1 install --attach {task}"));
            assert_eq!(planned(&attached, "run: "), total, "{}", attached.picture());
            let history = elsewhere.run(&format!("-e 1 history {task} -f json"));
            let tally = &history.json()["runs"][0]["tally"];
            assert_eq!(tally["done"], total, "{}", history.picture());
        }
    }
}

#[test]
fn pre_checks_that_failed_are_pre_checks_and_say_why() {
    for mode in [NailgunMode::V9_0_1, NailgunMode::V9_2] {
        let lab = Lab::start(scenario(&SMALL).nailgun(mode)).expect("a lab");
        lab.nailgun().set_reachable(2, false);
        let program = Program::in_lab(&lab);
        let checked = program.run("-e 1 install --precheck");
        assert_eq!(checked.code, Some(3), "{}", checked.picture());
        let why = "Critical nodes are not available for deployment: [\"2\"]";
        let told = |ran: &Ran| ran.stderr.lines().any(|l| l.starts_with("Nailgun says: ") && l.contains(why));
        assert!(told(&checked), "{}", checked.picture());
        let attached = program.run("-e 1 install --attach");
        assert!(attached.code == Some(3) && told(&attached), "{}", attached.picture());
        lab.nailgun().set_reachable(2, true);
        lab.nailgun().set_cluster_status("operational");
        lab.node(2).set_stub_fault("removal", "nova-compute").expect("a fault");
        assert_eq!(program.run("-e 1 -q install --precheck").code, Some(3));
        let history = program.run("-e 1 -q history -f csv -c what -c status -c failed -c not-executed");
        let newest = history.stdout.lines().nth(1).unwrap_or_default();
        assert!(newest.starts_with("pre-checks,failed,1,"), "{mode:?}: {}", history.picture());
    }
}

#[test]
fn progress_is_told_in_the_order_in_which_it_happened() {
    let lab = lab(&["compute", "controller"]);
    let program = Program::in_lab(&lab);
    let nailgun = lab.nailgun();
    let hold = |task: &str, node, fault: Option<TaskFault>| nailgun.set_task_fault(task, Some(node), fault);
    hold("mu_verify_cluster", 2, Some(TaskFault::Hold));
    hold("mu_commit", 1, Some(TaskFault::Hold));
    let mut command = program.command("-e 1 install --yes");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
    assert!(nailgun.wait_for("mu_verify_cluster", 2, "running", PATIENCE), "the cluster is verified");
    // While Nailgun is away one task ends and another begins: the client sees both at once.
    nailgun.suspend();
    hold("mu_verify_cluster", 2, None);
    assert!(nailgun.wait_for("mu_commit", 1, "running", PATIENCE), "the commit has begun");
    nailgun.resume().expect("it comes back");
    hold("mu_commit", 1, None);
    let ran = program.ran(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let place = |text: &str| ran.progress().iter().position(|line| line.contains(text));
    let (verified, commit) = (place("(verify cluster): 1 task in "), place("(commit): 2 tasks"));
    assert!(verified.is_some() && verified < commit, "{}", ran.stderr);
    // Every task is in the log.
    let log = std::fs::read_dir(program.state().join("log")).expect("logs").next().expect("a log").expect("an entry");
    let log = std::fs::read_to_string(log.path()).expect("the log");
    let place = |text: &str| log.lines().position(|line| line.contains(text));
    let (verified, commit) = (place("node-2: verify cluster done"), place("node-1: commit "));
    assert!(verified.is_some() && verified < commit, "{log}");
}

#[test]
fn whoever_comes_back_learns_what_nodes_ran_before() {
    let lab = lab(&SMALL);
    let detached = Program::in_lab(&lab).run("-e 1 -q install --yes --detach");
    assert_eq!(detached.code, Some(0), "{}", detached.picture());
    let attached = Program::in_lab(&lab).run("-e 1 -q install --attach -f csv -c name -c before -c after");
    let rows = "name,before,after\nnode-1,9.0-mu-1,9.0-mu-2\nnode-2,9.0-mu-1,9.0-mu-2\n";
    assert_eq!((attached.code, attached.stdout.as_str()), (Some(0), rows), "{}", attached.picture());
}

#[test]
fn the_plan_is_shown_while_another_task_runs_and_names_what_is_odd() {
    let mut scenario = scenario(&SMALL);
    scenario.nodes[1].fuel_version = Some("8.0".into());
    let lab = Lab::start(scenario).expect("a lab");
    // 9.2 computes this status while a node's progress is between 0 and 100, also after an early error.
    lab.nailgun().set_node_status(1, "deploying");
    lab.nailgun().leave_running("provision");
    let ran = Program::in_lab(&lab).run("-e 1 install --dry-run");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    for note in [
        "Note        node-2 says that it runs MOS 8.0, and Nailgun that it runs 9.0\n",
        "Note        task 1 (provision) is running in environment 1: nothing can be started now\n",
        "first controller (expected): node-1\n",
    ] {
        assert!(ran.stdout.contains(note), "{}", ran.picture());
    }
}
