//! What is wrong with a server's TLS, in words that help.

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};
use thiserror::Error;

use crate::domain::text::one_line;

/// What is wrong with a server's TLS.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum TlsFault {
    /// Signed by nobody whom we trust.
    #[error("its certificate is signed by an authority that is not trusted here")]
    UnknownIssuer,
    /// Signed by itself, and not in the CA file.
    #[error("its certificate is self-signed and not trusted here")]
    SelfSigned,
    /// The certificate of a CA in the place of a server's, and not in the CA file itself.
    #[error("its certificate is that of a certificate authority (CA:TRUE), not of a server")]
    CaAsServer,
    /// Another name than the one we asked for.
    #[error("its certificate is for another name{}", list(names))]
    WrongName {
        /// The names in it. Safe to show.
        names: Vec<String>,
    },
    /// A name in the old place alone.
    #[error("its certificate has no subjectAltName")]
    NoNames,
    /// Too old.
    #[error("its certificate expired{}", day(" on ", *not_after))]
    Expired {
        /// The last second of it, since 1970.
        not_after: Option<u64>,
    },
    /// Too new.
    #[error("its certificate is not valid{}", day(" before ", *not_before))]
    NotYetValid {
        /// The first second of it, since 1970.
        not_before: Option<u64>,
    },
    /// An X.509 version without extensions.
    #[error("{whose} has the old form X.509 version {version}; version 3 is needed")]
    OldCertificate {
        /// Which certificate of the chain.
        whose: String,
        /// 1 or 2.
        version: u8,
    },
    /// A hash that can be forged.
    #[error("{whose} is signed with {algorithm}, which is not secure")]
    WeakSignature {
        /// Which certificate of the chain.
        whose: String,
        /// `SHA-1` or `MD5`.
        algorithm: &'static str,
    },
    /// A key that can be broken.
    #[error("{whose} has an RSA key of {bits} bits; at least 2048 are needed")]
    ShortKey {
        /// Which certificate of the chain.
        whose: String,
        /// Its length.
        bits: usize,
    },
    /// TLS 1.1 or older.
    #[error("it speaks only TLS 1.1 or older; TLS 1.2 or 1.3 is needed")]
    OldProtocol,
    /// No common ciphers, or it refuses the handshake for a reason that it does not tell.
    #[error("it has no cipher or key exchange in common with this program")]
    NothingInCommon,
    /// The server serves other names alone.
    #[error("it does not serve this name")]
    NameNotServed,
    /// It wants to know who we are.
    #[error("it asks for a client certificate, which this program does not have")]
    ClientCertificate,
    /// No TLS on this port.
    #[error("it does not speak TLS")]
    NotTls,
    /// Anything else.
    #[error("{}", one_line(&.0.to_string(), 200))]
    Other(#[source] rustls::Error),
}

impl TlsFault {
    /// What the operator can do about it.
    pub fn hint(&self) -> Option<String> {
        let itself = "or give this certificate itself with --ca-file";
        let hint = match self {
            Self::UnknownIssuer => "give the certificate of the authority that signed it with --ca-file".to_owned(),
            Self::SelfSigned => {
                "save its certificate (openssl s_client -connect HOST:PORT </dev/null | openssl x509), \
                                 compare it with the one on the server, and give it with --ca-file"
                    .to_owned()
            }
            Self::CaAsServer => format!("install a certificate with CA:FALSE on the server, {itself}"),
            Self::WrongName { .. } | Self::NameNotServed => "use a name that is in the certificate".to_owned(),
            Self::NoNames => format!("install a certificate with a subjectAltName on the server, {itself}"),
            Self::Expired { .. } | Self::NotYetValid { .. } => {
                "check the clock of this host; otherwise install a new certificate on the server".to_owned()
            }
            Self::OldCertificate { .. } => {
                format!("install an X.509 version 3 certificate on the server (openssl req -x509), {itself}")
            }
            Self::WeakSignature { .. } => format!("install a certificate signed with SHA-256 on the server, {itself}"),
            Self::ShortKey { .. } => "issue it again with an RSA key of at least 2048 bits".to_owned(),
            Self::OldProtocol => "enable TLS 1.2 in the server's configuration".to_owned(),
            Self::NothingInCommon => {
                "enable TLS 1.2 with ECDHE and AES-GCM or CHACHA20 in the server's configuration".to_owned()
            }
            Self::ClientCertificate => "use an address that does not ask for one".to_owned(),
            Self::NotTls => "this port may speak plain http".to_owned(),
            Self::Other(_) => return None,
        };
        Some(hint)
    }

