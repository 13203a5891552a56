//! Why the mirror did not tell which update is the newest.

use thiserror::Error;

use crate::http::{HttpError, TlsFault};

/// The kinds of failure, stable words for JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MirrorErrorKind {
    /// The mirror's address or the MOS version cannot be used.
    Address,
    /// The CA file cannot be used.
    CaFile,
    /// The name has no address.
    Dns,
    /// No connection.
    Unreachable,
    /// TLS failed.
    Tls,
    /// The proxy did not do its part.
    Proxy,
    /// Not in time.
    Timeout,
    /// The connection ended too early.
    Lost,
    /// The file is not there.
    NotFound,
    /// The file may not be read.
    Forbidden,
    /// Another status than 200.
    Status,
    /// Redirects that do not end or lead where we do not go.
    Redirect,
    /// Over 64 KiB.
    TooLarge,
    /// A web page in place of the file.
    Html,
    /// No valid `mu-version.json`, or no HTTP.
    Invalid,
    /// The file of this host cannot be read.
    File,
}

impl MirrorErrorKind {
    /// The word for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::CaFile => "ca-file",
            Self::Dns => "dns",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Timeout => "timeout",
            Self::Lost => "lost",
            Self::NotFound => "not-found",
            Self::Forbidden => "forbidden",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::TooLarge => "too-large",
            Self::Html => "html",
            Self::Invalid => "invalid",
            Self::File => "file",
        }
    }
}

/// Why the mirror did not tell. Every text is safe to show and without passwords.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct MirrorError {
    /// The kind.
    pub kind: MirrorErrorKind,
    /// One sentence, with the address.
    pub message: String,
    /// What the operator can do about it.
    pub hint: Option<String>,
}

impl MirrorError {
    pub(super) fn new(kind: MirrorErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the HTTP client says, about this address (masked).
    pub(super) fn from_http(error: &HttpError, url: &str) -> Self {
        let kind = match error {
            HttpError::BadUrl { .. } => MirrorErrorKind::Address,
            HttpError::CaFile(_) => MirrorErrorKind::CaFile,
            HttpError::Dns { .. } => MirrorErrorKind::Dns,
            HttpError::Refused { .. } | HttpError::NoRoute { .. } | HttpError::ConnectTimeout { .. } => {
                MirrorErrorKind::Unreachable
            }
            HttpError::Tls { .. } => MirrorErrorKind::Tls,
            HttpError::Proxy { .. } => MirrorErrorKind::Proxy,
            HttpError::Timeout { .. } => MirrorErrorKind::Timeout,
            HttpError::Lost { .. } => MirrorErrorKind::Lost,
            HttpError::TooLarge { .. } => MirrorErrorKind::TooLarge,
            HttpError::Redirects { .. } | HttpError::Downgrade { .. } | HttpError::BadRedirect { .. } => {
                MirrorErrorKind::Redirect
            }
            _ => MirrorErrorKind::Invalid,
        };
        let hint = match error {
            HttpError::TooLarge { .. } => {
                Some("mu-version.json has less than 64 KiB: is this the right mirror?".to_owned())
            }
            // A proxy of the environment stands in the way of local mirrors more often than of others.
            HttpError::Tls { fault: TlsFault::NotTls, .. } => Some("try the mirror with http://".to_owned()),
            other => other.hint(),
        };
        Self { kind, message: format!("mirror {url}: {error}"), hint }
    }
}
