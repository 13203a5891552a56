//! `install` against the lab: the unchanged graph runs on the nodes' trees, scripts and all.

use fuel_lab::{Lab, NailgunFault, NodeSpec, Scenario};
use insta::assert_snapshot;

use crate::program::{MU_FILE, Program, Ran, mu};

/// A node of MU 1 with packages of its role.
fn node(id: u32, role: &str) -> NodeSpec {
    let node =
        NodeSpec::new(id, &[role]).package("fuel-misc", "9.0.1").package("python-nova", "1").file(MU_FILE, mu(1));
    match role {
        "controller" => node.package("nova-api", "1").service("nova-api", true),
        _ => node.package("nova-compute", "1").service("nova-compute", true),
    }
}

/// Nodes of these roles, MU 2 on the mirror, and its packages in the repositories.
pub(super) fn scenario(roles: &[&str]) -> Scenario {
    let packages = ["fuel-misc", "python-nova", "nova-api", "nova-compute"];
    let empty = Scenario::new().published(mu(2));
    let scenario = packages.iter().fold(empty, |s, package| s.repo(package, "9.0.2"));
    (1..).zip(roles).fold(scenario, |s, (id, role)| s.node(node(id, role)))
}

pub(super) fn lab(roles: &[&str]) -> Lab {
    Lab::start(scenario(roles)).expect("a lab")
}

pub(super) const SMALL: [&str; 2] = ["controller", "compute"];

/// The id of the update that a node's own file names.
pub(super) fn runs(lab: &Lab, node: u32) -> u64 {
    let text = lab.node(node).read(MU_FILE).expect("the file");
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["id"].as_u64().expect("a number")
}

/// What changed something at Nailgun.
pub(super) fn changing_requests(lab: &Lab) -> Vec<String> {
    let asked = lab.nailgun().asked();
    asked.into_iter().filter(|r| !r.starts_with("GET ") && !r.contains("/keystone/")).collect()
}

/// stderr without progress and without what only says where things are.
pub(super) fn said(ran: &Ran) -> String {
    let words = ["error: ", "hint: ", "warning: ", "  caused by: ", "  "];
    let lines = ran.picture();
    let lines = lines.split("--- stderr\n").nth(1).unwrap_or_default().lines();
    let kept: Vec<&str> = lines.filter(|l| words.iter().any(|w| l.starts_with(w))).collect();
    format!("exit {}\n{}\n", ran.code.unwrap_or(-1), kept.join("\n"))
}

