//! What comes back from nodes.

use std::time::Duration;

use crate::domain::failure::NodeFailure;

/// What one node answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the command printed, whole and within the limit. Untrusted.
    pub stdout: Vec<u8>,
    /// The last line that it printed to its standard error, safe to show: the reason when `stdout` is not
    /// what was expected.
    pub complaint: Option<String>,
    /// The exit status; `None` where the server closed the channel without telling one.
    pub exit: Option<u32>,
    /// From the start of the connection to the end of the answer.
    pub elapsed: Duration,
}

/// What happens while nodes are asked.
#[derive(Debug)]
pub enum FleetEvent<'a> {
    /// The connection to a node is begun.
    Started {
        /// Which target.
        index: usize,
    },
    /// A node is done.
    Finished {
        /// Which target.
        index: usize,
        /// What came back.
        result: &'a Result<Answer, NodeFailure>,
        /// Since it was started.
        elapsed: Duration,
    },
    /// Something that concerns the run and not one node. Safe to show.
    Warning {
        /// What happened.
        text: String,
    },
}
