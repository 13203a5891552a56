//! Installations on the five versions of Nailgun: what each does differently must make no difference to the operator, or be
//! said. `docs/nailgun-versions.md` lists the differences and the tests that hold them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Output, Stdio};
use std::time::Duration;

use fuel_lab::{AuthMode, Lab, NailgunFault, NailgunMode, Scenario, TaskFault};
use serde_json::{Value, json};

use super::scenarios::{node, site};
use crate::program::{MU_FILE, Program, Ran, mu};

const PATIENCE: Duration = Duration::from_secs(60);

/// Three controllers and a compute.
fn controllers(mode: NailgunMode) -> Scenario {
    site().nailgun(mode).node(node(4, "controller"))
}

/// A task of another graph that fails wherever it runs, under the name of one of ours.
fn foreign() -> Vec<Value> {
    vec![json!({"id": "mu_check", "type": "shell", "version": "2.1.0", "roles": ["/.*/"],
                "parameters": {"cmd": "exit 1", "retries": 0}})]
}

/// The nodes on which an update of a controller behind the first one began, in order.
fn begun(lab: &Lab) -> Vec<String> {
    let trace = lab.nailgun().trace().into_iter();
    trace.filter(|t| t.task == "mu_update_controllers" && t.status == "running").map(|t| t.node).collect()
}

fn history(program: &Program) -> String {
    program.run("-e 1 -q history -f csv -c what -c target -c status -c failed -c not-executed").stdout
}

