//! An environment as Nailgun knows it. For an installation Nailgun's list of nodes decides.

use super::mos_version::MosVersion;
use super::node::{Host, NodeId};
use crate::domain::numbers::EnvId;

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Nailgun's number.
    pub id: EnvId,
    /// Its name. Safe to show.
    pub name: String,
    /// `operational`, `stopped`, `partially_deployed` and so on.
    pub status: String,
    /// Its MOS version (`fuel_version`), fixed when it was created; None if Nailgun reports none.
    pub mos_version: Option<MosVersion>,
    /// Its nodes, those about to be added or deleted included.
    pub nodes: Vec<EnvironmentNode>,
}

/// A node of an environment as Nailgun knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentNode {
    /// Nailgun's number.
    pub id: NodeId,
    /// Its host name. Safe to show.
    pub name: String,
    /// Its address in the admin network, where it has one.
    pub host: Option<Host>,
    /// Its roles, without `primary-`.
    pub roles: Vec<String>,
    /// `ready`, `discover`, `error` and so on.
    pub status: String,
    /// Whether Nailgun sees it online; up to three minutes old.
    pub online: bool,
    /// About to be added.
    pub pending_addition: bool,
    /// About to be deleted.
    pub pending_deletion: bool,
}

impl EnvironmentNode {
    /// Whether it is not deployed yet.
    pub fn in_discover(&self) -> bool {
        self.status == "discover" || self.pending_addition
    }
}
