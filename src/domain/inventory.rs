//! The list of an environment's nodes, whatever form its source has.

use std::collections::BTreeMap;

use super::mos_version::MosVersion;
use super::node::Node;
use crate::domain::numbers::EnvId;

/// The forms of a node list. A file is recognised by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InventoryFormat {
    /// Our own, `schema: fuel-updates-inventory/1`.
    Native,
    /// `GET /api/v1/nodes`, and `fuel node list --json`, which writes roles as text.
    NailgunNodes,
    /// `fuel2 node list -f json`.
    Fuel2Nodes,
    /// `fuel2 node ansible-inventory`.
    AnsibleIni,
    /// `astute.yaml` of 7.0 to 9.x, or `cluster.yaml` of 10.0.
    Astute,
}

impl InventoryFormat {
    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::NailgunNodes => "nailgun",
            Self::Fuel2Nodes => "fuel2",
            Self::AnsibleIni => "ansible-ini",
            Self::Astute => "astute",
        }
    }
}

/// Why a listed node is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It belongs to another environment, or to none.
    OtherEnvironment,
    /// It is in bootstrap (status `discover`), without a role.
    Bootstrap,
    /// It is about to be deleted.
    PendingDeletion,
    /// It is the Fuel master.
    Master,
    /// It has no address in the admin network.
    NoAddress,
}

impl LeftOut {
    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherEnvironment => "other-environment",
            Self::Bootstrap => "bootstrap",
            Self::PendingDeletion => "pending-deletion",
            Self::Master => "master",
            Self::NoAddress => "no-address",
        }
    }
}

/// The nodes of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The form of the source.
    pub format: InventoryFormat,
    /// The environment, if the source says it.
    pub env: Option<EnvId>,
    /// The environment's MOS version, if the source says it.
    pub mos_version: Option<MosVersion>,
    /// Its nodes, in the order of the source.
    pub nodes: Vec<Node>,
    /// How many entries were left out, and why.
    pub left_out: BTreeMap<LeftOut, usize>,
    /// What the source says and is not used. Safe to show.
    pub warnings: Vec<String>,
}

/// The role that nodes are grouped by: without `primary-`. Tags of 9.2 such as `rabbitmq` stand among the roles of a
/// node; they are not roles.
pub fn role_of(name: &str) -> Option<&str> {
    let role = name.strip_prefix("primary-").unwrap_or(name);
    let a_tag = matches!(role, "rabbitmq" | "database" | "keystone" | "neutron");
    (!a_tag && !role.is_empty()).then_some(role)
}
