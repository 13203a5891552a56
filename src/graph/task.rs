//! A task of a graph, as its folder holds it and as Nailgun takes it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A task. What only [`super::Graph::lint`] judges keeps the form that the file gives it, so that a mistake is named by its
/// rule and not as a YAML error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphTask {
    /// Its name; empty where the file gives none.
    #[serde(default)]
    pub id: String,
    /// `shell`, `upload_file`, `stage` and so on.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The roles whose nodes get it.
    #[serde(default, skip_serializing_if = "Names::is_absent")]
    pub roles: Names,
    /// The tasks that it waits for.
    #[serde(default, skip_serializing_if = "Names::is_absent")]
    pub requires: Names,
    /// The tasks that wait for it.
    #[serde(default, skip_serializing_if = "Names::is_absent")]
    pub required_for: Names,
    /// What Astute gets; None for a stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// Every other key, in the form of the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A list of names, or what a file has in its place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// The key is absent.
    #[default]
    #[serde(skip)]
    Absent,
    /// The names in the order of the file.
    List(Vec<String>),
    /// Something else, which Nailgun may accept and which then means nothing.
    Other(Value),
}

impl GraphTask {
    /// Whether it is a stage: it orders others and runs nowhere.
    pub fn is_stage(&self) -> bool {
        self.kind == "stage"
    }

    /// One of its parameters.
    pub fn parameter(&self, key: &str) -> Option<&Value> {
        self.parameters.as_ref()?.get(key)
    }
}

impl Names {
    /// The names; none where the key holds something else.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let names = if let Self::List(names) = self { names.as_slice() } else { &[] };
        names.iter().map(String::as_str)
    }

    /// Whether the key is absent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_goes_out_as_it_came_in() {
        for task in [
            json!({"id": "a", "type": "stage", "version": "2.1.0", "requires": ["b"]}),
            json!({"id": "a", "type": "shell", "roles": "controller", "requires": null, "parameters": {"cmd": "x"}, "new": [1]}),
        ] {
            let read: GraphTask = serde_json::from_value(task.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), task);
        }
    }
}
