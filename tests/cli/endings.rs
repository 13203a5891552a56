//! How else an installation can go: what Nailgun does oddly, what the mirror lacks, what the operator asks for. Each with
//! its exit status and its telling lines.

use std::time::Duration;

use fuel_lab::{Lab, MirrorFault, NailgunFault, NailgunMode, TaskFault};
use insta::assert_snapshot;

use super::scenarios::{Table, node, nothing, site};
use crate::program::{MU_FILE, Program, mu};

#[test]
fn what_nailgun_does_oddly() {
    let mut table = Table::default();
    table.add(
        "restarts, errors, an expired token in the middle",
        site(),
        |lab: &Lab| {
            let nailgun = lab.nailgun();
            nailgun.add_fault(NailgunFault::reset("/deployment_history/").after(1).times(3));
            nailgun.add_fault(NailgunFault::answer("/transactions/", 503, "text/plain", "starting").after(6).times(3));
            nailgun.add_fault(NailgunFault::traceback("/deployment_history/").after(4).times(1));
            nailgun.expire_tokens_after(30);
        },
        "",
    );
    table.add(
        "the answer to execute is lost",
        site(),
        |lab| lab.nailgun().add_fault(NailgunFault::lost_answer("/graphs/execute/").method("POST").after(1)),
        "",
    );
    table.add(
        "slow answers",
        site(),
        |lab| {
            let slow = NailgunFault::slow("/deployment_history/", Duration::from_millis(700));
            lab.nailgun().add_fault(slow.times(2));
        },
        "",
    );
    table.add("ready although nothing was committed", site(), |lab| lab.nailgun().take_out("mu_commit"), "");
    table.add(
        "a task fails without having run",
        site(),
        |lab| lab.nailgun().set_task_fault("mu_backup", Some(2), TaskFault::Fail),
        "",
    );
    table.add(
        "a node that Astute does not reach",
        site(),
        |lab| lab.nailgun().set_reachable(3, false),
        "--give-up-after 20",
    );
    table.add("no primary was ever chosen", site().never_deployed(), nothing, "");
    table.add("Nailgun of 10.0", site().nailgun(NailgunMode::V10_0), nothing, "");
    table.add("Nailgun of 9.0", site().nailgun(NailgunMode::V9_0), nothing, "");
    table.add("a user who may only read", site(), |lab| lab.nailgun().set_read_only(true), "");
    table.refused("Keystone is down", site(), |lab| lab.nailgun().set_keystone_down(true), "");
    table.refused("Nailgun is down", site(), |lab| lab.nailgun().suspend(), "");
    assert_snapshot!(table.text(), @r#"
    restarts, errors, an expired token in the middle: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 3)
    the answer to execute is lost: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 3)
    slow answers: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 3)
    ready although nothing was committed: exit 6
        node-1 begun: incomplete (to 9.0-mu-2, phase verified
        node-2 begun: incomplete (to 9.0-mu-2, phase verified
        node-3 begun: incomplete (to 9.0-mu-2, phase verified
        failed: 9.0-mu-2 is not verified on every node (task 3)
    a task fails without having run: exit 6
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_backup/2] Stopping the deployment process!
        node-1 untouched: runs 9.0-mu-1, not 9.0-mu-2
        node-2 untouched: backup failed; runs 9.0-mu-1, not 9.0-mu-2
        node-3 untouched: runs 9.0-mu-1, not 9.0-mu-2
        failed: nothing was changed on any node (task 3)
    a node that Astute does not reach: exit 6
        warning: the pre-checks found what forbids the update; nothing was changed on any node
        Nailgun says: Method task_deploy. Critical nodes are not available for deployment: ["3"]. Inspect Astute logs for the details
        node-1 untouched: check was not run
        node-2 untouched: check was not run
        node-3 untouched: check was not run
        failed: nothing was changed on any node (task 1)
    no primary was ever chosen: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 3)
    Nailgun of 10.0: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 3)
    Nailgun of 9.0: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 2)
    a user who may only read: exit 1
        error: Nailgun, uploading the graph to environment 1: this user may not do that (403): Access denied
    Keystone is down: exit 1
        error: Nailgun, logging in: the server failed (503): 503 Service Unavailable
    Nailgun is down: exit 1
        error: Nailgun, logging in: [ADDRESS] refused the connection
    "#);
}

