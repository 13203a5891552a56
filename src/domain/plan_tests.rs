//! What is targeted, left alone, left out and refused.

use std::time::Duration;

use super::super::failure::NodeFailure;
use super::super::node::{Access, Host};
use super::super::numbers::EnvId;
use super::super::probe::{FileAnswer, Lock, ProbeAnswer, Uid};
use super::super::proof::proof_fault;
use super::*;

fn node(id: u32, role: &str) -> Node {
    Node {
        id: Some(NodeId(id)),
        name: format!("node-{id}"),
        fqdn: None,
        label: None,
        roles: vec![role.to_owned()],
        host: Host::Ip([10, 20, 0, id as u8].into()),
        port: None,
        access: Access::default(),
    }
}

fn env(nodes: &[Node]) -> Environment {
    let known = |n: &Node| EnvironmentNode {
        id: n.id.unwrap(),
        name: n.name.clone(),
        host: Some(n.host.clone()),
        roles: n.roles.clone(),
        status: "ready".into(),
        online: true,
        pending_addition: false,
        pending_deletion: false,
    };
    Environment {
        id: EnvId(1),
        name: "prod".into(),
        status: "operational".into(),
        mos_version: "9.0".parse().ok(),
        nodes: nodes.iter().map(known).collect(),
    }
}

fn row(node: &Node, mu: Option<u64>) -> Row {
    let file =
        |id: u64| FileAnswer::Content(format!(r#"{{"id":{id},"title":"mu-{id}","timestamp":{id}}}"#).into_bytes());
    let answer = ProbeAnswer {
        mu: mu.map_or(FileAnswer::Missing, file),
        state: FileAnswer::Missing,
        uid: node.id.map_or(Uid::Missing, |id| Uid::Number(id.0)),
        mos_version: None,
        lock: Lock::Free,
    };
    Row::answered(node.clone(), &answer, Duration::ZERO)
}

fn target() -> Mu {
    Mu { id: 2, title: "mu-2".into(), timestamp: 2, doc_link: None }
}

fn site() -> Vec<Node> {
    vec![node(1, "controller"), node(2, "controller"), node(3, "compute"), node(4, "cinder")]
}

fn plan(env: &Environment, nodes: &[Node], rows: &[Row]) -> Plan {
    Plan::new(env, nodes, rows, true, &target(), Allowances::default())
}

fn reasons(plan: &Plan) -> Vec<String> {
    let text = |r: &Refusal| format!("{}: {}", r.node.as_deref().unwrap_or("env"), r.reason);
    plan.refusals.iter().map(text).collect()
}

#[test]
fn older_and_missing_updates_are_targeted_and_the_rest_left_alone() {
    let nodes = site();
    let rows: Vec<Row> = nodes.iter().zip([Some(1), None, Some(2), Some(1)]).map(|(n, mu)| row(n, mu)).collect();
    let plan = plan(&env(&nodes), &nodes, &rows);
    assert_eq!(reasons(&plan), Vec::<String>::new());
    let ids: Vec<u32> = plan.targeted.iter().map(|t| t.id.0).collect();
    assert_eq!((ids, plan.at_target.len()), (vec![1, 2, 4], 1));
    let phases: Vec<_> = plan.phases().iter().map(|(p, n)| (*p, n.len())).collect();
    assert_eq!(phases, [(Phase::FirstController, 1), (Phase::Controllers, 1), (Phase::Storage, 1)]);
}

/// The lowest controller is expected to be the primary one, whether it is updated now or was before.
#[test]
fn who_is_up_to_date_leaves_no_first_controller_and_one_compute_has_no_others_to_go_before() {
    let nodes = site();
    let phases = |updates: [u64; 4]| -> Vec<_> {
        let rows: Vec<Row> = nodes.iter().zip(updates).map(|(n, mu)| row(n, Some(mu))).collect();
        plan(&env(&nodes), &nodes, &rows).phases().iter().map(|(phase, _)| *phase).collect()
    };
    assert_eq!(phases([2, 1, 1, 1]), [Phase::Controllers, Phase::Storage, Phase::Computes]);
    assert_eq!(phases([1, 1, 1, 2]), [Phase::FirstController, Phase::Controllers, Phase::Computes]);
}

#[test]
fn nailguns_list_is_the_truth() {
    let nodes = site();
    let mut env = env(&nodes);
    env.nodes.remove(0);
    env.nodes[0].host = Some(Host::Ip([10, 20, 0, 99].into()));
    env.nodes[1].roles = vec!["ceph-osd".into()];
    env.nodes.push(EnvironmentNode { id: NodeId(9), name: "node-9".into(), ..env.nodes[2].clone() });
    let rows: Vec<Row> = nodes.iter().map(|n| row(n, None)).collect();
    assert_eq!(
        reasons(&plan(&env, &nodes, &rows)),
        [
            "node-9: is in Nailgun and not in the inventory",
            "node-1: is in the inventory and not in Nailgun's environment 1",
            "node-2: has the address 10.20.0.2 in the inventory and 10.20.0.99 in Nailgun",
            "node-3: has the roles compute in the inventory and ceph-osd in Nailgun",
        ]
    );
}

#[test]
fn each_refusal_names_its_node() {
    let nodes = site();
    let mut env = env(&nodes);
    env.nodes[0].pending_deletion = true;
    env.nodes[1].online = false;
    let failure = NodeFailure::new(FailureKind::Unreachable, "connection refused");
    let mut rows = vec![row(&nodes[0], None), row(&nodes[1], None), row(&nodes[2], Some(3))];
    rows.push(Row::not_asked(nodes[3].clone(), failure, Duration::ZERO));
    assert_eq!(
        reasons(&plan(&env, &nodes, &rows)),
        [
            "node-1: is about to be deleted",
            "node-2: answers over SSH, but is offline in Nailgun",
            "node-3: runs mu-3, which is newer than the mirror's",
            "node-4: unreachable: connection refused",
        ]
    );
    let allow = Allowances { offline: true, no_controller: true, own_failure: false };
    let allowed = Plan::new(&env, &nodes, &rows, true, &target(), allow);
    assert_eq!((allowed.refusals.len(), allowed.left_out.len()), (2, 2));
}

#[test]
fn environments_that_are_refused() {
    let nodes = site();
    let rows: Vec<Row> = nodes.iter().map(|n| row(n, None)).collect();
    let mut env = env(&nodes);
    env.mos_version = "8.0".parse().ok();
    env.status = "deployment".into();
    let reasons = reasons(&plan(&env, &nodes, &rows));
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].starts_with("env: environment 1 runs MOS 8.0"), "{reasons:?}");
    env.mos_version = "10.0".parse().ok();
    env.status = "stopped".into();
    assert!(plan(&env, &nodes, &rows).refusals.is_empty());
}

