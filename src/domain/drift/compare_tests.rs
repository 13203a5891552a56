use proptest::prelude::*;

use super::super::ask::RawFact;
use super::super::fact::{Compared, FactPool};
use super::super::snapshot::{Changes, Snapshot};
use super::*;
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::numbers::EnvId;

/// Nodes: roles, and facts as `KIND KEY=VALUE`; a role that begins with `-` is a node that is not compared.
fn nodes(given: &[(&str, &[&str])], pool: &mut FactPool) -> Vec<DriftNode> {
    let node = |id: u32, roles: &str| Node {
        id: Some(NodeId(id)),
        name: format!("node-{id}"),
        fqdn: None,
        label: None,
        roles: roles.trim_start_matches('-').split('+').map(str::to_owned).collect(),
        host: Host::Name("x".into()),
        port: None,
        access: Access::default(),
    };
    (1..)
        .zip(given)
        .map(|(id, (roles, facts))| {
            let mut own = Vec::new();
            let mut unknown = Vec::new();
            for fact in *facts {
                let (kind, rest) = fact.split_once(' ').unwrap();
                let kind = Kind::parse(kind).unwrap();
                match rest.split_once('=') {
                    Some((key, value)) => own.push(pool.fact(kind, key, value)),
                    None => unknown.push((kind, rest.to_owned())),
                }
            }
            pool.sort(&mut own);
            let compared = if roles.starts_with('-') { Compared::No("timeout", String::new()) } else { Compared::Yes };
            DriftNode { node: node(id, roles), compared, hint: None, facts: own, unknown, clock: None }
        })
        .collect()
}

/// The differences as text: `SCOPE KIND KEY: MAJORITY@NODES | VALUE@NODES …`, positions from 1.
fn differ(given: &[(&str, &[&str])]) -> Vec<String> {
    let mut pool = FactPool::default();
    let nodes = nodes(given, &mut pool);
    told(&Comparison::new(&nodes, &pool, None), &pool)
}

fn told(found: &Comparison, pool: &FactPool) -> Vec<String> {
    let side = |fact: Option<FactId>, nodes: &[usize]| {
        let nodes: Vec<String> = nodes.iter().map(|at| (at + 1).to_string()).collect();
        format!("{}@{}", fact.map_or("-", |fact| pool.value(fact)), nodes.join(","))
    };
    let line = |d: &Difference| {
        let scope = match d.scope {
            Scope::Group(at) => found.groups[at].roles.as_str(),
            Scope::Environment => "all",
        };
        let most = d.majority.as_ref().map_or("none".to_owned(), |(fact, nodes)| side(*fact, nodes));
        let others: Vec<String> = d.others.iter().map(|other| side(other.fact, &other.nodes)).collect();
        format!("{scope} {} {}: {most} | {}", d.kind.as_str(), pool.key(d.key).1, others.join(" "))
    };
    found.differences.iter().map(line).collect()
}

#[test]
fn majority_and_outliers_of_a_group() {
    let found = differ(&[
        ("compute", &["package a=1", "package b=1"]),
        ("compute", &["package a=1", "package b=1"]),
        ("compute", &["package a=2", "package b=1", "package c=1"]),
        ("compute", &["package b=1"]),
        ("-compute", &["package a=9"]),
    ]);
    assert_eq!(found, ["compute package a: 1@1,2 | 2@3 -@4", "compute package c: -@1,2,4 | 1@3"]);
}

