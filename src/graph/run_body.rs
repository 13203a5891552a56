//! What one run sends to Nailgun: the compiled graph or a part of it, with the run's mark.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::{Graph, RunExtent, RunMark, RunValues};
use crate::domain::mu::Mu;

/// A graph compiled for one run.
#[derive(Clone, Debug)]
pub struct RunBody {
    /// What belongs to the graph beside its tasks: its name, `node_filter`, `on_*`.
    about: Map<String, Value>,
    tasks: Vec<Value>,
    stages: BTreeSet<String>,
    run: String,
    target: Mu,
}

impl Graph {
    /// Compiles the graph for one run.
    ///
    /// # Errors
    /// As [`Graph::compile`].
    pub fn run_body(&self, values: &RunValues, batch: u32) -> Result<RunBody, GraphError> {
        let mut about = self.compile(values, batch)?;
        let tasks = about.get_mut("tasks").map(Value::take);
        let mut about = if let Value::Object(about) = about { about } else { Map::new() };
        about.remove("tasks");
        Ok(RunBody {
            about,
            tasks: if let Some(Value::Array(tasks)) = tasks { tasks } else { vec![] },
            stages: self.stages().into_iter().collect(),
            run: values.run.clone(),
            target: values.target.clone(),
        })
    }
}

impl RunBody {
    /// The body of an upload for Nailgun 9.1 and later.
    pub fn whole(&self) -> Value {
        let mut body = self.about.clone();
        body.insert("tasks".to_owned(), self.marked(self.tasks.clone(), RunExtent::Graph));
        Value::Object(body)
    }

    /// The body of an upload for Nailgun before 9.1, which takes a name and tasks alone. With `tasks` it holds only these
    /// and the stages, which keep the order: what is in the graph is what is run.
    pub fn bare(&self, tasks: Option<&[String]>, extent: RunExtent) -> Value {
        let chosen = |task: &&Value| {
            let id = task["id"].as_str().unwrap_or_default();
            tasks.is_none_or(|tasks| self.stages.contains(id) || tasks.iter().any(|one| one == id))
        };
        let tasks = self.tasks.iter().filter(chosen).cloned().collect();
        json!({"name": self.about.get("name").cloned().unwrap_or_else(|| Value::from("")), "tasks": self.marked(tasks, extent)})
    }

    /// A graph without work that tells whose it is.
    pub fn claim(&self) -> Value {
        json!({"name": "claim", "tasks": self.marked(vec![], RunExtent::Graph)})
    }

    /// The tasks with the mark of the run. Nothing waits for it, and it waits for nothing.
    fn marked(&self, mut tasks: Vec<Value>, extent: RunExtent) -> Value {
        let mark = RunMark { run: self.run.clone(), extent, target: self.target.clone() };
        tasks.push(json!({"id": mark.task(), "type": "stage", "version": "2.1.0"}));
        Value::Array(tasks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::run_values::tests::values;
    use super::*;

    fn ids(body: &Value) -> Vec<&str> {
        body["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_part_has_its_tasks_the_stages_and_the_mark() {
        let graph = Graph::builtin().unwrap();
        let body = graph.run_body(&values(), 5).unwrap();
        let part = body.bare(Some(&["mu_env".to_owned(), "mu_commit".to_owned()]), RunExtent::Part);
        assert_eq!(part.as_object().unwrap().keys().collect::<Vec<_>>(), ["name", "tasks"]);
        let mut wanted = graph.stages();
        wanted.extend(["mu_env".to_owned(), "mu_commit".to_owned()]);
        let (mark, others) =
            ids(&part).split_last().map(|(mark, others)| ((*mark).to_owned(), others.to_vec())).unwrap();
        assert_eq!(others, wanted);
        let mark = RunMark::parse(&mark).unwrap();
        assert_eq!((mark.run, mark.extent), (values().run, RunExtent::Part));
    }

    #[test]
    fn the_whole_graph_is_what_is_compiled_and_the_mark() {
        let graph = Graph::builtin().unwrap();
        let mut whole = graph.run_body(&values(), 5).unwrap().whole();
        let mark = whole["tasks"].as_array_mut().unwrap().pop().unwrap();
        assert_eq!(whole, graph.compile(&values(), 5).unwrap());
        assert_eq!(RunMark::parse(mark["id"].as_str().unwrap()).unwrap().target, values().target);
        assert_eq!(
            ids(&graph.run_body(&values(), 5).unwrap().bare(None, RunExtent::Graph)).len(),
            ids(&whole).len() + 1
        );
    }
}
