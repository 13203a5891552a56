//! Where a command goes: a node, its login, and the jump host in front of it.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::domain::node::Host;

/// One node to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its address or name. Behind a jump host, the jump host looks the name up.
    pub host: Host,
    /// The port of its SSH server.
    pub port: u16,
    /// The user to log in as.
    pub user: String,
    /// Private key files, tried in this order. Empty: the agent, then [`super::FleetSettings::default_keys`].
    pub keys: Vec<PathBuf>,
    /// The host to go through.
    pub jump: Option<Jump>,
    /// Whether to offer algorithms that are off by default, after the others.
    pub legacy_algorithms: bool,
}

impl Target {
    /// A target on port 22 with the run's own keys.
    pub fn new(host: Host, user: impl Into<String>) -> Self {
        Self { host, port: 22, user: user.into(), keys: Vec::new(), jump: None, legacy_algorithms: false }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_address(f, &self.host, self.port)
    }
}

/// A host to go through: every node behind it shares one connection to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Jump {
    /// The user to log in as.
    pub user: String,
    /// Its address or name.
    pub host: Host,
    /// The port of its SSH server.
    pub port: u16,
}

/// Why a text is no jump host.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum JumpError {
    /// The part before `@` is empty or has characters that no user name has.
    #[error("`{0}` is not [USER@]HOST[:PORT]: the user is not valid")]
    User(String),
    /// Neither an address nor a host name.
    #[error("`{0}` is not [USER@]HOST[:PORT]: the host is not valid")]
    Host(String),
    /// Not a number from 1 to 65535.
    #[error("`{0}` is not [USER@]HOST[:PORT]: the port is not valid")]
    Port(String),
}

impl Jump {
    /// Reads `[USER@]HOST[:PORT]`; an IPv6 address with a port stands in brackets: `root@[fd00::1]:2222`.
    ///
    /// # Errors
    /// [`JumpError`] names the part that is wrong.
    pub fn parse(text: &str, default_user: &str) -> Result<Self, JumpError> {
        let (user, address) = text.split_once('@').unwrap_or((default_user, text));
        let a_user = !user.is_empty()
            && !user.starts_with('-')
            && user.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '$'));
        if !a_user {
            return Err(JumpError::User(text.to_owned()));
        }
        let (host, port) = split_port(address).ok_or_else(|| JumpError::Host(text.to_owned()))?;
        let port = match port {
            None => 22,
            Some(port) => {
                port.parse().ok().filter(|port| *port != 0).ok_or_else(|| JumpError::Port(text.to_owned()))?
            }
        };
        let host = Host::parse(host).ok_or_else(|| JumpError::Host(text.to_owned()))?;
        Ok(Self { user: user.to_owned(), host, port })
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@", self.user)?;
        write_address(f, &self.host, self.port)
    }
}

/// Splits `host:port`, `[v6]:port`, `host` and a bare IPv6 address.
fn split_port(address: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest {
            "" => Some((host, None)),
            _ => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    match address.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((address, None)),
        Some((host, port)) => Some((host, Some(port))),
        None => Some((address, None)),
    }
}

fn write_address(f: &mut fmt::Formatter<'_>, host: &Host, port: u16) -> fmt::Result {
    match host {
        Host::Ip(ip) if ip.is_ipv6() => write!(f, "[{ip}]:{port}"),
        _ => write!(f, "{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jump(user: &str, host: &str, port: u16) -> Jump {
        Jump { user: user.into(), host: Host::parse(host).unwrap(), port }
    }

    #[test]
    fn jump_hosts() {
        assert_eq!(Jump::parse("gate", "root"), Ok(jump("root", "gate", 22)));
        assert_eq!(Jump::parse("ops@gate:2222", "root"), Ok(jump("ops", "gate", 2222)));
        assert_eq!(Jump::parse("ops@10.20.0.2:22", "root"), Ok(jump("ops", "10.20.0.2", 22)));
        assert_eq!(Jump::parse("fd00::2", "root"), Ok(jump("root", "fd00::2", 22)));
        assert_eq!(Jump::parse("ops@[fd00::2]:2222", "root"), Ok(jump("ops", "fd00::2", 2222)));
        assert_eq!(Jump::parse("ops@[fd00::2]:2222", "root").unwrap().to_string(), "ops@[fd00::2]:2222");
    }

    #[test]
    fn what_is_no_jump_host_names_the_part() {
        assert!(matches!(Jump::parse("@gate", "root"), Err(JumpError::User(_))));
        assert!(matches!(Jump::parse("-oProxyCommand=x@gate", "root"), Err(JumpError::User(_))));
        assert!(matches!(Jump::parse("gate:0", "root"), Err(JumpError::Port(_))));
        assert!(matches!(Jump::parse("gate:70000", "root"), Err(JumpError::Port(_))));
        assert!(matches!(Jump::parse("", "root"), Err(JumpError::Host(_))));
        assert!(matches!(Jump::parse("a b", "root"), Err(JumpError::Host(_))));
        assert!(matches!(Jump::parse("[fd00::2]x", "root"), Err(JumpError::Host(_))));
        assert!(matches!(Jump::parse("one,two", "root"), Err(JumpError::Host(_))));
    }
}
