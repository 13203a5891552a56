//! Nailgun's objects as JSON. Unknown keys are ignored, null means absent, and text is made safe to show when it is read.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::domain::environment::EnvironmentNode;
use crate::domain::node::{Host, NodeId};
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::{NodeRef, TaskRecord, TaskStatus};
use crate::domain::text::one_line;
use crate::domain::time::parse_utc;

/// `GET /version`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// The release that the server reports; a 9.2 may report `9.1`. Only for display.
    #[serde(default, deserialize_with = "line")]
    pub release: String,
    /// The version of the API.
    #[serde(default, deserialize_with = "line")]
    pub api: String,
    /// `mitaka-9.0`.
    #[serde(default, deserialize_with = "line")]
    pub openstack_version: String,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cluster {
    /// Its number.
    pub id: EnvId,
    /// Its name, for people.
    #[serde(default, deserialize_with = "line")]
    pub name: String,
    /// `new deployment stopped operational error remove partially_deployed`.
    #[serde(default, deserialize_with = "line")]
    pub status: String,
    /// The release of the master when the environment was made: the environment's MOS version.
    #[serde(default, deserialize_with = "line")]
    pub fuel_version: String,
    /// Its release's number.
    #[serde(default, deserialize_with = "or_default")]
    pub release_id: Option<u32>,
    /// `ha_compact`.
    #[serde(default, deserialize_with = "line")]
    pub mode: String,
}

/// A node as Nailgun lists it.
#[derive(Deserialize)]
pub(super) struct NodeRecord {
    id: u32,
    #[serde(default, deserialize_with = "line")]
    hostname: String,
    #[serde(default, deserialize_with = "line")]
    ip: String,
    #[serde(default, deserialize_with = "line")]
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    online: bool,
    #[serde(default, deserialize_with = "lines")]
    roles: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pending_addition: bool,
    #[serde(default, deserialize_with = "or_default")]
    pending_deletion: bool,
}

impl NodeRecord {
    /// The node as the domain knows it. Before 7.0 nodes have no host name of their own.
    pub(super) fn into_node(self) -> EnvironmentNode {
        let name = if self.hostname.is_empty() { format!("node-{}", self.id) } else { self.hostname };
        EnvironmentNode {
            id: NodeId(self.id),
            name,
            host: Host::parse(&self.ip),
            roles: self.roles,
            status: self.status,
            online: self.online,
            pending_addition: self.pending_addition,
            pending_deletion: self.pending_deletion,
        }
    }
}

/// A package repository of an environment; on its nodes it is `/etc/apt/sources.list.d/NAME.list`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// Its name.
    #[serde(default, deserialize_with = "line")]
    pub name: String,
    /// `deb`.
    #[serde(default, rename = "type", deserialize_with = "line")]
    pub kind: String,
    /// Its address; a password in it is masked.
    #[serde(default, deserialize_with = "masked")]
    pub uri: String,
    /// `mos9.0-updates`.
    #[serde(default, deserialize_with = "line")]
    pub suite: String,
    /// `main restricted`.
    #[serde(default, deserialize_with = "line")]
    pub section: String,
    /// Its pin.
    #[serde(default, deserialize_with = "or_default")]
    pub priority: Option<i64>,
}

impl Repository {
    /// Whether it holds MOS's own packages: the names that Fuel gives begin so (`mos`, `mos9.2-updates`).
    pub fn is_mos(&self) -> bool {
        self.name.starts_with("mos")
    }
}

/// A task, which Nailgun also calls a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Its unique name.
    #[serde(default, deserialize_with = "line")]
    pub uuid: String,
    /// `deploy` (the parent), `deployment` (a graph's run), `stop_deployment`, ...
    #[serde(default, deserialize_with = "line")]
    pub name: String,
    /// Its status.
    #[serde(default)]
    pub status: TaskState,
    /// Its environment.
    #[serde(default, deserialize_with = "or_default")]
    pub cluster: Option<EnvId>,
    /// Its parent; only in the list of tasks.
    #[serde(default, deserialize_with = "or_default")]
    pub parent_id: Option<TaskId>,
    /// The graph that it runs.
    #[serde(default, deserialize_with = "line")]
    pub graph_type: String,
    /// What went wrong. Before 9.1 Nailgun has words for what went well too; they are left out.
    #[serde(default, deserialize_with = "news")]
    pub message: String,
    /// Whether nothing is really executed.
    #[serde(default, deserialize_with = "or_default")]
    pub dry_run: bool,
    /// When it began.
    #[serde(default, rename = "time_start", deserialize_with = "moment")]
    pub began: Option<Timestamp>,
    /// When it ended.
    #[serde(default, rename = "time_end", deserialize_with = "moment")]
    pub ended: Option<Timestamp>,
}

/// The status of a task. A stopped run ends `ready`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TaskState {
    /// Not started: Nailgun prepares the run.
    Pending,
    /// Running.
    Running,
    /// Over.
    Ready,
    /// Over, and failed.
    Error,
    /// A word that we do not know, or none.
    #[default]
    Unknown,
}

impl TaskState {
    /// Whether it will not change any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ready | Self::Error)
    }

    /// Nailgun's word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

impl<'de> Deserialize<'de> for TaskState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<String>::deserialize(deserializer)?.as_deref() {
            Some("pending") => Self::Pending,
            Some("running") => Self::Running,
            Some("ready") => Self::Ready,
            Some("error") => Self::Error,
            _ => Self::Unknown,
        })
    }
}

