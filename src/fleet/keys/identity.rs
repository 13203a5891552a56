//! One key to log in with.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use russh::client::{AuthResult, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use thiserror::Error;

use super::agent::AgentSigner;
use super::signer::{RsaSecret, RsaSigner, ring_key};
use crate::fleet::watch::ServerWatch;

/// A key to log in with, wherever its secret is.
pub(in crate::fleet) struct LoginIdentity {
    name: String,
    public: PublicKey,
    secret: IdentityKey,
}

enum IdentityKey {
    /// ring and a thread for SHA-1: russh's own RSA is slow, and blocks the thread of the connections.
    Rsa(Arc<RsaSecret>),
    /// russh signs these fast enough.
    Other(Arc<PrivateKey>),
    /// The agent signs.
    Agent(AgentSigner),
}

/// Why a key could not even be offered.
#[derive(Debug, Error)]
pub(in crate::fleet) enum OfferError {
    /// The session is gone.
    #[error("the session ended")]
    Gone(#[from] russh::SendError),
    /// The agent did not sign.
    #[error("the agent did not sign: {0}")]
    Agent(String),
    /// The key could not be used for a signature.
    #[error("the key does not sign")]
    Unusable,
}

impl LoginIdentity {
    /// The key of a file.
    pub(super) fn of_file(path: &Path, key: PrivateKey) -> Self {
        let public = key.public_key().clone();
        let key = Arc::new(key);
        let secret = match key.key_data().rsa() {
            Some(_) => IdentityKey::Rsa(Arc::new(RsaSecret { ring: ring_key(&key), key })),
            None => IdentityKey::Other(key),
        };
        Self { name: path.display().to_string(), public, secret }
    }

    /// A key that the agent holds.
    pub(super) fn of_agent(name: String, public: PublicKey, agent: AgentSigner) -> Self {
        Self { name, public, secret: IdentityKey::Agent(agent) }
    }

    /// Where it comes from and what it is, for people.
    pub(in crate::fleet) fn name(&self) -> &str {
        &self.name
    }

    /// Whether signing takes one of several hashes.
    pub(in crate::fleet) fn is_rsa(&self) -> bool {
        matches!(self.public.algorithm(), Algorithm::Rsa { .. })
    }

    /// Whether both are the same key.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        self.public.key_data() == other.public.key_data()
    }

    /// Offers the key to the server, and signs if the server takes it. `hash` is for RSA keys.
    pub(in crate::fleet) async fn offer(
        &self,
        handle: &mut Handle<ServerWatch>,
        user: &str,
        hash: Option<HashAlg>,
    ) -> Result<AuthResult, OfferError> {
        match &self.secret {
            IdentityKey::Other(key) => {
                let key = PrivateKeyWithHashAlg::new(Arc::clone(key), None);
                handle.authenticate_publickey(user, key).await.map_err(|_| russh::SendError {}.into())
            }
            IdentityKey::Rsa(secret) => {
                let mut signer = RsaSigner(Arc::clone(secret));
                handle.authenticate_publickey_with(user, self.public.clone(), hash, &mut signer).await
            }
            IdentityKey::Agent(agent) => {
                let mut agent = agent.clone();
                handle.authenticate_publickey_with(user, self.public.clone(), hash, &mut agent).await
            }
        }
    }
}

// Never the secret, not even in a log.
impl fmt::Debug for LoginIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginIdentity").field("name", &self.name).finish_non_exhaustive()
    }
}