#[test]
fn a_selection_without_a_controller_wants_a_word() {
    let nodes = site();
    let rows = vec![row(&nodes[2], None)];
    let make = |allow| Plan::new(&env(&nodes), &nodes, &rows, false, &target(), allow);
    assert_eq!(reasons(&make(Allowances::default())), ["env: no controller is selected"]);
    assert!(make(Allowances { no_controller: true, ..Allowances::default() }).refusals.is_empty());
}

#[test]
fn a_proof_needs_the_file_a_finished_state_and_evidence() {
    let n = node(1, "controller");
    assert_eq!(proof_fault(&row(&n, None), &target()).unwrap(), "none");
    assert_eq!(proof_fault(&row(&n, Some(1)), &target()).unwrap(), "runs mu-1, not mu-2");
    let by_hand = proof_fault(&row(&n, Some(2)), &target()).unwrap();
    assert_eq!(by_hand, "its file names the update, but no finished installation does");
    let state = r#"{"run":"r","target":{"id":2,"title":"mu-2","timestamp":2},"phase":"done","since":1,"evidence":
        {"upgraded":1,"upgradable":0,"audit":"clean","services":"up","fuel_misc":"absent"}}"#;
    let answer = |state: &str| ProbeAnswer {
        mu: FileAnswer::Content(br#"{"id":2,"title":"mu-2","timestamp":2}"#.to_vec()),
        state: FileAnswer::Content(state.as_bytes().to_vec()),
        uid: Uid::Number(1),
        mos_version: None,
        lock: Lock::Free,
    };
    let proof = |state: &str| proof_fault(&Row::answered(n.clone(), &answer(state), Duration::ZERO), &target());
    assert_eq!(proof(state), None);
    assert_eq!(proof(&state.replace("\"up\"", "\"nova-api\"")).unwrap(), "services down: nova-api");
    assert!(proof(&state.replace("done", "packages")).unwrap().starts_with("incomplete"));
}
