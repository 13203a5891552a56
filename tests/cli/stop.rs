//! `install --stop` at five moments of an installation, also from another host. A held task is the event that every step
//! waits for.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use fuel_lab::{Lab, NailgunFault, NailgunMode, TaskFault};
use fuel_updates::domain::numbers::EnvId;
use fuel_updates::nailgun::{Nailgun, Options, PartialCredentials};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::install::{SMALL, lab, runs, scenario};
use crate::program::{Program, Ran};

pub(super) const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const ENV: EnvId = EnvId(1);

/// A process of the program; it does not outlive the test.
pub(super) struct Running<'a> {
    program: &'a Program,
    child: Option<Child>,
    /// What was read of stderr already.
    read: Vec<u8>,
}

pub(super) fn start<'a>(program: &'a Program, line: &str) -> Running<'a> {
    let child = program.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary");
    Running { program, child: Some(child), read: vec![] }
}

impl Running<'_> {
    pub(super) fn end(mut self) -> Ran {
        let child = self.child.take().expect("it runs");
        let mut output = child.wait_with_output().expect("it ends");
        output.stderr.splice(0..0, std::mem::take(&mut self.read));
        self.program.ran(output)
    }

    /// Waits until stderr has a line with this text.
    pub(super) fn says(&mut self, text: &str) {
        let stderr = self.child.as_mut().and_then(|child| child.stderr.as_mut()).expect("stderr");
        let mut byte = [0];
        while !String::from_utf8_lossy(&self.read).lines().any(|line| line.contains(text)) {
            assert_eq!(stderr.read(&mut byte).expect("stderr"), 1, "it never says `{text}`");
            self.read.push(byte[0]);
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().expect("it runs").id();
        kill_process(Pid::from_raw(id.cast_signed()).expect("a process"), signal).expect("a signal");
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until something is so in another process: it is looked at again and again.
pub(super) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn hold(lab: &Lab, task: &str, node: u32) {
    lab.nailgun().set_task_fault(task, Some(node), TaskFault::Hold);
}

pub(super) fn release(lab: &Lab, task: &str, node: u32) {
    lab.nailgun().set_task_fault(task, Some(node), None);
}

/// Waits until the task is held on its node.
pub(super) fn held(lab: &Lab, task: &str, node: u32) {
    assert!(lab.nailgun().wait_for(task, node, "running", PATIENCE), "{task} has begun");
}

/// Waits until Nailgun has taken a stop.
pub(super) fn stop_is_sent(lab: &Lab) {
    until("a stop", || lab.nailgun().started("stop_deployment") == 1);
}

/// How often a task was begun, on any node.
fn begun(lab: &Lab, task: &str) -> usize {
    lab.nailgun().trace().iter().filter(|t| t.task == task && t.status == "running").count()
}

pub(super) fn client(lab: &Lab) -> Nailgun {
    let environment = lab.environment();
    let variable = |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let credentials = PartialCredentials::from_variables(variable).complete().expect("credentials");
    Nailgun::new(credentials, Options::default())
}

#[test]
fn in_the_pre_checks_it_ends_them_and_the_update_is_not_started() {
    let lab = lab(&SMALL);
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_check", 2);
    let install = start(&here, "-e 1 install --yes");
    held(&lab, "mu_check", 2);
    assert!(lab.nailgun().wait_for("mu_check_cluster", 1, "ready", PATIENCE), "node 2 alone is at work");
    let stop = start(&elsewhere, "-e 1 install --stop");
    stop_is_sent(&lab);
    release(&lab, "mu_check", 2);
    let (stop, install) = (stop.end(), install.end());
    assert_eq!((stop.code, stop.stdout.as_str()), (Some(0), "task 1 stopped (ready)\n"), "{}", stop.picture());
    assert!(stop.stderr.contains("these cannot be interrupted: check on node-2\n"), "{}", stop.picture());
    assert_eq!(install.code, Some(6), "{}", install.picture());
    assert!(
        install.stderr.contains("warning: a stop was asked for: the update is not started\n"),
        "{}",
        install.picture()
    );
    assert!(install.stdout.ends_with("stopped: nothing was changed on any node (task 1)\n"), "{}", install.picture());
    assert_eq!((lab.nailgun().started("deploy"), runs(&lab, 1), runs(&lab, 2)), (1, 1, 1));
    assert!(lab.nailgun().graph("fuel-updates-stop").is_none(), "the note is gone");
    let again = here.run("-e 1 -q install --yes");
    assert_eq!((again.code, runs(&lab, 2)), (Some(0), 2), "{}", again.picture());
}

#[test]
fn pre_checks_that_run_alone_say_that_they_were_stopped() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    hold(&lab, "mu_check", 1);
    hold(&lab, "mu_check", 2);
    let checks = start(&program, "-e 1 install --precheck");
    held(&lab, "mu_check", 1);
    let stop = start(&program, "-e 1 -q install --stop");
    stop_is_sent(&lab);
    release(&lab, "mu_check", 1);
    release(&lab, "mu_check", 2);
    assert_eq!(stop.end().code, Some(0));
    let checks = checks.end();
    let message = "error: the pre-checks were stopped; nothing was changed\n\
                   hint: run them again with: fuel-updates --env 1 install --precheck\n";
    assert!(checks.code == Some(3) && checks.stderr.ends_with(message), "{}", checks.picture());
}

#[test]
fn between_pre_checks_and_update_it_prevents_the_update_from_another_host() {
    let lab = lab(&SMALL);
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_check", 2);
    let install = start(&here, "-e 1 install --yes");
    held(&lab, "mu_check", 2);
    // The client sleeps while the pre-checks end: nothing runs, and the update is still to be started.
    install.signal(Signal::STOP);
    release(&lab, "mu_check", 2);
    assert!(lab.nailgun().wait_until_idle(PATIENCE));
    let stop = elsewhere.run("-e 1 install --stop");
    install.signal(Signal::CONT);
    let install = install.end();
    assert_eq!((stop.code, stop.stdout.as_str()), (Some(0), "task 1 was over already (ready)\n"), "{}", stop.picture());
    assert!(stop.stderr.contains("nothing more is started by installation 20"), "{}", stop.picture());
    assert_eq!(install.code, Some(6), "{}", install.picture());
    assert!(install.stdout.ends_with("stopped: nothing was changed on any node (task 1)\n"), "{}", install.picture());
    assert_eq!((lab.nailgun().started("deploy"), lab.nailgun().started("stop_deployment")), (1, 0));
    // A later installation is another one: the note does not concern it.
    let again = here.run("-e 1 -q install --yes");
    assert_eq!((again.code, runs(&lab, 2)), (Some(0), 2), "{}", again.picture());
}

#[test]
fn a_note_that_comes_after_the_last_look_stops_the_update_that_was_started() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    hold(&lab, "mu_check", 2);
    let install = start(&program, "-e 1 install --yes");
    held(&lab, "mu_check", 2);
    // The second start is answered late: by then the client has looked for the last time.
    let late = NailgunFault::slow("/graphs/execute/", Duration::from_secs(2)).method("POST");
    lab.nailgun().add_fault(late);
    hold(&lab, "mu_agents", 1);
    hold(&lab, "mu_backup", 1);
    let record = std::fs::read_dir(program.state().join("runs")).expect("records").next().expect("one");
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(record.expect("an entry").path()).expect("a record")).expect("JSON");
    let name = format!("stop of run {}", record["run"].as_str().expect("an id"));
    release(&lab, "mu_check", 2);
    until("the update", || lab.nailgun().started("deploy") == 2);
    let note = json!({"name": name, "tasks": [{"id": "fuel_updates_stop", "type": "stage", "version": "2.1.0"}]});
    client(&lab).create_graph(ENV, "fuel-updates-stop", &note).expect("a note");
    stop_is_sent(&lab);
    release(&lab, "mu_agents", 1);
    release(&lab, "mu_backup", 1);
    let install = install.end();
    assert_eq!(install.code, Some(6), "{}", install.picture());
    assert!(install.stdout.contains("stopped: nothing was changed on any node (task 3)"), "{}", install.picture());
    assert_eq!((begun(&lab, "mu_update_first"), runs(&lab, 1)), (0, 1));
}

