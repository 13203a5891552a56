//! Why an exchange over HTTP failed.

use thiserror::Error;

/// Why an exchange failed. Every text is one line, safe to show, and without passwords.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The address cannot be used.
    #[error("`{url}` is no usable address: {cause}")]
    BadUrl {
        /// The address, masked.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A CA file cannot be used.
    #[error("{0}")]
    CaFile(String),
    /// The host's name has no address.
    #[error("the name {name} could not be resolved: {cause}")]
    Dns {
        /// The name.
        name: String,
        /// What went wrong.
        cause: String,
    },
    /// Nothing listens there, or a firewall says so.
    #[error("{peer} refused the connection")]
    Refused {
        /// Host and port.
        peer: String,
    },
    /// The network has no way there.
    #[error("{peer} cannot be reached: {cause}")]
    NoRoute {
        /// Host and port.
        peer: String,
        /// What the system says.
        cause: String,
    },
    /// No connection in time, TLS included.
    #[error("no connection to {peer} within {seconds} s")]
    ConnectTimeout {
        /// Host and port.
        peer: String,
        /// The limit.
        seconds: u64,
    },
    /// TLS failed.
    #[error("no secure connection to {peer}: {cause}")]
    Tls {
        /// Host and port.
        peer: String,
        /// The kind of fault, for the hint.
        fault: TlsFault,
        /// What is wrong.
        cause: String,
    },
    /// The proxy did not do its part.
    #[error("the proxy {proxy} did not connect us to {peer}: {cause}")]
    Proxy {
        /// The proxy, masked.
        proxy: String,
        /// Host and port of the target.
        peer: String,
        /// What it said.
        cause: String,
    },
    /// The answer was not complete in time.
    #[error("no complete answer from {peer} within {seconds} s")]
    Timeout {
        /// Host and port.
        peer: String,
        /// The limit.
        seconds: u64,
    },
    /// The connection ended too early.
    #[error("{peer} ended the connection before its answer was complete ({cause})")]
    Lost {
        /// Host and port.
        peer: String,
        /// What the system says.
        cause: String,
    },
    /// The body is over the limit.
    #[error("the answer of {peer} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        peer: String,
        /// The limit.
        limit: u64,
    },
    /// Redirects that do not end.
    #[error("{peer} redirected more than {limit} times")]
    Redirects {
        /// Host and port of the last one.
        peer: String,
        /// The limit.
        limit: u32,
    },
    /// A redirect from https to http.
    #[error("{peer} redirects from https to {to}: refused")]
    Downgrade {
        /// Host and port.
        peer: String,
        /// The target, masked.
        to: String,
    },
    /// A redirect to something that is no address.
    #[error("{peer} redirects to `{to}`, which is no usable address")]
    BadRedirect {
        /// Host and port.
        peer: String,
        /// The target, masked.
        to: String,
    },
    /// What came back is no HTTP.
    #[error("{peer} did not answer as a web server does: {cause}")]
    Protocol {
        /// Host and port.
        peer: String,
        /// What is wrong.
        cause: String,
    },
}

/// What is wrong with a server's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Signed by nobody whom we trust.
    UnknownIssuer,
    /// A CA's own certificate in the place of a server's, refused even when trusted.
    CaAsServer,
    /// Another name than the one we asked for.
    WrongName,
    /// Expired, or not valid yet.
    Dates,
    /// No TLS on this port.
    NotTls,
    /// Anything else.
    Other,
}

impl HttpError {
    /// What the operator can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::BadUrl { .. } | Self::CaFile(_) | Self::Protocol { .. } | Self::Redirects { .. } => return None,
            Self::Dns { .. } => "check the name, /etc/hosts and /etc/resolv.conf, or give an IP address",
            Self::Refused { .. } => "check the port, and that the server runs",
            Self::NoRoute { .. } | Self::ConnectTimeout { .. } => {
                "check the address, the route to it and the firewalls in between"
            }
            Self::Tls { fault, .. } => match fault {
                TlsFault::UnknownIssuer => "name the CA that signed it with --ca-file",
                TlsFault::CaAsServer => {
                    "its certificate is its own CA (CA:TRUE), which is never accepted for a server: \
                     give it a certificate with CA:FALSE and a subjectAltName, signed by the CA of --ca-file"
                }
                TlsFault::WrongName => "use the name that stands in the certificate's subjectAltName",
                TlsFault::Dates => "check the clock here, and the certificate's dates",
                TlsFault::NotTls => "this port may speak plain http",
                TlsFault::Other => return None,
            },
            Self::Proxy { .. } => "check http_proxy and https_proxy; NO_PROXY names what is reached directly",
            Self::Timeout { .. } => "the server or the way to it is slow; try again",
            Self::Lost { .. } => "try again; if it stays, look at the server's log",
            Self::TooLarge { .. } => "is this the right address?",
            Self::Downgrade { .. } | Self::BadRedirect { .. } => "name the final address instead",
        };
        Some(hint.to_owned())
    }

    /// Whether the request may have reached the server: false only where that is certain.
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Self::BadUrl { .. }
            | Self::CaFile(_)
            | Self::Dns { .. }
            | Self::Refused { .. }
            | Self::NoRoute { .. }
            | Self::ConnectTimeout { .. }
            | Self::Proxy { .. } => false,
            // A certificate is looked at before anything is sent; other faults may come later.
            Self::Tls { fault, .. } => matches!(fault, TlsFault::Other | TlsFault::NotTls),
            _ => true,
        }
    }
}
