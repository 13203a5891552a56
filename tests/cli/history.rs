//! `history` against the lab: runs and tasks as Nailgun's deployment history has them.

use std::time::Duration;

use fuel_lab::{Lab, NailgunMode, NodeSpec, Scenario};
use insta::assert_snapshot;

use crate::program::{MU_FILE, Program, Ran, mu};

const PATIENCE: Duration = Duration::from_secs(60);

fn scenario(roles: &[&str]) -> Scenario {
    let packages = ["fuel-misc", "nova-api", "nova-compute"];
    let scenario = packages.iter().fold(Scenario::new().published(mu(2)), |s, package| s.repo(package, "9.0.2"));
    (1..).zip(roles).fold(scenario, |s, (id, role)| {
        let service = if *role == "controller" { "nova-api" } else { "nova-compute" };
        let node = NodeSpec::new(id, &[role]).package("fuel-misc", "9.0.1").package(service, "1");
        s.node(node.service(service, true).file(MU_FILE, mu(1)))
    })
}

fn installed(roles: &[&str]) -> (Lab, Program) {
    let lab = Lab::start(scenario(roles)).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q install --yes");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    (lab, program)
}

/// Without what differs from run to run.
fn steady(ran: &Ran) -> String {
    let text = ran.picture();
    let words = text.split_inclusive([' ', '\n', '"', ',']).map(|word| {
        let bare = word.trim_end_matches([' ', '\n', '"', ',']);
        let end = &word[bare.len()..];
        let time = bare.len() == 20 && bare.starts_with("20") && bare.ends_with('Z');
        let run = bare.starts_with("20") && bare.contains("Z-");
        let shown = match () {
            () if time => "TIME",
            () if run => "RUN",
            () => bare,
        };
        format!("{shown}{end}")
    });
    words.collect()
}

