//! What holds for a whole run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What to do about the host keys of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Record the key of a node that is not known yet; refuse a changed one.
    AcceptNew,
    /// Refuse nodes that are not known yet.
    Strict,
    /// Check nothing and record nothing.
    Off,
}

/// What holds for a whole run.
#[derive(Clone, Debug)]
pub struct FleetSettings {
    /// How many nodes are logged in to at once. Connections that are slow to come up do not count.
    pub fanout: usize,
    /// For one TCP connection to come up, or for the jump host to open one; name lookup included.
    pub connect_timeout: Duration,
    /// From the connection to the end of the login: banner, key exchange, authentication.
    pub handshake_timeout: Duration,
    /// For one node in all, without the time it waits for its turn.
    pub node_timeout: Duration,
    /// What to do about host keys.
    pub host_keys: HostKeyPolicy,
    /// Our own file of host keys, in OpenSSH's format. It need not exist yet.
    pub known_hosts: PathBuf,
    /// Private key files for targets that name none; those that do not exist are passed over.
    pub default_keys: Vec<PathBuf>,
    /// The agent's socket (`SSH_AUTH_SOCK`).
    pub agent: Option<PathBuf>,
    /// The most that one node may print, in bytes; more is a failure of that node.
    pub answer_limit: usize,
    /// Whether [`super::run`] returns what the nodes printed, or only the events have it: many long answers need memory.
    pub keep_output: bool,
    /// Set to true from another thread or a signal handler, it ends the run within a tenth of a second.
    pub cancelled: Arc<AtomicBool>,
}

impl FleetSettings {
    /// The defaults of the product with this file of host keys.
    pub fn new(known_hosts: impl Into<PathBuf>) -> Self {
        Self {
            fanout: 100,
            connect_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(10),
            node_timeout: Duration::from_secs(30),
            host_keys: HostKeyPolicy::AcceptNew,
            known_hosts: known_hosts.into(),
            default_keys: Vec::new(),
            agent: None,
            answer_limit: 512 * 1024,
            keep_output: true,
            cancelled: Arc::new(AtomicBool::new(false)),
        }
    }
}