#[test]
fn an_update_from_the_plan_to_the_proof() {
    let lab = lab(&["controller", "controller", "controller", "compute", "compute"]);
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert_snapshot!(ran.picture().split("--- stderr").next().expect("stdout"), @"
    exit 0
    --- stdout
    Environment 1 (env1), MOS 9.0, operational
    Target      9.0-mu-2 (id 2) from [MIRROR]/mcv/mos/9.0/mu-version.json
    Read first  https://example.org/mu2

    Pre-checks on every node and of the cluster come first and change nothing.
    Then all nodes download their packages, 20 nodes at a time, while everything runs.
    Then, phase by phase:
      1. first controller (expected): node-1
      2. other controllers, one by one: node-[2-3]
      3. first compute: node-4
      4. computes, 5 at a time: node-5
      Finally every node is verified, and then all nodes get the new mu-version.json.

    From        9.0-mu-1 on node-[1-5]
    Restarts    the services of each node's roles that load a changed package; RabbitMQ and MySQL are not restarted
    Network     neutron's agents restart on one controller after the other and keep routers and DHCP servers; changes wait
    Untouched   libvirt, virtual machines, kernels and Ubuntu's own updates; no node is rebooted
    Not done    migrations of database schemas: see the update's documentation
    No rollback: packages cannot be downgraded; /etc and the package lists are backed up on each node, the databases on the primary controller
    +----+--------+----------+----------+---------+--------+
    | id | name   | before   | after    | reached | detail |
    +----+--------+----------+----------+---------+--------+
    | 1  | node-1 | 9.0-mu-1 | 9.0-mu-2 | proven  |        |
    | 2  | node-2 | 9.0-mu-1 | 9.0-mu-2 | proven  |        |
    | 3  | node-3 | 9.0-mu-1 | 9.0-mu-2 | proven  |        |
    | 4  | node-4 | 9.0-mu-1 | 9.0-mu-2 | proven  |        |
    | 5  | node-5 | 9.0-mu-1 | 9.0-mu-2 | proven  |        |
    +----+--------+----------+----------+---------+--------+
    changed since before: 4 packages on node-[1-5]
    verified: 9.0-mu-2 on node-[1-5] (task 3)
    ");
    for id in 1..=5 {
        assert_eq!(lab.node(id).read(MU_FILE).expect("the file"), mu(2), "the mirror's bytes");
        assert!(lab.node(id).read(".lab/installed").expect("packages").contains("fuel-misc 9.0.2"));
    }
    assert_eq!(lab.nailgun().most_at_once("mu_update_controllers"), 1);
    let check = program.run("-e 1 -q check installed -f value -c state -c MU -c detail");
    assert_eq!(check.stdout, "installed 9.0-mu-2 \n".repeat(5));

    let logs: Vec<String> = std::fs::read_dir(program.state().join("log"))
        .expect("logs")
        .map(|e| std::fs::read_to_string(e.expect("an entry").path()).expect("a log"))
        .collect();
    assert_eq!(logs.len(), 1, "one run, one log");
    assert!(logs[0].contains("watching task 3 of environment 1\n"), "{}", logs[0]);
    assert!(logs[0].contains("node-5: commit done\n"), "{}", logs[0]);

    let calls: Vec<usize> = (1..=5).map(|id| lab.node(id).calls().len()).collect();
    let again = program.run("-e 1 -q install --yes");
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), "nothing to do: every node runs 9.0-mu-2\n"));
    assert_eq!(calls, (1..=5).map(|id| lab.node(id).calls().len()).collect::<Vec<_>>(), "nothing was touched");
}

#[test]
fn a_plan_alone_sends_nothing_that_changes_anything() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --dry-run -f json");
    let document = ran.json();
    assert_eq!((ran.code, &document["result"], &document["target"]["id"]), (Some(0), &"planned".into(), &2.into()));
    assert!(ran.stderr.contains("first controller (expected): node-1"), "the plan is shown: {}", ran.stderr);
    assert_eq!(changing_requests(&lab), Vec::<String>::new());
    assert_eq!((runs(&lab, 1), lab.node(1).calls().len()), (1, 0));
}

#[test]
fn pre_checks_alone_tell_what_each_node_found() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let line = "-e 1 install --precheck -f csv -c name -c packages -c reboot -c result";
    let ran = program.run(line);
    let rows = "name,packages,reboot,result\nnode-1,3,no,passes\nnode-2,3,no,passes\n";
    assert!(ran.code == Some(0) && ran.stdout.ends_with(rows), "{}", ran.picture());
    lab.node(2).set_stub_fault("removal", "nova-compute").expect("a fault");
    let ran = program.run(line);
    assert_eq!(ran.code, Some(3), "{}", ran.picture());
    assert!(ran.stdout.contains("packages would be removed: nova-compute"), "{}", ran.picture());
    assert_eq!((runs(&lab, 1), lab.node(1).read("/var/lib/fuel-mu/state.json").is_err()), (1, true));
}

