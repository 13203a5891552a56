//! From the folder's form to the body of Nailgun's POST: placeholders filled in, scripts in base64.

use serde_json::Value;

use super::bundle::Bundle;
use super::error::GraphError;
use super::run_values::RunValues;
use super::{Graph, GraphTask, MAX_BUNDLE, id_of};

/// What `@canary` becomes when no compute goes first: the number of no node.
const NOBODY: &str = "none";

impl Graph {
    /// The body of `POST /clusters/ID/deployment_graphs/TYPE/` for one run: `name`, `tasks`, `node_filter`
    /// and `on_*`. A server of 9.0 takes `name` and `tasks` only; leave the others out there.
    ///
    /// # Errors
    /// A script that is missing, an unknown placeholder, a value that may not travel, a bundle that is too
    /// large, a brace that Nailgun would format.
    pub fn compile(&self, values: &RunValues, batch: u32) -> Result<Value, GraphError> {
        let tasks: Vec<Value> = self
            .tasks
            .iter()
            .map(|task| Ok(serde_json::to_value(self.compile_task(task, values, batch)?)?))
            .collect::<Result<_, GraphError>>()?;
        let mut body = self.metadata.clone();
        body.insert("tasks".to_owned(), Value::Array(tasks));
        Ok(Value::Object(body))
    }

    pub(super) fn compile_task(
        &self,
        task: &GraphTask,
        values: &RunValues,
        batch: u32,
    ) -> Result<GraphTask, GraphError> {
        let id = id_of(task);
        let mut task = task.clone();
        if let Some(parameters) = &mut task.parameters {
            if let Some(data) = parameters.get("data").and_then(Value::as_str) {
                let data = self.data(&id, data, values)?;
                if data.len() > MAX_BUNDLE {
                    return Err(GraphError::BundleTooLarge { task: id, size: data.len(), max: MAX_BUNDLE });
                }
                parameters.insert("data".to_owned(), Value::from(data));
            }
            for (key, value) in parameters.iter_mut().filter(|(key, _)| *key != "data") {
                fill(&id, key, value, values, batch)?;
            }
        }
        Ok(task)
    }

    /// The data of an upload: the run's values, or scripts one after the other.
    fn data(&self, id: &str, data: &str, values: &RunValues) -> Result<String, GraphError> {
        if data.trim() == "@env" {
            return values.to_env_file();
        }
        if !data.starts_with('@') {
            return Ok(data.to_owned());
        }
        self.bundle(id, data).map(|bundle| bundle.encoded())
    }

    /// The script that nodes run: the bundle of the first upload that names scripts, without what packing leaves out.
    ///
    /// # Errors
    /// [`GraphError::NoScript`].
    pub fn node_script(&self) -> Result<String, GraphError> {
        Ok(self.scripts()?.iter().map(Bundle::sent).collect())
    }

    /// The same with its comments, to be read as one.
    ///
    /// # Errors
    /// [`GraphError::NoScript`].
    pub fn commented_script(&self) -> Result<String, GraphError> {
        Ok(self.scripts()?.into_iter().map(Bundle::text).collect())
    }

    fn scripts(&self) -> Result<Vec<Bundle>, GraphError> {
        let uploads = self.node_tasks().filter_map(|task| {
            let data = task.parameter("data")?.as_str()?;
            (data.starts_with('@') && data.trim() != "@env").then_some((id_of(task), data))
        });
        uploads.map(|(id, data)| self.bundle(&id, data)).collect()
    }
}

