//! A plan in a file: what an installation would do, saved so that somebody can read and approve it, and so that
//! `install --plan` does exactly that and nothing else.
//!
//! A plan has two halves. What nodes, mirror and Nailgun answer is known before anything is sent; which packages and
//! services a node would change is known after its pre-checks.

mod differences;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::details::{PackageChange, Report};
use super::mu::Mu;
use super::node::NodeId;
use super::numbers::EnvId;
use super::phase::Phase;
use super::plan::{Plan, Targeted};
use super::select::Selection;

/// The format of the file.
pub const PLAN_FORMAT: &str = "fuel-updates-plan/1";
/// The most that a file may hold, in bytes: 200 nodes with 1,500 packages each have 30 MB.
pub const PLAN_LIMIT: usize = 64 * 1024 * 1024;

/// A plan as its file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// [`PLAN_FORMAT`].
    pub format: String,
    /// When it was saved, RFC 3339 in UTC.
    pub saved_at: String,
    /// The environment.
    pub environment: EnvId,
    /// Nailgun's host and port: two masters have environments of the same number.
    pub nailgun: String,
    /// The environment's MOS version.
    pub mos_version: Option<String>,
    /// The update.
    pub target: SavedTarget,
    /// The MOS repositories, as lines of a sources list.
    pub repositories: Vec<String>,
    /// The SHA-256 of the graph.
    pub graph_sha256: String,
    /// The options that decide what is done.
    pub options: SavedOptions,
    /// The order in which nodes are updated.
    pub phases: Vec<SavedPhase>,
    /// The first controller by Nailgun; none if no controller takes part.
    pub first_controller: Option<String>,
    /// Nodes that are left out, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Every node that takes part.
    pub nodes: Vec<SavedNode>,
}

/// The update of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedTarget {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub title: String,
    /// When it was published, seconds since 1970 (UTC).
    pub timestamp: i64,
    /// The SHA-256 of the mirror's `mu-version.json`.
    pub file_sha256: String,
}

/// The options of an installation that a plan fixes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedOptions {
    /// `--nodes`.
    pub nodes: Vec<String>,
    /// `--roles`.
    pub roles: Vec<String>,
    /// `--exclude`.
    pub exclude: Vec<String>,
    /// `--allow-offline`.
    pub allow_offline: bool,
    /// `--accept-empty`.
    pub accept_empty: bool,
    /// `--skip-cluster-checks`.
    pub skip_cluster_checks: bool,
    /// `--restart-rabbitmq`.
    pub restart_rabbitmq: bool,
    /// `--restart-mysql`.
    pub restart_mysql: bool,
    /// `--restart-all`.
    #[serde(default)]
    pub restart_all: bool,
    /// `--no-db-backup`.
    #[serde(default)]
    pub no_db_backup: bool,
    /// `--batch`.
    pub batch: u16,
}

/// A phase of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPhase {
    /// Its name in JSON.
    pub phase: String,
    /// The names of its nodes, in order.
    pub nodes: Vec<String>,
}

/// A node of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedNode {
    /// Its ID in Nailgun.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// The name of the update that it runs; none for GA.
    pub before: Option<String>,
    /// Packages that would be upgraded.
    pub packages: Vec<PackageChange>,
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
}

/// Why some bytes are no plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SavedPlanError {
    /// Not JSON of the expected shape.
    #[error("not a plan: {0}")]
    Shape(String),
    /// Another format, for instance that of a later version.
    #[error("its format is `{0}`; this version reads {PLAN_FORMAT}")]
    Format(String),
    /// Two nodes have one name or one number, so the plan cannot be compared.
    #[error("{0} is listed twice")]
    Twice(String),
}

impl SavedPlan {
    /// Reads a file.
    ///
    /// # Errors
    /// [`SavedPlanError`] says what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, SavedPlanError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        let shape = |error: serde_json::Error| SavedPlanError::Shape(error.to_string());
        let head: Head = serde_json::from_slice(bytes).map_err(shape)?;
        if head.format != PLAN_FORMAT {
            return Err(SavedPlanError::Format(super::text::one_line(&head.format, 60)));
        }
        let plan: Self = serde_json::from_slice(bytes).map_err(shape)?;
        let mut seen = std::collections::BTreeSet::new();
        for node in &plan.nodes {
            if !seen.insert(node.id.to_string()) || !seen.insert(node.name.clone()) {
                return Err(SavedPlanError::Twice(super::text::one_line(&node.name, 60)));
            }
        }
        Ok(plan)
    }

    /// Adds what the pre-checks found on a node.
    pub fn found(&mut self, node: NodeId, report: &Report) {
        let Some(node) = self.nodes.iter_mut().find(|n| n.id == node) else { return };
        node.packages.clone_from(&report.packages);
        node.removals.clone_from(&report.removals);
        node.holds.clone_from(&report.holds);
        node.customised.clone_from(&report.customised);
        node.services.clone_from(&report.services);
        node.resources.clone_from(&report.resources);
        node.packages.sort_by(|a, b| a.name.cmp(&b.name));
        for list in [&mut node.removals, &mut node.holds, &mut node.customised, &mut node.services, &mut node.resources]
        {
            list.sort();
        }
    }

    /// How many packages would be upgraded, on all nodes together.
    pub fn upgrades(&self) -> usize {
        self.nodes.iter().map(|node| node.packages.len()).sum()
    }
}

impl SavedTarget {
    /// Of what the mirror announces.
    pub fn new(target: &Mu, file_sha256: String) -> Self {
        Self { id: target.id, title: target.title.clone(), timestamp: target.timestamp, file_sha256 }
    }
}

impl SavedOptions {
    /// The selection of nodes.
    pub fn selection(&self) -> Selection {
        Selection { nodes: self.nodes.clone(), roles: self.roles.clone(), exclude: self.exclude.clone() }
    }
}

/// The phases of a plan.
pub fn saved_phases(plan: &Plan) -> Vec<SavedPhase> {
    let phase = |(phase, nodes): (Phase, Vec<&Targeted>)| SavedPhase {
        phase: phase.key().to_owned(),
        nodes: nodes.iter().map(|node| node.name.clone()).collect(),
    };
    plan.phases().into_iter().map(phase).collect()
}
