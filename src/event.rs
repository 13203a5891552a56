//! What work tells while it goes on: the contract between commands and displays. Work emits, displays
//! consume; work never prints.

use crate::domain::row::Row;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Nodes are going to be asked.
    Asking {
        /// How many.
        total: usize,
    },
    /// A node has answered, or could not be asked. In the order in which it happens.
    Answered {
        /// Its row.
        row: &'a Row,
        /// How many are through, this one included.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// All nodes are through.
    Asked,
    /// A run of the graph is being watched.
    RunBegan {
        /// What it does, in a few words.
        title: &'a str,
        /// How many tasks it has on all nodes together.
        planned: usize,
    },
    /// Something moved in the run, or time passed.
    RunMoved(&'a RunView),
    /// The run is no longer watched.
    RunOver,
    /// Something is worth a line.
    Note(&'a str),
    /// Something is wrong and does not end the work.
    Warning(&'a str),
}

/// A run at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunView {
    /// Tasks that are over.
    pub done: usize,
    /// All tasks.
    pub planned: usize,
    /// The first phase that is not over. Safe to show.
    pub phase: Option<String>,
    /// What is at work, the longest first.
    pub working: Vec<RunningTask>,
    /// What changed since the last view, in the order of the nodes.
    pub changes: Vec<TaskChange>,
}

/// A task at work on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningTask {
    /// The node's name. Safe to show.
    pub node: String,
    /// The task, in words. Safe to show.
    pub task: String,
    /// Since when, milliseconds since 1970 (UTC), by Nailgun's clock.
    pub began: Option<i64>,
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

/// Whoever consumes events.
pub trait Events {
    /// Takes one event. Must not block for long: the work waits.
    fn event(&mut self, event: &Event<'_>);
}
