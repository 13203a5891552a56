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
    /// Something is worth a line.
    Note(&'a str),
    /// Something is wrong and does not end the work.
    Warning(&'a str),
}

/// Whoever consumes events.
pub trait Events {
    /// Takes one event. Must not block for long: the work waits.
    fn event(&mut self, event: &Event<'_>);
}
