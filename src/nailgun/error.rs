//! Why Nailgun did not do what it was asked.

use thiserror::Error;

use crate::domain::text::one_line;
use crate::error::Explain;
use crate::http::{HttpError, Reply};

use super::message;

/// The kinds of failure.
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

/// Why Nailgun did not do what it was asked. Every text is one line and safe to show.
#[derive(Debug, Error)]
pub enum NailgunError {
    /// There was no answer.
    #[error("Nailgun, {what}: {source}")]
    Http {
        /// What was asked: `reading the tasks`.
        what: String,
        /// Why there was none.
        #[source]
        source: Box<HttpError>,
    },
    /// The answer points to another server, which gets neither token nor password.
    #[error("Nailgun, {what}: the server sends us to {to} ({status})")]
    Redirect {
        /// What was asked.
        what: String,
        /// The other address, masked.
        to: String,
        /// The HTTP status.
        status: u16,
    },
    /// Keystone refused user and password.
    #[error("Nailgun, logging in: user {user} or the password is refused (401)")]
    Login {
        /// The user.
        user: String,
    },
    /// The server at Nailgun's address has no Keystone.
    #[error("Nailgun, logging in: there is no Keystone behind {url}")]
    NoKeystone {
        /// Nailgun's address.
        url: String,
    },
    /// The answer has an error status.
    #[error("Nailgun, {what}: {} ({status}){}", words(*status), message.as_ref().map_or_else(String::new, |m| format!(": {m}")))]
    Status {
        /// What was asked.
        what: String,
        /// The HTTP status.
        status: u16,
        /// Nailgun's own words.
        message: Option<String>,
    },
    /// The answer cannot be understood.
    #[error("Nailgun, {what}: the answer cannot be understood: {cause}")]
    Protocol {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The type of a graph that would change the path of a request.
    #[error("`{0}` is no type of a graph: letters, digits, - and _")]
    GraphType(String),
    /// The id of a task that would change the path of a request.
    #[error("`{0}` is no id of a task")]
    TaskName(String),
}

/// What an error status means.
fn words(status: u16) -> &'static str {
    match status {
        401 => "the token is refused",
        403 => "this user may not do that",
        404 => "not found",
        405 => "this Nailgun cannot do that",
        500.. => "the server failed",
        _ => "refused",
    }
}

/// What became of a request to start a run.
#[derive(Debug, Error)]
pub enum ExecuteError {
    /// It did not reach Nailgun: nothing started.
    #[error(transparent)]
    NotSent(NailgunError),
    /// Nailgun refused it: nothing started.
    #[error(transparent)]
    Refused(NailgunError),
    /// It may have reached Nailgun, and the answer does not tell: whether a run started must be looked up, and the request
    /// must not be repeated.
    #[error(transparent)]
    Unclear(NailgunError),
}

impl Explain for NailgunError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Http { source, .. } => match &**source {
                HttpError::Tls { fault, .. } => {
                    let own = source.hint().map(|hint| format!("{hint}; or ")).unwrap_or_default();
                    // What is not about the certificate fails without verification too.
                    let unverified =
                        if fault.is_about_the_certificate() { ", or --insecure-tls for this master alone" } else { "" };
                    return Some(format!("{own}use Nailgun's plain port 8000{unverified}"));
                }
                HttpError::Refused { .. } => {
                    "is this the Fuel master, and does nailgun run there? (systemctl status nailgun nginx)"
                }
                other => return other.hint(),
            },
            Self::Redirect { .. } => "name that server as Nailgun's address (FUEL_UPDATES_NAILGUN_URL)",
            Self::Login { .. } | Self::Status { status: 401, .. } => {
                "check user and password; after a change in Fuel, fuelclient's file and /etc/fuel/astute.yaml keep the old one"
            }
            Self::Status { status: 403, .. } => "the user needs the role admin in Fuel's Keystone",
            Self::Status { status: 500.., .. } => "see /var/log/nailgun/ and /var/log/nginx/ on the master",
            Self::NoKeystone { .. } | Self::Protocol { .. } => {
                "is this Nailgun's address? http://MASTER:8000 is the usual one"
            }
            Self::Status { .. } | Self::GraphType(_) | Self::TaskName(_) => return None,
        };
        Some(hint.to_owned())
    }
}

impl NailgunError {
    /// The kind.
    pub fn kind(&self) -> NailgunErrorKind {
        match self {
            Self::Http { source, .. } => match **source {
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
            },
            Self::Redirect { .. } | Self::NoKeystone { .. } => NailgunErrorKind::Address,
            Self::Login { .. } => NailgunErrorKind::Unauthorized,
            Self::Status { status, .. } => match status {
                401 => NailgunErrorKind::Unauthorized,
                403 => NailgunErrorKind::Forbidden,
                404 | 405 => NailgunErrorKind::NotFound,
                409 => NailgunErrorKind::Conflict,
                500.. => NailgunErrorKind::Server,
                _ => NailgunErrorKind::Refused,
            },
            Self::Protocol { .. } => NailgunErrorKind::Protocol,
            Self::GraphType(_) | Self::TaskName(_) => NailgunErrorKind::Refused,
        }
    }

    /// Whether Nailgun refuses every stop in this environment. 9.0 does so once the environment was deployed.
    pub fn forbids_stops(&self) -> bool {
        matches!(self, Self::Status { status: 400, message: Some(text), .. } if text.starts_with("Stop action is forbidden"))
    }

    /// There was no answer; `what` is what was asked, as in `reading the tasks`.
    pub(super) fn from_http(source: HttpError, what: &str) -> Self {
        Self::Http { what: what.to_owned(), source: Box::new(source) }
    }

    /// An answer with an error status.
    pub(super) fn from_reply(reply: &Reply, what: &str) -> Self {
        let (what, status) = (what.to_owned(), reply.status);
        if (300..400).contains(&status) {
            let to = reply.location().map(String::from_utf8_lossy).map(|to| crate::http::mask(&to));
            return Self::Redirect { what, to: to.unwrap_or_default(), status };
        }
        Self::Status { what, status, message: message::of(&reply.body) }
    }

    /// An answer that cannot be understood.
    pub(super) fn protocol(what: &str, cause: &str) -> Self {
        Self::Protocol { what: what.to_owned(), cause: one_line(cause, 200) }
    }
}
