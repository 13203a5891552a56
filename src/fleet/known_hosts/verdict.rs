//! Whether a host key is accepted.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use russh::keys::{HashAlg, PublicKey};

use super::{HostKey, KnownHosts};
use crate::fleet::settings::HostKeyPolicy;

/// Why a host key was refused. Safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::fleet) enum HostKeyRefusal {
    /// It is none of the recorded ones.
    Changed {
        /// The key that was shown, as `ssh-ed25519 SHA256:…`.
        shown: String,
        /// Types of the recorded keys.
        recorded: Vec<String>,
        /// The line of the first recorded key, from 1.
        line: Option<usize>,
    },
    /// The file says never to accept it.
    Revoked {
        /// The key that was shown.
        shown: String,
        /// The line that says so, from 1.
        line: usize,
    },
    /// It is not recorded, and unknown hosts are refused.
    Unknown {
        /// The key that was shown.
        shown: String,
    },
    /// Its bytes could not be understood.
    Malformed,
}

/// The host keys of a run: what the file says and what was learnt since.
pub(in crate::fleet) struct HostKeyRules {
    policy: HostKeyPolicy,
    known: KnownHosts,
    learnt: Mutex<HashMap<String, HostKey>>,
}

impl HostKeyRules {
    /// Decides by `policy` over what the file says.
    pub(in crate::fleet) fn new(policy: HostKeyPolicy, known: KnownHosts) -> Self {
        Self { policy, known, learnt: Mutex::new(HashMap::new()) }
    }

    /// The types of the keys recorded for a host, to ask its server for one of them.
    pub(in crate::fleet) fn recorded_types(&self, names: &TargetNames) -> Vec<&str> {
        if self.policy == HostKeyPolicy::Off {
            return Vec::new();
        }
        names.lookup(&self.known).1.iter().map(|recorded| recorded.key.kind.as_str()).collect()
    }

    /// The keys that were accepted although the file does not have them, with the names to record.
    pub(in crate::fleet) fn learnt(&self) -> Vec<(String, HostKey)> {
        let learnt = self.learnt.lock();
        let mut learnt: Vec<_> = learnt.iter().map(|(name, key)| (name.clone(), key.clone())).collect();
        learnt.sort_by(|a, b| a.0.cmp(&b.0));
        learnt
    }

    fn decide(&self, names: &TargetNames, shown: &PublicKey) -> Result<(), HostKeyRefusal> {
        if self.policy == HostKeyPolicy::Off {
            return Ok(());
        }
        let blob = shown.to_bytes().map_err(|_| HostKeyRefusal::Malformed)?;
        let key = HostKey { kind: shown.algorithm().as_str().to_owned(), blob };
        let in_words = || format!("{} {}", key.kind, shown.fingerprint(HashAlg::Sha256));
        for name in names.all() {
            if let Some(line) = self.known.revocation(name, &key) {
                return Err(HostKeyRefusal::Revoked { shown: in_words(), line });
            }
        }
        let (_, recorded) = names.lookup(&self.known);
        if recorded.iter().any(|r| *r.key == key) {
            return Ok(());
        }
        if !recorded.is_empty() {
            let line = recorded.first().map(|r| r.line);
            let recorded = recorded.iter().map(|r| r.key.kind.clone()).collect();
            return Err(HostKeyRefusal::Changed { shown: in_words(), recorded, line });
        }
        if self.policy == HostKeyPolicy::Strict {
            return Err(HostKeyRefusal::Unknown { shown: in_words() });
        }
        let mut learnt = self.learnt.lock();
        match learnt.get(&names.own) {
            Some(before) if *before != key => {
                let recorded = vec![before.kind.clone()];
                Err(HostKeyRefusal::Changed { shown: in_words(), recorded, line: None })
            }
            Some(_) => Ok(()),
            None => {
                learnt.insert(names.own.clone(), key);
                Ok(())
            }
        }
    }
}

/// The names that a host may be recorded under.
#[derive(Clone, Debug)]
pub(in crate::fleet) struct TargetNames {
    /// The name under which a new key is recorded.
    pub(in crate::fleet) own: String,
    /// Its bare name where `own` also says which jump host leads there: a file written by OpenSSH has
    /// only that one.
    pub(in crate::fleet) bare: Option<String>,
}

impl TargetNames {
    fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.own.as_str()).chain(self.bare.as_deref())
    }

    fn lookup<'a, 'k>(&'a self, known: &'k KnownHosts) -> (&'a str, Vec<super::Recorded<'k>>) {
        let own = known.recorded(&self.own);
        match &self.bare {
            Some(bare) if own.is_empty() => (bare, known.recorded(bare)),
            _ => (&self.own, own),
        }
    }
}

