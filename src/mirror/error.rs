//! Why the mirror did not tell which update is the newest.

use std::io;

use thiserror::Error;

use crate::domain::mu::MuError;
use crate::domain::text::one_line;
use crate::error::Explain;
use crate::exit::Exit;
use crate::http::{HttpError, Peer, TlsFault};

use super::FILE_NAME;

/// Why the mirror did not tell. Every text is one line, safe to show and without passwords.
#[derive(Debug, Error)]
pub enum MirrorError {
    /// The mirror's address cannot be used.
    #[error("mirror `{text}`: {fault}")]
    Address {
        /// The address, masked.
        text: String,
        /// What is wrong with it.
        #[source]
        fault: AddressFault,
    },
    /// The HTTP client failed.
    #[error("mirror {at}: {source}")]
    Http {
        /// The address, masked.
        at: String,
        /// Why.
        #[source]
        source: Box<HttpError>,
    },
    /// The web server, or the proxy in front of it, answered with another status than 200.
    #[error("mirror {at}: {} ({status}{})", status_words(*status), through(via.as_ref()))]
    Status {
        /// The address, masked.
        at: String,
        /// The status.
        status: u16,
        /// The proxy that the answer came through.
        via: Option<Peer>,
    },
    /// A file or folder of this host cannot be read.
    #[error("mirror {at}: {fault}")]
    File {
        /// The path.
        at: String,
        /// Why.
        #[source]
        fault: FileFault,
    },
    /// What the mirror has is no announcement of an update.
    #[error("mirror {at}: {}", content_words(fault))]
    Content {
        /// Where.
        at: String,
        /// What is wrong with it.
        #[source]
        fault: MuError,
    },
    /// Neither the folder of the MOS version nor the one that also serves it has the file.
    #[error("{first} (nor in the folder of {folder})")]
    InNeither {
        /// What the folder of the version said.
        #[source]
        first: Box<MirrorError>,
        /// The other folder.
        folder: &'static str,
    },
}

/// What is wrong with a mirror's address.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AddressFault {
    /// Nothing is written.
    #[error("it is empty")]
    Empty,
    /// `file:` without a path of this host.
    #[error("a file address is written file:///path")]
    FileForm,
    /// A NUL in a path.
    #[error("it is not a path")]
    NoPath,
    /// A query where only a folder makes sense.
    #[error("a mirror's address must not contain `?`")]
    Query,
    /// A file where only a folder makes sense.
    #[error("it is the address of a file: give the folder that contains mcv/")]
    NoFolder,
    /// Another scheme.
    #[error("its scheme is none of http, https, file")]
    Scheme,
}

/// Why a file of this host cannot be read.
#[derive(Debug, Error)]
pub enum FileFault {
    /// The mirror's folder is not there.
    #[error("no such file or folder")]
    NoMirror,
    /// It is something else than a file.
    #[error("it is {0}")]
    NotAFile(&'static str),
    /// It is something else than a folder.
    #[error("it is not a folder")]
    NotAFolder,
    /// It is larger than such a file can be.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// The system refuses.
    #[error("{}", reason(.0))]
    Io(#[source] io::Error),
}

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

impl MirrorError {
    /// What the HTTP client says, about this address (masked).
    pub(super) fn http(at: impl Into<String>, source: HttpError) -> Self {
        Self::Http { at: at.into(), source: Box::new(source) }
    }

    /// The kind.
    pub fn kind(&self) -> MirrorErrorKind {
        use MirrorErrorKind as Kind;
        match self {
            Self::Address { .. } => Kind::Address,
            Self::Http { source, .. } => kind_of(source),
            Self::Status { status, .. } => match status {
                404 => Kind::NotFound,
                401 | 403 => Kind::Forbidden,
                300..=399 => Kind::Redirect,
                _ => Kind::Status,
            },
            Self::File { fault, .. } => match fault {
                FileFault::NoMirror => Kind::NotFound,
                FileFault::NotAFile(_) | FileFault::NotAFolder => Kind::File,
                FileFault::TooLarge(_) => Kind::TooLarge,
                FileFault::Io(error) => match error.kind() {
                    io::ErrorKind::NotFound => Kind::NotFound,
                    io::ErrorKind::PermissionDenied => Kind::Forbidden,
                    _ => Kind::File,
                },
            },
            Self::Content { fault, .. } => match fault {
                MuError::Html => Kind::Html,
                MuError::TooLarge => Kind::TooLarge,
                _ => Kind::Invalid,
            },
            Self::InNeither { first, .. } => first.kind(),
        }
    }
}

impl Explain for MirrorError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Address { fault: AddressFault::Empty, .. } => "give an http:// or https:// address, or a path",
            Self::Address { .. } => return None,
            Self::Http { source, .. } => match source.as_ref() {
                HttpError::TooLarge { .. } => return hint_of(&MuError::TooLarge),
                HttpError::Tls { fault: TlsFault::NotTls | TlsFault::OldProtocol, .. } => {
                    "try the mirror's address with http://"
                }
                other => return other.hint(),
            },
            Self::Status { status, via, .. } => return status_hint(*status, via.as_ref()),
            Self::File { at, fault } => match fault {
                FileFault::NoMirror if !at.starts_with(['/', '.']) => {
                    return Some(format!("for a web server write http://{at}"));
                }
                FileFault::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    "check who may read the file and enter the folders above it"
                }
                _ => return None,
            },
            Self::Content { fault, .. } => return hint_of(fault),
            Self::InNeither { first, .. } => return first.hint(),
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Address { .. } => Exit::Usage,
            Self::Http { source, .. } => source.exit(),
            _ => Exit::Error,
        }
    }
}