#[test]
fn what_the_mirror_lacks_and_what_is_there_already() {
    let mut table = Table::default();
    for (name, fault) in [
        ("the mirror has no such file", MirrorFault::Status(404)),
        ("the mirror fails", MirrorFault::Status(500)),
        ("a page instead of the file", MirrorFault::Html),
        ("half a file", MirrorFault::Truncated(20)),
        ("the mirror hangs up", MirrorFault::Reset),
    ] {
        table.refused(name, site(), |lab| lab.set_mirror_fault(fault), "");
    }
    let there = |id: u32, role: &str| {
        let mut node = node(id, role);
        node.files.retain(|(path, ..)| path != MU_FILE);
        node.file(MU_FILE, mu(2))
    };
    let mut all = site();
    all.nodes = vec![there(1, "controller"), there(2, "controller"), there(3, "compute")];
    table.refused("every node is at the target", all, nothing, "");
    let mut some = site();
    some.nodes[2] = there(3, "compute");
    table.add("one node is at the target", some, nothing, "");
    let mut empty = site();
    empty.repo.clear();
    table.add("the repositories hold nothing newer", empty.clone(), nothing, "");
    table.add("nothing newer, and that is accepted", empty, nothing, "--accept-empty");
    table.refused("a node is unreachable", site().node(node(4, "compute").offline()), nothing, "");
    table.add(
        "a node is unreachable and left out",
        site().node(node(4, "compute").offline()),
        nothing,
        "--allow-offline",
    );
    assert_snapshot!(table.text(), @"
    the mirror has no such file: exit 1
        error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: no such file (404)
    the mirror fails: exit 1
        error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: the web server failed (500)
    a page instead of the file: exit 1
        error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: it answered with a web page, not with mu-version.json
    half a file: exit 1
        error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: not a valid mu-version.json: not valid JSON (line 1, column 20)
    the mirror hangs up: exit 1
        error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: [ADDRESS] ended the connection before its answer was complete (Connection reset by peer)
    every node is at the target: exit 0
        nothing to do: every node runs 9.0-mu-2
    one node is at the target: exit 0
        verified: 9.0-mu-2 on node-[1-2] (task 3)
    the repositories hold nothing newer: exit 6
        warning: the repositories hold nothing newer for node-[1-3]: is the package mirror synced?
        failed: nothing was changed on any node (task 1)
    nothing newer, and that is accepted: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 3)
    a node is unreachable: exit 1
        node-4: unreachable: connection refused
        error: cannot install (1 reason); nothing was changed
    a node is unreachable and left out: exit 3
        verified, but nodes were left out: 9.0-mu-2 on node-[1-3] (task 3)
    ");
}