/// The decision about one host, handed to its session.
pub(in crate::fleet) struct HostKeyCheck {
    keys: Arc<HostKeyRules>,
    names: TargetNames,
}

impl HostKeyCheck {
    /// Decides about the host with these names.
    pub(in crate::fleet) fn new(keys: Arc<HostKeyRules>, names: TargetNames) -> Self {
        Self { keys, names }
    }

    /// Accepts the key, and remembers it if it is new, or says why not.
    pub(in crate::fleet) fn decide(&self, shown: &PublicKey) -> Result<(), HostKeyRefusal> {
        self.keys.decide(&self.names, shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const ED2: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

    fn key(line: &str) -> PublicKey {
        PublicKey::from_openssh(line).unwrap()
    }

    fn keys(policy: HostKeyPolicy, text: &str) -> Arc<HostKeyRules> {
        Arc::new(HostKeyRules::new(policy, KnownHosts::parse(text.as_bytes())))
    }

    fn decide(keys: &Arc<HostKeyRules>, name: &str, shown: &str) -> Result<(), HostKeyRefusal> {
        let names = TargetNames { own: name.into(), bare: None };
        HostKeyCheck::new(Arc::clone(keys), names).decide(&key(shown))
    }

    #[test]
    fn accept_new_learns_once_and_refuses_a_change() {
        let keys = keys(HostKeyPolicy::AcceptNew, &format!("node-1 {ED}\n"));
        assert_eq!(decide(&keys, "node-1", ED), Ok(()));
        assert!(keys.learnt().is_empty());
        assert!(matches!(decide(&keys, "node-1", ED2), Err(HostKeyRefusal::Changed { line: Some(1), .. })));
        assert_eq!(decide(&keys, "node-2", ED2), Ok(()));
        assert_eq!(decide(&keys, "node-2", ED2), Ok(()));
        assert!(matches!(decide(&keys, "node-2", ED), Err(HostKeyRefusal::Changed { line: None, .. })));
        assert_eq!(keys.learnt().len(), 1);
    }

    #[test]
    fn strict_learns_nothing_and_off_asks_nothing() {
        let strict = keys(HostKeyPolicy::Strict, &format!("node-1 {ED}\n"));
        assert_eq!(decide(&strict, "node-1", ED), Ok(()));
        assert!(matches!(decide(&strict, "node-2", ED), Err(HostKeyRefusal::Unknown { .. })));
        let off = keys(HostKeyPolicy::Off, &format!("node-1 {ED}\n@revoked * {ED2}\n"));
        assert_eq!(decide(&off, "node-1", ED2), Ok(()));
        assert!(strict.learnt().is_empty() && off.learnt().is_empty());
    }

    #[test]
    fn a_revoked_key_is_refused_even_where_it_is_recorded() {
        let keys = keys(HostKeyPolicy::AcceptNew, &format!("@revoked * {ED}\nnode-1 {ED}\n"));
        assert!(matches!(decide(&keys, "node-1", ED), Err(HostKeyRefusal::Revoked { line: 1, .. })));
    }

    #[test]
    fn the_same_address_behind_two_jump_hosts_is_two_hosts() {
        let keys = keys(HostKeyPolicy::AcceptNew, &format!("10.20.0.5@one {ED}\n"));
        let behind = |gate: &str, shown: &str| {
            let names = TargetNames { own: format!("10.20.0.5@{gate}"), bare: Some("10.20.0.5".into()) };
            HostKeyCheck::new(Arc::clone(&keys), names).decide(&key(shown))
        };
        assert_eq!(behind("one", ED), Ok(()));
        assert_eq!(behind("two", ED2), Ok(()));
        assert!(behind("one", ED2).is_err());
    }

    #[test]
    fn behind_a_jump_host_the_bare_name_counts_where_it_alone_is_recorded() {
        let keys = keys(HostKeyPolicy::Strict, &format!("10.20.0.5 {ED}\n"));
        let names = TargetNames { own: "10.20.0.5@gate".into(), bare: Some("10.20.0.5".into()) };
        let check = HostKeyCheck::new(Arc::clone(&keys), names.clone());
        assert_eq!(check.decide(&key(ED)), Ok(()));
        assert!(check.decide(&key(ED2)).is_err());
        assert_eq!(keys.recorded_types(&names), ["ssh-ed25519"]);
    }
}