/// One record of a deployment history.
#[derive(Deserialize)]
pub(super) struct HistoryRecord {
    #[serde(default, deserialize_with = "line")]
    task_name: String,
    /// The name of the same key on 9.0.
    #[serde(default, deserialize_with = "line")]
    deployment_graph_task_name: String,
    #[serde(default)]
    node_id: Option<TextOrNumber>,
    #[serde(default, deserialize_with = "line")]
    status: String,
    #[serde(default, deserialize_with = "moment")]
    time_start: Option<Timestamp>,
    #[serde(default, deserialize_with = "moment")]
    time_end: Option<Timestamp>,
}

impl HistoryRecord {
    /// The record as the domain knows it; none where it does not say which task it is.
    pub(super) fn into_record(self) -> Option<TaskRecord> {
        let task = if self.task_name.is_empty() { self.deployment_graph_task_name } else { self.task_name };
        let node = NodeRef::parse(self.node_id.as_ref().map(|node| node.0.as_str()));
        let status = TaskStatus::parse(&self.status);
        (!task.is_empty()).then_some(TaskRecord { task, node, status, began: self.time_start, ended: self.time_end })
    }
}

/// A key that is text on one version and a number on another.
pub(super) struct TextOrNumber(pub(super) String);

impl<'de> Deserialize<'de> for TextOrNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(one_line(&text, 40))),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(serde::de::Error::custom("neither text nor a number")),
        }
    }
}

/// Null is the default.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Text as one line that is safe to show; null is empty, a number is its text.
pub(super) fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => one_line(&text, 500),
        serde_json::Value::Null => String::new(),
        other => one_line(&other.to_string(), 500),
    })
}

/// A message, unless it only says that a deployment is done.
fn news<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = line(deserializer)?;
    let done = text.starts_with("Deployment ") && text.contains(" is done.");
    Ok(if done { String::new() } else { text })
}

fn masked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    line(deserializer).map(|text| crate::http::mask(&text))
}

fn lines<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(list.iter().map(|text| one_line(text, 100)).collect())
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(parse_utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_with_unknown_keys_and_nulls() {
        let task: Task = serde_json::from_str(
            r#"{"id": 7, "status": "running", "name": "deploy", "parent_id": null, "time_start": "2026-01-02T03:04:05.250000",
                "time_end": null, "graph_type": null, "message": "a\nb\u001b[1m", "result": {}, "new": [1]}"#,
        )
        .unwrap();
        assert_eq!((task.id, task.status.clone(), task.parent_id), (TaskId(7), TaskState::Running, None));
        assert_eq!((task.began.map(Timestamp::as_millisecond), task.ended), (Some(1_767_323_045_250), None));
        assert_eq!(task.message, "a b [1m");
    }

    #[test]
    fn that_a_deployment_is_done_is_no_news() {
        let message =
            |text: &str| serde_json::from_value::<Task>(serde_json::json!({"id": 7, "message": text})).unwrap().message;
        for text in [
            "Deployment is done. No changes.",
            "Deployment of environment 'a' is done.",
            "Deployment of 3 environment node(s) is done.",
        ] {
            assert_eq!(message(text), "", "{text}");
        }
        let failed = "Deployment has failed. All nodes are finished.";
        assert_eq!(message(failed), failed);
    }

    #[test]
    fn records_of_both_generations_and_of_every_kind_of_node() {
        let records: Vec<HistoryRecord> = serde_json::from_str(
            r#"[{"task_name": "a", "node_id": "3", "status": "ready", "parameters": {"cmd": "x"}, "custom": {}},
                {"deployment_graph_task_name": "a", "node_id": 3, "status": "ready"},
                {"task_name": "a", "node_id": "master", "status": "error"},
                {"task_name": "s", "node_id": null, "status": "skipped"},
                {"task_name": "a", "node_id": "-", "status": "skipped"},
                {"task_name": "a", "node_id": "3", "status": "noop"},
                {"node_id": "3"}]"#,
        )
        .unwrap();
        let records: Vec<_> = records.into_iter().map(HistoryRecord::into_record).collect();
        let nodes: Vec<_> = records.iter().flatten().map(|record| record.node).collect();
        let three = NodeRef::Node(NodeId(3));
        assert_eq!(nodes, [three, three, NodeRef::Master, NodeRef::Virtual, NodeRef::Nobody, three]);
        assert_eq!(records[5].as_ref().unwrap().status, TaskStatus::Unknown("noop".into()));
        assert!(records[6].is_none());
    }

    #[test]
    fn a_node_with_nulls() {
        let node: NodeRecord = serde_json::from_str(
            r#"{"id": 3, "name": "Untitled (01:02)", "hostname": null, "fqdn": null, "ip": "10.20.0.3", "status": "ready",
                "online": true, "error_type": null, "roles": ["compute"], "pending_roles": null, "cluster": 1, "meta": {"x": {}}}"#,
        )
        .unwrap();
        let node = node.into_node();
        assert_eq!((node.id, node.name.as_str(), node.online), (NodeId(3), "node-3", true));
        assert_eq!((node.host, node.roles.len(), node.pending_deletion), (Host::parse("10.20.0.3"), 1, false));
    }

    #[test]
    fn a_repositorys_password_is_masked() {
        let text = r#"{"name": "mos9.2-updates", "uri": "http://u:s3cret@m/x", "priority": null}"#;
        let repository: Repository = serde_json::from_str(text).unwrap();
        assert!(repository.is_mos() && repository.priority.is_none());
        assert_eq!(repository.uri, "http://***@m/x");
    }
}
