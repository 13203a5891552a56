//! The rules for a graph, each with a name. Nailgun accepts most mistakes without a word and then runs something else than
//! was meant; every rule is for such a case that was observed.

use serde_json::Value;

use super::{Finding, Graph, GraphTask, MAX_BUNDLE, Names, expected, id_of, switch};
use crate::domain::text::one_line;

/// Task types that Nailgun accepts and that are useful in an update.
const TYPES: &[&str] = &["stage", "shell", "upload_file", "copy_files", "sync", "puppet"];
/// Keys whose effect breaks the order or hides failures: (key, why).
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("condition", "no-condition", "a condition loses the limit of the strategy; choose the command by YAQL instead"),
    ("fail_on_error", "no-hidden-failure", "a failure would be reported as skipped"),
    ("fault_tolerance", "no-hidden-failure", "a failed node would not stop the run, and the result would be ready"),
    ("cross-depends", "no-cross-depends", "it vanishes with an empty phase; chain stages instead"),
    ("cross-depended-by", "no-cross-depends", "it vanishes with an empty phase; chain stages instead"),
    ("groups", "roles", "select nodes by `roles`"),
    ("tags", "roles", "select nodes by `roles`: 9.0 and 9.1 know no tags"),
    ("role", "roles", "select nodes by `roles`, a list"),
    ("reexecute_on", "unknown-key", "not part of an update"),
];

impl Graph {
    /// All mistakes, in the order of the file; none for a graph that may be uploaded.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.tasks.is_empty() {
            findings.push(Finding::graph("landmarks", "there is no task"));
            return findings;
        }
        self.lint_metadata(&mut findings);
        self.lint_names(&mut findings);
        self.lint_stages(&mut findings);
        self.lint_landmarks(&mut findings);
        self.lint_wires(&mut findings);
        self.lint_one_per_phase(&mut findings);
        for task in &self.tasks {
            self.lint_task(task, &mut findings);
        }
        findings
    }

    fn lint_metadata(&self, findings: &mut Vec<Finding>) {
        const METADATA: &[&str] = &["name", "node_filter", "on_success", "on_error", "on_stop"];
        for key in self.metadata.keys().filter(|key| !METADATA.contains(&key.as_str())) {
            let key = one_line(key, 40);
            findings.push(Finding::graph("metadata", format!("metadata.yaml: Nailgun refuses the key {key}")));
        }
        if !self.metadata.get("name").is_some_and(Value::is_string) {
            findings.push(Finding::graph("metadata", "metadata.yaml: `name` must be a text"));
        }
        for key in ["on_success", "on_error", "on_stop"] {
            let empty = serde_json::json!({"node_attributes": {}});
            if self.metadata.get(key) != Some(&empty) {
                let message =
                    format!("metadata.yaml: {key} must be {{node_attributes: {{}}}}: else nodes change their status");
                findings.push(Finding::graph("keep-status", message));
            }
        }
    }

    fn lint_task(&self, task: &GraphTask, findings: &mut Vec<Finding>) {
        let id = id_of(task);
        let mut say = |rule, message: String| findings.push(Finding::of(rule, &id, message));
        let kind = task.kind.as_str();
        if kind == "group" {
            say("no-group", "groups bring fault tolerance, and then a failed node does not stop the run".into());
        } else if !TYPES.contains(&kind) {
            say("task-type", format!("type `{}` has no place in an update", one_line(kind, 40)));
        }
        if task.other.get("version").and_then(Value::as_str) != Some("2.1.0") {
            say("version", "`version` must be the text 2.1.0".into());
        }
        for key in task.other.keys() {
            if let Some((_, rule, why)) = FORBIDDEN.iter().find(|(name, ..)| name == key) {
                say(rule, format!("`{key}`: {why}"));
            } else if matches!(key.as_str(), "strategy" | "amount" | "timeout" | "retries" | "cmd" | "data" | "path") {
                say("parameters-place", format!("`{key}` belongs under `parameters`: on the task it has no effect"));
            } else if key != "version" {
                say("unknown-key", format!("`{}` never reaches a node", one_line(key, 40)));
            }
        }
        if task.is_stage() {
            return;
        }
        lint_roles(task, &mut say);
        lint_strategy(task, &mut say);
        if kind == "shell" {
            lint_shell(task, &mut say);
        }
        if kind == "upload_file" {
            self.lint_upload(task, &mut say);
        }
        for (key, value) in task.parameters.iter().flatten() {
            lint_braces(value, &format!("parameters.{key}"), &mut say);
        }
    }

    fn lint_upload(&self, task: &GraphTask, say: &mut dyn FnMut(&'static str, String)) {
        if !task.parameter("path").and_then(Value::as_str).is_some_and(|path| path.starts_with('/')) {
            say("upload", "`parameters.path` must be an absolute path".into());
        }
        match task.parameter("data").and_then(Value::as_str) {
            None | Some("") => say("upload", "`parameters.data` must be a text that is not empty".into()),
            Some(data) if data.trim() != "@env" && data.starts_with('@') => match self.bundle(&id_of(task), data) {
                Err(error) => say("upload", error.to_string()),
                Ok(bundle) => {
                    let size = bundle.encoded().len();
                    if size > MAX_BUNDLE {
                        let message =
                            format!("{size} bytes in base64, more than {MAX_BUNDLE}: it travels once per node");
                        say("bundle-size", message);
                    }
                }
            },
            Some(data) if data.len() > MAX_BUNDLE => {
                say("bundle-size", format!("{} bytes, more than {MAX_BUNDLE}: it travels once per node", data.len()));
            }
            Some(_) => {}
        }
    }
}

