use std::time::Duration;

use super::*;
use crate::domain::failure::{FailureKind, NodeFailure};
use crate::domain::mu::Mu;
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::probe::{FileAnswer, Lock, ProbeAnswer, Uid};

fn node(id: u32) -> Node {
    Node {
        id: Some(NodeId(id)),
        name: format!("node-{id}"),
        fqdn: None,
        label: None,
        host: Host::Name(format!("node-{id}")),
        port: None,
        roles: vec![],
        access: Access::default(),
    }
}

fn mu(id: u64, timestamp: i64) -> Mu {
    Mu { id, title: format!("9.0-mu-{id}"), timestamp, doc_link: None }
}

/// A node that answered with the content of its mu-version.json, or with none.
fn runs(id: u32, file: Option<&str>) -> Row {
    let answer = ProbeAnswer {
        uid: Uid::Number(id),
        mos_version: None,
        mu: file.map_or(FileAnswer::Missing, |text| FileAnswer::Content(text.into())),
        state: FileAnswer::Missing,
        lock: Lock::Free,
    };
    Row::answered(node(id), &answer, Duration::ZERO)
}

fn failed(id: u32, cause: &str) -> Row {
    let failure = NodeFailure { kind: FailureKind::HostKey, cause: cause.to_owned(), hint: None };
    Row::not_asked(node(id), failure, Duration::ZERO)
}

fn report(rows: Vec<Row>, mirror: Option<Mu>) -> CheckReport {
    let version = "9.0".parse().unwrap();
    let mut rows = rows;
    if let Some(mirror) = &mirror {
        rows.iter_mut().for_each(|row| row.judge(mirror, &version));
    }
    CheckReport {
        check: if mirror.is_some() { Check::Available } else { Check::Installed },
        env: EnvId(1),
        mos_version: Some(version),
        mos_version_source: None,
        taken_at: String::new(),
        source: Source { path: String::new(), format: "native", age_s: None, left_out: BTreeMap::new() },
        mirror: mirror.map(|mu| MirrorReport { url: String::new(), folder: None, mu: Ok(mu), doubts: vec![] }),
        rows,
        interrupted: false,
    }
}

const MU1: &str = r#"{"id": 1, "title": "9.0-mu-1", "timestamp": 100}"#;
const MU2: &str = r#"{"id": 2, "title": "9.0-mu-2", "timestamp": 200}"#;

#[test]
fn the_answer_is_one_sentence() {
    let answer = |rows: Vec<Row>, mirror: Option<Mu>| report(rows, mirror).answer();
    assert_eq!(answer(vec![runs(1, Some(MU2))], None), "9.0-mu-2 on node-1");
    assert_eq!(answer(vec![runs(1, None), runs(2, None)], None), "no maintenance update on all 2 nodes");
    assert_eq!(
        answer(vec![runs(1, Some(MU1)), runs(2, Some(MU2)), runs(3, Some(MU2)), runs(4, Some("{"))], None),
        "nodes differ: 9.0-mu-2 on 2 of 4 nodes, 9.0-mu-1 on 1; 1 node gave no valid answer"
    );
    assert_eq!(answer(vec![failed(1, "x"), failed(2, "x")], None), "no node answered");
    let two = || Some(mu(2, 200));
    assert_eq!(answer(vec![runs(1, Some(MU2)), runs(2, Some(MU2))], two()), "up to date: 9.0-mu-2 on all 2 nodes");
    assert_eq!(
        answer(vec![runs(1, Some(MU1)), runs(2, None), runs(3, Some(MU2)), failed(4, "x")], two()),
        "update available: 9.0-mu-2 for 2 of 4 nodes; up to date: 9.0-mu-2 on 1; 1 node did not answer"
    );
    assert_eq!(answer(vec![runs(1, Some(MU2))], Some(mu(1, 100))), "newer than the mirror's 9.0-mu-1: node-1");
}

#[test]
fn the_next_command_follows_from_the_answer() {
    let next = |rows, mirror| report(rows, mirror).next();
    assert_eq!(next(vec![runs(1, Some(MU1))], Some(mu(2, 200))).as_deref(), Some("fuel-updates --env 1 install"));
    assert_eq!(next(vec![runs(1, Some(MU2))], Some(mu(2, 200))), None);
    let differ = next(vec![runs(1, Some(MU1)), runs(2, Some(MU2))], None);
    assert_eq!(differ.as_deref(), Some("fuel-updates --env 1 check available"));
}

#[test]
fn two_hundred_changed_host_keys_are_one_group() {
    let cause = |id: u32| format!("changed: SHA256:a{id}+/q, recorded in /root/.ssh/known_hosts, line {id}");
    let rows: Vec<Row> = (1..=200).map(|id| failed(id, &cause(id))).chain([runs(201, Some(MU1))]).collect();
    let report = report(rows, None);
    let phrases: Vec<String> = report.worst_first().iter().map(Group::phrase).collect();
    assert_eq!(
        phrases,
        ["host-key node-[1-200] (changed: …, recorded in /root/.ssh/known_hosts, line …)", "9.0-mu-1 on node-201"]
    );
}

#[test]
fn titles_that_do_not_tell_updates_apart_are_explained() {
    let again = MU1.replace("100", "3700");
    let report = report(vec![runs(1, Some(MU1)), runs(2, Some(&again)), runs(3, Some(MU2))], None);
    let phrases: Vec<String> = report.groups().iter().map(Group::phrase).collect();
    assert_eq!(
        phrases,
        [
            "9.0-mu-1 (id 1, 1970-01-01 00:01:40Z) on node-1",
            "9.0-mu-1 (id 1, 1970-01-01 01:01:40Z) on node-2",
            "9.0-mu-2 on node-3"
        ]
    );
}

#[test]
fn problems_are_what_differs_from_most_nodes() {
    let names = |report: &CheckReport| report.problems().iter().map(|row| row.node.name.clone()).collect::<Vec<_>>();
    let mixed = report(vec![runs(1, Some(MU1)), runs(2, Some(MU2)), runs(3, Some(MU2)), failed(4, "x")], None);
    assert_eq!(names(&mixed), ["node-1", "node-4"]);
    assert_eq!(names(&report(vec![runs(1, Some(MU1)), runs(2, Some(MU1))], None)), [""; 0]);
    assert_eq!(names(&report(vec![runs(1, Some(MU2))], Some(mu(1, 100)))), ["node-1"], "ahead of the mirror");
}