    /// Whether the server's certificate is the reason, so that the connection could be made without verification.
    pub fn is_about_the_certificate(&self) -> bool {
        match self {
            Self::UnknownIssuer
            | Self::SelfSigned
            | Self::CaAsServer
            | Self::WrongName { .. }
            | Self::NoNames
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::OldCertificate { .. }
            | Self::WeakSignature { .. }
            | Self::ShortKey { .. } => true,
            Self::Other(error) => matches!(error, rustls::Error::InvalidCertificate(_)),
            Self::OldProtocol
            | Self::NothingInCommon
            | Self::NameNotServed
            | Self::ClientCertificate
            | Self::NotTls => false,
        }
    }

    /// As an error that goes through rustls.
    pub(super) fn into_rustls(self) -> rustls::Error {
        match self {
            Self::Other(error) => error,
            fault => CertificateError::Other(rustls::OtherError(std::sync::Arc::new(fault))).into(),
        }
    }
}

impl From<&rustls::Error> for TlsFault {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(fault) => certificate(fault, error),
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
            | rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => Self::OldProtocol,
            rustls::Error::AlertReceived(
                AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
            )
            | rustls::Error::PeerIncompatible(
                PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon,
            ) => Self::NothingInCommon,
            rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => Self::NameNotServed,
            rustls::Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::NoCertificate) => {
                Self::ClientCertificate
            }
            other => Self::Other(other.clone()),
        }
    }
}

fn certificate(fault: &CertificateError, error: &rustls::Error) -> TlsFault {
    match fault {
        CertificateError::Other(other) => match other.0.downcast_ref::<TlsFault>() {
            Some(ours) => ours.clone(),
            // rustls has no variant for it; the name is webpki's.
            None if format!("{other:?}").contains("CaUsedAsEndEntity") => TlsFault::CaAsServer,
            None => TlsFault::Other(error.clone()),
        },
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::NotValidForName => TlsFault::WrongName { names: Vec::new() },
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => TlsFault::NoNames,
        CertificateError::NotValidForNameContext { presented, .. } => {
            TlsFault::WrongName { names: presented.iter().map(|name| plain_name(name)).collect() }
        }
        CertificateError::Expired => TlsFault::Expired { not_after: None },
        CertificateError::ExpiredContext { not_after, .. } => {
            TlsFault::Expired { not_after: Some(not_after.as_secs()) }
        }
        CertificateError::NotValidYet => TlsFault::NotYetValid { not_before: None },
        CertificateError::NotValidYetContext { not_before, .. } => {
            TlsFault::NotYetValid { not_before: Some(UnixTime::as_secs(not_before)) }
        }
        _ => TlsFault::Other(error.clone()),
    }
}

/// rustls shows the names of a certificate in Rust's notation, as in `DnsName("m.example")`.
fn plain_name(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    one_line(inner.trim_matches('"'), 80)
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => String::new(),
        1..=SHOWN => format!(": {shown}"),
        _ => format!(": {shown}, …"),
    }
}

fn day(before: &str, seconds: Option<u64>) -> String {
    let time = seconds.and_then(|s| Timestamp::from_second(i64::try_from(s).ok()?).ok());
    time.map(|time| format!("{before}{}", time.strftime("%Y-%m-%d"))).unwrap_or_default()
}
