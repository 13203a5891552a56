//! A mistake in a graph.

use std::fmt;

/// A mistake that breaks a rule, for the author of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule: `phase-wires`.
    pub rule: &'static str,
    /// The task's id; nothing where the graph as a whole is meant.
    pub task: Option<String>,
    /// What is wrong. Safe to show.
    pub message: String,
}

impl Finding {
    pub(super) fn of(rule: &'static str, task: &str, message: impl Into<String>) -> Self {
        Self { rule, task: Some(crate::domain::text::one_line(task, 80)), message: message.into() }
    }

    pub(super) fn graph(rule: &'static str, message: impl Into<String>) -> Self {
        Self { rule, task: None, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.task {
            Some(task) => write!(f, "{task}: {} [{}]", self.message, self.rule),
            None => write!(f, "{} [{}]", self.message, self.rule),
        }
    }
}
