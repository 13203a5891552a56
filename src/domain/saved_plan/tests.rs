use super::*;

fn package(name: &str, from: Option<&str>, to: &str) -> PackageChange {
    PackageChange { name: name.to_owned(), from: from.map(str::to_owned), to: to.to_owned() }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn node(id: u32, role: &str) -> SavedNode {
    SavedNode {
        id: NodeId(id),
        name: format!("node-{id}"),
        roles: words(&[role]),
        before: Some("9.0-mu-1".to_owned()),
        packages: vec![package("nova-common", Some("1"), "2")],
        removals: vec![],
        holds: vec![],
        customised: vec![],
        services: words(&["nova-compute"]),
        resources: vec![],
    }
}

fn plan() -> SavedPlan {
    SavedPlan {
        format: PLAN_FORMAT.to_owned(),
        saved_at: "2026-11-29T10:00:00Z".to_owned(),
        environment: EnvId(1),
        nailgun: "10.20.0.2:8000".to_owned(),
        mos_version: Some("9.0".to_owned()),
        target: SavedTarget { id: 2, title: "9.0-mu-2".into(), timestamp: 20, file_sha256: "ab".repeat(32) },
        repositories: words(&["deb http://m/mos mos9.0-updates main"]),
        graph_sha256: "cd".repeat(32),
        options: SavedOptions { batch: 5, ..SavedOptions::default() },
        phases: vec![
            SavedPhase { phase: "first-controller".into(), nodes: words(&["node-1"]) },
            SavedPhase { phase: "computes".into(), nodes: words(&["node-2", "node-3"]) },
        ],
        first_controller: Some("node-1".to_owned()),
        left_out: vec![],
        nodes: vec![node(1, "controller"), node(2, "compute"), node(3, "compute")],
    }
}

/// The differences before and after the pre-checks once something is changed.
fn differs(change: impl FnOnce(&mut SavedPlan)) -> (Vec<String>, Vec<String>) {
    let (plan, mut now) = (plan(), plan());
    change(&mut now);
    (plan.differs_before_checks(&now), plan.differs_after_checks(&now))
}

#[test]
fn the_same_plan_holds_whoever_saved_it_and_when() {
    let same = differs(|now| {
        now.saved_at = "later".into();
        now.nodes.reverse();
        now.nodes[0].roles = words(&["compute"]);
        now.left_out = vec![];
    });
    assert_eq!(same, (vec![], vec![]));
    let text = serde_json::to_vec(&plan()).unwrap();
    assert_eq!(SavedPlan::read(&text), Ok(plan()));
}

#[test]
fn every_change_before_the_checks_is_named() {
    let before = |change: fn(&mut SavedPlan)| differs(change).0;
    assert_eq!(
        before(|now| (now.target.id, now.target.title) = (3, "9.0-mu-3".into())),
        ["the mirror has 9.0-mu-3 (id 3, timestamp 20); the plan has 9.0-mu-2 (id 2, timestamp 20)"]
    );
    assert_eq!(
        before(|now| now.target.file_sha256 = "00".into()),
        ["the mirror's mu-version.json of 9.0-mu-2 was changed"]
    );
    assert_eq!(before(|now| now.mos_version = None), ["the environment's MOS version is none; in the plan 9.0"]);
    assert_eq!(
        before(|now| now.repositories = words(&["deb http://other mos9.0 main"])),
        [
            "repository not in the plan: deb http://other mos9.0 main",
            "repository only in the plan: deb http://m/mos mos9.0-updates main",
        ]
    );
    assert_eq!(
        before(|now| now.graph_sha256 = "ef".repeat(32)),
        ["the graph is another one: SHA-256 efefefefefef…; in the plan cdcdcdcdcdcd…"]
    );
    assert_eq!(
        before(|now| {
            for node in &mut now.nodes[1..] {
                node.before = None;
            }
        }),
        ["node-[2-3]: runs no update; in the plan 9.0-mu-1"]
    );
    assert_eq!(
        before(|now| now.nodes[2].roles = words(&["compute", "cinder"])),
        ["node-3: has the roles compute, cinder; in the plan compute"]
    );
    assert_eq!(
        before(|now| {
            now.phases[1].nodes.pop();
            now.phases.push(SavedPhase { phase: "storage".into(), nodes: words(&["node-3"]) });
        }),
        ["node-3: its phase is storage; in the plan computes"]
    );
    assert_eq!(
        before(|now| {
            now.nodes.pop();
            now.nodes.push(node(4, "compute"));
            now.left_out.push(("node-3".into(), "offline".into()));
        }),
        [
            "node-4: would take part, and is not in the plan",
            "node-3: is in the plan, and would not take part",
            "node-3: is left out; in the plan it is not",
        ]
    );
    assert_eq!(before(|now| now.nodes[0].id = NodeId(9)), ["node-1: has the ID 9; in the plan 1"]);
}

#[test]
fn every_change_that_the_checks_find_is_named() {
    let after = |change: fn(&mut SavedPlan)| differs(change).1;
    assert_eq!(
        after(|now| {
            for node in &mut now.nodes {
                node.packages[0].to = "3".into();
            }
        }),
        ["node-[1-3]: nova-common would go from 1 to 3; in the plan from 1 to 2"]
    );
    assert_eq!(
        after(|now| now.nodes[0].packages = vec![package("glance", None, "7")]),
        [
            "node-1: glance would go from nothing to 7; not in the plan",
            "node-1: nova-common would not change; in the plan it goes to 2",
        ]
    );
    assert_eq!(
        after(|now| {
            now.nodes[1].removals = words(&["old-nova"]);
            now.nodes[1].holds = words(&["qemu"]);
            now.nodes[1].customised = words(&["horizon"]);
            now.nodes[1].services = words(&["nova-api"]);
            now.nodes[1].resources = words(&["p_neutron-l3-agent"]);
        }),
        [
            "node-2: old-nova would be removed; not in the plan",
            "node-2: qemu is held and would stay behind; not in the plan",
            "node-2: horizon has changed files, which would be overwritten; not in the plan",
            "node-2: nova-api would be restarted; not in the plan",
            "node-2: nova-compute would be restarted only in the plan",
            "node-2: p_neutron-l3-agent would be restarted in pacemaker; not in the plan",
        ]
    );
    assert_eq!(
        after(|now| now.first_controller = Some("node-2".into())),
        ["the first controller is node-2; in the plan node-1"]
    );
}

#[test]
fn what_the_checks_found_is_sorted_into_the_node() {
    let mut plan = plan();
    let report = Report {
        packages: vec![package("b", None, "1"), package("a", Some("1"), "2")],
        services: words(&["z", "y"]),
        ..Report::default()
    };
    plan.found(NodeId(3), &report);
    plan.found(NodeId(99), &report);
    let node = &plan.nodes[2];
    assert_eq!((node.packages[0].name.as_str(), node.services[0].as_str()), ("a", "y"));
    assert_eq!(plan.upgrades(), 4);
}

#[test]
fn what_is_no_plan_is_refused_and_its_text_is_safe_to_show() {
    let read = |text: &str| SavedPlan::read(text.as_bytes()).unwrap_err().to_string();
    assert!(read("").starts_with("not a plan: "));
    assert!(read(r#"{"format": "fuel-updates-plan/1"}"#).starts_with("not a plan: missing field"));
    assert_eq!(
        read(r#"{"format": "fuel-updates-plan/2\u001b[2J", "more": 1}"#),
        "its format is `fuel-updates-plan/2 [2J`; this version reads fuel-updates-plan/1"
    );
    let mut twice = plan();
    twice.nodes.push(node(3, "compute"));
    assert_eq!(read(&serde_json::to_string(&twice).unwrap()), "node-3 is listed twice");
    let mut odd = plan();
    odd.nodes[0].name = "node\u{1b}[2J-1".into();
    let shown = plan().differs_before_checks(&odd);
    assert!(shown.iter().all(|line| !line.contains('\u{1b}')), "{shown:?}");
}
