//! The SSH agent.
//!
//! Every signature has a connection of its own. A shared one would be left with half an answer on it
//! whenever a node's deadline passes while the agent signs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use russh::Signer;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PublicKey};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::agent_list::{self, AgentList};
use super::identity::{LoginIdentity, OfferError};
use crate::domain::text::one_line;

/// An agent that does not list its keys within this time is not there.
const LIST: Duration = Duration::from_secs(3);
/// An agent signs one after the other anyway, and its queue for connections is short.
const AT_ONCE: usize = 8;

/// The agent and the keys that it holds.
pub(super) struct Agent {
    signer: AgentSigner,
    keys: Vec<(PublicKey, String)>,
    /// Identities that cannot be offered, in words. Safe to show.
    pub(super) unusable: Vec<String>,
}

impl Agent {
    /// Asks the agent at `socket` for its keys. The error is text for people.
    pub(super) async fn ask(socket: &Path) -> Result<Self, String> {
        let asking = async {
            let mut agent = UnixStream::connect(socket).await?;
            agent_list::request(&mut agent).await
        };
        let listed = timeout(LIST, asking).await.map_err(|_| "no answer".to_owned())?;
        let AgentList { keys, unusable } = listed.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "no such socket".to_owned(),
            _ => one_line(&error.to_string(), 80),
        })?;
        let signer = AgentSigner { socket: Arc::new(socket.to_owned()), at_once: Arc::new(Semaphore::new(AT_ONCE)) };
        Ok(Self { signer, keys, unusable })
    }

    /// Its keys.
    pub(super) fn identities(&self) -> impl Iterator<Item = LoginIdentity> {
        self.keys.iter().map(|(key, comment)| self.identity(key, comment))
    }

    /// The one with this public half.
    pub(super) fn identity_of(&self, public: &PublicKey) -> Option<LoginIdentity> {
        let (key, comment) = self.keys.iter().find(|(key, _)| key.key_data() == public.key_data())?;
        Some(self.identity(key, comment))
    }

    fn identity(&self, key: &PublicKey, comment: &str) -> LoginIdentity {
        let name =
            format!("agent key {}", if comment.is_empty() { key.algorithm().to_string() } else { comment.into() });
        LoginIdentity::of_agent(name, key.clone(), self.signer.clone())
    }
}

/// Signs through the agent.
#[derive(Clone)]
pub(super) struct AgentSigner {
    socket: Arc<PathBuf>,
    at_once: Arc<Semaphore>,
}

impl Signer for AgentSigner {
    type Error = OfferError;

    async fn auth_sign(
        &mut self,
        key: &AgentIdentity,
        hash: Option<HashAlg>,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, OfferError> {
        let in_words = |error: &dyn std::fmt::Display| OfferError::Agent(one_line(&error.to_string(), 80));
        let _turn = self.at_once.acquire().await.map_err(|error| in_words(&error))?;
        let mut client = connect(&self.socket).await.map_err(|error| in_words(&error))?;
        client.sign_request(key, hash, message).await.map_err(|error| in_words(&error))
    }
}

async fn connect(socket: &Path) -> io::Result<AgentClient<UnixStream>> {
    Ok(AgentClient::connect(UnixStream::connect(socket).await?))
}
