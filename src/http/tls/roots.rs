//! Whose signatures count.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use super::verifier::{Unverified, Verifier};
use crate::error::Explain;
use crate::exit::Exit;

/// The most that a CA file may hold, in bytes: distributions' bundles have about 250 KB.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Whose signatures count.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// The certificates of a CA file; nothing stands for the bundled authorities.
    certificates: Option<Arc<Vec<CertificateDer<'static>>>>,
}

/// A CA file that cannot be used.
#[derive(Debug, Error)]
#[error("CA file {}: {fault}", path.display())]
pub struct CaFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub fault: CaFileFault,
}

/// What is wrong with a CA file.
#[derive(Debug, Error)]
pub enum CaFileFault {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[source] io::Error),
    /// More than any bundle has.
    #[error("larger than 4 MiB")]
    TooLarge,
    /// A block of it is damaged.
    #[error("it is damaged: a PEM block cannot be read")]
    Damaged(#[source] pem::Error),
    /// A block holds no certificate that can be used.
    #[error("certificate {number} in it cannot be used")]
    Unusable {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// No certificate at all.
    #[error("no certificate in it (it must be PEM: BEGIN CERTIFICATE)")]
    NoCertificate,
}

impl Explain for CaFileError {
    fn hint(&self) -> Option<String> {
        match self.fault {
            CaFileFault::NoCertificate => {
                Some("convert it with: openssl x509 -inform der -in FILE -out FILE.pem".to_owned())
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl Roots {
    /// The authorities that this program carries (Mozilla's); no file of the host is read.
    pub fn bundled() -> Self {
        Self::default()
    }

    /// Only those of a PEM file.
    ///
    /// # Errors
    /// [`CaFileError`] names the file and what is wrong with it.
    pub fn from_file(path: &Path) -> Result<Self, CaFileError> {
        let read = || {
            let mut pem = Vec::new();
            let file = File::open(path).map_err(CaFileFault::Unreadable)?;
            file.take(MAX_BYTES + 1).read_to_end(&mut pem).map_err(CaFileFault::Unreadable)?;
            if pem.len() as u64 > MAX_BYTES { Err(CaFileFault::TooLarge) } else { Self::from_pem(&pem) }
        };
        read().map_err(|fault| CaFileError { path: path.to_owned(), fault })
    }

    /// Only those of a PEM text.
    ///
    /// # Errors
    /// [`CaFileFault`] says what is wrong with it.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CaFileFault> {
        let mut certificates = Vec::new();
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(CaFileFault::Damaged)?;
            let number = certificates.len() + 1;
            store.add(certificate.clone()).map_err(|source| CaFileFault::Unusable { number, source })?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(CaFileFault::NoCertificate);
        }
        Ok(Self { certificates: Some(Arc::new(certificates)) })
    }

    /// How connections are made: with these roots, or without any verification.
    pub(super) fn client_config(&self, verify: bool) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let builder = builder.dangerous();
        let builder = if verify {
            builder.with_custom_certificate_verifier(Arc::new(self.verifier(provider)?))
        } else {
            builder.with_custom_certificate_verifier(Arc::new(Unverified))
        };
        Ok(builder.with_no_client_auth())
    }

    fn verifier(&self, provider: Arc<rustls::crypto::CryptoProvider>) -> Result<Verifier, rustls::Error> {
        match &self.certificates {
            None => {
                let store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
                Verifier::new(store, Arc::default(), provider)
            }
            Some(certificates) => {
                let mut store = RootCertStore::empty();
                for certificate in certificates.iter() {
                    store.add(certificate.clone())?;
                }
                Verifier::new(store, Arc::clone(certificates), provider)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(pem: &str) -> String {
        Roots::from_pem(pem.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_ca_file_without_certificates_is_an_error() {
        assert_eq!(fault("hello"), "no certificate in it (it must be PEM: BEGIN CERTIFICATE)");
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(fault(damaged), "certificate 1 in it cannot be used");
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert_eq!(fault(cut), "it is damaged: a PEM block cannot be read");
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
