//! What the pre-checks of an installation found.

use super::node::NodeId;
use super::numbers::{EnvId, TaskId};

/// What the pre-checks found on every node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecheckReport {
    /// The environment.
    pub env: EnvId,
    /// Nailgun's task of the run.
    pub task: TaskId,
    /// A row for each node.
    pub rows: Vec<PrecheckRow>,
}

/// What the pre-checks found on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecheckRow {
    /// The node.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// How many packages would be upgraded.
    pub packages: usize,
    /// Packages that would be removed.
    pub removals: Vec<String>,
    /// Held packages that would stay behind.
    pub holds: Vec<String>,
    /// Packages with changed files, which the upgrade would overwrite.
    pub customised: Vec<String>,
    /// Services that would restart.
    pub services: Vec<String>,
    /// Resources of pacemaker that would restart.
    pub resources: Vec<String>,
    /// What else an operator should know. Safe to show.
    pub notes: Vec<String>,
    /// Free megabytes on /var.
    pub space_mb: u64,
    /// Whether a reboot is needed already.
    pub reboot: bool,
    /// Why the node does not pass; nothing where it does. Safe to show.
    pub fault: Option<String>,
}
