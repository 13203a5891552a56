//! The keys of a run: read once, used for every node.

mod agent;
mod agent_list;
mod file;
mod identity;
mod signer;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use identity::{LoginIdentity, OfferError};

use super::error::FleetError;
use super::settings::FleetSettings;
use super::target::Target;
use agent::Agent;
use file::{KeyFault, KeyFile};

/// Where OpenSSH looks for a user's keys: the files in `home/.ssh`, in its order.
pub fn usual_key_files(home: &Path) -> Vec<PathBuf> {
    ["id_rsa", "id_ecdsa", "id_ed25519"].iter().map(|name| home.join(".ssh").join(name)).collect()
}

/// Where a target's keys come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeySource {
    /// A file.
    File(PathBuf),
    /// The agent and the usual files.
    Usual,
}

impl KeySource {
    /// Those of a target, in the order to try.
    pub(super) fn of(target: &Target) -> Vec<Self> {
        match target.keys.as_slice() {
            [] => vec![Self::Usual],
            keys => keys.iter().cloned().map(Self::File).collect(),
        }
    }
}

/// The keys that a run may use.
pub(super) struct KeyRing {
    /// For targets that name no file.
    usual: Vec<Arc<LoginIdentity>>,
    by_file: HashMap<PathBuf, Arc<LoginIdentity>>,
    /// Usual keys that were passed over, and why: for the hint when every other key is refused.
    pub(super) passed_over: Vec<String>,
}

impl KeyRing {
    /// Reads every key that the targets may need, before anything is connected to.
    ///
    /// # Errors
    /// [`FleetError::Key`]: a file that was asked for by name cannot be used. [`FleetError::NoKey`]: there is
    /// none at all.
    pub(super) async fn load(targets: &[Target], settings: &FleetSettings) -> Result<Self, FleetError> {
        let named = targets.iter().any(|target| !target.keys.is_empty());
        let unnamed = targets.iter().any(|target| target.keys.is_empty());
        let mut passed_over = Vec::new();
        let mut agent = None;
        if let Some(socket) = &settings.agent {
            match Agent::ask(socket).await {
                Ok(asked) => {
                    passed_over.extend(asked.unusable.iter().cloned());
                    agent = Some(asked);
                }
                Err(fault) => passed_over.push(format!("the agent at {}: {fault}", socket.display())),
            }
        }
        let mut ring = Self { usual: Vec::new(), by_file: HashMap::new(), passed_over };
        if named {
            for path in targets.iter().flat_map(|target| &target.keys) {
                if !ring.by_file.contains_key(path) {
                    let identity = named_key(path, agent.as_ref())?;
                    ring.by_file.insert(path.clone(), Arc::new(identity));
                }
            }
        }
        if unnamed {
            ring.add_usual(agent.as_ref(), settings);
            if ring.usual.is_empty() {
                return Err(FleetError::NoKey { looked: ring.looked(settings) });
            }
        }
        Ok(ring)
    }

    /// The keys for a target, in the order to try.
    pub(super) fn for_target(&self, target: &Target) -> Vec<Arc<LoginIdentity>> {
        self.of_sources(&KeySource::of(target))
    }

    /// The keys of several sources, in their order.
    pub(super) fn of_sources(&self, sources: &[KeySource]) -> Vec<Arc<LoginIdentity>> {
        let keys = sources.iter().flat_map(|source| match source {
            KeySource::Usual => self.usual.as_slice(),
            KeySource::File(path) => self.by_file.get(path).map_or(&[][..], std::slice::from_ref),
        });
        keys.cloned().collect()
    }

    fn add_usual(&mut self, agent: Option<&Agent>, settings: &FleetSettings) {
        if let Some(agent) = agent {
            self.usual.extend(agent.identities().map(Arc::new));
        }
        for path in &settings.default_keys {
            match file::read(path) {
                Ok(KeyFile { identity }) => match self.usual.iter_mut().find(|known| known.is_same_key(&identity)) {
                    // The agent holds it too, but signs one after the other for all nodes.
                    Some(agent_s) => *agent_s = Arc::new(identity),
                    None => self.usual.push(Arc::new(identity)),
                },
                Err(KeyFault::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(KeyFault::Encrypted(Some(public)))
                    if agent.is_some_and(|agent| agent.identity_of(&public).is_some()) => {}
                Err(fault) => self.passed_over.push(format!("{}: {fault}", path.display())),
            }
        }
    }

    fn looked(&self, settings: &FleetSettings) -> String {
        let mut places: Vec<String> = self.passed_over.clone();
        if settings.agent.is_none() {
            places.push("no agent (SSH_AUTH_SOCK)".to_owned());
        }
        let told = |path: &&PathBuf| self.passed_over.iter().any(|p| p.starts_with(&*path.to_string_lossy()));
        let absent: Vec<_> = settings.default_keys.iter().filter(|path| !told(path)).collect();
        if !absent.is_empty() {
            let names: Vec<_> = absent.iter().map(|path| path.display().to_string()).collect();
            places.push(format!("no file {}", names.join(", ")));
        }
        if places.is_empty() { "the agent holds none".to_owned() } else { places.join("; ") }
    }
}

/// A key that was asked for by name; an encrypted one is taken from the agent if that holds it.
fn named_key(path: &Path, agent: Option<&Agent>) -> Result<LoginIdentity, FleetError> {
    let fault = match file::read(path) {
        Ok(KeyFile { identity }) => return Ok(identity),
        Err(fault) => fault,
    };
    if let KeyFault::Encrypted(Some(public)) = &fault
        && let Some(identity) = agent.and_then(|agent| agent.identity_of(public))
    {
        return Ok(identity);
    }
    Err(FleetError::Key { path: path.to_owned(), hint: fault.hint(path), cause: fault.to_string() })
}