#[test]
fn what_the_operator_asks_for() {
    let mut table = Table::default();
    table.refused("the plan alone", site(), nothing, "--dry-run");
    table.add("the pre-checks alone", site(), nothing, "--precheck");
    let hold = |lab: &Lab| lab.node(3).set_stub_fault("hold", "nova-api").expect("a fault");
    table.add("the pre-checks alone, with a held package", site(), hold, "--precheck");
    table.add("started and left", site(), nothing, "--detach");
    table.add("two nodes out of three", site(), nothing, "--exclude 3");
    table.add("RabbitMQ and MySQL too", site(), nothing, "--restart-rabbitmq --restart-mysql");
    table.refused("a batch of none", site(), nothing, "--batch 0");
    table.refused("both to watch and to stop", site(), nothing, "--attach --stop");
    table.refused("a folder that is no graph", site(), nothing, "--graph /nonexistent");
    table.refused("a node that is not there", site(), nothing, "--nodes 77");
    table.refused("nothing to stop", site(), nothing, "--stop");
    assert_snapshot!(table.text(), @"
    the plan alone: exit 0
        planned; nothing was sent
    the pre-checks alone: exit 0
    the pre-checks alone, with a held package: exit 3
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_check/3] Stopping the deployment process!
        error: pre-checks did not pass on node-3 (check); nothing was changed
    started and left: exit 0
        started: 9.0-mu-2 (task 3)
    two nodes out of three: exit 3
        verified, but nodes were left out: 9.0-mu-2 on node-[1-2] (task 3)
    RabbitMQ and MySQL too: exit 0
        verified: 9.0-mu-2 on node-[1-3] (task 3)
    a batch of none: exit 2
        error: invalid value '0' for '--batch <N>': not a whole number from 1 to 50
    both to watch and to stop: exit 2
        error: the argument '--attach [<TASK>]' cannot be used with '--stop [<TASK>]'
    a folder that is no graph: exit 1
        error: /nonexistent/tasks.yaml: No such file or directory
    a node that is not there: exit 1
        error: unknown node `77`; known nodes: node-[1-3]
    nothing to stop: exit 1
        error: no installations recorded for environment 1
    ");
}

#[test]
fn on_nine_zero_a_call_for_each_controller_takes_the_place_of_the_brake() {
    let scenario = || {
        let site = site().nailgun(NailgunMode::V9_0);
        site.node(node(4, "controller")).node(node(5, "controller"))
    };
    let updates = |lab: &Lab| {
        let trace = lab.nailgun().trace();
        let begun = trace.into_iter().filter(|t| t.task == "mu_update_controllers" && t.status == "running");
        begun.map(|t| t.node).collect::<Vec<_>>()
    };
    let calls =
        |lab: &Lab| lab.nailgun().asked().iter().filter(|r| r.starts_with("PUT ") && r.contains("/deploy")).count();
    // Pre-checks, what comes before, nodes 2, 4 and 5, what comes behind.
    let lab = Lab::start(scenario()).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert_eq!((calls(&lab), updates(&lab)), (6, vec!["2".into(), "4".into(), "5".into()]));
    assert!(ran.progress().contains(&"update, part 2 of 5: 1 task"), "{}", ran.picture());

    // The second controller fails: neither the third nor the fourth is begun.
    let lab = Lab::start(scenario()).expect("a lab");
    lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q install --yes -f json");
    let document = ran.json();
    assert_eq!((ran.code, &document["result"]), (Some(6), &"failed".into()), "{}", ran.picture());
    assert_eq!(updates(&lab), ["2"]);
    assert_eq!(document["nodes"][1]["failed_task"], "update other controllers");
    for id in 1..=5 {
        assert_eq!(lab.node(id).read(MU_FILE).expect("the file"), mu(1), "nothing is committed");
    }
    let attached = program.run("-e 1 install --attach");
    assert_eq!(attached.code, Some(6), "{}", attached.picture());
    assert!(attached.stdout.contains("update other controllers failed"), "{}", attached.picture());
    lab.node(2).clear_stub_fault("postinst").expect("repaired");
    let ran = program.run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());

    // The third call is refused: something was changed already, so it is not a mere error.
    let lab = Lab::start(scenario()).expect("a lab");
    let refuse = NailgunFault::answer("/clusters/1/deploy/", 500, "text/plain", "no").method("PUT").after(2);
    lab.nailgun().add_fault(refuse);
    let ran = Program::in_lab(&lab).run("-e 1 install --yes");
    assert_eq!((ran.code, updates(&lab)), (Some(6), vec![]), "{}", ran.picture());

    let lab = Lab::start(scenario()).expect("a lab");
    let refused = Program::in_lab(&lab).run("-e 1 install --yes --detach");
    assert_eq!((refused.code, calls(&lab)), (Some(1), 0), "{}", refused.picture());
}