/// Fills placeholders into every string below `value`, and sees to it that none has a brace.
fn fill(id: &str, key: &str, value: &mut Value, values: &RunValues, batch: u32) -> Result<(), GraphError> {
    match value {
        Value::String(string) if string == "@batch" => *value = Value::from(batch.max(1)),
        Value::String(string) => {
            if string.contains("'@canary'") {
                let canary = values.canary.map_or_else(|| NOBODY.to_owned(), |id| id.to_string());
                *string = string.replace("'@canary'", &format!("'{canary}'"));
            }
            if let Some(at) = string.find('@').filter(|at| !string[..*at].ends_with(|c: char| c.is_alphanumeric())) {
                let name: String = string[at..].chars().take_while(|c| !c.is_whitespace() && *c != '\'').collect();
                return Err(GraphError::Placeholder { task: id.to_owned(), name });
            }
            if string.contains(['{', '}']) {
                return Err(GraphError::Brace { task: id.to_owned(), place: format!("parameters.{key}") });
            }
        }
        Value::Array(items) => {
            for item in items {
                fill(id, key, item, values, batch)?;
            }
        }
        Value::Object(map) => {
            for (inner, item) in map {
                fill(id, &format!("{key}.{inner}"), item, values, batch)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::super::run_values::tests::values;
    use super::*;

    fn task<'a>(body: &'a Value, id: &str) -> &'a Value {
        body["tasks"].as_array().unwrap().iter().find(|task| task["id"] == id).unwrap()
    }

    fn strings(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
            Value::Object(map) => map.values().for_each(|item| strings(item, into)),
            _ => {}
        }
    }

    fn unpacked(data: &str) -> String {
        let packed = STANDARD.decode(data).unwrap();
        let mut script = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut script).unwrap();
        script
    }

    #[test]
    fn the_built_in_graph_compiled() {
        let graph = Graph::builtin().unwrap();
        let body = graph.compile(&values(), 4).unwrap();
        assert_eq!(body["name"], "Maintenance update");
        assert_eq!(body["on_error"], serde_json::json!({"node_attributes": {}}));
        let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["name", "node_filter", "on_error", "on_stop", "on_success", "tasks"]);

        let mut all = Vec::new();
        strings(&body["tasks"], &mut all);
        for text in &all {
            assert!(!text.contains(['{', '}', '@']), "{text:.80}");
        }
        let bundle = task(&body, "mu_script")["parameters"]["data"].as_str().unwrap();
        assert!(bundle.len() < MAX_BUNDLE, "{} bytes", bundle.len());
        let script = unpacked(bundle);
        assert!(script.ends_with("main \"$@\" </dev/null\nexit $?\n"), "{}", &script[script.len() - 60..]);
        let cluster = unpacked(task(&body, "mu_script_cluster")["parameters"]["data"].as_str().unwrap());
        assert_eq!(format!("{cluster}{script}"), graph.node_script().unwrap());
        assert_eq!(task(&body, "mu_env")["parameters"]["data"], values().to_env_file().unwrap());
        assert_eq!(
            task(&body, "mu_update_computes")["parameters"]["strategy"],
            serde_json::json!({"type": "parallel", "amount": 4})
        );
        let canary = task(&body, "mu_update_canary")["parameters"]["cmd"]["yaql_exp"].as_str().unwrap();
        assert!(canary.contains("$.uid in ['7'] => 'sh $FUEL_MU_ROOT/var/lib/fuel-mu/node.sh update'"), "{canary}");
        assert_eq!(task(&body, "mu_check")["version"], "2.1.0");
        assert_eq!(task(&body, "mu_check")["parameters"]["retries"], 0);
        assert_eq!(task(&body, "mu_check")["type"], "shell");
    }

    #[test]
    fn without_a_canary_nobody_is_meant() {
        let mut alone = values();
        alone.canary = None;
        let body = Graph::builtin().unwrap().compile(&alone, 0).unwrap();
        let canary = task(&body, "mu_update_canary")["parameters"]["cmd"]["yaql_exp"].as_str().unwrap();
        assert!(canary.contains("$.uid in ['none'] => "), "{canary}");
        assert_eq!(task(&body, "mu_update_computes")["parameters"]["strategy"]["amount"], 1);
    }

    #[test]
    fn what_cannot_travel_is_refused() {
        let fault = |parameters: &str| {
            let tasks = format!("- {{id: t, type: shell, parameters: {{{parameters}}}}}");
            let graph = Graph::parse(&tasks, "", std::collections::BTreeMap::new()).unwrap();
            graph.compile(&values(), 1).unwrap_err().to_string()
        };
        assert_eq!(fault("data: '@scripts/x.sh'"), "task t: @scripts/x.sh is not in the folder");
        assert_eq!(fault("data: '@scripts/../x'"), "task t: @scripts/../x is not in the folder");
        assert_eq!(
            fault("cmd: 'echo ${HOME}'"),
            "task t: a brace in parameters.cmd: Nailgun formats every string of a task"
        );
        assert_eq!(fault("strategy: {amount: '@many'}"), "task t: unknown placeholder @many");
        let mut large = values();
        large.file = vec![b' '; 80 * 1024];
        let error = Graph::builtin().unwrap().compile(&large, 1).unwrap_err().to_string();
        assert!(error.starts_with("task mu_env: its data are 109"), "{error}");
    }
}
