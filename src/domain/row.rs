//! One node's row in a report: what that node itself answered in this run, and nothing else.

use std::time::Duration;

use super::failure::{FailureKind, NodeFailure};
use super::mos_version::MosVersion;
use super::mu::{MAX_BYTES, Mu, MuError};
use super::node::{Node, NodeId};
use super::probe::{FileAnswer, Lock, ProbeAnswer};
use super::update_state::UpdateState;

/// The state of a node (product page, "Asking a node").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A valid `mu-version.json`.
    Installed,
    /// None in a directory that could be searched: no update installed (GA).
    None,
    /// An installation is not finished, and a script of it is at work now.
    Updating,
    /// An installation is not finished, and nothing is at work: it waits for its turn, or was stopped.
    Incomplete,
    /// A file is there and cannot be read.
    Unreadable,
    /// A file is there and is not valid.
    Invalid,
    /// Another node answers at this address.
    WrongNode,
    /// It could not be asked.
    NotAsked(FailureKind),
}

impl State {
    /// Its name in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::None => "none",
            Self::Updating => "updating",
            Self::Incomplete => "incomplete",
            Self::Unreadable => "unreadable",
            Self::Invalid => "invalid",
            Self::WrongNode => "wrong-node",
            Self::NotAsked(kind) => kind.as_str(),
        }
    }

    /// Whether the node said which update it runs, or that it runs none.
    pub fn answered_properly(self) -> bool {
        matches!(self, Self::Installed | Self::None | Self::Updating | Self::Incomplete)
    }
}

/// Whether the node is the one that the inventory means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Its `nailgun_uid` is the inventory's id.
    Verified,
    /// One of both is unknown.
    Unverified,
    /// They differ.
    Wrong,
}

impl Identity {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Wrong => "wrong",
        }
    }
}

/// What the mirror's update means for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It runs the mirror's update.
    UpToDate,
    /// It runs an older one, or none.
    UpdateAvailable,
    /// It runs the same number, published earlier.
    RePublished,
    /// It runs a newer one: the mirror is stale.
    AheadOfMirror,
    /// It cannot be told.
    Unknown,
}

impl Verdict {
    /// Its name in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpToDate => "up-to-date",
            Self::UpdateAvailable => "update-available",
            Self::RePublished => "re-published",
            Self::AheadOfMirror => "ahead-of-mirror",
            Self::Unknown => "unknown",
        }
    }

    /// Compares what a node runs (nothing for GA) with what the mirror has.
    pub fn of(runs: Option<&Mu>, mirror: &Mu) -> Self {
        let Some(runs) = runs else { return Self::UpdateAvailable };
        match runs.id.cmp(&mirror.id).then(runs.timestamp.cmp(&mirror.timestamp)) {
            std::cmp::Ordering::Equal => Self::UpToDate,
            std::cmp::Ordering::Greater => Self::AheadOfMirror,
            std::cmp::Ordering::Less if runs.id == mirror.id => Self::RePublished,
            std::cmp::Ordering::Less => Self::UpdateAvailable,
        }
    }
}

/// One node's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The node, as the inventory lists it; with the id that it told where the inventory has none.
    pub node: Node,
    /// Its state.
    pub state: State,
    /// The update that it runs, also while another one is being installed.
    pub mu: Option<Mu>,
    /// The update that is being installed.
    pub target: Option<Mu>,
    /// Whether it is the node that the inventory means; nothing when it could not be asked.
    pub identity: Option<Identity>,
    /// Its own MOS version.
    pub mos_version: Option<MosVersion>,
    /// Its state file, where it is valid.
    pub update: Option<UpdateState>,
    /// What the mirror's update means for it; only in `check available`.
    pub verdict: Option<Verdict>,
    /// Stage and cause, or what is remarkable, in a few words. Safe to show.
    pub detail: Option<String>,
    /// What the operator can do about it. Safe to show.
    pub hint: Option<String>,
    /// From the start of its login to its answer.
    pub elapsed: Duration,
}

impl Row {
    /// A node that could not be asked.
    pub fn not_asked(node: Node, failure: NodeFailure, elapsed: Duration) -> Self {
        let mut row = Self::blank(node, State::NotAsked(failure.kind), elapsed);
        row.detail = Some(failure.cause);
        row.hint = failure.hint;
        row
    }

    /// A node's answer.
    pub fn answered(mut node: Node, answer: &ProbeAnswer, elapsed: Duration) -> Self {
        let identity = match (node.id, answer.uid) {
            (Some(wanted), Some(found)) if wanted.0 == found => Identity::Verified,
            (Some(_), Some(_)) => Identity::Wrong,
            _ => Identity::Unverified,
        };
        if node.id.is_none() {
            node.id = answer.uid.map(NodeId);
        }
        let (state, mu, detail) = read_mu(&answer.mu);
        let mut row = Self::blank(node, state, elapsed);
        row.identity = Some(identity);
        row.mos_version = answer.mos_version.clone();
        (row.mu, row.detail) = (mu, detail);
        row.read_update_state(answer);
        if identity == Identity::Wrong {
            let found = answer.uid.unwrap_or_default();
            row.state = State::WrongNode;
            row.detail = Some(format!("node {found} answers at this address"));
            row.hint = Some("the inventory is out of date: run `inventory sync`, or correct its address".to_owned());
        }
        row
    }

