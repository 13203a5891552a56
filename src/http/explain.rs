//! Turns what ureq says into what an operator understands.

use std::io;
use std::time::Duration;

use ureq::Timeout;

use crate::domain::text::one_line;
use crate::names::NoAddress;

use super::proxies::Proxy;
use super::resolve::Unresolved;
use super::tls::HandshakeFailed;
use super::{HttpError, Peer, TlsFault, Url};

/// One exchange, as far as its errors tell of it.
pub(super) struct Exchange<'a> {
    pub(super) url: &'a Url,
    pub(super) proxy: Option<&'a Proxy>,
    pub(super) connect_timeout: Duration,
    pub(super) total_timeout: Duration,
}

impl Exchange<'_> {
    /// The server that was asked for.
    pub(super) fn target(&self) -> Peer {
        Peer { address: self.url.host_and_port(), variable: None }
    }

    /// Who is at the other end of the connection: the proxy, where there is one.
    pub(super) fn peer(&self) -> Peer {
        self.proxy.map_or_else(|| self.target(), Proxy::peer)
    }

    /// No complete answer in time.
    pub(super) fn timeout(&self) -> HttpError {
        HttpError::Timeout { peer: self.peer(), seconds: self.total_timeout.as_secs() }
    }

    /// The proxy did not do its part.
    pub(super) fn proxy_failed(&self, proxy: &Proxy, cause: &str) -> HttpError {
        HttpError::Proxy { peer: proxy.peer(), target: self.url.host_and_port(), cause: one_line(cause, 200) }
    }

    /// What an error of ureq means here.
    pub(super) fn explain(&self, error: ureq::Error) -> HttpError {
        let protocol = |cause: &str| HttpError::Protocol { peer: self.peer(), cause: one_line(cause, 200) };
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                HttpError::ConnectTimeout { peer: self.peer(), seconds: self.connect_timeout.as_secs() }
            }
            ureq::Error::Timeout(_) => self.timeout(),
            ureq::Error::Io(error) => self.explain_io(error),
            ureq::Error::HostNotFound => self.unresolved(self.url.bare_host().to_owned(), NoAddress::NoRecord),
            ureq::Error::ConnectProxyFailed(cause) => match self.proxy {
                Some(proxy) if cause.contains("407") => self.proxy_failed(proxy, WANTS_LOGIN),
                Some(proxy) => self.proxy_failed(proxy, &cause),
                None => protocol(&cause),
            },
            ureq::Error::Other(error) => match error.downcast::<Unresolved>() {
                Ok(unresolved) => self.unresolved(unresolved.name, unresolved.source),
                Err(error) => match error.downcast::<HandshakeFailed>() {
                    Ok(failed) => self.handshake_failed(*failed),
                    Err(error) => protocol(&error.to_string()),
                },
            },
            ureq::Error::Protocol(_) => protocol("what it sent is not an HTTP answer"),
            ureq::Error::LargeResponseHeader(..) => protocol("its headers are too large"),
            other => protocol(&other.to_string()),
        }
    }

    /// What an error means that came while reading or writing.
    pub(super) fn explain_io(&self, error: io::Error) -> HttpError {
        use io::ErrorKind;
        let peer = self.peer();
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return HttpError::Tls { peer: self.target(), fault: TlsFault::from(inner), handshake: false };
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => HttpError::Refused { peer },
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable => HttpError::NoRoute { peer, source: error },
            ErrorKind::TimedOut => self.timeout(),
            ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                HttpError::Protocol { peer, cause: "its answer is damaged".to_owned() }
            }
            _ => HttpError::Lost { peer, source: error },
        }
    }

    fn unresolved(&self, name: String, source: NoAddress) -> HttpError {
        let proxy = self.proxy.filter(|proxy| proxy.url.bare_host().eq_ignore_ascii_case(&name));
        HttpError::Dns { name, variable: proxy.map(|proxy| proxy.variable.clone()), source }
    }

    /// A handshake with the proxy itself (https://) or with the server behind it.
    fn handshake_failed(&self, failed: HandshakeFailed) -> HttpError {
        let peer = match self.proxy {
            Some(proxy) if proxy.url.is_https() && proxy.url.host_and_port() == failed.address => proxy.peer(),
            _ => Peer { address: failed.address, variable: None },
        };
        HttpError::Tls { peer, fault: failed.fault, handshake: true }
    }
}

/// A proxy's status 407.
pub(super) const WANTS_LOGIN: &str = "it asks for a user name and a password (407)";
