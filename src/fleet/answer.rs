//! What comes back from nodes.

use std::time::Duration;

use super::refusal;
use crate::domain::failure::NodeFailure;
use crate::domain::remote::{Frame, RemoteCommand};
use crate::domain::text::last_lines;

/// What one node answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the command printed, whole and within the limit. Untrusted.
    pub stdout: Vec<u8>,
    /// The beginning and the end of what it printed to its standard error, 2 KiB at most. Untrusted.
    pub stderr: Vec<u8>,
    /// The exit status; `None` where the server closed the channel without telling one.
    pub exit: Option<u32>,
    /// From the start of the connection to the end of the answer.
    pub elapsed: Duration,
}

impl Answer {
    /// Reads the answer of a command out of the output.
    ///
    /// # Errors
    /// What the node printed instead, in its own words.
    pub fn read<C: RemoteCommand>(&self, frame: &Frame) -> Result<C::Answer, NodeFailure> {
        frame.answer::<C>(&self.stdout).map_err(|error| refusal::explain(self, &error, frame.word()))
    }

    /// The last line of its standard error, safe to show.
    pub fn complaint(&self) -> Option<String> {
        last_lines(&self.stderr, 1, 120).pop()
    }
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
    /// Time passes; told several times a second, whether or not anything happened.
    Waiting,
    /// Something that concerns the run and not one node. Safe to show.
    Warning {
        /// What happened.
        text: String,
    },
}
