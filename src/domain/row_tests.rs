//! Tests of rows.

use super::super::node::{Access, Host};
use super::*;

fn node(id: Option<u32>) -> Node {
    Node {
        id: id.map(NodeId),
        name: "node-5".into(),
        fqdn: None,
        label: None,
        roles: vec![],
        host: Host::Ip([10, 20, 0, 5].into()),
        port: None,
        access: Access::default(),
    }
}

fn answer(mu: &str, state: &str) -> ProbeAnswer {
    let file = |t: &str| if t.is_empty() { FileAnswer::Missing } else { FileAnswer::Content(t.as_bytes().to_vec()) };
    ProbeAnswer {
        mu: file(mu),
        state: file(state),
        uid: Uid::Number(5),
        mos_version: "9.0".parse().ok(),
        lock: Lock::Free,
    }
}

fn row(answer: &ProbeAnswer) -> Row {
    Row::answered(node(Some(5)), answer, Duration::ZERO)
}

fn seen(row: &Row) -> (&'static str, Option<u64>, &str) {
    (row.state.as_str(), row.mu.as_ref().map(|m| m.id), row.detail.as_deref().unwrap_or(""))
}

const MU2: &str = r#"{"id":2,"title":"mu-2","timestamp":20}"#;

fn state(phase: &str, id: u64) -> String {
    format!(
        r#"{{"run":"r","target":{{"id":{id},"title":"mu-{id}","timestamp":{}}},"phase":"{phase}","since":0,"evidence":null}}"#,
        id * 10
    )
}

#[test]
fn a_valid_file_counts_however_it_came_there() {
    assert_eq!(seen(&row(&answer("", ""))), ("none", None, ""));
    assert_eq!(seen(&row(&answer(MU2, ""))), ("installed", Some(2), "from package"));
    assert_eq!(seen(&row(&answer(MU2, &state("done", 2)))), ("installed", Some(2), ""));
    assert_eq!(seen(&row(&answer(MU2, &state("done", 1)))), ("installed", Some(2), "from package"));
}

#[test]
fn an_unfinished_state_beats_the_file_whose_update_is_still_shown() {
    let mut answer = answer(MU2, &state("packages", 3));
    let detail = "to mu-3, phase packages, since 1970-01-01 00:00:00Z";
    assert_eq!(seen(&row(&answer)), ("incomplete", Some(2), detail));
    answer.lock = Lock::Held;
    assert_eq!(seen(&row(&answer)), ("updating", Some(2), detail));
    assert_eq!(row(&answer).target.unwrap().id, 3);
}

#[test]
fn faults_of_files() {
    let mut a = answer("{", "");
    assert_eq!(row(&a).state, State::Invalid);
    for (file, state, detail) in [
        (FileAnswer::Unreadable, "unreadable", "permission denied"),
        (FileAnswer::ReadFailed, "unreadable", "reading it failed"),
        (FileAnswer::Special, "invalid", "not a regular file"),
        (FileAnswer::Dangling, "invalid", "a link that leads nowhere"),
        (FileAnswer::Content(vec![b'x'; MAX_BYTES + 1]), "invalid", "larger than 64 KiB"),
        (FileAnswer::Content(vec![]), "invalid", "the file is empty"),
    ] {
        a.mu = file;
        assert_eq!(seen(&row(&a)), (state, None, detail));
    }
    a = answer(MU2, "{}");
    assert_eq!(row(&a).state, State::Invalid);
    assert!(row(&a).detail.unwrap().starts_with("state.json: missing field"));
}

#[test]
fn identity() {
    let mut a = answer(MU2, "");
    a.uid = Uid::Missing;
    assert_eq!((row(&a).identity, row(&a).state), (Some(Identity::Unverified), State::Installed));
    a.uid = Uid::Number(7);
    let learnt = Row::answered(node(None), &a, Duration::ZERO);
    assert_eq!((learnt.identity, learnt.node.id), (Some(Identity::Unverified), Some(NodeId(7))));
}

/// Nothing of another machine counts for the environment: neither its update nor an installation on it.
#[test]
fn a_wrong_node_has_no_update_of_its_own() {
    for state in ["", &state("packages", 3)] {
        let mut a = answer(MU2, state);
        a.uid = Uid::Number(9);
        assert_eq!(seen(&row(&a)), ("wrong-node", None, "node 9 answers at this address"));
        assert_eq!((row(&a).target, row(&a).update), (None, None));
        a.uid = Uid::Master;
        assert_eq!(seen(&row(&a)), ("wrong-node", None, "the Fuel master answers at this address"));
        let listed_without_id = Row::answered(node(None), &a, Duration::ZERO);
        assert_eq!((listed_without_id.state, listed_without_id.node.id), (State::WrongNode, None));
    }
}

#[test]
fn a_uid_that_tells_no_number_is_named_and_the_state_stands() {
    let mut a = answer(MU2, "");
    a.uid = Uid::Odd("/etc/nailgun_uid is empty".into());
    assert_eq!(seen(&row(&a)), ("installed", Some(2), "from package; /etc/nailgun_uid is empty"));
    assert_eq!(row(&a).identity, Some(Identity::Unverified));
    a.mu = FileAnswer::Missing;
    assert_eq!(seen(&row(&a)), ("none", None, "/etc/nailgun_uid is empty"));
}

#[test]
fn a_lock_that_cannot_be_read_is_said() {
    let mut a = answer(MU2, &state("packages", 3));
    a.lock = Lock::Unknown;
    let detail = "to mu-3, phase packages, since 1970-01-01 00:00:00Z; whether a script is at work now is not known";
    assert_eq!(seen(&row(&a)), ("incomplete", Some(2), detail));
}

#[test]
fn verdicts() {
    let mu = |id, timestamp| Mu { id, title: "t".into(), timestamp, doc_link: None };
    let of = |runs: Option<Mu>| Verdict::of(runs.as_ref(), &mu(2, 20));
    assert_eq!(of(None), Verdict::UpdateAvailable);
    assert_eq!(of(Some(mu(1, 99))), Verdict::UpdateAvailable);
    assert_eq!(of(Some(mu(2, 20))), Verdict::UpToDate);
    assert_eq!(of(Some(mu(2, 10))), Verdict::RePublished);
    assert_eq!(of(Some(mu(2, 30))), Verdict::AheadOfMirror);
    assert_eq!(of(Some(mu(3, 1))), Verdict::AheadOfMirror);
}

#[test]
fn another_version_has_no_verdict() {
    let mut r = row(&answer(MU2, ""));
    r.judge(&Mu { id: 3, title: "t".into(), timestamp: 1, doc_link: None }, &"8.0".parse().unwrap());
    assert_eq!((r.verdict, r.detail.as_deref()), (Some(Verdict::Unknown), Some("runs MOS 9.0, the environment 8.0")));
}