fn lint_roles(task: &GraphTask, say: &mut dyn FnMut(&'static str, String)) {
    let roles: Vec<&str> = match &task.roles {
        Names::List(names) if !names.is_empty() => task.roles.iter().collect(),
        Names::Other(Value::String(_)) => {
            return say(
                "roles",
                "`roles` is a text: it matches no node, and Nailgun does not say so. Write a list".into(),
            );
        }
        _ => return say("roles", "`roles` must be a list of role names".into()),
    };
    if roles.contains(&"*") && roles.len() > 1 {
        say("roles", "`*` counts only alone".into());
    }
    for role in &roles {
        let known = *role == "*" || role.starts_with('/') || expected::ROLES.contains(role);
        if !known {
            say("roles", format!("no role `{}`: it would match no node, silently", one_line(role, 40)));
        } else if !expected::understood(role) {
            say("roles", format!("the pattern {} is more than this program can foresee", one_line(role, 60)));
        }
        let one_kind = |name: &str| expected::matches(role, name);
        if role.starts_with('/') && one_kind("controller") != one_kind("primary-controller") {
            say(
                "roles",
                format!("{role} does not mean both kinds of controllers: name controller and primary-controller"),
            );
        }
    }
}

fn lint_strategy(task: &GraphTask, say: &mut dyn FnMut(&'static str, String)) {
    let Some(strategy) = task.parameter("strategy") else {
        if task.kind == "shell" {
            say("strategy", "a shell task needs a strategy: without one all nodes start at once".into());
        }
        return;
    };
    let amount = strategy.get("amount");
    let good = match strategy.get("type").and_then(Value::as_str) {
        Some("one_by_one") => amount.is_none(),
        Some("parallel") => {
            amount.is_some_and(|amount| amount.as_u64().is_some_and(|n| n > 0) || amount.as_str() == Some("@batch"))
        }
        _ => false,
    };
    if !good {
        say("strategy", "must be {type: one_by_one} or {type: parallel, amount: N}".into());
    }
}

fn lint_shell(task: &GraphTask, say: &mut dyn FnMut(&'static str, String)) {
    match task.parameter("cmd") {
        Some(Value::String(command)) if !command.trim().is_empty() => {}
        Some(Value::Object(_)) if switch::arms(task).is_some() => {}
        Some(Value::Object(_)) => {
            say("command", "this YAQL is more than this program can foresee: use switch(…)".into());
        }
        _ => say("command", "`parameters.cmd` is missing".into()),
    }
    if switch::commands(task).iter().any(|command| command.contains('\n')) {
        say("command", "a command of several lines: only the first is checked for failure. Use a script".into());
    }
    if task.parameter("timeout").and_then(Value::as_u64).is_none_or(|seconds| seconds == 0) {
        say("timeout", "`parameters.timeout` must be given: else it is 300 s".into());
    }
    if task.parameter("retries").and_then(Value::as_u64) != Some(0) {
        say("retries", "`parameters.retries` must be 0: else a failed upgrade is run again, twice".into());
    }
}

fn lint_braces(value: &Value, place: &str, say: &mut dyn FnMut(&'static str, String)) {
    match value {
        Value::String(text) if text.contains(['{', '}']) => {
            say(
                "braces",
                format!("{place}: Nailgun formats every string, so a brace may change it. Send scripts as files"),
            );
        }
        Value::Array(items) => items.iter().for_each(|item| lint_braces(item, place, say)),
        Value::Object(map) => map.iter().for_each(|(key, item)| lint_braces(item, &format!("{place}.{key}"), say)),
        _ => {}
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
