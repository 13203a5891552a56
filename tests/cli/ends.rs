//! The ends of an installation: what failed and where to look, a stop that was asked for, the operator's own command, and
//! the wait for one's turn.

use fuel_lab::{Lab, NodeSpec, Scenario};
use insta::assert_snapshot;

use super::install::{SMALL, lab, said};
use super::pty::Terminal;
use super::stop::{held, hold, release, start};
use crate::program::{MU_FILE, Program, Ran, mu};

/// The lines of stdout behind the table, without those of a node's log.
fn last_lines(ran: &Ran) -> String {
    let picture = ran.picture();
    let lines = picture.split("--- stderr").next().unwrap_or_default().rsplit("-+\n").next().unwrap_or_default();
    let kept = lines.lines().filter(|line| !line.starts_with("  ") && !line.starts_with("changed: "));
    kept.map(|line| format!("{line}\n")).collect()
}

/// The id of the run, as its log is named.
fn run_of(program: &Program) -> String {
    let log = std::fs::read_dir(program.state().join("log")).expect("logs").next().expect("a log").expect("an entry");
    log.path().file_stem().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn a_failure_names_node_task_cause_logs_and_how_far_everybody_is() {
    let lab = lab(&["controller", "controller", "compute"]);
    lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
    let program = Program::in_lab(&lab);
    let failed = program.run("-e 1 install --yes --no-snapshots");
    assert_eq!(failed.code, Some(6), "{}", failed.picture());
    let run = run_of(&program);
    assert_snapshot!(last_lines(&failed).replace(&run, "RUN"), @"
    end of the log on node-2:
    update other controllers failed on node-2: apt-get dist-upgrade: dpkg: error processing package nova-api (--configure):;E: Sub-process /usr/bin/dpkg returned an error code (1)
    updated, only the commit is missing: node-1
    begun, incomplete: node-2
    untouched: node-3
    logs: [HOME]/state/log/RUN.log; on each node /var/lib/fuel-mu/log/RUN.log
    failed: 9.0-mu-2 is not verified on every node (task 3)
    ");
    assert_snapshot!(said(&failed), @"
    exit 6
    hint: repair the cause on node-2 and run `fuel-updates --env 1 install` again: nodes that are updated already pass quickly; or leave nodes out with --exclude
    ");
    assert!(
        program.state().join(format!("log/{run}.log")).exists()
            && lab.node(2).read(&format!("/var/lib/fuel-mu/log/{run}.log")).is_ok()
    );
    let check = program.run("-e 1 check installed -f json");
    assert_eq!(check.json()["summary"]["next"], "fuel-updates --env 1 install", "{}", check.picture());
}

#[test]
fn a_stop_that_was_asked_for_is_no_failure() {
    let lab = lab(&SMALL);
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    hold(&lab, "mu_update_first", 1);
    let install = start(&here, "-e 1 install --yes --no-snapshots");
    held(&lab, "mu_update_first", 1);
    let mut stop = start(&elsewhere, "-e 1 install --stop");
    stop.says("asked to stop");
    release(&lab, "mu_update_first", 1);
    let (stop, install) = (stop.end(), install.end());
    assert_eq!((stop.code, install.code), (Some(0), Some(6)), "{}{}", stop.picture(), install.picture());
    let told = install.picture();
    assert!(!told.contains("failed") && !told.contains("repair") && !told.contains("end of the log"), "{told}");
    let run = run_of(&here);
    assert_snapshot!(last_lines(&install).replace(&run, "RUN"), @"
    updated, only the commit is missing: node-1
    untouched: node-2
    logs: [HOME]/state/log/RUN.log; on each node /var/lib/fuel-mu/log/RUN.log
    stopped: 9.0-mu-2 is not installed on every node (task 3)
    ");
    assert_snapshot!(said(&install), @"
    exit 6
    hint: go on with `fuel-updates --env 1 install`: nodes that are updated already pass quickly
    ");
    let told: Vec<&str> =
        stop.stderr.lines().filter(|line| line.contains("update") && line.contains(": node-")).collect();
    assert_eq!(told, ["update begun, incomplete: node-1", "not updated yet: node-2"], "{}", stop.picture());
    assert!(stop.stderr.ends_with("shows what each node has\n"), "{}", stop.picture());
}

#[test]
fn the_operators_command_is_told_how_it_ended() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let file = program.state().with_file_name("told");
    let script = program.file(
        "told.sh",
        "echo \"$FUEL_UPDATES_RESULT $FUEL_UPDATES_EXIT task=$FUEL_UPDATES_TASK env=$FUEL_UPDATES_ENV $FUEL_UPDATES_MESSAGE\" \
         >>\"$HOME/told\"; echo on stdout; exit $1\n",
    );
    let on_end = |more: &str, code: u8| {
        let mut command = program.command(&format!("-e 1 install --yes {more} --on-end"));
        command.arg(format!("sh {} {code}", script.display()));
        program.ran(command.output().expect("it ends"))
    };
    lab.node(2).set_stub_fault("postinst", "nova-compute").expect("a fault");
    assert_eq!(on_end("--no-snapshots", 0).code, Some(6));
    lab.node(2).clear_stub_fault("postinst").expect("repaired");
    let task = lab.nailgun().leave_running("provision");
    assert_eq!(on_end("", 0).code, Some(7));
    lab.nailgun().set_cluster_status("operational");
    let warned = on_end("--precheck", 3);
    assert_eq!(warned.code, Some(7), "{}", warned.picture());
    assert_eq!(warned.stdout, "", "what the command prints is no data");
    assert!(warned.stderr.contains("on stdout\n"), "{}", warned.stderr);
    assert!(warned.stderr.contains("warning: the command of --on-end failed: exit status: 3\n"), "{}", warned.stderr);
    let told = std::fs::read_to_string(file).expect("what was told");
    assert_snapshot!(told.replace(&format!("task {task} "), "task N "), @"
    failed 6 task=3 env=1 failed: 9.0-mu-2 is not verified on every node (task 3)
    busy 7 task= env=1 task N (provision) is running in environment 1
    busy 7 task= env=1 task N (provision) is running in environment 1
    ");
}

#[test]
fn an_installation_waits_for_its_turn_and_says_for_whom() {
    let lab = lab(&SMALL);
    hold(&lab, "mu_backup", 2);
    let (here, elsewhere) = (Program::in_lab(&lab), Program::in_lab(&lab));
    let first = start(&here, "-e 1 -q install --yes --no-snapshots");
    held(&lab, "mu_backup", 2);
    // On the same host it is the other process, elsewhere Nailgun's task.
    let mut same = start(&here, "-e 1 install --yes --wait 5m");
    same.says("another installation of environment 1 runs here (process ");
    let mut second = start(&elsewhere, "-e 1 install --yes --wait 5m");
    second.says("is running in environment 1; waiting for it up to 5 min");
    let impatient = Program::in_lab(&lab).run("-e 1 install --yes --wait 1");
    assert_eq!(impatient.code, Some(7), "{}", impatient.picture());
    assert!(
        impatient.stderr.contains("; waiting for it up to 1 s\nerror: task 3 (deploy, "),
        "{}",
        impatient.picture()
    );
    release(&lab, "mu_backup", 2);
    assert_eq!(first.end().code, Some(0));
    for ran in [second.end(), same.end()] {
        assert_eq!(ran.code, Some(0), "{}", ran.picture());
        assert!(ran.stdout.ends_with("nothing to do: every node runs 9.0-mu-2\n"), "{}", ran.picture());
    }
    let _ = lab.nailgun().leave_running("provision");
    let mut waiting = start(&elsewhere, "-e 1 install --yes --wait 5m");
    waiting.says("(provision) is running in environment 1; waiting");
    waiting.signal(rustix::process::Signal::INT);
    let ran = waiting.end();
    assert_eq!(
        (ran.code, ran.lines("error: ")),
        (Some(130), vec!["interrupted; nothing was sent"]),
        "{}",
        ran.picture()
    );
}

#[test]
fn a_check_is_repeated_on_a_terminal_and_its_last_answer_stays() {
    let node = |id, update| NodeSpec::new(id, &["compute"]).file(MU_FILE, mu(update));
    let lab = Lab::start(Scenario::new().published(mu(2)).node(node(1, 1)).node(node(2, 1))).expect("a lab");
    let program = Program::in_lab(&lab);
    let piped = program.run("-e 1 check installed --watch 1");
    assert_eq!(piped.code, Some(2), "{}", piped.picture());
    assert!(piped.stderr.contains("error: --watch needs a terminal"), "{}", piped.picture());
    let mut terminal =
        Terminal::start(&program, &[], "-e 1 check available --watch 1", &[("TERM", "xterm"), ("NO_COLOR", "1")]);
    terminal.resize(120, 30);
    terminal.wait_for("update available: 9.0-mu-2 for all 2 nodes");
    lab.node(1).write(MU_FILE, mu(2).as_bytes()).expect("a change");
    lab.node(2).write(MU_FILE, mu(2).as_bytes()).expect("a change");
    terminal.wait_for("up to date: 9.0-mu-2 on all 2 nodes");
    terminal.wait_for("again in 1 second; Ctrl-C ends");
    std::io::Write::write_all(&mut terminal.keyboard, b"\x03").expect("Ctrl-C");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "the status is that of the last answer: {screen}");
    let last = screen.rsplit("\x1b[H\x1b[2J").next().unwrap_or_default();
    assert!(last.contains("up to date: 9.0-mu-2 on all 2 nodes") && !last.contains("interrupted"), "{screen}");
}
