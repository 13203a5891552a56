//! A deployment history with the fields of its tasks, not only their status.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::numbers::TaskId;
use crate::domain::run::TaskRecord;

use super::client::{ApiCall, parse};
use super::wire::{HistoryRecord, line, or_default};
use super::{Nailgun, NailgunError};

/// One record of a deployment history with the task's own fields. Nailgun 9.0 has none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullRecord {
    /// The task, the node, the status and the times.
    pub record: TaskRecord,
    /// `shell`, `upload_file`, `stage`. Safe to show.
    pub kind: String,
    /// `parameters.cmd` as it was uploaded: an expression is not evaluated. Untrusted.
    pub command: Option<Value>,
    /// `parameters.data`. Untrusted.
    pub data: Option<String>,
    /// On how many nodes it may run at the same time, by `parameters.strategy`.
    pub at_once: Option<usize>,
    /// What it waits for. Safe to show.
    pub requires: Vec<String>,
    /// What waits for it. Safe to show.
    pub required_for: Vec<String>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(flatten)]
    record: HistoryRecord,
    #[serde(default, rename = "type", deserialize_with = "line")]
    kind: String,
    #[serde(default, deserialize_with = "or_default")]
    parameters: Value,
    #[serde(default, deserialize_with = "or_default")]
    requires: Vec<Value>,
    #[serde(default, deserialize_with = "or_default")]
    required_for: Vec<Value>,
}

impl Wire {
    fn into_record(mut self) -> Option<FullRecord> {
        let names = |list: &[Value]| {
            list.iter().filter_map(Value::as_str).map(|name| crate::domain::text::one_line(name, 200)).collect()
        };
        let data = self.parameters.get_mut("data").map(Value::take);
        let strategy = self.parameters.get("strategy");
        let at_once = strategy.and_then(|strategy| match strategy.get("type").and_then(Value::as_str) {
            Some("one_by_one") => Some(1),
            _ => strategy.get("amount").and_then(Value::as_u64).and_then(|amount| usize::try_from(amount).ok()),
        });
        Some(FullRecord {
            kind: self.kind,
            command: self.parameters.get_mut("cmd").map(Value::take),
            data: if let Some(Value::String(data)) = data { Some(data) } else { None },
            at_once: at_once.filter(|limit| *limit > 0),
            requires: names(&self.requires),
            required_for: names(&self.required_for),
            record: self.record.into_record()?,
        })
    }
}

impl Nailgun {
    /// The whole history of a run's child with the tasks' own fields. The content of an upload is repeated for
    /// every node: some megabytes for a large environment.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind not-found where there is no such transaction.
    pub fn full_history(&self, child: TaskId) -> Result<Vec<FullRecord>, NailgunError> {
        let what = format!("reading the history of transaction {child}");
        let path = format!("transactions/{child}/deployment_history/");
        let reply = self.ask(&ApiCall { long: true, ..ApiCall::get(&path, &what) })?;
        let records: Vec<Wire> = parse(&reply, &what)?;
        records
            .into_iter()
            .map(|record| {
                record.into_record().ok_or_else(|| NailgunError::protocol(&what, "a record does not name its task"))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::node::NodeId;
    use crate::domain::run::{NodeRef, TaskStatus};

    fn read(text: &str) -> FullRecord {
        serde_json::from_str::<Wire>(text).unwrap().into_record().unwrap()
    }

    #[test]
    fn a_record_with_its_tasks_fields() {
        let record = read(
            r#"{"task_name": "mu_env", "node_id": "3", "status": "ready", "time_start": "1970-01-01T00:00:01", "time_end": null,
                "type": "upload_file", "parameters": {"data": "x", "path": "/p"}, "requires": ["a", {"name": "b"}],
                "required_for": ["mu\u001b_checked"], "custom": {}, "roles": ["/.*/"]}"#,
        );
        assert_eq!(
            (record.record.node, record.record.began),
            (NodeRef::Node(NodeId(3)), jiff::Timestamp::from_second(1).ok())
        );
        assert_eq!((record.kind.as_str(), record.data.as_deref(), record.command), ("upload_file", Some("x"), None));
        assert_eq!((record.requires, record.required_for), (vec!["a".to_owned()], vec!["mu _checked".to_owned()]));
    }

    #[test]
    fn a_raw_record_of_9_0_and_odd_fields() {
        let raw = read(r#"{"deployment_graph_task_name": "a", "node_id": 3, "status": "pending", "parameters": null}"#);
        assert_eq!((raw.record.task.as_str(), raw.record.status, raw.kind.as_str()), ("a", TaskStatus::Pending, ""));
        let odd = read(r#"{"task_name": "a", "node_id": null, "status": "x", "parameters": [1], "requires": null}"#);
        assert_eq!((odd.record.node, odd.command, odd.data), (NodeRef::Virtual, None, None));
    }
}
