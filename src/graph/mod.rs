//! The custom graph: reads and checks it, compiles it for Nailgun, and predicts what each node will do.
//!
//! A graph is a folder in Fuel's own layout: `tasks.yaml`, `metadata.yaml`, `scripts/`. The built-in one is
//! `graphs/mu` of this repository. Only [`Graph::load`] reads files.
//!
//! The rules and the compiled form follow from what real Nailgun servers do: every string of a task is run through a
//! formatter (so scripts travel as base64 and commands hold no braces), order is not
//! transitive (so phases are chained stages), and a condition loses the limit of a strategy.

mod builtin;
mod bundle;
mod compile;
mod error;
mod expected;
mod finding;
mod folder;
mod lint;
mod phases;
mod run_body;
mod run_mark;
mod run_values;
mod switch;
mod task;
mod upload;
mod uploaded_values;

pub use error::GraphError;
pub use expected::NodeRoles;
pub use finding::Finding;
pub use run_body::RunBody;
pub use run_mark::{RunExtent, RunMark};
pub use run_values::{RunOptions, RunValues};
pub use switch::passes_by;
pub use task::{GraphTask, Names};
pub use uploaded_values::UploadedValues;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::repository::Sha256;
use crate::domain::run::{PhaseTask, RunPhase};

/// The graph's own type in Nailgun, per environment: for operators who upload it themselves. Each run of ours has a
/// type of its own, which begins with this; see [`run_type`].
pub const GRAPH_TYPE: &str = "fuel-updates-mu";
/// The stage after the pre-checks. No task before it changes anything.
pub const CHECKED: &str = "mu_checked";
/// The stage after the verification of every node.
pub const VERIFIED: &str = "mu_verified";
/// The task that commits the update on a node, after [`VERIFIED`].
pub const COMMIT: &str = "mu_commit";
/// The task that uploads the values of the run to a node.
pub const VALUES: &str = "mu_env";
/// The number of computes updated at a time, by default.
pub const DEFAULT_BATCH: u32 = 5;
/// The largest uploaded file in base64, in bytes. It is sent once per node, in one message.
pub const MAX_BUNDLE: usize = 100 * 1024;

/// The type under which a run's graph is uploaded. Nailgun reads a graph only after it has accepted the request that
/// executes it: under a type that two runs share, one could carry the values of the other.
pub fn run_type(run: &str) -> String {
    format!("{GRAPH_TYPE}-{run}")
}

/// The run that a graph of this type was uploaded for, if it is one of ours.
pub fn run_of_type(graph_type: &str) -> Option<&str> {
    graph_type.strip_prefix(GRAPH_TYPE)?.strip_prefix('-').filter(|run| !run.is_empty())
}

/// Whether a graph of this type is ours: a run's own, or the one that an operator uploaded.
pub fn is_our_type(graph_type: &str) -> bool {
    graph_type == GRAPH_TYPE || run_of_type(graph_type).is_some()
}

/// A graph as its folder holds it: placeholders are not filled in, nothing is checked.
#[derive(Clone, Debug)]
pub struct Graph {
    /// `metadata.yaml`.
    metadata: Map<String, Value>,
    /// `tasks.yaml`, in the order of the file.
    tasks: Vec<GraphTask>,
    /// Text of the scripts by their path below the folder: `scripts/lib.sh`.
    files: BTreeMap<String, String>,
}

/// A task as a row of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphRow {
    /// Its name.
    pub id: String,
    /// Its type in Nailgun.
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

impl Graph {
    /// Names of the pre-checks: the tasks before the stage [`CHECKED`].
    pub fn precheck_tasks(&self) -> Vec<String> {
        self.node_tasks().filter(|task| task.required_for.iter().any(|name| name == CHECKED)).map(id_of).collect()
    }

    /// The checksum of what the graph does: another order of keys or another layout of the files does not change it.
    pub fn checksum(&self) -> Sha256 {
        let (metadata, tasks) = (serde_json::to_vec(&self.metadata), serde_json::to_vec(&self.tasks));
        let (metadata, tasks) = (metadata.unwrap_or_default(), tasks.unwrap_or_default());
        let files = self.files.iter().flat_map(|(path, text)| [path.as_bytes(), b"\0", text.as_bytes(), b"\0"]);
        Sha256::of([metadata.as_slice(), b"\0", tasks.as_slice(), b"\0"].into_iter().chain(files))
    }

    /// The stages in the order of the file.
    pub fn stages(&self) -> Vec<String> {
        self.tasks.iter().filter(|task| task.is_stage()).map(id_of).collect()
    }

    /// The tasks as a table: name, type, roles, requires, required for, limit, timeout.
    pub fn rows(&self) -> Vec<GraphRow> {
        let names = |names: &Names| names.iter().map(ToString::to_string).collect();
        let limit = |task: &GraphTask| match task.parameter("strategy") {
            Some(Value::Object(s)) if s.get("type").and_then(Value::as_str) == Some("one_by_one") => Some(1.into()),
            Some(Value::Object(s)) => s.get("amount").cloned(),
            _ => None,
        };
        let row = |task: &GraphTask| GraphRow {
            id: id_of(task),
            kind: task.kind.clone(),
            roles: names(&task.roles),
            after: names(&task.requires),
            before: names(&task.required_for),
            limit: limit(task),
            timeout: task.parameter("timeout").cloned(),
        };
        self.tasks.iter().map(row).collect()
    }

    /// The task of this name.
    pub fn task(&self, id: &str) -> Option<&GraphTask> {
        self.tasks.iter().find(|task| task.id == id)
    }

    /// Names of the tasks that run on nodes, in the order of the file.
    pub fn tasks_in_order(&self) -> Vec<String> {
        self.node_tasks().map(id_of).collect()
    }

    /// The phases in the order of the stages that end them, with the limits of their tasks in a run.
    pub fn run_phases(&self, batch: u32) -> Vec<RunPhase> {
        let whole = |limit: &Value| limit.as_u64().and_then(|limit| usize::try_from(limit).ok());
        let at_once = |task: &GraphTask| match task.parameter("strategy")? {
            strategy if strategy.get("type").and_then(Value::as_str) == Some("one_by_one") => Some(1),
            strategy if strategy.get("amount").and_then(Value::as_str) == Some("@batch") => usize::try_from(batch).ok(),
            strategy => strategy.get("amount").and_then(whole),
        };
        let of = |stage: String| RunPhase {
            tasks: self
                .node_tasks()
                .filter(|task| task.required_for.iter().next().is_some_and(|ends| ends == stage))
                .map(|task| PhaseTask { task: id_of(task), at_once: at_once(task) })
                .collect(),
        };
        self.stages().into_iter().map(of).filter(|phase| !phase.tasks.is_empty()).collect()
    }

    /// Names of the tasks that upload a file.
    pub fn uploads(&self) -> Vec<String> {
        self.node_tasks().filter(|task| task.kind == "upload_file").map(id_of).collect()
    }

    /// Whether a task runs on one node at a time.
    pub fn is_one_by_one(&self, id: &str) -> bool {
        self.node_tasks().any(|task| {
            let strategy = task.parameter("strategy").and_then(|s| s.get("type")).and_then(Value::as_str);
            task.id == id && strategy == Some("one_by_one")
        })
    }

    /// Tasks that run on nodes.
    fn node_tasks(&self) -> impl Iterator<Item = &GraphTask> {
        self.tasks.iter().filter(|task| !task.is_stage())
    }
}

fn id_of(task: &GraphTask) -> String {
    task.id.clone()
}