fn kind_of(error: &HttpError) -> MirrorErrorKind {
    match error {
        HttpError::BadUrl { .. } | HttpError::BadRequest { .. } => MirrorErrorKind::Address,
        HttpError::CaFile(_) => MirrorErrorKind::CaFile,
        HttpError::Dns { .. } => MirrorErrorKind::Dns,
        HttpError::Refused { .. } | HttpError::NoRoute { .. } | HttpError::ConnectTimeout { .. } => {
            MirrorErrorKind::Unreachable
        }
        HttpError::Tls { .. } => MirrorErrorKind::Tls,
        HttpError::Proxy { .. } | HttpError::BadProxy { .. } => MirrorErrorKind::Proxy,
        HttpError::Timeout { .. } => MirrorErrorKind::Timeout,
        HttpError::Lost { .. } => MirrorErrorKind::Lost,
        HttpError::TooLarge { .. } => MirrorErrorKind::TooLarge,
        HttpError::Redirects { .. } | HttpError::Downgrade { .. } | HttpError::BadRedirect { .. } => {
            MirrorErrorKind::Redirect
        }
        _ => MirrorErrorKind::Invalid,
    }
}

fn status_words(status: u16) -> &'static str {
    match status {
        404 => "no such file",
        401 => "the web server asks for a user name and a password",
        403 => "the web server refuses the file",
        500.. => "the web server failed",
        300..=399 => "the web server redirects without a usable address",
        _ => "the web server did not answer with the file",
    }
}

fn through(via: Option<&Peer>) -> String {
    via.map(|proxy| format!(" through {proxy}")).unwrap_or_default()
}

fn status_hint(status: u16, via: Option<&Peer>) -> Option<String> {
    let hint = match status {
        404 => {
            "the mirror's address is the folder that contains `mcv/`: check it, and that the mirror serves this MOS version"
        }
        401 => "give them in the address: http://user:password@host/",
        403 => "make the file and the folders above it readable for the web server",
        500.. => "try again; look at the server's log",
        _ => return None,
    };
    // A proxy answers with its own 403, 502, 503 and 504.
    let variable = via.and_then(|proxy| proxy.variable.as_deref()).filter(|_| status == 403 || status >= 500);
    Some(match variable {
        Some(variable) => format!(
            "the answer may be the proxy's own: check {variable}; no_proxy names the hosts that are reached without a proxy"
        ),
        None => hint.to_owned(),
    })
}

fn content_words(fault: &MuError) -> String {
    match fault {
        MuError::Html => format!("it answered with a web page, not with {FILE_NAME}"),
        MuError::TooLarge => "it is larger than 64 KiB".to_owned(),
        other => format!("not a valid {FILE_NAME}: {other}"),
    }
}

fn hint_of(fault: &MuError) -> Option<String> {
    Some(match fault {
        MuError::Html => "the web server may not be allowed to read the file: nginx on a Fuel master's port 8080 \
                          answers so; make the file and the folders above it readable for everybody"
            .to_owned(),
        MuError::TooLarge => format!("{FILE_NAME} has a few hundred bytes: check the mirror's address"),
        _ => format!("{FILE_NAME} needs `id` (integer from 1), `title` (text) and `timestamp` (integer)"),
    })
}

/// The system's words without its error number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => one_line(&error.to_string(), 120),
    }
}
