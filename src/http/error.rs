//! Why an exchange over HTTP failed.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::domain::text::{one_line, without_error_number};
use crate::error::Explain;
use crate::exit::Exit;
use crate::names::NoAddress;

use super::encoding::EncodingFault;
use super::proxies::ProxyFault;
use super::tls::{CaFileError, TlsFault};
use super::url::UrlFault;

/// Why an exchange failed. Every text is one line, safe to show, and without passwords.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address cannot be used.
    #[error("`{url}` is not a usable address: {fault}")]
    BadUrl {
        /// The address, masked.
        url: String,
        /// What is wrong with it.
        #[source]
        fault: UrlFault,
    },
    /// ureq does not accept the request that we made.
    #[error("the request to {url} cannot be written")]
    BadRequest {
        /// The address, masked.
        url: String,
        /// What ureq says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A CA file cannot be used.
    #[error(transparent)]
    CaFile(#[from] CaFileError),
    /// A variable names a proxy that cannot be used.
    #[error("{variable}=`{value}` cannot be used: {fault}")]
    BadProxy {
        /// The variable's name.
        variable: String,
        /// Its value, masked.
        value: String,
        /// What is wrong with it.
        #[source]
        fault: ProxyFault,
    },
    /// A host's name has no address.
    #[error("the name {name}{} could not be resolved: {source}", of_variable(variable.as_deref()))]
    Dns {
        /// The name.
        name: String,
        /// The variable that names it, where it is a proxy's.
        variable: Option<String>,
        /// What went wrong.
        #[source]
        source: NoAddress,
    },
    /// Nothing listens there, or a firewall says so.
    #[error("{peer} refused the connection")]
    Refused {
        /// Who.
        peer: Peer,
    },
    /// The network has no way there.
    #[error("{peer} cannot be reached: {}", words(source))]
    NoRoute {
        /// Who.
        peer: Peer,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No connection in time, TLS included.
    #[error("no connection to {peer} within {seconds} s")]
    ConnectTimeout {
        /// Who.
        peer: Peer,
        /// The limit.
        seconds: u64,
    },
    /// TLS failed.
    #[error("no secure connection to {peer}: {fault}")]
    Tls {
        /// Who.
        peer: Peer,
        /// What is wrong.
        #[source]
        fault: TlsFault,
        /// Whether the handshake failed, so that nothing was sent.
        handshake: bool,
    },
    /// The proxy did not connect us.
    #[error("{peer} did not connect us to {target}: {cause}")]
    Proxy {
        /// The proxy.
        peer: Peer,
        /// Host and port of the target.
        target: String,
        /// What it answered.
        cause: String,
    },
    /// The answer was not complete in time.
    #[error("no complete answer from {peer} within {seconds} s")]
    Timeout {
        /// Who.
        peer: Peer,
        /// The limit.
        seconds: u64,
    },
    /// The connection ended too early.
    #[error("{peer} ended the connection before its answer was complete ({})", words(source))]
    Lost {
        /// Who.
        peer: Peer,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The body is over the limit.
    #[error("the answer of {peer} is larger than {}", size(*limit))]
    TooLarge {
        /// Who.
        peer: Peer,
        /// The limit.
        limit: u64,
    },
    /// Redirects that do not end.
    #[error("{peer} redirected more than {limit} times")]
    Redirects {
        /// Who redirected last.
        peer: Peer,
        /// The limit.
        limit: u32,
    },
    /// A redirect from https to http.
    #[error("{peer} redirects from https to {to}: refused")]
    Downgrade {
        /// Who.
        peer: Peer,
        /// The target, masked.
        to: String,
    },
    /// A redirect to something that is not an address.
    #[error("{peer} redirects to `{to}`, which is not a usable address: {fault}")]
    BadRedirect {
        /// Who.
        peer: Peer,
        /// The target, masked.
        to: String,
        /// What is wrong with it.
        #[source]
        fault: UrlFault,
    },
    /// The body cannot be decompressed.
    #[error("the answer of {peer} cannot be decompressed: {fault}")]
    Encoding {
        /// Who.
        peer: Peer,
        /// What is wrong.
        #[source]
        fault: EncodingFault,
    },
    /// What came back is not HTTP.
    #[error("{peer} did not answer as a web server does: {cause}")]
    Protocol {
        /// Who.
        peer: Peer,
        /// What is wrong.
        cause: String,
    },
}

/// Who is at the other end of a connection: a server, or the proxy that leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Host and port.
    pub address: String,
    /// The variable that names it, where it is a proxy.
    pub variable: Option<String>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variable {
            Some(variable) => write!(f, "the proxy {} ({variable})", self.address),
            None => f.write_str(&self.address),
        }
    }
}

impl HttpError {
    /// Whether the request may have reached the server: false only where that is certain.
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Self::BadUrl { .. }
            | Self::BadRequest { .. }
            | Self::BadProxy { .. }
            | Self::CaFile(_)
            | Self::Dns { .. }
            | Self::Refused { .. }
            | Self::NoRoute { .. }
            | Self::ConnectTimeout { .. }
            | Self::Proxy { .. } => false,
            Self::Tls { handshake, .. } => !handshake,
            _ => true,
        }
    }

    /// The proxy's variable, where it is the proxy that failed.
    fn proxy_variable(&self) -> Option<&str> {
        match self {
            Self::Dns { variable, .. } => variable.as_deref(),
            Self::Refused { peer }
            | Self::NoRoute { peer, .. }
            | Self::ConnectTimeout { peer, .. }
            | Self::Timeout { peer, .. }
            | Self::Lost { peer, .. }
            | Self::Protocol { peer, .. }
            | Self::Proxy { peer, .. }
            | Self::Tls { peer, .. } => peer.variable.as_deref(),
            _ => None,
        }
    }
}

