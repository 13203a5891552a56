//! Reads from a certificate what the verifier does not tell.

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::TlsFault;
use crate::domain::text::one_line;

/// The shortest RSA key that is accepted, in bits.
const MIN_RSA_BITS: usize = 2048;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Signature algorithms whose hash can be forged.
const WEAK: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
];

/// A certificate that can be read, whether or not it can be accepted.
pub(super) struct Readable {
    certificate: Certificate,
}

impl Readable {
    /// Reads it; nothing where it is damaged.
    pub(super) fn new(der: &[u8]) -> Option<Self> {
        Certificate::from_der(der).ok().map(|certificate| Self { certificate })
    }

    /// Whether subject and issuer are the same.
    pub(super) fn is_self_issued(&self) -> bool {
        let body = self.certificate.tbs_certificate();
        body.subject() == body.issuer()
    }

    /// Whether it is named as the issuer of another one.
    pub(super) fn issued(&self, other: &Self) -> bool {
        self.certificate.tbs_certificate().subject() == other.certificate.tbs_certificate().issuer()
    }

    /// Its common name. Safe to show.
    pub(super) fn common_name(&self) -> Option<String> {
        let name = self.certificate.tbs_certificate().subject().common_name().ok()??;
        Some(one_line(&name.value(), 80))
    }

    /// The key in the form that signatures are checked with.
    pub(super) fn public_key(&self) -> Option<PublicKey> {
        let key = self.certificate.tbs_certificate().subject_public_key_info();
        // An AlgorithmIdentifier without the outer tag and length, as rustls has it.
        let algorithm = key.algorithm.to_der().ok()?;
        let mut reader = SliceReader::new(&algorithm).ok()?;
        let id = x509_cert::der::asn1::AnyRef::decode(&mut reader).ok()?.value().to_vec();
        Some(PublicKey { algorithm: id, bits: key.subject_public_key.raw_bytes().to_vec(), info: key.to_der().ok()? })
    }

    /// Its X.509 version where extensions are missing from it, or its signature or key where these are weak.
    pub(super) fn weakness(&self, whose: &str, signature_counts: bool) -> Option<TlsFault> {
        let whose = || whose.to_owned();
        let body = self.certificate.tbs_certificate();
        let version = body.version() as u8 + 1;
        if version < 3 {
            return Some(TlsFault::OldCertificate { whose: whose(), version });
        }
        let algorithm = self.certificate.signature_algorithm().oid.to_string();
        if let Some((_, algorithm)) = WEAK.iter().find(|(oid, _)| *oid == algorithm).filter(|_| signature_counts) {
            return Some(TlsFault::WeakSignature { whose: whose(), algorithm });
        }
        self.short_key(&whose())
    }

    /// The same for the key alone.
    pub(super) fn short_key(&self, whose: &str) -> Option<TlsFault> {
        let key = self.certificate.tbs_certificate().subject_public_key_info();
        let bits = if key.algorithm.oid == RSA { rsa_bits(key.subject_public_key.raw_bytes()) } else { None }?;
        (bits < MIN_RSA_BITS).then(|| TlsFault::ShortKey { whose: whose.to_owned(), bits })
    }

    /// Checks what still counts for a certificate that is trusted itself: its dates and its name.
    pub(super) fn check_dates_and_name(
        &self,
        der: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), TlsFault> {
        let validity = self.certificate.tbs_certificate().validity();
        let (from, until) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
        if now.as_secs() < from.as_secs() {
            return Err(TlsFault::NotYetValid { not_before: Some(from.as_secs()) });
        }
        if now.as_secs() > until.as_secs() {
            return Err(TlsFault::Expired { not_after: Some(until.as_secs()) });
        }
        if self.has_alternative_names() {
            let parsed = ParsedCertificate::try_from(der).map_err(|e| TlsFault::from(&e))?;
            return verify_server_name(&parsed, name).map_err(|e| TlsFault::from(&e));
        }
        // As curl does: without alternative names the common name counts.
        let own = self.common_name().unwrap_or_default();
        if covers(&own, &name.to_str()) { Ok(()) } else { Err(TlsFault::WrongName { names: vec![own] }) }
    }

    fn has_alternative_names(&self) -> bool {
        let names = self.certificate.tbs_certificate().get_extension::<SubjectAltName>();
        names.ok().flatten().is_some_and(|(_, names)| {
            names.0.iter().any(|name| matches!(name, GeneralName::DnsName(_) | GeneralName::IpAddress(_)))
        })
    }
}

/// A public key.
pub(super) struct PublicKey {
    /// Which algorithm it is for.
    pub(super) algorithm: Vec<u8>,
    /// The key itself.
    pub(super) bits: Vec<u8>,
    /// Both, as a SubjectPublicKeyInfo.
    pub(super) info: Vec<u8>,
}

/// The first weakness of a chain: the server's certificate, those that it sent along, and the authority of the CA
/// file that would have signed the last one.
pub(super) fn weakness_of(
    server: &CertificateDer<'_>,
    sent_along: &[CertificateDer<'_>],
    trusted: &[CertificateDer<'_>],
) -> Option<TlsFault> {
    let server = Readable::new(server)?;
    if let Some(fault) = server.weakness("its certificate", true) {
        return Some(fault);
    }
    let of = |certificate: &Readable| {
        let name = certificate.common_name().map(|name| format!(" `{name}`")).unwrap_or_default();
        format!("the certificate of its authority{name}")
    };
    let mut chain = vec![server];
    for certificate in sent_along.iter().filter_map(|der| Readable::new(der)) {
        // Nobody checks the signature of a root.
        if let Some(fault) = certificate.weakness(&of(&certificate), !certificate.is_self_issued()) {
            return Some(fault);
        }
        chain.push(certificate);
    }
    let roots = trusted.iter().filter_map(|der| Readable::new(der));
    let mut issuers = roots.filter(|root| chain.iter().any(|certificate| root.issued(certificate)));
    issuers.find_map(|root| root.short_key(&of(&root)))
}

/// The length of the modulus of an RSA key (RFC 8017: a sequence of modulus and exponent).
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(key).ok()?;
    let modulus = reader
        .sequence(|inner| {
            let modulus = UintRef::decode(inner)?;
            UintRef::decode(inner)?;
            Ok::<_, x509_cert::der::Error>(modulus)
        })
        .ok()?;
    let first = modulus.as_bytes().first()?;
    Some(modulus.as_bytes().len() * 8 - first.leading_zeros() as usize)
}

/// Whether a common name is this host, or a pattern such as `*.example.com` for it.
fn covers(name: &str, host: &str) -> bool {
    let (name, host) = (name.trim_end_matches('.'), host.trim_end_matches('.'));
    if name.is_empty() {
        return false;
    }
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((label, rest))) => {
            !is_address && !label.is_empty() && domain.contains('.') && domain.eq_ignore_ascii_case(rest)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_name_is_a_host_or_a_pattern_of_one_label() {
        assert!(covers("Master.example", "master.example") && covers("10.20.0.2", "10.20.0.2"));
        assert!(covers("*.example.com", "m.example.com"));
        for (name, host) in [
            ("", ""),
            ("other", "m"),
            ("*.example.com", "example.com"),
            ("*.example.com", "a.b.example.com"),
            ("*.com", "example.com"),
            ("*.20.0.2", "10.20.0.2"),
        ] {
            assert!(!covers(name, host), "{name} {host}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = rsa_bits(&bytes);
            let _ = Readable::new(&bytes).map(|c| c.weakness("", true));
        }
    }
}
