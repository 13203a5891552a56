//! Graphs in Nailgun: upload, delete, list, preview.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use ureq::http::Method;

use crate::domain::node::NodeId;
use crate::domain::numbers::EnvId;
use crate::domain::run::NodeRef;
use crate::domain::text::one_line;
use crate::http::Reply;

use super::client::{ApiCall, parse};
use super::wire::{line, or_default};
use super::{Nailgun, NailgunError};

/// A graph that Nailgun holds.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredGraph {
    /// Its number.
    pub id: u64,
    /// Its name, for people.
    #[serde(default, deserialize_with = "line")]
    pub name: String,
    /// The objects that it belongs to.
    #[serde(default, deserialize_with = "or_default")]
    pub relations: Vec<Relation>,
    /// Its tasks. Nailgun adds copies of some keys, so they differ from what was uploaded.
    #[serde(default, deserialize_with = "or_default")]
    pub tasks: Vec<Value>,
}

/// An object that a graph belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Relation {
    /// `cluster`, `release` or `plugin`.
    #[serde(default, deserialize_with = "line")]
    pub model: String,
    /// The number of that cluster, release or plugin.
    #[serde(default, deserialize_with = "or_default")]
    pub model_id: u64,
    /// The graph's type there.
    #[serde(default, rename = "type", deserialize_with = "line")]
    pub graph_type: String,
}

/// A run as Nailgun would send it to Astute.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The tasks of each node; stages are those of [`NodeRef::Virtual`].
    pub tasks: BTreeMap<NodeRef, Vec<PreviewTask>>,
}

/// A task of a preview.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PreviewTask {
    /// Its id in the graph.
    #[serde(default, deserialize_with = "line")]
    pub id: String,
    /// `shell`, `upload_file`, ...; `skipped` is a task that will not be executed.
    #[serde(default, rename = "type", deserialize_with = "line")]
    pub kind: String,
    /// What it executes, as Nailgun formatted it. On 9.0 expressions stand as they were uploaded.
    #[serde(default, deserialize_with = "or_default")]
    pub parameters: Value,
    /// What it waits for.
    #[serde(default, deserialize_with = "or_default")]
    pub requires: Vec<Value>,
    /// What waits for it.
    #[serde(default, deserialize_with = "or_default")]
    pub required_for: Vec<Value>,
}

impl Nailgun {
    /// The environment's own graph of a type; none where it has none.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn graph(&self, cluster: EnvId, graph_type: &str) -> Result<Option<StoredGraph>, NailgunError> {
        let path = graph_path(cluster, graph_type)?;
        let what = format!("reading the graph of environment {cluster}");
        let call = ApiCall::get(&path, &what);
        let reply = self.send(&call)?;
        match reply.status {
            200 => parse(&reply, &what).map(Some),
            404 if is_no_such_graph(&reply) => Ok(None),
            _ => Err(NailgunError::from_reply(&reply, &what)),
        }
    }

    /// Uploads a graph; `body` is `{name, tasks, node_filter, on_*}`. The environment must not have a graph of this type yet; delete it
    /// first, because an upload over it keeps its old node filter.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind conflict where there is one of this type.
    pub fn create_graph(&self, cluster: EnvId, graph_type: &str, body: &Value) -> Result<StoredGraph, NailgunError> {
        let path = graph_path(cluster, graph_type)?;
        let what = format!("uploading the graph to environment {cluster}");
        let reply = self.ask(&ApiCall::with_body(Method::POST, &path, body.clone(), &what))?;
        parse(&reply, &what)
    }

    /// Deletes the environment's own graph of a type; says whether there was one.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn delete_graph(&self, cluster: EnvId, graph_type: &str) -> Result<bool, NailgunError> {
        let path = graph_path(cluster, graph_type)?;
        let what = format!("deleting the graph of environment {cluster}");
        let reply = self.send(&ApiCall::delete(&path, &what))?;
        match reply.status {
            200..=299 => Ok(true),
            404 if is_no_such_graph(&reply) => Ok(false),
            _ => Err(NailgunError::from_reply(&reply, &what)),
        }
    }

    /// The types of the graphs that an environment has itself.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn graph_types(&self, cluster: EnvId) -> Result<Vec<String>, NailgunError> {
        // `graphs/?graph_types=` is no help: before 9.1 it does not filter, and 9.1 answers with all where none matches.
        let what = format!("reading the graphs of environment {cluster}");
        let graphs: Vec<StoredGraph> = self.read(&format!("clusters/{cluster}/deployment_graphs/"), &what)?;
        let relations = graphs.into_iter().flat_map(|graph| graph.relations);
        let own = relations.filter(|of| of.model == "cluster" && of.model_id == u64::from(cluster.0));
        Ok(own.map(|of| of.graph_type).collect())
    }

    /// The preview: what Nailgun would send to Astute, for some tasks or for all.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn serialized_tasks(
        &self,
        cluster: EnvId,
        graph_type: &str,
        nodes: &[NodeId],
        tasks: Option<&[String]>,
    ) -> Result<Preview, NailgunError> {
        #[derive(Deserialize)]
        struct SerializedGraph {
            tasks_graph: BTreeMap<String, Vec<PreviewTask>>,
            /// On 9.0 what each task does, once for all nodes.
            #[serde(default, deserialize_with = "or_default")]
            tasks_directory: BTreeMap<String, PreviewTask>,
        }
        check_type(graph_type)?;
        let mut path = format!("clusters/{cluster}/serialized_tasks/?graph_type={graph_type}&nodes={}", ids(nodes));
        if let Some(tasks) = tasks {
            path.push_str(&format!("&tasks={}", names(tasks)?));
        }
        let what = format!("previewing the graph of environment {cluster}");
        let reply = self.ask(&ApiCall { long: true, ..ApiCall::get(&path, &what) })?;
        let mut answer: SerializedGraph = parse(&reply, &what)?;
        for task in answer.tasks_graph.values_mut().flatten().filter(|task| task.parameters.is_null()) {
            if let Some(known) = answer.tasks_directory.get(&task.id) {
                task.parameters = known.parameters.clone();
            }
        }
        let tasks = answer.tasks_graph.into_iter().map(|(key, tasks)| (NodeRef::parse(Some(&key)), tasks));
        Ok(Preview { tasks: tasks.collect() })
    }
}

/// Tells a missing graph from a missing environment: both are a 404.
fn is_no_such_graph(reply: &Reply) -> bool {
    String::from_utf8_lossy(&reply.body).contains("Graph with type")
}

fn graph_path(cluster: EnvId, graph_type: &str) -> Result<String, NailgunError> {
    check_type(graph_type)?;
    Ok(format!("clusters/{cluster}/deployment_graphs/{graph_type}/"))
}

/// Nailgun takes letters, digits, `_` and `-`; very long names make it fail.
pub(super) fn check_type(graph_type: &str) -> Result<(), NailgunError> {
    if is_word(graph_type) {
        return Ok(());
    }
    Err(NailgunError::GraphType(one_line(graph_type, 60)))
}

/// Node IDs for a query.
pub(super) fn ids(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Task ids for a query.
pub(super) fn names(tasks: &[String]) -> Result<String, NailgunError> {
    match tasks.iter().find(|task| !is_word(task)) {
        None => Ok(tasks.join(",")),
        Some(bad) => Err(NailgunError::TaskName(one_line(bad, 60))),
    }
}

fn is_word(text: &str) -> bool {
    (1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