#[test]
fn what_only_some_roles_have_is_no_drift_and_what_they_share_must_be_alike() {
    let found = differ(&[
        ("controller", &["package nova-api=1", "package libc6=1"]),
        ("compute", &["package nova-compute=1", "package libc6=1"]),
        ("compute", &["package nova-compute=1", "package libc6=1"]),
    ]);
    assert!(found.is_empty(), "{found:?}");
    // A group of one node is compared with the others, and groups with each other.
    let found = differ(&[
        ("controller", &["package libc6=2", "held libc6=held"]),
        ("compute", &["package libc6=1"]),
        ("compute", &["package libc6=1"]),
        ("cinder", &["package libc6=1"]),
    ]);
    assert_eq!(found, ["all package libc6: 1@4,2,3 | 2@1", "all held libc6: -@4,2,3 | held@1"]);
    // The order of the roles says nothing.
    let found = differ(&[("cinder+compute", &["package a=1"]), ("compute+cinder", &["package a=2"])]);
    assert_eq!(found, ["cinder, compute package a: none | 1@1 2@2"]);
}

#[test]
fn a_tie_is_decided_by_the_other_roles_or_told_as_one() {
    let tie = [("controller", &["package libc6=1"][..]), ("controller", &["package libc6=2"])];
    assert_eq!(differ(&tie), ["controller package libc6: none | 1@1 2@2"]);
    let decided = [tie.as_slice(), &[("compute", &["package libc6=2"])]].concat();
    assert_eq!(differ(&decided), ["controller package libc6: 2@2 | 1@1"]);
    let groups = [("a", &["package x=1"][..]), ("b", &["package x=2"])];
    assert_eq!(differ(&groups), ["all package x: none | 1@1 2@2"]);
}

