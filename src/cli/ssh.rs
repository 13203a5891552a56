//! Options that say how to log in to nodes.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::whole::whole;

// No doc comment: see `nodes`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "SSH")]
pub(crate) struct SshOptions {
    /// Log in as this user [default: root].
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_SSH_USER", value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) ssh_user: Option<String>,

    /// Log in with this private key instead of the agent and the default key files; repeat it to try several keys.
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_SSH_KEY", value_name = "FILE")]
    pub(crate) ssh_key: Vec<PathBuf>,

    /// SSH port for nodes without `port` in the node list [default: 22].
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_SSH_PORT", value_name = "PORT", value_parser = whole(1..=u16::MAX))]
    pub(crate) ssh_port: Option<u16>,

    /// Connect to all nodes through this host.
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_JUMP", value_name = "USER@HOST:PORT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) jump: Option<String>,

    /// Check host keys by this policy [default: accept-new].
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_HOST_KEYS", value_name = "POLICY")]
    pub(crate) host_keys: Option<HostKeys>,

    /// Time limit to connect to a node, in seconds [default: 5].
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_CONNECT_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) connect_timeout: Option<f64>,

    /// Time limit from the connection to the accepted login, in seconds [default: 10].
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_HANDSHAKE_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) handshake_timeout: Option<f64>,

    /// Total time limit per node, in seconds [default: 30].
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_NODE_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) node_timeout: Option<f64>,

    /// Ask at most this many nodes at the same time [default: 100].
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_FANOUT", value_name = "N", value_parser = whole(1..=2000_u16))]
    pub(crate) fanout: Option<u16>,
}

/// What to do about a node's host key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HostKeys {
    /// Record unknown keys, refuse changed keys.
    AcceptNew,
    /// Refuse unknown and changed keys.
    Strict,
    /// Accept every key.
    Off,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(s) if (0.1..=3600.0).contains(&s) => Ok(s),
        _ => Err("not a number of seconds between 0.1 and 3600".to_owned()),
    }
}
