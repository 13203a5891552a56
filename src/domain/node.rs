//! A node of an environment, as an inventory lists it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Nailgun's number of a node (`uid`), from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where a node answers: an address, or a name that still has to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A name for the hosts file or DNS.
    Name(String),
}

impl Host {
    /// Reads an address or a host name. Nothing else is taken: no port, no user, no white space.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::Ip(ip));
        }
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        let name = text.strip_suffix('.').unwrap_or(text);
        // A name of digits and dots is a mistyped address, never a host.
        let a_name = name.len() <= 253 && name.split('.').all(label) && name.chars().any(|c| c.is_ascii_alphabetic());
        a_name.then(|| Self::Name(name.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// How to log in to a node where it differs from what holds for the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// User; the run's own otherwise.
    pub user: Option<String>,
    /// Private key file; the run's own keys otherwise.
    pub key: Option<PathBuf>,
    /// Jump host, `user@host:port`.
    pub jump: Option<String>,
    /// Whether to offer algorithms that are off by default, for servers older than OpenSSH 6.6.
    pub legacy_algorithms: Option<bool>,
}

/// A node, as the inventory lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Nailgun's number; unknown in an inventory that has only names.
    pub id: Option<NodeId>,
    /// Its host name, `node-5` unless somebody renamed it.
    pub name: String,
    /// Its full name.
    pub fqdn: Option<String>,
    /// The name in Fuel's web interface: free text for people.
    pub label: Option<String>,
    /// Its roles, without `primary-`.
    pub roles: Vec<String>,
    /// Where its SSH server answers: the address in the admin network.
    pub host: Host,
    /// The port of its SSH server, if the list gives one.
    pub port: Option<u16>,
    /// How to log in, where it differs.
    pub access: Access,
}

impl Node {
    /// The port of its SSH server: 22 unless the list gives another one.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(22)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        assert_eq!(Host::parse("10.20.0.5"), Some(Host::Ip("10.20.0.5".parse().unwrap())));
        assert_eq!(Host::parse("fe80::1"), Some(Host::Ip("fe80::1".parse().unwrap())));
        assert_eq!(Host::parse("node-5.domain.tld"), Some(Host::Name("node-5.domain.tld".into())));
        for bad in ["", "10.20.0.500", "10.20.0", "a b", "-x", "a..b", "node;reboot", "user@host", "host:22", "1"] {
            assert_eq!(Host::parse(bad), None, "{bad}");
        }
    }
}
