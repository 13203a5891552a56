//! Why Nailgun did not do what it was asked.

use thiserror::Error;

use crate::error::Explain;
use crate::http::{HttpError, Reply};

use super::message;

/// The kinds of failure, stable words for JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NailgunErrorKind {
    /// The address cannot be used, or is not Nailgun's.
    Address,
    /// No connection, or it was lost.
    Unreachable,
    /// No secure connection.
    Tls,
    /// No complete answer in time.
    Timeout,
    /// User, password or token refused.
    Unauthorized,
    /// This user may not do it.
    Forbidden,
    /// The object, or the whole path, is not there.
    NotFound,
    /// It exists already, or another task of the environment is in progress.
    Conflict,
    /// The request was refused for what it says.
    Refused,
    /// The server failed.
    Server,
    /// An answer that cannot be understood.
    Protocol,
}

impl NailgunErrorKind {
    /// The word for JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Server => "server",
            Self::Protocol => "protocol",
        }
    }
}

/// Why Nailgun did not do what it was asked. Every text is one line and safe to show.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct NailgunError {
    /// The kind.
    pub kind: NailgunErrorKind,
    /// One sentence that says what was asked.
    pub message: String,
    /// What the operator can do about it.
    pub hint: Option<String>,
}

/// What became of a request to start a run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExecuteError {
    /// It did not reach Nailgun: nothing started.
    #[error("{0}")]
    NotSent(NailgunError),
    /// Nailgun refused it: nothing started.
    #[error("{0}")]
    Refused(NailgunError),
    /// It may have reached Nailgun, and the answer does not tell: whether a run started must be looked up,
    /// and the request must not be repeated.
    #[error("{0}")]
    Unclear(NailgunError),
}

impl ExecuteError {
    /// The failure itself.
    pub fn cause(&self) -> &NailgunError {
        match self {
            Self::NotSent(error) | Self::Refused(error) | Self::Unclear(error) => error,
        }
    }
}

impl Explain for NailgunError {
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl NailgunError {
    pub(super) fn new(kind: NailgunErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it may pass by itself, so that a watch goes on: a server that is restarted or slow, a
    /// connection that is lost, a Keystone that refuses tokens for a moment.
    pub fn retryable(&self) -> bool {
        matches!(
            self.kind,
            NailgunErrorKind::Unreachable
                | NailgunErrorKind::Timeout
                | NailgunErrorKind::Unauthorized
                | NailgunErrorKind::Server
                | NailgunErrorKind::Protocol
        )
    }

    /// What the HTTP client says; `what` is what was asked, as in `reading the tasks`.
    pub(super) fn from_http(error: &HttpError, what: &str) -> Self {
        let kind = match error {
            HttpError::BadUrl { .. } | HttpError::CaFile(_) => NailgunErrorKind::Address,
            HttpError::Tls { .. } => NailgunErrorKind::Tls,
            HttpError::Timeout { .. } => NailgunErrorKind::Timeout,
            HttpError::Dns { .. }
            | HttpError::Refused { .. }
            | HttpError::NoRoute { .. }
            | HttpError::ConnectTimeout { .. }
            | HttpError::Lost { .. }
            | HttpError::Proxy { .. } => NailgunErrorKind::Unreachable,
            _ => NailgunErrorKind::Protocol,
        };
        let hint = match error {
            HttpError::Tls { fault, .. } => {
                let own = error.hint().map(|hint| format!("{hint}; or ")).unwrap_or_default();
                // What is not about the certificate fails without verification too.
                let unverified =
                    if fault.is_about_the_certificate() { ", or --insecure-tls for this master alone" } else { "" };
                Some(format!("{own}use Nailgun's plain port 8000{unverified}"))
            }
            HttpError::Refused { .. } => {
                Some("is this the Fuel master, and does nailgun run there? (systemctl status nailgun nginx)".to_owned())
            }
            other => other.hint(),
        };
        Self { kind, message: format!("Nailgun, {what}: {error}"), hint }
    }

    /// What an error status says.
    pub(super) fn from_reply(reply: &Reply, what: &str) -> Self {
        let status = reply.status;
        let said = message::of(&reply.body);
        let with = |text: &str| match &said {
            Some(said) => format!("Nailgun, {what}: {text} ({status}): {said}"),
            None => format!("Nailgun, {what}: {text} ({status})"),
        };
        let of = |kind, text: &str| Self::new(kind, with(text));
        match status {
            300..=399 => {
                let to = reply.location().map(String::from_utf8_lossy).map(|to| crate::http::mask(&to)).unwrap_or_default();
                let text = format!("Nailgun, {what}: the server sends us to {to} ({status})");
                Self::new(NailgunErrorKind::Address, text)
                    .hinted("name that server as Nailgun's address (FUEL_UPDATES_NAILGUN_URL)")
            }
            401 => of(NailgunErrorKind::Unauthorized, "the token is refused")
                .hinted("check user and password; after a change in Fuel, fuelclient's file and /etc/fuel/astute.yaml keep the old one"),
            403 => of(NailgunErrorKind::Forbidden, "this user may not do that")
                .hinted("the user needs the role admin in Fuel's Keystone"),
            404 => of(NailgunErrorKind::NotFound, "not found"),
            405 => of(NailgunErrorKind::NotFound, "this Nailgun cannot do that"),
            409 => of(NailgunErrorKind::Conflict, "refused"),
            500.. => of(NailgunErrorKind::Server, "the server failed")
                .hinted("see /var/log/nailgun/ and /var/log/nginx/ on the master"),
            _ => of(NailgunErrorKind::Refused, "refused"),
        }
    }

    /// An answer that cannot be understood.
    pub(super) fn protocol(what: &str, cause: &str) -> Self {
        let cause = crate::domain::text::one_line(cause, 200);
        Self::new(NailgunErrorKind::Protocol, format!("Nailgun, {what}: the answer cannot be understood: {cause}"))
            .hinted("is this Nailgun's address? http://MASTER:8000 is the usual one")
    }
}