#[test]
fn every_run_and_every_task_of_one() {
    let (_lab, program) = installed(&["controller", "compute"]);
    let columns = "-c task -c child -c what -c target -c status -c began -c done -c failed -c not-executed";
    assert_snapshot!(steady(&program.run(&format!("-e 1 history -f csv {columns} -c run"))), @"
    exit 0
    --- stdout
    task,child,what,target,status,began,done,failed,not-executed,run
    3,4,update,9.0-mu-2,done,TIME,18,0,0,RUN
    1,2,pre-checks,9.0-mu-2,done,TIME,3,0,0,RUN
    ");
    let of_run = program.run("-e 1 -q history 3 -f value -c node -c task -c status -c note -s node,task");
    assert_snapshot!(steady(&of_run), @"
    exit 0
    --- stdout
    node-1 mu_agents done 
    node-1 mu_backup done 
    node-1 mu_backup_database done 
    node-1 mu_check done 
    node-1 mu_check_cluster done 
    node-1 mu_commit done 
    node-1 mu_download done 
    node-1 mu_env done upload
    node-1 mu_ha done 
    node-1 mu_script done upload
    node-1 mu_script_cluster done upload
    node-1 mu_update_first done 
    node-1 mu_update_others done passes by
    node-1 mu_verify done 
    node-1 mu_verify_cluster done 
    node-2 mu_agents done 
    node-2 mu_backup done 
    node-2 mu_check done 
    node-2 mu_commit done 
    node-2 mu_download done 
    node-2 mu_env done upload
    node-2 mu_script done upload
    node-2 mu_update_canary done passes by
    node-2 mu_update_computes done 
    node-2 mu_update_others done passes by
    node-2 mu_verify done 
    ");
    let document = program.run("-e 1 -q history 4 -f json").json();
    assert_eq!((&document["schema"], &document["command"]), (&"fuel-updates/1".into(), &"history".into()));
    assert_eq!(
        document["runs"][0]["task"],
        serde_json::json!({"id": 3, "child": 4}),
        "the child's number finds it too"
    );
    assert_eq!(document["runs"][0]["target"]["title"], "9.0-mu-2");
    let commits: Vec<_> =
        document["tasks"].as_array().expect("tasks").iter().filter(|t| t["task"] == "mu_commit").collect();
    assert_eq!((commits.len(), &commits[0]["phase"]), (2, &"mu_end".into()));
    let times: Vec<&str> =
        document["tasks"].as_array().expect("tasks").iter().filter_map(|t| t["began"].as_str()).collect();
    assert!(times.is_sorted() && times.len() > 10, "{times:?}");
    let table = program.run("-e 1 history 3");
    assert!(table.stderr.contains("update to 9.0-mu-2, done in "), "{}", table.picture());
    let checks = program.run("-e 1 history 1 -f value -c task");
    assert!(checks.stderr.contains("were not chosen for this run"), "{}", checks.picture());
    assert!(!checks.stdout.contains("mu_commit"), "{}", checks.picture());
}

#[test]
fn a_failure_and_what_was_never_executed() {
    let lab = Lab::start(scenario(&["controller", "controller", "controller"])).expect("a lab");
    lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
    let program = Program::in_lab(&lab);
    assert_eq!(program.run("-e 1 -q install --yes").code, Some(6));
    let runs = program.run("-e 1 -q history -f json").json();
    let newest = &runs["runs"][0];
    assert_eq!((&newest["status"], &newest["what"]), (&"failed".into(), &"update".into()), "{newest}");
    assert_eq!(newest["tally"]["failed"], 1);
    let tasks = program.run("-e 1 history 3 -f value -c status -c node -c task");
    assert!(tasks.stdout.contains("failed node-2 mu_update_controllers\n"), "{}", tasks.picture());
    assert!(tasks.stdout.contains("not-executed node-3 mu_update_controllers\n"), "{}", tasks.picture());
    assert!(tasks.stderr.contains("Nailgun says: "), "{}", tasks.picture());
}

#[test]
fn a_page_of_a_run() {
    let (lab, program) = installed(&["controller", "compute"]);
    let ran = program.run("-e 1 history --timeline page.html -f json");
    let document = ran.json();
    assert_eq!(
        (ran.code, &document["timeline"], &document["runs"][0]["task"]["id"]),
        (Some(0), &"page.html".into(), &3.into())
    );
    assert!(ran.stderr.contains("the timeline of task 3 is in page.html"), "{}", ran.picture());
    let page = std::fs::read_to_string(program.state().with_file_name("page.html")).expect("the page");
    assert!(page.contains("Maintenance update to 9.0-mu-2") && page.contains("badge done"));
    assert_eq!(page.matches("<tr class=\"done").count(), 26, "every task is there");
    let checks = program.run("-e 1 -q history 1 --timeline page.html -f value -c what");
    assert_eq!(checks.stdout, "pre-checks\n");
    let page = std::fs::read_to_string(program.state().with_file_name("page.html")).expect("the page");
    assert!(page.contains("Pre-checks for 9.0-mu-2") && page.ends_with("</html>\n"));
    let asked = lab.nailgun().asked().len();
    let nowhere = program.run("-e 1 -q history 3 --timeline no/folder/page.html");
    let expected = "error: cannot write no/folder/page.html: No such file or directory\n";
    assert_eq!((nowhere.code, nowhere.stdout.as_str(), nowhere.stderr.as_str()), (Some(1), "", expected));
    assert_eq!(lab.nailgun().asked().len(), asked, "Nailgun was asked for a page that cannot be written");
}

#[test]
fn what_it_refuses() {
    let lab = Lab::start(scenario(&["controller"])).expect("a lab");
    let program = Program::in_lab(&lab);
    let mut pictures = String::new();
    let mut picture = |line: &str| pictures.push_str(&format!("{line}: {}", program.run(line).picture()));
    picture("-e 1 history");
    picture("-e 1 history 99");
    picture("-e 1 history --timeline x.html");
    picture("-e 1 -q history -f csv -c nothing");
    lab.nailgun().leave_running("provision");
    picture("-e 1 history 1");
    picture("-e 7 history");
    picture("-e 1 history first");
    assert_snapshot!(pictures, @"
    -e 1 history: exit 0
    --- stderr
    no installations recorded for environment 1
    -e 1 history 99: exit 1
    --- stderr
    error: Nailgun has no task 99
    hint: `fuel-updates --env 1 history` lists the runs
    -e 1 history --timeline x.html: exit 1
    --- stderr
    error: no installations recorded for environment 1
    hint: `fuel-updates --env 1 install` makes one
    -e 1 -q history -f csv -c nothing: exit 2
    --- stderr
    error: there is no column `nothing`
    hint: columns: task, child, what, target, status, began, ended, duration, done, failed, not-executed, run
    -e 1 history 1: exit 1
    --- stderr
    error: task 1 (provision) is not an installation
    hint: `fuel-updates --env 1 history` lists the runs
    -e 7 history: exit 1
    --- stderr
    error: Nailgun, reading environment 7: not found (404): Cluster not found
    hint: `fuel2 env list` on the master shows the environments that Nailgun has
    -e 1 history first: exit 2
    --- stderr
    error: invalid value 'first' for '[TASK]': invalid digit found in string

    For more information, try '--help'.
    ");
    lab.nailgun().suspend();
    let down = program.run("-e 1 history");
    assert_eq!(down.code, Some(1));
    assert!(down.stderr.contains("hint: is this the Fuel master"), "{}", down.picture());
}

#[test]
fn a_run_that_goes_on_and_one_of_9_0() {
    let lab = Lab::start(scenario(&["controller", "compute"]).task_delay(Duration::from_millis(300))).expect("a lab");
    let program = Program::in_lab(&lab);
    let detached = program.run("-e 1 -q install --yes --detach");
    assert_eq!(detached.code, Some(0), "{}", detached.picture());
    assert!(lab.nailgun().wait_for("mu_backup", 2, "running", PATIENCE), "the update has begun");
    let run = &program.run("-e 1 -q history -f json").json()["runs"][0];
    assert_eq!(
        (&run["status"], &run["ended"], &run["tally"]["not_executed"]),
        (&"running".into(), &().into(), &0.into())
    );
    assert!(run["tally"]["waiting"].as_u64() > Some(0), "{run}");
    assert!(lab.nailgun().wait_until_idle(PATIENCE));

    let lab = Lab::start(scenario(&["controller"]).nailgun(NailgunMode::V9_0)).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q install --yes --detach");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert!(lab.nailgun().wait_until_idle(PATIENCE));
    let runs = program.run("-e 1 -q history -f csv -c what -c target -c status -c failed -c not-executed");
    assert_snapshot!(runs.picture(), @"
    exit 0
    --- stdout
    what,target,status,failed,not-executed
    update,9.0-mu-2,done,0,0
    pre-checks,9.0-mu-2,done,0,0
    ");
}