    /// An unfinished state file beats `mu-version.json`, whose update is still shown.
    fn read_update_state(&mut self, answer: &ProbeAnswer) {
        let file = "state.json";
        let update = match &answer.state {
            FileAnswer::Missing => None,
            FileAnswer::Content(bytes) if bytes.len() <= MAX_BYTES => match UpdateState::parse(bytes) {
                Ok(update) => Some(update),
                Err(error) => return self.fault(State::Invalid, format!("{file}: {error}")),
            },
            other => {
                let (state, detail) = file_fault(other);
                return self.fault(state, format!("{file}: {detail}"));
            }
        };
        match update {
            Some(update) if !update.finished() => {
                let at_work = answer.lock == Lock::Held;
                self.state = if at_work { State::Updating } else { State::Incomplete };
                let since = timestamp(update.since);
                self.detail = Some(format!("to {}, phase {}, since {since}", update.target.title, update.phase));
                self.target = Some(update.target.clone());
                self.update = Some(update);
            }
            update => {
                let ours = matches!((&update, &self.mu), (Some(u), Some(mu)) if u.target.same_as(mu));
                if self.state == State::Installed && !ours {
                    self.detail = Some("from package".to_owned());
                }
                self.update = update;
            }
        }
    }

    fn fault(&mut self, state: State, detail: String) {
        self.state = state;
        self.detail = Some(detail);
    }

    fn blank(node: Node, state: State, elapsed: Duration) -> Self {
        Self {
            node,
            state,
            mu: None,
            target: None,
            identity: None,
            mos_version: None,
            update: None,
            verdict: None,
            detail: None,
            hint: None,
            elapsed,
        }
    }

    /// Sets the verdict against the mirror's update; `mos_version` is the environment's.
    pub fn judge(&mut self, mirror: &Mu, mos_version: &MosVersion) {
        let same_version = self.mos_version.as_ref().is_none_or(|own| own == mos_version);
        self.verdict = Some(match self.state {
            State::Installed | State::None if same_version => Verdict::of(self.mu.as_ref(), mirror),
            _ => Verdict::Unknown,
        });
        if !same_version && self.state.answered_properly() {
            let own = self.mos_version.as_deref().unwrap_or_default();
            self.detail = Some(format!("runs MOS {own}, the environment {mos_version}"));
        }
    }

    /// Two answers are equal when state, id and timestamp are (product page, "check installed").
    pub fn same_answer(&self, other: &Self) -> bool {
        let key = |mu: &Option<Mu>| mu.as_ref().map(|m| (m.id, m.timestamp));
        self.state == other.state && key(&self.mu) == key(&other.mu) && key(&self.target) == key(&other.target)
    }
}

/// A time for people: UTC, to the second.
pub fn timestamp(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| format!("{seconds} s"), |t| t.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

fn read_mu(answer: &FileAnswer) -> (State, Option<Mu>, Option<String>) {
    match answer {
        FileAnswer::Missing => (State::None, None, None),
        FileAnswer::Content(bytes) => match Mu::parse(bytes) {
            Ok(mu) => (State::Installed, Some(mu), None),
            Err(MuError::Empty) => (State::Invalid, None, Some("the file is empty".to_owned())),
            Err(error) => (State::Invalid, None, Some(error.to_string())),
        },
        other => {
            let (state, detail) = file_fault(other);
            (state, None, Some(detail.to_owned()))
        }
    }
}

fn file_fault(answer: &FileAnswer) -> (State, &'static str) {
    match answer {
        FileAnswer::Unreadable => (State::Unreadable, "permission denied"),
        FileAnswer::ReadFailed => (State::Unreadable, "reading it failed"),
        FileAnswer::Special => (State::Invalid, "not a regular file"),
        FileAnswer::Dangling => (State::Invalid, "a link that leads nowhere"),
        FileAnswer::Content(_) => (State::Invalid, "larger than 64 KiB"),
        FileAnswer::Missing => (State::None, "missing"),
    }
}

#[cfg(test)]
mod tests {
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
            port: 22,
            access: Access::default(),
        }
    }

    fn answer(mu: &str, state: &str) -> ProbeAnswer {
        let file =
            |t: &str| if t.is_empty() { FileAnswer::Missing } else { FileAnswer::Content(t.as_bytes().to_vec()) };
        ProbeAnswer {
            mu: file(mu),
            state: file(state),
            uid: Some(5),
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
        a.uid = Some(9);
        assert_eq!(seen(&row(&a)), ("wrong-node", Some(2), "node 9 answers at this address"));
        a.uid = None;
        assert_eq!((row(&a).identity, row(&a).state), (Some(Identity::Unverified), State::Installed));
        a.uid = Some(7);
        let learnt = Row::answered(node(None), &a, Duration::ZERO);
        assert_eq!((learnt.identity, learnt.node.id), (Some(Identity::Unverified), Some(NodeId(7))));
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
        assert_eq!(
            (r.verdict, r.detail.as_deref()),
            (Some(Verdict::Unknown), Some("runs MOS 9.0, the environment 8.0"))
        );
    }
}
