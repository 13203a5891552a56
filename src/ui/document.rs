//! The JSON of every command: a contract, schema `fuel-updates/1`. Keys may be added, never renamed or removed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::mos_version::MosVersion;
use crate::domain::mu::Mu;
use crate::domain::numbers::EnvId;
use crate::domain::report::Source;
use crate::error::AppError;
use crate::exit::Exit;

/// The keys that every document has, around those of one command.
#[derive(Debug, Serialize)]
pub(super) struct Envelope<'a, B> {
    schema: &'static str,
    tool: &'static str,
    command: Option<&'a str>,
    env: Option<EnvId>,
    #[serde(flatten)]
    version: Option<VersionKeys<'a>>,
    taken_at: &'a str,
    exit: u8,
    conditions: Vec<&'static str>,
    #[serde(flatten)]
    body: B,
}

#[derive(Debug, Serialize)]
struct VersionKeys<'a> {
    mos_version: Option<&'a str>,
    mos_version_source: Option<&'static str>,
}

impl<'a, B> Envelope<'a, B> {
    /// The document of a command that found nothing that needs attention.
    pub(super) fn new(
        command: impl Into<Option<&'a str>>,
        env: impl Into<Option<EnvId>>,
        taken_at: &'a str,
        body: B,
    ) -> Self {
        Self {
            schema: "fuel-updates/1",
            tool: env!("CARGO_PKG_VERSION"),
            command: command.into(),
            env: env.into(),
            version: None,
            taken_at,
            exit: Exit::Ok as u8,
            conditions: vec![],
            body,
        }
    }

    /// The same with the exit status and what needs attention.
    pub(super) fn ended(mut self, exit: Exit, conditions: Vec<&'static str>) -> Self {
        (self.exit, self.conditions) = (exit as u8, conditions);
        self
    }

    /// The same with the environment's MOS version and where it is known from.
    pub(super) fn version(mut self, version: Option<&'a MosVersion>, source: Option<&'static str>) -> Self {
        let mos_version = version.map(MosVersion::as_str);
        self.version = Some(VersionKeys { mos_version, mos_version_source: source });
        self
    }
}

/// An error that ended a command.
#[derive(Debug, Serialize)]
pub(super) struct ErrorDocument<'a> {
    error: ErrorKeys<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorKeys<'a> {
    message: &'a str,
    causes: &'a [String],
    hint: Option<&'a str>,
}

/// The body of the document of an error.
pub(super) fn error(error: &AppError) -> ErrorDocument<'_> {
    let AppError { message, causes, hint, .. } = error;
    ErrorDocument { error: ErrorKeys { message, causes, hint: hint.as_deref() } }
}

/// The condition that an exit status stands for.
pub(super) fn condition(exit: Exit) -> Option<&'static str> {
    match exit {
        Exit::Ok => None,
        Exit::Partial => Some("partial"),
        Exit::InstallFailed => Some("install-failed"),
        Exit::Busy => Some("busy"),
        Exit::Interrupted => Some("interrupted"),
        Exit::Usage => Some("usage"),
        _ => Some("error"),
    }
}

/// A maintenance update.
#[derive(Debug, Serialize)]
pub(super) struct MuDocument<'a> {
    id: u64,
    title: &'a str,
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    doc_link: Option<&'a str>,
}

pub(super) fn mu(mu: &Mu) -> MuDocument<'_> {
    MuDocument { id: mu.id, title: &mu.title, timestamp: mu.timestamp, doc_link: mu.doc_link.as_deref() }
}

/// The node list that was used.
#[derive(Debug, Serialize)]
pub(super) struct SourceDocument<'a> {
    source: &'a str,
    format: &'static str,
    age_s: Option<u64>,
    left_out: BTreeMap<&'static str, usize>,
}

pub(super) fn source(source: &Source) -> SourceDocument<'_> {
    SourceDocument {
        source: &source.path,
        format: source.format,
        age_s: source.age_s,
        left_out: source.left_out.iter().map(|(reason, n)| (reason.as_str(), *n)).collect(),
    }
}

/// Pretty JSON. Our own types have text keys and no parts that can fail, so the fallback loses nothing.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The same as YAML.
pub(super) fn yaml(value: &impl Serialize) -> String {
    serde_saphyr::to_string(value).unwrap_or_default()
}
