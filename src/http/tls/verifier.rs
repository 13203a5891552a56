//! Decides whether a server's certificate is accepted.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::TlsFault;
use super::certificate::{Readable, weakness_of};

/// Verifies as browsers do (webpki), with one addition: a certificate that stands in the CA file byte for byte is
/// accepted itself, as curl does, when its dates and its name are right. Self-signed certificates of servers are
/// mostly marked as authorities (CA:TRUE) or have the old X.509 version 1; webpki never accepts these for a server.
#[derive(Debug)]
pub(super) struct Verifier {
    standard: Arc<WebPkiServerVerifier>,
    trusted: Arc<Vec<CertificateDer<'static>>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// One for these authorities; `trusted` are the certificates of the CA file.
    pub(super) fn new(
        store: RootCertStore,
        trusted: Arc<Vec<CertificateDer<'static>>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, rustls::Error> {
        let algorithms = provider.signature_verification_algorithms;
        let standard = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
            .build()
            .map_err(|e| rustls::Error::General(e.to_string()))?;
        Ok(Self { standard, trusted, algorithms })
    }

    fn is_trusted_itself(&self, certificate: &CertificateDer<'_>) -> bool {
        self.trusted.iter().any(|trusted| trusted.as_ref() == certificate.as_ref())
    }

    /// Says more than webpki where that one says little.
    fn explain(
        &self,
        error: rustls::Error,
        server: &CertificateDer<'_>,
        sent_along: &[CertificateDer<'_>],
    ) -> rustls::Error {
        let self_signed = || Readable::new(server).filter(Readable::is_self_issued).map(|_| TlsFault::SelfSigned);
        let weak = || weakness_of(server, sent_along, &self.trusted);
        let fault = match &error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                // These speak for themselves.
                CertificateError::NotValidForNameContext { .. }
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYetContext { .. }
                | CertificateError::Revoked => None,
                CertificateError::UnknownIssuer => self_signed(),
                // A self-signed certificate that is marked as an authority, among others.
                CertificateError::Other(_) => weak().or_else(self_signed),
                _ => weak(),
            },
            _ => None,
        };
        fault.map_or(error, TlsFault::into_rustls)
    }

    /// Checks a signature where the certificate is trusted itself and webpki cannot read it.
    fn verify_with_key(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        tls13: bool,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = Readable::new(certificate).and_then(|readable| readable.public_key());
        let key = key.ok_or(rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if tls13 {
            let info = SubjectPublicKeyInfoDer::from(key.info.as_slice());
            return verify_tls13_signature_with_raw_key(message, &info, signed, &self.algorithms);
        }
        let known = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        let mut fitting = known
            .flat_map(|(_, algorithms)| algorithms.iter())
            .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm);
        if fitting.any(|algorithm| algorithm.verify_signature(&key.bits, message, signed.signature()).is_ok()) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }

    fn verify_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        tls13: bool,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let standard = if tls13 { verify_tls13_signature } else { verify_tls12_signature };
        let verified = match standard(message, certificate, signed, &self.algorithms) {
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_) | CertificateError::BadEncoding))
                if self.is_trusted_itself(certificate) =>
            {
                self.verify_with_key(message, certificate, signed, tls13)
            }
            verified => verified,
        };
        verified.map_err(|error| {
            let short = Readable::new(certificate).and_then(|readable| readable.short_key("its certificate"));
            short.map_or(error, TlsFault::into_rustls)
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        sent_along: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let error = match self.standard.verify_server_cert(server, sent_along, name, ocsp, now) {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        match Readable::new(server).filter(|_| self.is_trusted_itself(server)) {
            Some(itself) => itself
                .check_dates_and_name(server, name, now)
                .map(|()| ServerCertVerified::assertion())
                .map_err(TlsFault::into_rustls),
            None => Err(self.explain(error, server, sent_along)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature(message, certificate, signed, false)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature(message, certificate, signed, true)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Accepts every certificate: what `--insecure-tls` asks for.
#[derive(Debug)]
pub(super) struct Unverified;

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::RSA_PKCS1_SHA1,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
        ]
    }
}
