//! RSA signatures.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair};
use russh::Signer;
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_key::Signature;
use russh::keys::{HashAlg, PrivateKey};

use super::identity::OfferError;

/// An RSA key, in the forms that sign.
pub(super) struct RsaSecret {
    /// For rsa-sha2; `None` for sizes that ring does not take (below 2048 bits, above 4096).
    pub(super) ring: Option<RsaKeyPair>,
    /// For SHA-1, which ring does not sign with.
    pub(super) key: Arc<PrivateKey>,
}

/// The same key for ring.
pub(super) fn ring_key(key: &PrivateKey) -> Option<RsaKeyPair> {
    let pkcs8 = russh::keys::pkcs8::encode_pkcs8(key).ok()?;
    RsaKeyPair::from_pkcs8(&pkcs8).ok()
}

/// Signs for one login.
pub(super) struct RsaSigner(pub(super) Arc<RsaSecret>);

impl Signer for RsaSigner {
    type Error = OfferError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        mut message: Vec<u8>,
    ) -> Result<Vec<u8>, OfferError> {
        let (name, encoding): (_, &'static dyn RsaEncoding) = match hash {
            Some(HashAlg::Sha512) => ("rsa-sha2-512", &RSA_PKCS1_SHA512),
            Some(HashAlg::Sha256) => ("rsa-sha2-256", &RSA_PKCS1_SHA256),
            _ => return self.sign_slowly(None, message).await,
        };
        let Some(ring) = &self.0.ring else { return self.sign_slowly(hash, message).await };
        let mut signature = vec![0; ring.public().modulus_len()];
        ring.sign(encoding, &SystemRandom::new(), &message, &mut signature).map_err(|_| OfferError::Unusable)?;
        append(&mut message, name, &signature)?;
        Ok(message)
    }
}

impl RsaSigner {
    /// More than a millisecond of arithmetic: not on the thread that serves all connections.
    async fn sign_slowly(&self, hash: Option<HashAlg>, mut message: Vec<u8>) -> Result<Vec<u8>, OfferError> {
        let secret = Arc::clone(&self.0);
        let signing = tokio::task::spawn_blocking(move || {
            let signature = secret.key.key_data().rsa().and_then(|rsa| (rsa, hash).try_sign(&message).ok());
            let signature: Signature = signature.ok_or(OfferError::Unusable)?;
            append(&mut message, signature.algorithm().as_str(), signature.as_bytes())?;
            Ok(message)
        });
        signing.await.map_err(|_| OfferError::Unusable)?
    }
}

/// Appends a signature as the login request wants it (RFC 4252, section 7): a string of two strings.
fn append(message: &mut Vec<u8>, algorithm: &str, signature: &[u8]) -> Result<(), OfferError> {
    let mut string = |length: usize| {
        let length = u32::try_from(length).map_err(|_| OfferError::Unusable)?;
        message.extend_from_slice(&length.to_be_bytes());
        Ok::<_, OfferError>(())
    };
    string(8 + algorithm.len() + signature.len())?;
    string(algorithm.len())?;
    message.extend_from_slice(algorithm.as_bytes());
    let length = u32::try_from(signature.len()).map_err(|_| OfferError::Unusable)?;
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(signature);
    Ok(())
}
