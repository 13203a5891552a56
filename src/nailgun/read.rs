//! Environments, nodes, repositories.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::environment::{Environment, EnvironmentNode};
use crate::domain::numbers::EnvId;

use super::wire::{NodeRecord, or_default};
use super::{Cluster, Nailgun, NailgunError, Repository, Version};

impl Nailgun {
    /// The version that the server reports. Only for display.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn version(&self) -> Result<Version, NailgunError> {
        self.read("version/", "reading its version")
    }

    /// All environments.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn clusters(&self) -> Result<Vec<Cluster>, NailgunError> {
        self.read("clusters/", "reading the environments")
    }

    /// One environment.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind not-found where there is none with this number.
    pub fn cluster(&self, id: EnvId) -> Result<Cluster, NailgunError> {
        self.read(&format!("clusters/{id}/"), &format!("reading environment {id}"))
    }

    /// One environment with its nodes.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind not-found where there is none with this number.
    pub fn environment(&self, id: EnvId) -> Result<Environment, NailgunError> {
        let cluster = self.cluster(id)?;
        let nodes = self.nodes(id)?;
        Ok(Environment {
            id: cluster.id,
            name: cluster.name,
            status: cluster.status,
            mos_version: cluster.fuel_version.parse().ok(),
            nodes,
        })
    }

    /// The nodes of an environment, including those about to be added or deleted.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn nodes(&self, cluster: EnvId) -> Result<Vec<EnvironmentNode>, NailgunError> {
        let what = format!("reading the nodes of environment {cluster}");
        let records: Vec<NodeRecord> = self.read(&format!("nodes/?cluster_id={cluster}"), &what)?;
        Ok(records.into_iter().map(NodeRecord::into_node).collect())
    }

    /// The nodes of an environment as Nailgun's own JSON, for the node list.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn node_list(&self, cluster: EnvId) -> Result<Value, NailgunError> {
        self.read(&format!("nodes/?cluster_id={cluster}"), &format!("reading the nodes of environment {cluster}"))
    }

    /// The package repositories of an environment, in their order.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn repositories(&self, cluster: EnvId) -> Result<Vec<Repository>, NailgunError> {
        #[derive(Deserialize)]
        struct Attributes {
            editable: Editable,
        }
        #[derive(Deserialize)]
        struct Editable {
            #[serde(default, deserialize_with = "or_default")]
            repo_setup: RepoSetup,
        }
        #[derive(Default, Deserialize)]
        struct RepoSetup {
            #[serde(default, deserialize_with = "or_default")]
            repos: Repos,
        }
        #[derive(Default, Deserialize)]
        struct Repos {
            #[serde(default, deserialize_with = "or_default")]
            value: Vec<Repository>,
        }
        let what = format!("reading the repositories of environment {cluster}");
        let attributes: Attributes = self.read(&format!("clusters/{cluster}/attributes/"), &what)?;
        Ok(attributes.editable.repo_setup.repos.value)
    }
}
