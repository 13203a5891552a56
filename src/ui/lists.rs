//! Lists that are the same in a table and in a document: settings, tasks of a graph, changes of a node list.

use serde::Serialize;
use serde_json::Value;

use super::document::Envelope;
use super::show::Show;
use super::table::Table;
use crate::domain::numbers::EnvId;

/// The settings, for `config show`.
#[derive(Clone, Debug)]
pub struct ShownSettings {
    /// The environment, if one was given.
    pub env: Option<EnvId>,
    /// When they were read, RFC 3339 in UTC.
    pub taken_at: String,
    /// The settings.
    pub settings: Vec<ShownSetting>,
}

/// A setting.
#[derive(Clone, Debug)]
pub struct ShownSetting {
    /// Its name.
    pub name: &'static str,
    /// Its value, without secrets; nothing where it is not set.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: String,
}

impl Show for ShownSettings {
    fn document(&self) -> impl Serialize {
        let settings = self.settings.iter().map(|setting| SettingDocument {
            setting: setting.name,
            value: setting.value.as_ref().map(|value| typed(setting.name, value)),
            source: &setting.source,
        });
        Envelope::new("config show", self.env, &self.taken_at, SettingsDocument { settings: settings.collect() })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["setting", "value", "source"]).flowing(&["value", "source"]);
        for setting in &self.settings {
            let value = setting.value.clone().unwrap_or_else(|| "-".to_owned());
            table.push(vec![setting.name.to_owned(), value, setting.source.clone()]);
        }
        table
    }
}

#[derive(Serialize)]
struct SettingsDocument<'a> {
    settings: Vec<SettingDocument<'a>>,
}

#[derive(Serialize)]
struct SettingDocument<'a> {
    setting: &'a str,
    value: Option<Value>,
    source: &'a str,
}

/// A value with the type that the setting has.
fn typed(name: &str, value: &str) -> Value {
    let number = name == "env" || name.ends_with(".port") || name.ends_with("_timeout") || name.ends_with(".fanout");
    let of_type = number || name.ends_with(".legacy_algorithms");
    let parsed = if of_type { serde_json::from_str(value).ok() } else { None };
    parsed.unwrap_or_else(|| Value::String(value.to_owned()))
}

/// The tasks of a graph, for `graph show`.
#[derive(Clone, Debug)]
pub struct ShownGraph {
    /// When it was read, RFC 3339 in UTC.
    pub taken_at: String,
    /// The tasks, in the order of the file.
    pub tasks: Vec<ShownGraphTask>,
}

/// A task of a graph.
#[derive(Clone, Debug, Serialize)]
pub struct ShownGraphTask {
    /// Its name.
    pub task: String,
    /// Its type in Nailgun.
    #[serde(rename = "type")]
    pub kind: String,
    /// The roles of its nodes.
    pub roles: Vec<String>,
    /// The tasks that it comes after.
    pub after: Vec<String>,
    /// The tasks that it comes before.
    pub before: Vec<String>,
    /// On how many nodes it may run at once: a number, or an expression of the run.
    pub limit: Option<Value>,
    /// Its time limit in seconds.
    pub timeout: Option<Value>,
}

impl Show for ShownGraph {
    fn document(&self) -> impl Serialize {
        Envelope::new("graph show", None, &self.taken_at, GraphDocument { tasks: &self.tasks })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["task", "type", "roles", "after", "before", "limit", "timeout"])
            .gives_way(&["timeout", "limit", "before", "type"])
            .flowing(&["roles", "after", "before"]);
        let text = |value: &Option<Value>| match value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        for task in &self.tasks {
            table.push(vec![
                task.task.clone(),
                task.kind.clone(),
                task.roles.join(", "),
                task.after.join(", "),
                task.before.join(", "),
                text(&task.limit),
                text(&task.timeout),
            ]);
        }
        table
    }
}

#[derive(Serialize)]
struct GraphDocument<'a> {
    tasks: &'a [ShownGraphTask],
}

/// What changed in a node list, for `inventory sync` and `import`.
#[derive(Clone, Debug)]
pub struct ShownChanges {
    /// The command.
    pub command: &'static str,
    /// The environment.
    pub env: EnvId,
    /// When, RFC 3339 in UTC.
    pub taken_at: String,
    /// The file that was written.
    pub file: String,
    /// What changed in it.
    pub changes: Vec<ShownChange>,
}

/// A node that was added, removed or changed; without name the environment itself.
#[derive(Clone, Debug, Serialize)]
pub struct ShownChange {
    /// What happened.
    pub change: &'static str,
    /// The node's ID.
    pub id: Option<u32>,
    /// The node's name.
    pub name: Option<String>,
    /// Details. Safe to show.
    pub what: String,
}

impl Show for ShownChanges {
    fn document(&self) -> impl Serialize {
        let body = ChangesDocument { file: &self.file, changes: &self.changes };
        Envelope::new(self.command, self.env, &self.taken_at, body)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["change", "id", "name", "what"]).gives_way(&["id"]).flowing(&["what"]);
        for change in &self.changes {
            table.push(vec![
                change.change.to_owned(),
                change.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
                change.name.clone().unwrap_or_else(|| "-".to_owned()),
                change.what.clone(),
            ]);
        }
        table
    }
}

#[derive(Serialize)]
struct ChangesDocument<'a> {
    file: &'a str,
    changes: &'a [ShownChange],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_and_the_rest_is_text() {
        for (name, value, shown) in [
            ("ssh.port", "22", "22"),
            ("ssh.connect_timeout", "2.5", "2.5"),
            ("ssh.legacy_algorithms", "false", "false"),
            ("mos_version", "9.0", "\"9.0\""),
            ("nailgun.tenant", "7", "\"7\""),
        ] {
            assert_eq!(typed(name, value).to_string(), shown, "{name}");
        }
    }
}
