//! Installations that are refused and installations that fail, each with its exit status and its telling line.

use std::fmt::Write as _;
use std::time::Duration;

use fuel_lab::{Lab, NailgunMode, NodeSpec, Scenario, TaskFault};
use insta::assert_snapshot;

use crate::program::{MU_FILE, Program, Ran, mu};

/// A node of MU 1 with a package that the repositories have newer.
pub(super) fn node(id: u32, role: &str) -> NodeSpec {
    NodeSpec::new(id, &[role])
        .package("fuel-misc", "1")
        .package("nova-api", "1")
        .service("nova-api", true)
        .file(MU_FILE, mu(1))
}

pub(super) fn site() -> Scenario {
    // A service that does not come back is given up sooner than in the field.
    let site =
        Scenario::new().variable("MU_SERVICE_WAIT", "2").published(mu(2)).repo("fuel-misc", "2").repo("nova-api", "2");
    site.node(node(1, "controller")).node(node(2, "controller")).node(node(3, "compute"))
}

/// One line of the table: what is said, without places that change.
fn line(name: &str, ran: &Ran) -> String {
    let picture = ran.picture();
    let told = picture.lines().filter(|l| {
        l.contains("temporary changes ")
            || l.starts_with("  node-")
            || l.starts_with("  env")
            || l.starts_with("error: ")
            || l.starts_with("Nailgun says: ")
            // How often a fault is met depends on the moment.
            || (l.starts_with("warning: ") && !l.starts_with("warning: Nailgun, "))
    });
    let mut told: Vec<&str> = told.map(str::trim).collect();
    // Rows of the outcome's table that tell something: id, name, before, after, reached, detail.
    let cells = |l: &str| l.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = ran.stdout.lines().map(cells).filter(|c| c.len() == 8 && c[1] != "id").collect();
    let rows: Vec<String> =
        rows.iter().filter(|c| !c[6].is_empty()).map(|c| format!("{} {}: {}", c[2], c[5], c[6])).collect();
    told.extend(rows.iter().map(String::as_str));
    let last = ran.stdout.lines().last().unwrap_or_default();
    let words = ["failed: ", "lost: ", "stopped: ", "verified", "nothing to do: ", "started: ", "planned"];
    if words.iter().any(|word| last.starts_with(word)) {
        told.push(last);
    }
    let mut text = String::new();
    let _ = writeln!(text, "{name}: exit {}", ran.code.unwrap_or(-1));
    for line in told {
        // The moment of a phase is another one each time.
        let line = line.split(", since ").next().unwrap_or_default();
        // So is the address of a lab.
        let words = line.split(' ').map(|word| if word.starts_with("127.77.") { "[ADDRESS]" } else { word });
        let _ = writeln!(text, "    {}", words.collect::<Vec<_>>().join(" "));
    }
    text
}

/// How installations went: name, exit status, telling lines.
#[derive(Default)]
pub(super) struct Table(String);

impl Table {
    /// Starts a lab, lets `prepare` spoil it, runs `install --yes` with more words, and notes what was said.
    pub(super) fn add(&mut self, name: &str, scenario: Scenario, prepare: impl FnOnce(&Lab), more: &str) -> (Lab, Ran) {
        let lab = Lab::start(scenario).expect("a lab");
        prepare(&lab);
        let yes = if more.contains("--dry-run") { "" } else { "--yes" };
        let ran = Program::in_lab(&lab).run(&format!("-e 1 install {yes} {more}"));
        self.0.push_str(&line(name, &ran));
        (lab, ran)
    }

    /// The table.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The same, and nothing may have been started.
    pub(super) fn refused(&mut self, name: &str, scenario: Scenario, prepare: impl FnOnce(&Lab), more: &str) {
        let (lab, ran) = self.add(name, scenario, prepare, more);
        assert_eq!(lab.nailgun().started("deploy"), 0, "{name}: {}", ran.picture());
        assert!(lab.nailgun().asked().iter().all(|r| r.starts_with("GET ") || r.contains("/keystone/")), "{name}");
    }
}

pub(super) fn nothing(_: &Lab) {}