#[test]
fn a_missing_package_is_not_also_held_or_upgradable_and_what_is_not_known_is_no_difference() {
    let found = differ(&[
        ("compute", &["package a=1", "upgradable a=2", "unknown-origin a=x"]),
        ("compute", &["package a=1", "upgradable a=2", "unknown-origin a=x"]),
        ("compute", &[]),
    ]);
    assert_eq!(found, ["compute package a: 1@1,2 | -@3"]);
    let found = differ(&[
        ("compute", &["package a=1", "upgradable a=2"]),
        ("compute", &["package a=1", "upgradable a=2"]),
        ("compute", &["package a=1", "upgradable apt-cache failed"]),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn one_package_alone() {
    let mut pool = FactPool::default();
    let given: [(&str, &[&str]); 2] = [
        ("compute", &["package a=1", "package b=1", "package b:i386=1", "held b=held"]),
        ("compute", &["package a=2", "package b=2", "package b:i386=2"]),
    ];
    let nodes = nodes(&given, &mut pool);
    let found = told(&Comparison::new(&nodes, &pool, Some("b")), &pool);
    assert_eq!(
        found,
        [
            "compute package b: none | 1@1 2@2",
            "compute package b:i386: none | 1@1 2@2",
            "compute held b: none | held@1 -@2"
        ]
    );
}

#[test]
fn a_snapshot_reads_back_and_tells_what_changed() {
    let mut pool = FactPool::default();
    let before = nodes(
        &[
            ("compute", &["package a=1", "package b=1", "time-zone z=UTC"]),
            ("compute", &["package a=1", "service s=running"]),
            ("compute", &["package a=1", "upgradable it could not tell"]),
        ],
        &mut pool,
    );
    let text = Snapshot::write(EnvId(1), "2026-11-25T21:00:00Z", &before, &pool);
    let snapshot = Snapshot::read(text.as_bytes()).unwrap();
    assert_eq!((snapshot.env.0, snapshot.taken_at.as_str()), (1, "2026-11-25T21:00:00Z"));
    assert!(Changes::since(&snapshot, EnvId(1), &before, &pool, None).is_empty());

    let mut pool = FactPool::default();
    let after = nodes(
        &[
            ("compute", &["package a=2", "time-zone z=UTC"]),
            ("compute", &["package a=2", "service s=stopped"]),
            ("compute", &["package a=1", "upgradable a=2"]),
            ("compute", &["package a=2"]),
        ],
        &mut pool,
    );
    let changes = Changes::since(&snapshot, EnvId(1), &after, &pool, None);
    let lines = |changes: &Changes| -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or("-".into());
        let line = |c: &super::super::ChangedFact| {
            format!("{} {}: {} → {} on {}", c.kind.as_str(), c.key, text(&c.before), text(&c.after), c.places)
        };
        changes.changes.iter().map(line).collect()
    };
    assert_eq!(
        lines(&changes),
        ["package a: 1 → 2 on node-[1-2]", "package b: 1 → - on node-1", "service s: running → stopped on node-2"]
    );
    assert_eq!(changes.only_in_one, ["not in the snapshot: node-4"]);
    assert_eq!(changes.summary().as_deref(), Some("2 packages, 1 service"));
    assert_eq!(lines(&Changes::since(&snapshot, EnvId(1), &after, &pool, Some("b"))).len(), 1);
    // Of another environment: by role, by what most nodes have.
    let by_role = Changes::since(&snapshot, EnvId(2), &after, &pool, None);
    assert!(by_role.by_role);
    assert_eq!(lines(&by_role), ["package a: 1 → 2 on compute"]);
}

#[test]
fn a_file_that_is_no_snapshot() {
    let fault = |text: &str| Snapshot::read(text.as_bytes()).unwrap_err().to_string();
    assert!(fault("").starts_with("not a snapshot of `check drift --save`: "), "{}", fault(""));
    assert!(fault("{\"schema\": \"x\"}").contains("missing field"));
    let whole = Snapshot::write(
        EnvId(1),
        "t",
        &nodes(&[("a", &["package a=1"])], &mut FactPool::default()),
        &FactPool::default(),
    );
    assert_eq!(
        fault(&whole.replace("snapshot/1", "snapshot/2")),
        "its schema is `fuel-updates-snapshot/2`, not fuel-updates-snapshot/1"
    );
    assert_eq!(fault(&whole), "node-1 names a fact that the file does not hold");
}

proptest! {
    /// Whatever nodes have: those of the majority and the outliers of a difference are all nodes of the group once each,
    /// and no outlier has what the majority has. Equal nodes never differ.
    #[test]
    fn every_node_is_on_one_side(values in prop::collection::vec(prop::collection::vec(0u8..3, 4), 1..9)) {
        let mut pool = FactPool::default();
        let facts: Vec<Vec<String>> = values
            .iter()
            .map(|own| own.iter().enumerate().filter(|(_, v)| **v > 0).map(|(k, v)| format!("package p{k}={v}")).collect())
            .collect();
        let facts: Vec<Vec<&str>> = facts.iter().map(|own| own.iter().map(String::as_str).collect()).collect();
        let given: Vec<(&str, &[&str])> = facts.iter().map(|own| ("compute", own.as_slice())).collect();
        let nodes = nodes(&given, &mut pool);
        let found = Comparison::new(&nodes, &pool, None);
        let equal = values.iter().all(|own| *own == values[0]);
        prop_assert_eq!(found.differences.is_empty(), equal);
        for difference in &found.differences {
            let mut all: Vec<usize> = difference.outliers().collect();
            if let Some((fact, most)) = &difference.majority {
                all.extend(most);
                for other in &difference.others {
                    prop_assert!(other.fact != *fact && other.nodes.len() < most.len());
                }
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..values.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_file_makes_it_panic(text in "\\PC{0,200}") {
        let _ = Snapshot::read(text.as_bytes());
    }
}

/// What 200 nodes with 1,500 packages need is one number a fact, and each text once.
#[test]
fn a_text_that_many_nodes_have_is_kept_once() {
    let mut pool = FactPool::default();
    for node in 0..200 {
        let raw: Vec<RawFact> = (0..1500)
            .map(|package| RawFact {
                kind: Kind::Package,
                key: format!("package-{package}"),
                value: if node % 20 == 0 && package < 40 { "1".to_owned() } else { "2".to_owned() },
            })
            .collect();
        let facts = pool.intern(&raw);
        assert_eq!((facts.len(), facts.capacity()), (1500, 1500), "no room that nothing needs");
    }
    assert_eq!(pool.len(), 1500 + 40);
    assert_eq!(size_of::<FactId>(), 4);
}
