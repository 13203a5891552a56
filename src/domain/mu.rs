//! A Maintenance Update as `mu-version.json` names it, on a node and on a mirror alike.

use std::fmt;

use serde_json::Value;
use thiserror::Error;

use super::text::one_line;

/// The most that a `mu-version.json` may hold, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// A Maintenance Update.
///
/// Two are the same update when `id` and `timestamp` are equal; `title` is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mu {
    /// Number of the update in the sequence of its MOS version, from 1.
    pub id: u64,
    /// Its name, for people: `9.2-mu-2`. Safe to show.
    pub title: String,
    /// When it was published, seconds since 1970 (UTC).
    pub timestamp: i64,
    /// Where it is documented. Safe to show.
    pub doc_link: Option<String>,
}

/// Why some bytes are no `mu-version.json`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MuError {
    /// More than [`MAX_BYTES`].
    #[error("larger than 64 KiB")]
    TooLarge,
    /// Nothing in it.
    #[error("empty")]
    Empty,
    /// A web page: what a master's port 8080 answers for a file that its web server may not read.
    #[error("an HTML page, not JSON")]
    Html,
    /// Not JSON, or cut short.
    #[error("not valid JSON (line {line}, column {column})")]
    Json {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// JSON, but no object.
    #[error("not a JSON object but {0}")]
    NotAnObject(&'static str),
    /// A mandatory key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key has a value of the wrong type.
    #[error("`{key}` is {found}, not {wanted}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// The type that was found.
        found: &'static str,
        /// The type that belongs there.
        wanted: &'static str,
    },
    /// `id` below 1 or above what fits.
    #[error("`id` is out of range")]
    IdOutOfRange,
    /// `title` without a visible character.
    #[error("`title` is empty")]
    EmptyTitle,
}

impl Mu {
    /// Reads a `mu-version.json`.
    ///
    /// # Errors
    /// [`MuError`] names the first key that is wrong. Unknown keys are accepted.
    pub fn parse(bytes: &[u8]) -> Result<Self, MuError> {
        if bytes.len() > MAX_BYTES {
            return Err(MuError::TooLarge);
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let start = bytes.trim_ascii_start();
        if start.is_empty() {
            return Err(MuError::Empty);
        }
        if start[0] == b'<' {
            return Err(MuError::Html);
        }
        let value: Value =
            serde_json::from_slice(bytes).map_err(|e| MuError::Json { line: e.line(), column: e.column() })?;
        let Value::Object(object) = value else { return Err(MuError::NotAnObject(type_name(&value))) };

        let id = object.get("id").ok_or(MuError::Missing("id"))?;
        let id = match id.as_u64() {
            Some(0) => return Err(MuError::IdOutOfRange),
            Some(id) => id,
            None if id.is_i64() => return Err(MuError::IdOutOfRange),
            None => return Err(MuError::WrongType { key: "id", found: type_name(id), wanted: "an integer" }),
        };
        let title = object.get("title").ok_or(MuError::Missing("title"))?;
        let title =
            title.as_str().ok_or(MuError::WrongType { key: "title", found: type_name(title), wanted: "text" })?;
        let title = one_line(title, 200);
        if title.is_empty() {
            return Err(MuError::EmptyTitle);
        }
        let timestamp = object.get("timestamp").ok_or(MuError::Missing("timestamp"))?;
        let timestamp = timestamp.as_i64().ok_or(MuError::WrongType {
            key: "timestamp",
            found: type_name(timestamp),
            wanted: "an integer",
        })?;
        let doc_link = object.get("doc_link").and_then(Value::as_str).map(|link| one_line(link, 500));
        Ok(Self { id, title, timestamp, doc_link: doc_link.filter(|link| !link.is_empty()) })
    }

    /// Whether both name the same update: equal `id` and `timestamp`.
    pub fn same_as(&self, other: &Self) -> bool {
        self.id == other.id && self.timestamp == other.timestamp
    }
}

impl fmt::Display for Mu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title)
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(n) if n.is_f64() => "a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Mu::parse(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn the_example_of_the_specification() {
        let mu = Mu::parse(
            br#"{"id": 3, "title": "8.0-MU-3", "timestamp": 1467647277, "doc_link": "https://example.org/mu3", "x": []}"#,
        )
        .unwrap();
        assert_eq!((mu.id, mu.title.as_str(), mu.timestamp), (3, "8.0-MU-3", 1_467_647_277));
        assert_eq!(mu.doc_link.as_deref(), Some("https://example.org/mu3"));
    }

    #[test]
    fn a_byte_order_mark_is_no_fault() {
        assert!(Mu::parse("\u{feff}{\"id\":1,\"title\":\"t\",\"timestamp\":1}".as_bytes()).is_ok());
    }

    #[test]
    fn each_fault_names_the_key() {
        assert_eq!(fault(""), "empty");
        assert_eq!(fault(" <html>"), "an HTML page, not JSON");
        assert_eq!(fault("{\"id\": 1,"), "not valid JSON (line 1, column 9)");
        assert_eq!(fault("{\"id\": 1,}"), "not valid JSON (line 1, column 10)");
        assert_eq!(fault("[]"), "not a JSON object but a list");
        assert_eq!(fault("{}"), "`id` is missing");
        assert_eq!(fault(r#"{"id":"3","title":"t","timestamp":1}"#), "`id` is text, not an integer");
        assert_eq!(fault(r#"{"id":1.5,"title":"t","timestamp":1}"#), "`id` is a fraction, not an integer");
        assert_eq!(fault(r#"{"id":0,"title":"t","timestamp":1}"#), "`id` is out of range");
        assert_eq!(fault(r#"{"id":-1,"title":"t","timestamp":1}"#), "`id` is out of range");
        assert_eq!(fault(r#"{"id":1,"timestamp":1}"#), "`title` is missing");
        assert_eq!(fault(r#"{"id":1,"title":" \u001b","timestamp":1}"#), "`title` is empty");
        assert_eq!(fault(r#"{"id":1,"title":"t","timestamp":"1"}"#), "`timestamp` is text, not an integer");
        assert_eq!(fault(r#"{"id":1,"title":"t","timestamp":1.5}"#), "`timestamp` is a fraction, not an integer");
        assert_eq!(Mu::parse(&vec![b' '; MAX_BYTES + 1]), Err(MuError::TooLarge));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = Mu::parse(&bytes);
        }
    }
}