impl Explain for HttpError {
    fn hint(&self) -> Option<String> {
        if let Some(variable) = self.proxy_variable() {
            let own = match self {
                Self::Tls { fault, .. } => fault.hint().map(|hint| format!("{hint}; ")).unwrap_or_default(),
                _ => String::new(),
            };
            return Some(format!("{own}check {variable}; no_proxy names the hosts that are reached without a proxy"));
        }
        let hint = match self {
            Self::BadUrl { fault, .. } => return fault.hint(),
            Self::CaFile(error) => return error.hint(),
            Self::BadProxy { variable, fault, .. } => return Some(fault.hint(variable)),
            Self::Tls { fault, .. } => return fault.hint(),
            Self::BadRequest { .. } | Self::Protocol { .. } | Self::Redirects { .. } => return None,
            Self::Dns { .. } => "check the name, /etc/hosts and /etc/resolv.conf, or give an IP address",
            Self::Refused { .. } => "check the port, and that the server runs",
            Self::NoRoute { .. } | Self::ConnectTimeout { .. } => {
                "check the address, the route to it and the firewalls in between"
            }
            Self::Proxy { .. } => "no_proxy names the hosts that are reached without a proxy",
            Self::Timeout { .. } => "the server or the network is slow: try again",
            Self::Lost { .. } => "try again; if it happens again, look at the server's log",
            Self::TooLarge { .. } => "check the address",
            Self::Encoding { .. } => "check the compression settings of the web server",
            Self::Downgrade { .. } | Self::BadRedirect { .. } => "give the final address instead",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            // What the operator wrote cannot be used.
            Self::CaFile(_) | Self::BadUrl { .. } => Exit::Usage,
            _ => Exit::Error,
        }
    }
}

/// The system's words without its error number.
fn words(error: &io::Error) -> String {
    one_line(&without_error_number(&error.to_string()), 120)
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= MIB { format!("{} MiB", bytes / MIB) } else { format!("{} KiB", bytes / 1024) }
}

fn of_variable(variable: Option<&str>) -> String {
    variable.map(|variable| format!(" (the proxy in {variable})")).unwrap_or_default()
}
