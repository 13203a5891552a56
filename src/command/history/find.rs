//! Finds the runs of our graph among the transactions of an environment.

use crate::domain::numbers::{EnvId, TaskId};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::GRAPH_TYPE;
use crate::nailgun::{Nailgun, NailgunError, NailgunErrorKind, Task};

/// A run, or what may be one.
#[derive(Clone, Debug)]
pub(crate) struct FoundRun {
    /// The task that was answered to the one who started it, where it is another than the run.
    pub(crate) parent: Option<Task>,
    /// The run: it has the history.
    pub(crate) child: Task,
}

impl FoundRun {
    /// The number that the operator knows.
    pub(crate) fn task(&self) -> TaskId {
        self.parent.as_ref().map_or(self.child.id, |p| p.id)
    }
}

/// All runs that Nailgun remembers, the newest first. Nailgun 9.0 does not tell the graph of a transaction:
/// there the list may contain runs of other graphs.
pub(crate) fn runs(nailgun: &Nailgun, env: EnvId) -> Result<Vec<FoundRun>, NailgunError> {
    let mut all = nailgun.transactions(env)?;
    all.sort_by_key(|t| t.id);
    let listed = nailgun.tasks(env)?;
    let told = |child: TaskId| listed.iter().find(|t| t.id == child).and_then(|t| t.parent_id);
    let names_graphs = all.iter().any(|t| !t.graph_type.is_empty());
    let ours =
        |t: &Task| t.graph_type == GRAPH_TYPE || (!names_graphs && matches!(t.name.as_str(), "deployment" | "deploy"));
    let mut found: Vec<FoundRun> = Vec::new();
    for child in all.iter().filter(|t| ours(t)) {
        let parent = told(child.id).or_else(|| names_graphs.then(|| before(&all, child)).flatten());
        let parent = parent.and_then(|id| all.iter().chain(&listed).find(|t| t.id == id)).cloned();
        // Two runs of one parent are no runs of ours: then the nearest task before is somebody else's.
        let taken =
            parent.as_ref().is_some_and(|p| found.iter().any(|f| f.parent.as_ref().is_some_and(|q| q.id == p.id)));
        found.push(FoundRun { parent: parent.filter(|_| !taken), child: child.clone() });
    }
    found.reverse();
    Ok(found)
}

/// Transactions do not name their parent, but a child is made right after it, and no other run can be in between.
fn before(all: &[Task], child: &Task) -> Option<TaskId> {
    all.iter().rev().find(|t| t.id < child.id && t.name == "deploy").map(|t| t.id)
}

/// The run with this number, parent's or child's.
pub(crate) fn one(nailgun: &Nailgun, env: EnvId, found: Vec<FoundRun>, task: TaskId) -> Result<FoundRun, AppError> {
    if let Some(found) = found.into_iter().find(|f| f.task() == task || f.child.id == task) {
        return Ok(found);
    }
    let listed = || format!("`fuel-updates --env {env} history` lists the runs");
    let other = nailgun.transaction(task).map_err(|e| match e.kind() {
        NailgunErrorKind::NotFound => {
            AppError::new(Exit::Error, format!("Nailgun has no task {task}")).hinted(Some(listed()))
        }
        _ => e.into(),
    })?;
    if let Some(of) = other.cluster.filter(|of| *of != env) {
        let error = AppError::new(Exit::Error, format!("task {task} belongs to environment {of}, not {env}"));
        return Err(error.hinted(Some(format!("fuel-updates --env {of} history {task}"))));
    }
    if other.name == "deploy" && !other.status.is_over() {
        let message = format!("task {task} has no run yet: Nailgun is still preparing it");
        return Err(AppError::new(Exit::Error, message).hinted(Some("try again in a minute".to_owned())));
    }
    let name = if other.name.is_empty() { "unnamed" } else { &other.name };
    Err(AppError::new(Exit::Error, format!("task {task} ({name}) is not an installation")).hinted(Some(listed())))
}
