//! Progress of work in the foreground: commands emit events, the displays of `ui` consume them. Only displays print.

use jiff::{SignedDuration, Timestamp};

use crate::domain::numbers::TaskId;
use crate::domain::row::Row;
use crate::domain::run::PhaseProgress;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Asking nodes begins.
    Asking {
        /// How many.
        total: usize,
    },
    /// Time passes while nodes are asked; told several times a second.
    Waiting {
        /// The nodes that were begun with and have not answered.
        nodes: &'a [&'a str],
        /// How many nodes are finished.
        done: usize,
        /// How many nodes there are.
        total: usize,
    },
    /// A node answered or could not be asked. Events come in the order of the answers.
    Answered {
        /// Its row.
        row: &'a Row,
        /// How many nodes are finished, including this one.
        done: usize,
        /// How many nodes there are.
        total: usize,
    },
    /// All nodes are finished.
    Asked,
    /// A run of the graph is being watched.
    RunBegan {
        /// What it does, in a few words.
        title: &'a str,
        /// Nailgun's task.
        task: TaskId,
        /// How far it was before.
        view: &'a RunView,
    },
    /// Nailgun was asked how far the run is.
    RunMoved(&'a RunView),
    /// Watching the run has ended.
    RunOver,
    /// A line of information.
    Note(&'a str),
    /// Something is wrong, but the work continues.
    Warning(&'a str),
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunView {
    /// How many tasks have ended.
    pub done: usize,
    /// How many tasks there are.
    pub planned: usize,
    /// The phases that have something to do, in their order.
    pub phases: Vec<PhaseProgress>,
    /// Since when it runs.
    pub elapsed: SignedDuration,
    /// About how long it will still take; nothing where nobody can tell.
    pub left: Option<SignedDuration>,
    /// The tasks that are running, the longest first.
    pub working: Vec<RunningTask>,
    /// What changed since the last view, in the order in which it happened.
    pub changes: Vec<TaskChange>,
}

impl RunView {
    /// The first phase that has not ended.
    pub fn phase(&self) -> Option<&PhaseProgress> {
        self.phases.iter().find(|phase| !phase.is_over())
    }
}

/// A task that is running on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningTask {
    /// The node's name. Safe to show.
    pub node: String,
    /// The task, in words. Safe to show.
    pub task: String,
    /// When it began, by Nailgun's clock.
    pub began: Option<Timestamp>,
    /// Since when it runs.
    pub elapsed: SignedDuration,
}

/// A task that began or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskChange {
    /// The node's name. Safe to show.
    pub node: String,
    /// The task, in words. Safe to show.
    pub task: String,
    /// `began`, `done`, `failed`, `skipped`.
    pub what: &'static str,
}

/// A consumer of events.
pub trait Events {
    /// Handles one event. It must not block for long: the work waits.
    fn event(&mut self, event: &Event<'_>);
}
