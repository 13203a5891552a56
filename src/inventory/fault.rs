//! A mistake in a node list, without the name of the file.

use crate::domain::text::one_line;

/// What is wrong in a text, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1, if it is known.
    pub line: Option<u64>,
    /// What is wrong; safe to show.
    pub message: String,
}

impl Fault {
    /// A mistake without a line.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self { line: None, message: one_line(message.as_ref(), 300) }
    }

    /// A mistake in a line, from 1; 0 if the line is not known.
    pub fn at(line: u64, message: impl AsRef<str>) -> Self {
        Self { line: (line > 0).then_some(line), message: one_line(message.as_ref(), 300) }
    }
}

impl Fault {
    /// Whether a map has the same key twice.
    pub(super) fn is_duplicate_key(&self) -> bool {
        self.message.starts_with(DUPLICATE_KEY)
    }

    /// Adds the key, unless the message names it already.
    pub(super) fn in_key(mut self, path: Option<&str>) -> Self {
        // The wrapper that carries the line of an entry is a step of its own in the path.
        let path = path.unwrap_or_default().replace(".value.", ".");
        let path = one_line(path.strip_suffix(".value").unwrap_or(&path), 100);
        let last = path.rsplit('.').next().unwrap_or_default();
        let named = self.message.starts_with("unknown field") || self.message.starts_with("duplicate");
        if !named && !last.is_empty() && last != "?" && !self.message.contains(&format!("`{last}`")) {
            self.message = one_line(&format!("{path}: {}", self.message), 300);
        }
        self
    }
}

/// How the library begins its message about a key that is there twice.
const DUPLICATE_KEY: &str = "duplicate mapping key";

/// What the libraries say to programmers, and what operators read instead.
const WORDS: &[(&str, &str)] = &[
    ("invalid u16", "expected a whole number"),
    ("invalid u32", "expected a whole number"),
    ("expected mapping start", "expected a map"),
    ("expected sequence start", "expected a list"),
    ("expected string scalar", "expected text"),
    ("budget breached", "too large, too deep or too repetitive for a node list"),
    ("alias replay limit", "too large, too deep or too repetitive for a node list"),
    ("multiple YAML documents", "a second YAML document begins"),
];

fn plain(text: &str) -> &str {
    if let Some((_, plain)) = WORDS.iter().find(|(words, _)| text.starts_with(words)) {
        return plain;
    }
    [", set ", ". If you just use"].iter().fold(text, |text, advice| text.split(advice).next().unwrap_or(text))
}

impl From<serde_saphyr::Error> for Fault {
    fn from(error: serde_saphyr::Error) -> Self {
        let line = error.location().map_or(0, |l| l.line());
        let text = error.without_snippet().to_string();
        // The library repeats the place in its text; we show the line ourselves.
        let text = text.split(" at line ").next().unwrap_or_default();
        let text = text.strip_prefix(&format!("line {line} ")).unwrap_or(text);
        Self::at(line, plain(text))
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let text = text.replace("expected u32", "expected a whole number");
        Self::at(error.line() as u64, text)
    }
}
