//! A compiled graph as one file for `fuel2 graph upload --file`.

use serde_json::Value;

use super::error::GraphError;
use super::{GRAPH_TYPE, Graph, RunValues};
use crate::domain::text::one_line;

impl Graph {
    /// One self-contained YAML file: the body that [`Graph::compile`] makes, behind a comment that says what it brings
    /// and how to use it.
    ///
    /// # Errors
    /// As [`Graph::compile`].
    pub fn upload_file(&self, values: &RunValues, batch: u32) -> Result<String, GraphError> {
        let body = self.compile(values, batch)?;
        let mut text = comment(values);
        write(&body, 0, &mut text);
        Ok(text)
    }
}

fn comment(values: &RunValues) -> String {
    let target = &values.target;
    let link =
        target.doc_link.as_ref().map_or_else(String::new, |link| format!("# Read first: {}\n", one_line(link, 200)));
    let version = values.mos_version.as_deref().unwrap_or("unknown");
    let file = String::from_utf8_lossy(&values.file);
    let (place, env) = match values.env {
        Some(env) => (format!("environment {env}, MOS {version}"), env.to_string()),
        None => (format!("any environment of MOS {version}, as often as it is run"), "ENV".to_owned()),
    };
    format!(
        "# Brings {title} (id {id}, timestamp {timestamp}) to {place}. It was compiled for this target and for no
# other: the commit writes the bytes of its mu-version.json, which were
#   {file}
{link}#
#   fuel2 graph upload --env {env} --graph-type {GRAPH_TYPE} --file FILE
#   fuel2 graph execute --env {env} --graph-types {GRAPH_TYPE} --nodes ID ID ...
#   fuel2 task history show TASK
#
# FILE is this file. `fuel-updates --env {env} install` does more: it compares what Nailgun would run with the plan, compares the nodes' package
# sources with the environment's, lets one compute go first, names the nodes of the run, and proves the result. Of a run of this
# file, `fuel-updates --env {env} check installed` and `history` tell afterwards. Name the nodes: without --nodes Nailgun takes all
# that the filter lets through, and leaves out offline ones without a word. Run it again after a failure: nodes already updated
# are skipped quickly. For a Nailgun of 9.0 delete every key but name and tasks; nodes then change their status.
",
        title = one_line(&target.title, 200),
        id = target.id,
        timestamp = target.timestamp,
        file = one_line(&file, 400),
    )
}

/// Writes a value as YAML that every parser reads as the same value: text is always quoted, for `0600`, `true`, `no` and
/// `12:30` are not text to a reader of YAML 1.1, which fuelclient has.
fn write(value: &Value, indent: usize, into: &mut String) {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                into.push_str(&format!("{margin}{}:", plain(key)));
                item(value, indent + 2, into);
            }
        }
        Value::Array(list) if !list.is_empty() && !list.iter().all(is_leaf) => {
            for value in list {
                // The first key stands behind the dash.
                let mut inner = String::new();
                write(value, indent + 2, &mut inner);
                into.push_str(&format!("{margin}- {}", inner.trim_start()));
            }
        }
        // JSON is YAML: text in double quotes, lists of text in brackets, empty ones too.
        leaf => into.push_str(&format!("{margin}{leaf}\n")),
    }
}

fn item(value: &Value, indent: usize, into: &mut String) {
    let block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.iter().all(is_leaf),
        _ => false,
    };
    if block {
        into.push('\n');
        write(value, indent, into);
    } else {
        into.push_str(&format!(" {value}\n"));
    }
}

fn is_leaf(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

/// A key as it is, or quoted where it might be something else.
fn plain(key: &str) -> String {
    let harmless = key.len() > 3 && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let word = matches!(key, "true" | "false" | "null");
    if harmless && !word || matches!(key, "id" | "cmd") { key.to_owned() } else { Value::from(key).to_string() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::run_values::tests::values;
    use super::*;

    #[test]
    fn it_reads_back_as_what_was_compiled() {
        let graph = Graph::builtin().unwrap();
        let text = graph.upload_file(&values(), 4).unwrap();
        let body: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(body, graph.compile(&values(), 4).unwrap());
        assert!(
            text.starts_with("# Brings it's \"MU\" 3 {x} (id 3, timestamp 1467647277) to environment 1, MOS 9.0."),
            "{text:.200}"
        );
        assert!(
            text.contains("\n#   {\"id\": 3}\n")
                && text.contains("permissions: \"0600\"")
                && text.contains("type: \"stage\"")
        );
        assert!(text.lines().take_while(|l| l.starts_with('#')).count() > 8);
        assert!(!text.contains("'@"), "nothing is left to be filled in");
    }

    #[test]
    fn its_tasks_are_a_graph_that_holds_the_rules() {
        let graph = Graph::builtin().unwrap();
        let mut body: Value = serde_saphyr::from_str(&graph.upload_file(&values(), 4).unwrap()).unwrap();
        let tasks = body["tasks"].take();
        body.as_object_mut().unwrap().remove("tasks");
        let again = Graph::parse(&tasks.to_string(), &body.to_string(), BTreeMap::new()).unwrap();
        assert_eq!(again.stages(), graph.stages());
        let findings: Vec<String> = again.lint().iter().map(ToString::to_string).collect();
        assert_eq!(findings, Vec::<String>::new());
    }

    #[test]
    fn for_any_run_it_names_neither_a_run_nor_an_environment() {
        let values = RunValues::for_any_run(values().target, b"{\"id\": 3}\n".to_vec(), "9.0".parse().unwrap());
        let text = Graph::builtin().unwrap().upload_file(&values, 5).unwrap();
        assert!(text.contains("to any environment of MOS 9.0, as often as it is run."), "{text:.300}");
        assert!(text.contains("#   fuel2 graph upload --env ENV --graph-type fuel-updates-mu --file FILE\n"));
        let body: Value = serde_saphyr::from_str(&text).unwrap();
        let env = body["tasks"].as_array().unwrap().iter().find(|task| task["id"] == "mu_env").unwrap();
        let env = env["parameters"]["data"].as_str().unwrap();
        assert!(env.starts_with("MU_RUN='auto'\nMU_ENV=''\n") && env.contains("MU_ROLES=''\n"), "{env}");
    }

    #[test]
    fn a_title_cannot_leave_its_comment() {
        let mut odd = values();
        odd.target.title = "x\n- {id: evil, type: shell}\u{2028}# y".into();
        odd.file = b"{\"id\": 3,\n\"title\": \"\xc2\x85z\"}".to_vec();
        let graph = Graph::builtin().unwrap();
        let text = graph.upload_file(&odd, 1).unwrap();
        let first = text.lines().position(|l| !l.starts_with('#')).unwrap();
        assert!(text.lines().nth(first).unwrap().starts_with("name: "), "{text:.900}");
        assert!(!text.contains(['\u{85}', '\u{2028}']));
    }

    #[test]
    fn odd_values_stay_what_they_are() {
        let odd = serde_json::json!({
            "no": "no", "y": 1, "0600": "0600", "a b": [], "empty": {}, "text": "a: b # c\n'\"\u{e9}", "when": "12:30",
            "deep": [{"list": [[1, "x"], {"k": null}], "id": true}, [], "s", 1.5],
        });
        let mut text = String::new();
        write(&odd, 0, &mut text);
        assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), odd, "{text}");
    }
}
