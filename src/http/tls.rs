//! Whom to trust, and what to say when a server's certificate does not hold.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

use crate::domain::text::one_line;

use super::{HttpError, TlsFault};

/// The most that a CA file may hold, in bytes: distributions' bundles have about 250 KB.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Whose signatures count.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    certificates: Option<Arc<Vec<Certificate<'static>>>>,
}

impl Roots {
    /// The authorities that this program carries (Mozilla's); no file of the host is read.
    pub fn bundled() -> Self {
        Self::default()
    }

    /// Only those of a PEM file.
    ///
    /// # Errors
    /// [`HttpError::CaFile`] names the file and what is wrong with it.
    pub fn from_file(path: &Path) -> Result<Self, HttpError> {
        let bad = |cause: &str| HttpError::CaFile(format!("CA file {}: {cause}", path.display()));
        let mut pem = Vec::new();
        let file = File::open(path).map_err(|e| bad(&e.to_string()))?;
        file.take(MAX_BYTES + 1).read_to_end(&mut pem).map_err(|e| bad(&e.to_string()))?;
        if pem.len() as u64 > MAX_BYTES {
            return Err(bad("larger than 4 MiB"));
        }
        Self::from_pem(&pem).map_err(|cause| bad(&cause))
    }

    /// Only those of a PEM text; the error says what is wrong with it.
    ///
    /// # Errors
    /// The cause in a few words.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut certificates = Vec::new();
        let mut store = rustls::RootCertStore::empty();
        for item in ureq::tls::parse_pem(pem) {
            let item = item.map_err(|_| "it is damaged: a PEM block cannot be read".to_owned())?;
            let PemItem::Certificate(certificate) = item else { continue };
            // ureq drops what it cannot read without a word; the operator should hear of it here.
            let number = certificates.len() + 1;
            store
                .add(CertificateDer::from(certificate.der().to_vec()))
                .map_err(|_| format!("certificate {number} in it cannot be used"))?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err("no certificate in it (PEM is wanted: BEGIN CERTIFICATE)".to_owned());
        }
        Ok(Self { certificates: Some(Arc::new(certificates)) })
    }

    pub(super) fn config(&self, verify: bool) -> TlsConfig {
        let roots = match &self.certificates {
            Some(certificates) => RootCerts::Specific(Arc::clone(certificates)),
            None => RootCerts::WebPki,
        };
        TlsConfig::builder().root_certs(roots).disable_verification(!verify).build()
    }
}

/// What is wrong, as an operator would say it.
pub(super) fn explain(error: &rustls::Error) -> (TlsFault, String) {
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::UnknownIssuer => (
                TlsFault::UnknownIssuer,
                "its certificate is signed by an authority that is not trusted here".to_owned(),
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (TlsFault::WrongName, "its certificate is for another name".to_owned())
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                (TlsFault::Dates, "its certificate has expired".to_owned())
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                (TlsFault::Dates, "its certificate is not valid yet".to_owned())
            }
            // rustls has no variant for it; the name is webpki's.
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                (TlsFault::CaAsServer, "its certificate is a CA's own certificate".to_owned())
            }
            other => (TlsFault::Other, format!("its certificate is refused: {}", one_line(&other.to_string(), 200))),
        },
        rustls::Error::InvalidMessage(_) => (TlsFault::NotTls, "it does not speak TLS".to_owned()),
        other => (TlsFault::Other, one_line(&other.to_string(), 200)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_certificates_is_an_error() {
        assert_eq!(Roots::from_pem(b"hello").unwrap_err(), "no certificate in it (PEM is wanted: BEGIN CERTIFICATE)");
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(Roots::from_pem(damaged.as_bytes()).unwrap_err(), "certificate 1 in it cannot be used");
        let error = Roots::from_file(Path::new("/nonexistent/ca.pem")).unwrap_err().to_string();
        assert!(error.starts_with("CA file /nonexistent/ca.pem: No such file"), "{error}");
    }

    #[test]
    fn a_ca_file_may_hold_several() {
        let make = || rcgen::generate_simple_self_signed(vec!["x".to_owned()]).unwrap().cert.pem();
        let roots = Roots::from_pem(format!("# two\n{}{}", make(), make()).as_bytes()).unwrap();
        assert_eq!(roots.certificates.unwrap().len(), 2);
    }
}
