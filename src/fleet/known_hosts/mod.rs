//! The host keys of nodes: our own file in OpenSSH's format, read once per run.
//!
//! Keys are compared as the bytes that travel, so nothing here depends on the SSH library.

pub(super) mod file;
pub(super) mod forget;
mod line;
mod name;
pub(super) mod verdict;

use std::collections::HashMap;

use line::{KeyLine, LineNames, Marker};
pub(super) use name::{address_name, name_behind};

/// A public key as it travels: its type and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostKey {
    /// `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256` …
    pub(super) kind: String,
    /// The encoded key, type included.
    pub(super) blob: Vec<u8>,
}

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct KnownHosts {
    lines: Vec<KeyLine>,
    /// Plain names, the common case: one look-up instead of a pass over the file per node.
    by_name: HashMap<String, Vec<usize>>,
    /// Lines with hashed names or patterns, which have to be tried.
    to_try: Vec<usize>,
    revoked: Vec<usize>,
    /// Numbers of lines that could not be read, from 1.
    pub(super) unreadable: Vec<usize>,
}

/// A recorded key and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded<'a> {
    /// The key.
    pub(super) key: &'a HostKey,
    /// Its line in the file, from 1.
    pub(super) line: usize,
}

impl KnownHosts {
    /// Reads the text of a known_hosts file. Lines that are not in its format are skipped and listed.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut known = Self::default();
        for (index, raw) in text.split(|b| *b == b'\n').enumerate() {
            let parsed = match std::str::from_utf8(raw) {
                Ok(raw) => KeyLine::parse(raw, index + 1),
                Err(_) => Err(line::BadLine),
            };
            match parsed {
                Ok(Some(line)) => known.add(line),
                Ok(None) => {}
                Err(line::BadLine) => known.unreadable.push(index + 1),
            }
        }
        known
    }

    fn add(&mut self, line: KeyLine) {
        let index = self.lines.len();
        match (&line.marker, &line.names) {
            (Some(Marker::Revoked), _) => self.revoked.push(index),
            // We offer no certificate algorithms, so an authority vouches for nothing here.
            (Some(Marker::CertAuthority), _) => return,
            (None, LineNames::Plain(names)) => {
                for name in names {
                    self.by_name.entry(name.clone()).or_default().push(index);
                }
            }
            (None, LineNames::Hashed { .. } | LineNames::Patterns(_)) => self.to_try.push(index),
        }
        self.lines.push(line);
    }

    /// The keys recorded for a name.
    pub(super) fn recorded(&self, name: &str) -> Vec<Recorded<'_>> {
        let plain = self.by_name.get(name).into_iter().flatten();
        let tried = self.to_try.iter().filter(|index| self.lines[**index].names.matches(name));
        plain.chain(tried).map(|index| &self.lines[*index]).map(|l| Recorded { key: &l.key, line: l.number }).collect()
    }

    /// The line that revokes this key for this name.
    pub(super) fn revocation(&self, name: &str, key: &HostKey) -> Option<usize> {
        let lines = self.revoked.iter().map(|index| &self.lines[*index]);
        lines.filter(|line| line.key == *key).find(|line| line.names.matches(name)).map(|line| line.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const ED2: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

    fn lines(known: &KnownHosts, name: &str) -> Vec<usize> {
        known.recorded(name).iter().map(|r| r.line).collect()
    }

    #[test]
    fn names_addresses_and_ports() {
        let text = format!("# ours\n\n10.20.0.5,Node-5 {ED} comment here\n[10.20.0.5]:2222\t{ED2}\r\n");
        let known = KnownHosts::parse(text.as_bytes());
        assert_eq!(lines(&known, "10.20.0.5"), [3]);
        assert_eq!(lines(&known, "node-5"), [3]);
        assert_eq!(lines(&known, "[10.20.0.5]:2222"), [4]);
        assert_eq!(lines(&known, "10.20.0.6"), [] as [usize; 0]);
        assert!(known.unreadable.is_empty());
    }

    #[test]
    fn hashed_names() {
        // ssh-keygen -H of `example.com`.
        let text = format!("|1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= {ED2}\n");
        let known = KnownHosts::parse(text.as_bytes());
        assert_eq!(lines(&known, "example.com"), [1]);
        assert_eq!(lines(&known, "example.org"), [] as [usize; 0]);
    }

    #[test]
    fn patterns_and_their_exceptions() {
        let known = KnownHosts::parse(format!("node-*,!node-9 {ED}\n10.20.?.7 {ED2}\n").as_bytes());
        assert_eq!(lines(&known, "node-12"), [1]);
        assert_eq!(lines(&known, "node-9"), [] as [usize; 0]);
        assert_eq!(lines(&known, "10.20.0.7"), [2]);
        assert_eq!(lines(&known, "10.20.10.7"), [] as [usize; 0]);
    }

    #[test]
    fn revoked_keys_are_no_records() {
        let known = KnownHosts::parse(format!("@revoked * {ED}\nnode-1 {ED2}\n").as_bytes());
        let key = known.recorded("node-1")[0].key.clone();
        assert_eq!(known.revocation("node-1", &key), None);
        let revoked = KnownHosts::parse(format!("x {ED}").as_bytes()).recorded("x")[0].key.clone();
        assert_eq!(known.revocation("node-1", &revoked), Some(1));
        assert!(known.recorded("anything").is_empty());
    }

    #[test]
    fn authorities_vouch_for_nothing() {
        let known = KnownHosts::parse(format!("@cert-authority * {ED}\n").as_bytes());
        assert!(known.recorded("node-1").is_empty());
    }

    #[test]
    fn lines_that_make_no_sense_are_listed_and_passed_over() {
        let text = format!(
            "node-1\nnode-2 ssh-rsa %%%%\nnode-3 ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ\n\
             @strange node-4 {ED}\nnode-5 {ED}\n"
        );
        let known = KnownHosts::parse(text.as_bytes());
        assert_eq!(known.unreadable, [1, 2, 3, 4]);
        assert_eq!(lines(&known, "node-5"), [5]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = KnownHosts::parse(&bytes).recorded("node-1");
        }
    }
}