#[test]
fn without_a_terminal_it_wants_a_yes() {
    let lab = lab(&SMALL);
    assert_snapshot!(Program::in_lab(&lab).run("-e 1 install").picture(), @"
    exit 2
    --- stderr
    error: there is no terminal to ask for confirmation
    hint: look at the plan with --dry-run, then give --yes
    ");
    assert_snapshot!(Program::in_lab(&lab).run("install --yes").picture(), @"
    exit 2
    --- stderr
    error: install needs --env ID: the environment is never guessed
    ");
    assert_eq!(changing_requests(&lab), Vec::<String>::new());
}

#[test]
fn an_offline_node_is_refused_or_left_out() {
    let lab = Lab::start(scenario(&SMALL).node(node(3, "compute").offline())).expect("a lab");
    let program = Program::in_lab(&lab);
    assert_snapshot!(said(&program.run("-e 1 install --yes")), @"
    exit 1
      node-3: unreachable: connection refused
    error: cannot install (1 reason); nothing was changed
    hint: repair the node, or leave it out with --allow-offline or --exclude
    ");
    assert_eq!(changing_requests(&lab), Vec::<String>::new());
    let ran = program.run("-e 1 install --yes --allow-offline -f json");
    let document = ran.json();
    assert_eq!((ran.code, &document["result"]), (Some(3), &"verified-partly".into()));
    assert_eq!(document["left_out"][0]["node"], "node-3");
    assert_eq!((runs(&lab, 1), runs(&lab, 2)), (2, 2));
}

#[test]
fn a_graph_without_its_commit_ends_unproven() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    lab.nailgun().take_out("mu_commit");
    let ran = program.run("-e 1 -q install --yes -f json");
    let document = ran.json();
    assert_eq!((ran.code, &document["result"]), (Some(6), &"failed".into()), "{}", ran.picture());
    assert_eq!((runs(&lab, 1), runs(&lab, 2)), (1, 1), "nobody but the graph's commit writes the file");
    let check = program.run("-e 1 -q check installed -f value -c state");
    assert_eq!(check.stdout, "incomplete\nincomplete\n");
}

#[test]
fn an_operators_graph_without_a_commit_is_refused_before_anything_is_sent() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let folder = program.file("graph/metadata.yaml", include_str!("../../graphs/mu/metadata.yaml"));
    let tasks = include_str!("../../graphs/mu/tasks.yaml");
    let commit = tasks.find("- id: mu_commit\n");
    program.file("graph/tasks.yaml", &tasks[..commit.expect("the commit is the last task")]);
    let scripts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs/mu/scripts");
    for entry in std::fs::read_dir(scripts).expect("scripts").map(|e| e.expect("an entry")) {
        let text = std::fs::read(entry.path()).expect("a script");
        program.file(&format!("graph/scripts/{}", entry.file_name().display()), text);
    }
    let folder = folder.parent().expect("the folder").display().to_string();
    assert_snapshot!(said(&program.run(&format!("-e 1 install --yes --graph {folder}"))), @"
    exit 1
    error: the graph has mistakes that Nailgun does not report
      caused by: a task mu_commit must stand between mu_verified and mu_end [landmarks]
    hint: see `fuel-updates graph check DIR`
    ");
    assert_eq!(changing_requests(&lab), Vec::<String>::new());
}

#[test]
fn a_second_controller_that_fails_stops_before_the_third() {
    let lab = lab(&["controller", "controller", "controller", "compute"]);
    lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q install --yes -f json");
    let document = ran.json();
    assert_eq!((ran.code, &document["result"]), (Some(6), &"failed".into()), "{}", ran.picture());
    let of = |id: usize| &document["nodes"][id - 1];
    assert_eq!(of(2)["failed_task"], "update other controllers");
    assert!(of(2)["log_tail"].to_string().contains("nova-api"), "{}", of(2));
    let reached: Vec<&str> = (1..=4).filter_map(|id| of(id)["reached"].as_str()).collect();
    assert_eq!(reached, ["begun", "begun", "untouched", "untouched"]);
    for id in 1..=4 {
        assert_eq!(runs(&lab, id), 1, "no commit file changes anywhere");
    }
    let tried =
        lab.nailgun().trace().into_iter().filter(|t| t.task == "mu_update_controllers" && t.status == "running");
    assert_eq!(tried.map(|t| t.node).collect::<Vec<_>>(), ["2"], "the third never starts");
    lab.node(2).clear_stub_fault("postinst").expect("repaired");
    let again = program.run("-e 1 -q install --yes");
    assert_eq!(again.code, Some(0), "{}", again.picture());
    assert_eq!((1..=4).map(|id| runs(&lab, id)).collect::<Vec<_>>(), [2, 2, 2, 2]);
}

#[test]
fn repositories_that_hold_nothing_newer_commit_nothing() {
    let nodes = (1..).zip(SMALL).map(|(id, role)| node(id, role));
    let lab = Lab::start(nodes.fold(Scenario::new().published(mu(2)), Scenario::node)).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --yes");
    assert_snapshot!(said(&ran), @"
    exit 6
    warning: the repositories hold nothing newer for node-[1-2]: is the package mirror synced?
    hint: sync the package mirror first; --accept-empty commits all the same
    ");
    assert_eq!((runs(&lab, 1), runs(&lab, 2)), (1, 1));
    let ran = program.run("-e 1 -q install --yes --accept-empty");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert_eq!((runs(&lab, 1), runs(&lab, 2)), (2, 2));
}

#[test]
fn what_nailgun_refuses_is_one_line_and_nothing_was_started() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let mut lines = String::new();
    let mut try_with = |name: &str, program: &Program| {
        let ran = program.run("-e 1 install --yes");
        lines.push_str(&format!("{name}: {}", said(&ran)));
        assert_eq!(lab.nailgun().started("deploy"), 0, "{name}");
    };
    lab.nailgun().suspend();
    try_with("down", &program);
    lab.nailgun().resume().expect("it comes back");
    let stranger = Program::in_lab(&lab).variable("OS_PASSWORD", "wr0ng-s3cret");
    try_with("401", &stranger);
    for (name, fault) in [
        ("403", NailgunFault::answer("/clusters/1/", 403, "text/plain", "Forbidden")),
        (
            "404",
            NailgunFault::answer(
                "/clusters/1/",
                404,
                "application/json",
                r#"{"message": "Cluster not found", "errors": []}"#,
            ),
        ),
        (
            "409",
            NailgunFault::answer(
                "/graphs/execute/",
                409,
                "application/json",
                r#"{"message": "Deployment already started", "errors": []}"#,
            )
            .method("POST"),
        ),
        ("500", NailgunFault::traceback("/nodes/")),
        ("reset", NailgunFault::reset("/attributes/")),
    ] {
        lab.nailgun().add_fault(fault);
        try_with(name, &program);
        lab.nailgun().clear_faults();
    }
    lab.nailgun().leave_running("provision");
    try_with("busy", &program);
    let address = lab.nailgun_url();
    let lines = lines.replace(&address, "[NAILGUN]").replace(address.trim_start_matches("http://"), "[NAILGUN]");
    assert!(!lines.contains("wr0ng-s3cret"));
    assert_snapshot!(lines, @"
    down: exit 1
    error: Nailgun, logging in: [NAILGUN] refused the connection
    hint: is this the Fuel master, and does nailgun run there? (systemctl status nailgun nginx)
    401: exit 1
    error: Nailgun, logging in: user admin or the password is refused (401)
    hint: check user and password; after a change in Fuel, fuelclient's file and /etc/fuel/astute.yaml keep the old one
    403: exit 1
    error: Nailgun, reading environment 1: this user may not do that (403): Forbidden
    hint: the user needs the role admin in Fuel's Keystone
    404: exit 1
    error: Nailgun, reading environment 1: not found (404): Cluster not found
    hint: `fuel2 env list` on the master shows the environments that Nailgun has
    409: exit 7
    error: Nailgun, starting the run in environment 1: refused (409): Deployment already started
    hint: another task began meanwhile; wait for it and try again
    500: exit 1
    error: Nailgun, reading the nodes of environment 1: the server failed (500): IntegrityError: (psycopg2.IntegrityError) [31mduplicate key
    hint: see /var/log/nailgun/ and /var/log/nginx/ on the master
    reset: exit 1
    error: Nailgun, reading the repositories of environment 1: [NAILGUN] ended the connection before its answer was complete (Connection reset by peer)
    hint: try again; if it happens again, look at the server's log
    busy: exit 7
    error: task 1 (provision) is running in environment 1
    hint: wait for it; if fuel-updates started it: fuel-updates --env 1 install --attach 1
    ");
}

#[test]
fn an_environment_that_nailgun_does_not_know() {
    let lab = lab(&SMALL);
    let program = Program::in_lab(&lab);
    let text = std::fs::read_to_string(lab.inventory()).expect("the inventory").replace("env: 1", "env: 7");
    let file = program.file("env-7.yaml", text).display().to_string();
    let ran = program.run(&format!("-e 7 --inventory {file} install --yes"));
    assert_snapshot!(said(&ran), @"
    exit 1
    error: Nailgun, reading environment 7: not found (404): Cluster not found
    hint: `fuel2 env list` on the master shows the environments that Nailgun has
    ");
}