/// A request of an operator, without our program; the lab asks for no token. The status of the answer.
fn request(lab: &Lab, line: &str, body: &str) -> String {
    let address = lab.nailgun_url();
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).expect("Nailgun");
    let head = format!("{line} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// The second controller fails, is repaired, and the installation runs again.
fn failure_repair_and_proof(mode: NailgunMode) {
    let old = !mode.executes_graphs();
    let lab = Lab::start(controllers(mode)).expect("a lab");
    // Graphs of our names that are not ours: at the release, at a plugin, and as the default graph.
    lab.nailgun().add_release_graph("fuel-updates-mu", &foreign());
    lab.nailgun().add_plugin_graph(1, "fuel-updates-mu", &foreign());
    lab.nailgun().add_release_graph("default", &foreign());
    lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
    let program = Program::in_lab(&lab);
    let planned = program.run("-e 1 install --dry-run");
    assert_eq!(planned.code, Some(0), "{mode:?}: {}", planned.picture());
    let said = planned.stdout.contains("shows the environment and every node that was not done as `error`");
    assert_eq!(said, old, "{mode:?}: {}", planned.picture());

    let failed = program.run("-e 1 install --yes");
    let picture = failed.picture();
    assert_eq!(failed.code, Some(6), "{mode:?}: {picture}");
    assert!(failed.stdout.contains("update other controllers failed"), "{mode:?}: {picture}");
    assert_eq!(begun(&lab), ["2"], "{mode:?}: the third controller is not begun\n{picture}");
    for id in 1..=4 {
        assert_eq!(lab.node(id).read(MU_FILE).expect("the file"), mu(1), "{mode:?}: nothing is committed");
    }
    assert_eq!(lab.nailgun().cluster_status(), if old { "error" } else { "operational" }, "{mode:?}");
    let again = program.run("-e 1 install --dry-run");
    assert_eq!(again.code, Some(0), "{mode:?}: {}", again.picture());
    assert_eq!(
        again.stdout.contains("because an installation by fuel-updates failed"),
        old,
        "{mode:?}: {}",
        again.picture()
    );

    lab.node(2).clear_stub_fault("postinst").expect("repaired");
    let ran = program.run("-e 1 install --yes");
    let picture = ran.picture();
    assert_eq!(ran.code, Some(0), "{mode:?}: {picture}");
    assert!(ran.stdout.contains("verified: 9.0-mu-2 on node-[1-4]"), "{mode:?}: {picture}");
    assert!(!ran.stderr.contains("Nailgun says"), "{mode:?}: that it is done is no news\n{picture}");
    for id in 1..=4 {
        assert_eq!(lab.node(id).read(MU_FILE).expect("the file"), mu(2), "{mode:?}");
    }
    assert_eq!(lab.nailgun().cluster_status(), "operational", "{mode:?}");
    assert_eq!(lab.nailgun().graph_types(), Vec::<String>::new(), "{mode:?}: nothing is left behind");
    let asked = lab.nailgun().asked();
    assert!(!asked.iter().any(|request| request.contains("/deploy_tasks/")), "{mode:?}");

    let runs = history(&program);
    let kinds: Vec<&str> = runs.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let part = "part of an update";
    let wanted: &[&str] = if old {
        // What goes before, node 2, node 4, what comes behind; and of the first installation two.
        &["update", part, part, part, "pre-checks", part, part, "pre-checks"]
    } else {
        &["update", "pre-checks", "update", "pre-checks"]
    };
    assert_eq!(kinds, wanted, "{mode:?}:\n{runs}");
    assert!(runs.lines().skip(1).all(|line| line.split(',').nth(1) == Some("9.0-mu-2")), "{mode:?}:\n{runs}");
}

#[test]
fn failure_repair_and_proof_on_9_0() {
    failure_repair_and_proof(NailgunMode::V9_0);
}

#[test]
fn failure_repair_and_proof_on_9_0_1() {
    failure_repair_and_proof(NailgunMode::V9_0_1);
}

#[test]
fn failure_repair_and_proof_on_9_1() {
    failure_repair_and_proof(NailgunMode::V9_1);
}

#[test]
fn failure_repair_and_proof_on_9_2() {
    failure_repair_and_proof(NailgunMode::V9_2);
}

#[test]
fn failure_repair_and_proof_on_10_0() {
    failure_repair_and_proof(NailgunMode::V10_0);
}

/// What two programs did that ran at the same time: who ended with 0, and the other one.
fn winner_and_loser(mode: NailgunMode) -> (Lab, Ran, Ran) {
    let lab = Lab::start(site().nailgun(mode)).expect("a lab");
    // Both have uploaded their graph before either goes on.
    lab.nailgun().add_fault(NailgunFault::meet("/serialized_tasks/", 2));
    let hosts = [Program::in_lab(&lab), Program::in_lab(&lab)];
    let started: Vec<_> = hosts
        .iter()
        .map(|host| {
            let mut command = host.command("-e 1 install --yes");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
        })
        .collect();
    let ended: Vec<Output> = started.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
    let mut ran: Vec<Ran> = hosts.iter().zip(ended).map(|(host, output)| host.ran(output)).collect();
    ran.sort_by_key(|ran| ran.code);
    let told = ran.iter().map(Ran::picture).collect::<Vec<_>>().join("\n");
    let codes: Vec<_> = ran.iter().map(|ran| ran.code).collect();
    assert_eq!(codes, [Some(0), Some(7)], "{mode:?}: {told}");
    let loser = ran.pop().expect("two");
    (lab, ran.pop().expect("two"), loser)
}

#[test]
fn of_two_hosts_at_once_one_runs_and_the_other_says_who() {
    for mode in NailgunMode::ALL {
        let (lab, winner, loser) = winner_and_loser(mode);
        let told = format!("{mode:?}: {}\n{}", winner.picture(), loser.picture());
        assert!(winner.stdout.contains("verified: 9.0-mu-2 on node-[1-3]"), "{told}");
        let error = loser.lines("error: ").join("\n");
        assert!(error.starts_with("task ") && error.contains("in environment 1"), "{told}");
        assert!(!loser.stderr.contains("INSERT INTO"), "{told}");
        // Whatever was started carried the values of the one that ran.
        let uploaded = lab.nailgun().uploaded("mu_env");
        let mut runs: Vec<&str> =
            uploaded.iter().filter_map(|(_, data)| data.split("MU_RUN='").nth(1)?.split('\'').next()).collect();
        assert!(uploaded.len() >= 2 && runs.len() == uploaded.len(), "{told}");
        runs.dedup();
        assert_eq!(runs.len(), 1, "{told}");
        if mode.executes_graphs() {
            assert!(error.contains(&format!("installation {}", runs[0])), "{told}");
        }
        assert!(lab.nailgun().graph_types().len() <= 1, "{told}: {:?}", lab.nailgun().graph_types());
    }
}

#[test]
fn an_operators_deployment_at_the_same_moment() {
    for mode in [NailgunMode::V9_0, NailgunMode::V9_0_1, NailgunMode::V9_1] {
        let lab = Lab::start(site().nailgun(mode).auth(AuthMode::None)).expect("a lab");
        let other = json!({"tasks": [{"id": "hold", "type": "shell", "version": "2.1.0", "roles": ["compute"],
            "parameters": {"cmd": "while [ ! -e $FUEL_MU_ROOT/tmp/go ]; do sleep 0.01; done", "timeout": 60}}]});
        assert_eq!(request(&lab, "POST /api/v1/clusters/1/deployment_graphs/other/", &other.to_string()), "200");
        // The operator's request is accepted between our last look and our start.
        let (path, line, body) = if mode.executes_graphs() {
            ("/graphs/execute/", "POST /api/v1/graphs/execute/", r#"{"cluster": 1, "graphs": [{"type": "other"}]}"#)
        } else {
            ("/clusters/1/deploy/", "PUT /api/v1/clusters/1/deploy/?graph_type=other&nodes=3", "{}")
        };
        let method = line.split(' ').next().expect("a method");
        lab.nailgun().add_fault(NailgunFault::late(path).method(method).times(1));
        let program = Program::in_lab(&lab);
        let mut command = program.command("-e 1 install --yes");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        assert!(lab.nailgun().wait_for_late(PATIENCE), "{mode:?}: our start has come");
        assert_eq!(request(&lab, line, body), "202", "{mode:?}");
        lab.nailgun().admit_late();
        let ran = program.ran(child.wait_with_output().expect("it ends"));
        let picture = ran.picture();
        assert_eq!(ran.code, Some(7), "{mode:?}: {picture}");
        let name = if mode.executes_graphs() { "deploy" } else { "deployment" };
        assert!(ran.stderr.contains(&format!("error: task 1 ({name}) is ")), "{mode:?}: {picture}");
        assert_eq!(ran.stderr.contains("only pre-checks of this installation"), mode == NailgunMode::V9_0, "{picture}");
        lab.node(3).write("/tmp/go", b"").expect("released");
        assert!(lab.nailgun().wait_until_idle(PATIENCE), "{mode:?}");
        for id in 1..=3 {
            assert_eq!(lab.node(id).read(MU_FILE).expect("the file"), mu(1), "{mode:?}: nothing is changed");
        }
    }
}

#[test]
fn an_environment_in_error_is_taken_after_our_own_failure_alone() {
    for mode in [NailgunMode::V9_0, NailgunMode::V9_0_1] {
        let lab = Lab::start(site().nailgun(mode).auth(AuthMode::None)).expect("a lab");
        lab.nailgun().set_cluster_status("error");
        let program = Program::in_lab(&lab);
        let refused = program.run("-e 1 install --yes");
        assert_eq!(refused.code, Some(1), "{mode:?}: {}", refused.picture());
        let hint = "curl -X PUT";
        assert!(refused.stderr.contains(hint), "{mode:?}: {}", refused.picture());
        assert_eq!(request(&lab, "PUT /api/v1/clusters/1/", r#"{"status": "operational"}"#), "200");

        // A failed pre-check of ours.
        lab.nailgun().set_task_fault("mu_check", Some(3), TaskFault::Fail);
        let failed = program.run("-e 1 install --precheck");
        assert_eq!(failed.code, Some(3), "{mode:?}: {}", failed.picture());
        assert_eq!(lab.nailgun().cluster_status(), "error", "{mode:?}");
        lab.nailgun().set_task_fault("mu_check", Some(3), None);
        let ran = program.run("-e 1 -q install --yes -f json");
        assert_eq!((ran.code, &ran.json()["result"]), (Some(0), &"verified".into()), "{mode:?}: {}", ran.picture());
        assert_eq!(lab.nailgun().cluster_status(), "operational", "{mode:?}");
    }
}

#[test]
fn a_lost_answer_to_the_start_is_found_again_before_9_1_too() {
    for mode in [NailgunMode::V9_0, NailgunMode::V9_0_1] {
        let lab = Lab::start(site().nailgun(mode)).expect("a lab");
        lab.nailgun().add_fault(NailgunFault::lost_answer("/clusters/1/deploy/").method("PUT").after(1).times(1));
        let ran = Program::in_lab(&lab).run("-e 1 install --yes");
        assert_eq!(ran.code, Some(0), "{mode:?}: {}", ran.picture());
        assert!(ran.stderr.contains("looking whether the run was started"), "{mode:?}: {}", ran.picture());
    }
}