#[test]
fn a_single_task_at_work_is_named_and_ends_whole() {
    let lab = lab(&SMALL);
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_update_first", 1);
    let install = start(&here, "-e 1 -q install --yes -f json");
    held(&lab, "mu_update_first", 1);
    let stop = start(&elsewhere, "-e 1 install --stop 3");
    stop_is_sent(&lab);
    release(&lab, "mu_update_first", 1);
    let (stop, install) = (stop.end(), install.end());
    assert_eq!((stop.code, stop.stdout.as_str()), (Some(0), "task 3 stopped (ready)\n"), "{}", stop.picture());
    assert!(
        stop.stderr.contains("these cannot be interrupted: update first controller on node-1\n"),
        "{}",
        stop.picture()
    );
    let document = install.json();
    assert_eq!((install.code, &document["result"]), (Some(6), &"stopped".into()), "{}", install.picture());
    let reached: Vec<_> = document["nodes"].as_array().expect("nodes").iter().map(|n| &n["reached"]).collect();
    assert_eq!(reached, ["begun", "untouched"]);
    assert_eq!((begun(&lab, "mu_update_computes"), begun(&lab, "mu_commit")), (0, 0));
}

#[test]
fn the_last_task_ends_whole_and_the_update_is_proven() {
    let lab = lab(&SMALL);
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_commit", 1);
    hold(&lab, "mu_commit", 2);
    let install = start(&here, "-e 1 -q install --yes");
    held(&lab, "mu_commit", 1);
    held(&lab, "mu_commit", 2);
    let stop = start(&elsewhere, "-e 1 install --stop");
    stop_is_sent(&lab);
    release(&lab, "mu_commit", 1);
    release(&lab, "mu_commit", 2);
    let (stop, install) = (stop.end(), install.end());
    let told = "task 3 ended whole (ready): its last tasks were at work, nothing was left to stop\n";
    assert_eq!((stop.code, stop.stdout.as_str()), (Some(0), told), "{}", stop.picture());
    assert_eq!(install.code, Some(0), "{}", install.picture());
    let late = elsewhere.run("-e 1 -q install --stop");
    assert_eq!((late.code, late.stdout.as_str()), (Some(0), "task 3 was over already (ready)\n"), "{}", late.picture());
    assert!(lab.nailgun().graph("fuel-updates-stop").is_none(), "no note is left");
}

