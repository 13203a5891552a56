//! One node's row in a report: what that node itself answered in this run, and nothing else.

use std::time::Duration;

use super::failure::{FailureKind, NodeFailure};
use super::mos_version::MosVersion;
use super::mu::{MAX_BYTES, Mu, MuError};
use super::node::{Node, NodeId};
use super::probe::{FileAnswer, Lock, ProbeAnswer, Uid};
use super::update_state::UpdateState;

/// The state of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A valid `mu-version.json`.
    Installed,
    /// None in a directory that could be searched: no update installed (GA).
    None,
    /// An installation is not finished, and a script of it is at work now.
    Updating,
    /// An installation is not finished, and no script is known to be at work: it waits for its turn, or was stopped.
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
        let identity = match (&answer.uid, node.id) {
            (Uid::Number(found), Some(wanted)) if wanted.0 == *found => Identity::Verified,
            (Uid::Number(_), Some(_)) | (Uid::Master, _) => Identity::Wrong,
            (Uid::Number(found), None) => {
                node.id = Some(NodeId(*found));
                Identity::Unverified
            }
            (Uid::Missing | Uid::Odd(_), _) => Identity::Unverified,
        };
        if identity == Identity::Wrong {
            return Self::wrong_node(node, answer, elapsed);
        }
        let (state, mu, detail) = read_mu(&answer.mu);
        let mut row = Self::blank(node, state, elapsed);
        row.identity = Some(identity);
        row.mos_version = answer.mos_version.clone();
        (row.mu, row.detail) = (mu, detail);
        row.read_update_state(answer);
        if let Uid::Odd(cause) = &answer.uid {
            row.add_detail(cause);
        }
        row
    }

    /// Another machine answers at the node's address. What that one runs is no part of the report.
    fn wrong_node(node: Node, answer: &ProbeAnswer, elapsed: Duration) -> Self {
        let mut row = Self::blank(node, State::WrongNode, elapsed);
        row.identity = Some(Identity::Wrong);
        row.mos_version = answer.mos_version.clone();
        row.detail = Some(match answer.uid {
            Uid::Number(found) => format!("node {found} answers at this address"),
            _ => "the Fuel master answers at this address".to_owned(),
        });
        row.hint = Some("the inventory is out of date: run `inventory sync`, or correct its address".to_owned());
        row
    }

    fn add_detail(&mut self, text: &str) {
        self.detail = Some(match self.detail.take() {
            Some(detail) => format!("{detail}; {text}"),
            None => text.to_owned(),
        });
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
                if answer.lock == Lock::Unknown {
                    self.add_detail("whether a script is at work now is not known");
                }
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

    /// Two answers are equal when their states and the IDs and timestamps of their updates are.
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
#[path = "row_tests.rs"]
mod tests;
