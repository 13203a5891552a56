//! What a run was: pre-checks alone, a part of an update, or an update.

use super::HistoryEntry;
use crate::domain::run::{TaskKind, TaskStatus};

/// The tasks by which runs differ.
#[derive(Clone, Copy, Debug)]
pub struct Landmarks<'a> {
    /// The task that only a whole update, or the last part of one, executes.
    pub commit: &'a str,
    /// The tasks that only check, and the uploads before them.
    pub checks: &'a [String],
}

/// What a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// Pre-checks alone: nothing is changed.
    PreChecks,
    /// A part of an update in several, not the last one (before Nailgun 9.1).
    Part,
    /// The whole update, or the last part of it.
    Update,
    /// The history does not tell, or has not begun.
    Unknown,
}

impl RunKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreChecks => "pre-checks",
            Self::Part => "part of an update",
            Self::Update => "update",
            Self::Unknown => "unknown",
        }
    }

    /// What a run was, from its tasks on nodes.
    ///
    /// Since 9.1 a history tells which tasks were chosen. Before, tasks that were not chosen are `skipped` only once a run
    /// has ended well; until then, and after a failure or a stop, they are `pending` like those that were not reached.
    pub fn of(on_nodes: &[&HistoryEntry], landmarks: Landmarks<'_>, over: bool) -> Self {
        let tells = on_nodes.iter().any(|entry| entry.chosen.is_some());
        let work: Vec<_> = on_nodes.iter().filter(|e| e.may_be_chosen() && e.kind != TaskKind::Upload).collect();
        let begun: Vec<_> = work.iter().filter(|e| e.record.status != TaskStatus::Pending).collect();
        let is_check = |entry: &HistoryEntry| landmarks.checks.contains(&entry.record.task);
        let is_commit = |entry: &HistoryEntry| entry.record.task == landmarks.commit;
        if work.is_empty() {
            return Self::Unknown;
        }
        if work.iter().all(|entry| is_check(entry)) {
            return Self::PreChecks;
        }
        if !work.iter().any(|entry| is_commit(entry)) {
            return Self::Part;
        }
        match () {
            () if tells || begun.iter().any(|entry| is_commit(entry)) => Self::Update,
            () if begun.is_empty() => Self::Unknown,
            () if begun.iter().all(|entry| is_check(entry)) => {
                if over {
                    Self::PreChecks
                } else {
                    Self::Unknown
                }
            }
            // A whole update begins with the checks; a part does not have them.
            () if begun.iter().any(|entry| is_check(entry)) => Self::Update,
            () => Self::Part,
        }
    }
}