#[test]
fn a_part_that_ends_whole_is_the_last_one() {
    let roles = ["controller", "controller", "controller"];
    let lab = Lab::start(scenario(&roles).nailgun(NailgunMode::V9_0_1)).expect("a lab");
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_update_controllers", 2);
    let install = start(&here, "-e 1 install --yes");
    held(&lab, "mu_update_controllers", 2);
    let stop = start(&elsewhere, "-e 1 install --stop");
    stop_is_sent(&lab);
    release(&lab, "mu_update_controllers", 2);
    let (stop, install) = (stop.end(), install.end());
    assert_eq!(stop.code, Some(0), "{}", stop.picture());
    assert!(
        stop.stderr.contains("these cannot be interrupted: update other controllers on node-2\n"),
        "{}",
        stop.picture()
    );
    assert_eq!(install.code, Some(6), "{}", install.picture());
    assert!(install.stdout.contains("stopped: "), "{}", install.picture());
    assert_eq!((begun(&lab, "mu_update_controllers"), begun(&lab, "mu_commit")), (1, 0));
    assert_eq!((1..=3).map(|id| runs(&lab, id)).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn nine_zero_forbids_to_stop_and_starts_no_other_part() {
    let roles = ["controller", "controller", "controller"];
    let lab = Lab::start(scenario(&roles).nailgun(NailgunMode::V9_0)).expect("a lab");
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_update_controllers", 2);
    let install = start(&here, "-e 1 install --yes");
    held(&lab, "mu_update_controllers", 2);
    let mut stop = start(&elsewhere, "-e 1 install --stop");
    stop.says("forbids to stop task");
    release(&lab, "mu_update_controllers", 2);
    let (stop, install) = (stop.end(), install.end());
    assert_eq!(stop.code, Some(0), "{}", stop.picture());
    assert!(stop.stdout.contains(" ended by itself (ready)\n"), "{}", stop.picture());
    assert_eq!(install.code, Some(6), "{}", install.picture());
    assert_eq!((begun(&lab, "mu_update_controllers"), begun(&lab, "mu_commit")), (1, 0));
    assert_eq!(lab.nailgun().started("stop_deployment"), 0);
    // What cannot be stopped is not offered to be stopped.
    hold(&lab, "mu_update_controllers", 3);
    let install = start(&here, "-e 1 install --yes");
    held(&lab, "mu_update_controllers", 3);
    install.signal(Signal::INT);
    let install = install.end();
    assert_eq!(install.code, Some(130), "{}", install.picture());
    assert!(install.stderr.contains("hint: come back with: "), "{}", install.picture());
    assert!(!install.stderr.contains("--stop"), "{}", install.picture());
    release(&lab, "mu_update_controllers", 3);
}
