//! A fault in a node list, before it is known which file it is in.

use crate::domain::text::one_line;

/// What is wrong in a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1, where it is known.
    pub line: Option<u64>,
    /// What is wrong; safe to show.
    pub message: String,
}

impl Fault {
    /// A fault without a place.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self { line: None, message: one_line(message.as_ref(), 300) }
    }

    /// A fault in a line, from 1; 0 for unknown.
    pub fn at(line: u64, message: impl AsRef<str>) -> Self {
        Self { line: (line > 0).then_some(line), message: one_line(message.as_ref(), 300) }
    }
}

impl From<serde_saphyr::Error> for Fault {
    fn from(error: serde_saphyr::Error) -> Self {
        let line = error.location().map_or(0, |l| l.line());
        let text = error.without_snippet().to_string();
        // The library repeats the place in its text; the line is ours to show.
        let text = text.split(" at line ").next().unwrap_or_default();
        let text = text.strip_prefix(&format!("line {line} ")).unwrap_or(text);
        // `invalid u32` says nothing to an operator.
        let text = match text.strip_prefix("invalid u") {
            Some("16" | "32") => "a whole number belongs here",
            _ => text,
        };
        Self::at(line, text)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        Self::at(error.line() as u64, text.split(" at line ").next().unwrap_or_default())
    }
}