#[test]
fn refusals() {
    let mut table = Table::default();
    let with = |change: &dyn Fn(&mut NodeSpec)| {
        let mut odd = node(4, "compute");
        change(&mut odd);
        site().node(odd)
    };
    table.refused("offline in Nailgun only", site(), |lab| lab.nailgun().set_online(3, false), "");
    table.refused("pending deletion", site(), |lab| lab.nailgun().set_pending_deletion(3, true), "");
    table.refused("in discover", site(), |lab| lab.nailgun().set_node_status(3, "discover"), "");
    table.refused("only in Nailgun", with(&|n| n.in_inventory = false), nothing, "");
    table.refused("only in the inventory", with(&|n| n.in_nailgun = false), nothing, "");
    table.refused(
        "ahead of the mirror",
        with(&|n| n.files.push((MU_FILE.into(), mu(3).into_bytes(), 0o644))),
        nothing,
        "",
    );
    table.refused("invalid", with(&|n| n.files.push((MU_FILE.into(), b"{}".to_vec(), 0o644))), nothing, "");
    table.refused("wrong node", with(&|n| n.uid = Some("77".into())), nothing, "");
    table.refused("unverified", with(&|n| n.uid = None), nothing, "");
    table.refused("unknown role selected", site(), nothing, "--roles mongo");
    table.refused("no controller selected", site(), nothing, "--nodes 3");
    table.refused(
        "environment of 8.0",
        site().mos_version("8.0").mirror_file("mcv/mos/8.0/mu-version.json", mu(2)),
        nothing,
        "",
    );
    table.refused("environment in error", site(), |lab| lab.nailgun().set_cluster_status("error"), "");
    table.refused("another version given", site(), nothing, "--mos-version 9.2");
    table.refused(
        "a task left running",
        site(),
        |lab| {
            lab.nailgun().leave_running("provision");
        },
        "",
    );
    table.refused(
        "a stop that never ends",
        site(),
        |lab| {
            lab.nailgun().leave_running("stop_deployment");
        },
        "",
    );
    table.refused("no such task to attach", site(), nothing, "--attach 99");
    table.refused("nothing to attach", site(), nothing, "--attach");
    assert_snapshot!(table.text(), @"
    offline in Nailgun only: exit 1
        node-3: answers over SSH, but is offline in Nailgun
        error: cannot install (1 reason); nothing was changed
    pending deletion: exit 1
        node-3: is about to be deleted
        error: cannot install (1 reason); nothing was changed
    in discover: exit 1
        node-3: is not deployed yet
        error: cannot install (1 reason); nothing was changed
    only in Nailgun: exit 1
        node-4: is in Nailgun and not in the inventory
        error: cannot install (1 reason); nothing was changed
    only in the inventory: exit 1
        node-4: is in the inventory and not in Nailgun's environment 1
        error: cannot install (1 reason); nothing was changed
    ahead of the mirror: exit 1
        node-4: runs 9.0-mu-3, which is newer than the mirror's
        error: cannot install (1 reason); nothing was changed
    invalid: exit 1
        node-4: invalid: `id` is missing
        error: cannot install (1 reason); nothing was changed
    wrong node: exit 1
        node-4: wrong-node: node 77 answers at this address
        error: cannot install (1 reason); nothing was changed
    unverified: exit 1
        node-4: its identity is unverified
        error: cannot install (1 reason); nothing was changed
    unknown role selected: exit 1
        error: no node has the role `mongo`; known roles: compute, controller
    no controller selected: exit 1
        error: cannot install (1 reason); nothing was changed
    environment of 8.0: exit 1
        environment 1 runs MOS 8.0: an environment can have its own graph from 9.0 on
        error: cannot install (1 reason); nothing was changed
    environment in error: exit 1
        environment 1 is `error`: it must be operational, stopped or partially_deployed
        error: cannot install (1 reason); nothing was changed
    another version given: exit 1
        error: the option says MOS 9.2, Nailgun says 9.0 of environment 1
    a task left running: exit 7
        error: task 1 (provision) is running in environment 1
    a stop that never ends: exit 7
        error: task 1 (stop_deployment) is running in environment 1
    no such task to attach: exit 1
        error: Nailgun has no task 99
    nothing to attach: exit 1
        error: no installations recorded for environment 1
    ");
}

#[test]
fn failures() {
    let mut table = Table::default();
    let stub = |id: u32, name: &'static str, argument: &'static str| {
        move |lab: &Lab| lab.node(id).set_stub_fault(name, argument).expect("a fault")
    };
    let mut committed_nothing = |name: &str, prepare: &dyn Fn(&Lab), more: &str| {
        let (lab, ran) = table.add(name, site(), prepare, more);
        for id in 1..=3 {
            assert_eq!(lab.node(id).read(MU_FILE).expect("the file"), mu(1), "{name}: {}", ran.picture());
        }
    };
    committed_nothing("broken repository", &stub(2, "apt-update", ""), "");
    committed_nothing("planned removal", &stub(2, "removal", "nova-api"), "");
    committed_nothing("held package", &stub(3, "hold", "nova-api"), "");
    committed_nothing("disk full", &stub(3, "disk-full", ""), "");
    committed_nothing("dpkg's book is not clean", &stub(3, "audit", "nova-api"), "");
    committed_nothing("a package fails to configure", &stub(1, "postinst", "nova-api"), "");
    committed_nothing("a service does not come back", &stub(1, "service-down", "nova-api"), "");
    committed_nothing("the script is killed", &stub(2, "die", "nova-api"), "");
    let commit_fails = |lab: &Lab| lab.nailgun().set_task_fault("mu_verify", Some(3), TaskFault::Fail);
    committed_nothing("verification fails", &commit_fails, "");
    committed_nothing("Astute is lost", &|lab: &Lab| lab.nailgun().lose_astute(), "--give-up-after 3");
    assert_snapshot!(table.text(), @"
    broken repository: exit 6
        warning: the pre-checks found what forbids the update; nothing was changed on any node
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_check/2] Stopping the deployment process!
        node-2 untouched: check failed; apt-get update: W: Failed to fetch http://mirror/dists/Packages Hash Sum mismatch
        failed: nothing was changed on any node (task 1)
    planned removal: exit 6
        warning: the pre-checks found what forbids the update; nothing was changed on any node
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_check/2] Stopping the deployment process!
        node-2 untouched: check failed; packages would be removed: nova-api
        failed: nothing was changed on any node (task 1)
    held package: exit 6
        warning: the pre-checks found what forbids the update; nothing was changed on any node
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_check/3] Stopping the deployment process!
        node-3 untouched: check failed; held packages would stay behind: nova-api
        failed: nothing was changed on any node (task 1)
    disk full: exit 6
        warning: the pre-checks found what forbids the update; nothing was changed on any node
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_check/3] Stopping the deployment process!
        node-3 untouched: check failed; not enough space on /: 0 MB free, 208 MB needed
        failed: nothing was changed on any node (task 1)
    dpkg's book is not clean: exit 6
        warning: the pre-checks found what forbids the update; nothing was changed on any node
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_check/3] Stopping the deployment process!
        node-3 untouched: check failed; packages not in order: nova-api
        failed: nothing was changed on any node (task 1)
    a package fails to configure: exit 6
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_update_first/1] Stopping the deployment process!
        node-1 begun: update first controller failed; incomplete (to 9.0-mu-2, phase packages
        node-2 untouched: runs 9.0-mu-1, not 9.0-mu-2
        node-3 untouched: runs 9.0-mu-1, not 9.0-mu-2
        failed: 9.0-mu-2 is not verified on every node (task 3)
    a service does not come back: exit 6
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_update_first/1] Stopping the deployment process!
        node-1 begun: update first controller failed; incomplete (to 9.0-mu-2, phase services
        node-2 untouched: runs 9.0-mu-1, not 9.0-mu-2
        node-3 untouched: runs 9.0-mu-1, not 9.0-mu-2
        failed: 9.0-mu-2 is not verified on every node (task 3)
    the script is killed: exit 6
        temporary changes of interrupted scripts were undone on node-2
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_update_controllers/2] Stopping the deployment process!
        node-1 begun: incomplete (to 9.0-mu-2, phase updated
        node-2 begun: update other controllers failed; incomplete (to 9.0-mu-2, phase packages
        node-3 untouched: runs 9.0-mu-1, not 9.0-mu-2
        failed: 9.0-mu-2 is not verified on every node (task 3)
    verification fails: exit 6
        Nailgun says: All nodes are finished. Failed tasks: Task[mu_verify/3] Stopping the deployment process!
        node-1 begun: incomplete (to 9.0-mu-2, phase verified
        node-2 begun: incomplete (to 9.0-mu-2, phase verified
        node-3 begun: verify failed; incomplete (to 9.0-mu-2, phase updated
        failed: 9.0-mu-2 is not verified on every node (task 3)
    Astute is lost: exit 6
        lost: Nailgun does not report how the run ended (task 1)
    ");
}

#[test]
fn nailgun_of_another_version() {
    for mode in [NailgunMode::V10_0, NailgunMode::V9_0] {
        let lab = Lab::start(site().nailgun(mode)).expect("a lab");
        let ran = Program::in_lab(&lab).run("-e 1 -q install --yes -f json");
        assert_eq!((ran.code, &ran.json()["result"]), (Some(0), &"verified".into()), "{mode:?}: {}", ran.picture());
    }
}

#[test]
fn detached_and_watched_by_nobody() {
    let lab = Lab::start(site()).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q install --yes --detach -f json");
    assert_eq!((ran.code, &ran.json()["result"]), (Some(0), &"started".into()), "{}", ran.picture());
    assert!(lab.nailgun().wait_until_idle(Duration::from_secs(120)), "the run ends by itself");
    let check = program.run("-e 1 -q check installed -f value -c state -c MU -c detail");
    assert_eq!(check.stdout, "installed 9.0-mu-2 \n".repeat(3));
}

#[test]
fn credentials_from_the_clients_own_file() {
    let lab = Lab::start(site()).expect("a lab");
    let url = lab.nailgun_url();
    let (address, port) = url.trim_start_matches("http://").split_once(':').expect("address and port");
    let mut program = Program::in_lab(&lab);
    for name in ["FUEL_UPDATES_NAILGUN_URL", "OS_USERNAME", "OS_PASSWORD"] {
        program = program.variable(name, "");
    }
    let none = program.run("-e 1 install --dry-run");
    assert_snapshot!(line("no credentials", &none), @"
    no credentials: exit 1
        error: Nailgun's address is not known
    ");
    for (user, password) in [("OS_USERNAME", "OS_PASSWORD"), ("KEYSTONE_USER", "KEYSTONE_PASS")] {
        let text = format!(
            "SERVER_ADDRESS: \"{address}\"\nSERVER_PORT: \"{port}\"\n{user}: \"admin\"\n{password}: \"admin\"\n"
        );
        program.file(".config/fuel/fuel_client.yaml", text);
        let ran = program.run("-e 1 -q install --dry-run");
        assert_eq!(ran.code, Some(0), "{}", ran.picture());
    }
}
