//! The runs of our graph among the transactions of an environment: the one place that tells which transactions are ours.
//! `history`, `install --attach` and `install --stop` find a run here.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::domain::history::{HistoryEntry, run_phases};
use crate::domain::node::NodeId;
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::{RunPhase, TaskKind};
use crate::error::Explain;
use crate::graph::{
    CHECKED, DEFAULT_BATCH, GRAPH_TYPE, Graph, RunMark, UploadedValues, VALUES, is_our_type, passes_by, run_of_type,
};
use crate::nailgun::{FullRecord, HistoryFilter, Nailgun, NailgunError, NailgunErrorKind, Task};

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

/// What the number of a task turned out to be.
#[derive(Clone, Debug)]
pub(crate) enum NumberedRun {
    /// A run, or what may be one.
    Run(FoundRun),
    /// A task that Nailgun is preparing. It has no child yet, so nothing tells which graph it runs.
    Preparing(Task),
}

/// Why there is no run with a number.
#[derive(Debug, Error)]
pub(crate) enum RunLookupError {
    /// Nailgun has no such task.
    #[error("Nailgun has no task {task}")]
    Missing { task: TaskId, env: EnvId },
    /// It belongs to another environment.
    #[error("task {task} belongs to environment {of}, not {env}")]
    Elsewhere { task: TaskId, of: EnvId, env: EnvId },
    /// It is no run of our graph.
    #[error("task {task} ({what}) is not an installation")]
    NotOurs { task: TaskId, what: String, env: EnvId },
    /// Nailgun does not tell.
    #[error(transparent)]
    Nailgun(#[from] NailgunError),
}

impl Explain for RunLookupError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { env, .. } | Self::NotOurs { env, .. } => {
                Some(format!("`fuel-updates --env {env} history` lists the runs"))
            }
            Self::Elsewhere { task, of, .. } => Some(format!("fuel-updates --env {of} history {task}")),
            Self::Nailgun(error) => error.hint(),
        }
    }
}

/// All runs that Nailgun remembers, the newest first. Before 9.1 Nailgun does not tell the graph of a transaction:
/// there the list may contain runs of other graphs.
pub(crate) fn runs(nailgun: &Nailgun, env: EnvId) -> Result<Vec<FoundRun>, NailgunError> {
    let mut all = nailgun.transactions(env)?;
    all.sort_by_key(|t| t.id);
    let listed = nailgun.tasks(env)?;
    let told = |child: TaskId| listed.iter().find(|t| t.id == child).and_then(|t| t.parent_id);
    let mut found: Vec<FoundRun> = Vec::new();
    for child in all.iter().filter(|t| may_be_ours(t)) {
        let parent = told(child.id).or_else(|| has_parent(child).then(|| before(&all, child)).flatten());
        let parent = parent.and_then(|id| all.iter().chain(&listed).find(|t| t.id == id)).cloned();
        // Two runs of one parent are no runs of ours: then the nearest task before is somebody else's.
        let taken =
            parent.as_ref().is_some_and(|p| found.iter().any(|f| f.parent.as_ref().is_some_and(|q| q.id == p.id)));
        found.push(FoundRun { parent: parent.filter(|_| !taken), child: child.clone() });
    }
    found.reverse();
    Ok(found)
}

/// Whether a transaction can be one of our runs. Before 9.1 Nailgun does not tell the type of a graph; there what the run
/// carries decides, see [`proof`].
pub(crate) fn may_be_ours(task: &Task) -> bool {
    is_our_type(&task.graph_type) || (task.graph_type.is_empty() && task.name == "deployment")
}

/// Before 9.1 the task that was answered is the run itself.
fn has_parent(child: &Task) -> bool {
    !child.graph_type.is_empty()
}

/// Transactions do not name their parent, but a child is made right after it, and no other run can be in between.
fn before(all: &[Task], child: &Task) -> Option<TaskId> {
    all.iter().rev().find(|t| t.id < child.id && t.name == "deploy").map(|t| t.id)
}

/// The run with this number, parent's or child's.
pub(crate) fn by_number(nailgun: &Nailgun, env: EnvId, task: TaskId) -> Result<NumberedRun, RunLookupError> {
    if let Some(found) = runs(nailgun, env)?.into_iter().find(|f| f.task() == task || f.child.id == task) {
        return Ok(NumberedRun::Run(found));
    }
    let other = nailgun.transaction(task).map_err(|error| match error.kind() {
        NailgunErrorKind::NotFound => RunLookupError::Missing { task, env },
        _ => RunLookupError::Nailgun(error),
    })?;
    if let Some(of) = other.cluster.filter(|of| *of != env) {
        return Err(RunLookupError::Elsewhere { task, of, env });
    }
    if other.name == "deploy" && !other.status.is_over() {
        return Ok(match nailgun.child(env, &other, GRAPH_TYPE)? {
            Some(child) => return Err(not_ours(env, task, &child)),
            None => NumberedRun::Preparing(other),
        });
    }
    Err(not_ours(env, task, &other))
}

/// The error for a task that is no run of ours; `run` is what it executes.
pub(crate) fn not_ours(env: EnvId, task: TaskId, run: &Task) -> RunLookupError {
    let name = if run.name.is_empty() { "unnamed" } else { &run.name };
    let what = match run.graph_type.as_str() {
        "" => name.to_owned(),
        graph_type => format!("{name} of graph {graph_type}"),
    };
    RunLookupError::NotOurs { task, what, env }
}

/// Whether a transaction is a run of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunProof {
    /// It is. The values are those that it uploads to its nodes; they are empty where Nailgun does not tell them.
    Ours(UploadedValues),
    /// Nailgun is still preparing it: it has no history yet.
    NotYet,
    /// It runs another graph, or our graph with the values of somebody else.
    Stranger,
}

/// Looks at what a transaction carries: the type of its graph, and the values that only this program puts into it.
pub(crate) fn proof(nailgun: &Nailgun, child: &Task) -> Result<RunProof, NailgunError> {
    if !may_be_ours(child) {
        return Ok(RunProof::Stranger);
    }
    if let Some(data) = nailgun.task_data(child.id, VALUES)? {
        let values = UploadedValues::parse(&data);
        return Ok(if values.run.is_some() { RunProof::Ours(values) } else { RunProof::Stranger });
    }
    // The history of 9.0 has no values: there the mark of the run tells them.
    let history = nailgun.history(child.id, &HistoryFilter::default())?;
    let mark = history.iter().find_map(|record| RunMark::parse(&record.task));
    Ok(match mark {
        Some(mark) if child.graph_type.is_empty() => RunProof::Ours(mark.into()),
        _ if !history.is_empty() => RunProof::Stranger,
        _ if !child.status.is_over() => RunProof::NotYet,
        // It failed before anything was sent to Astute.
        _ if is_our_type(&child.graph_type) => {
            let run = run_of_type(&child.graph_type).map(str::to_owned);
            RunProof::Ours(UploadedValues { run, ..UploadedValues::default() })
        }
        _ => RunProof::Stranger,
    })
}

/// The records of a run with what is known of their tasks.
pub(crate) fn entries(records: Vec<FullRecord>, child: &Task, values: &UploadedValues) -> Vec<HistoryEntry> {
    let graph = Graph::builtin().ok();
    // Since 9.1 a record has the type that was sent to Astute: `skipped` for a task that was not chosen.
    let tells = !child.graph_type.is_empty();
    let entry = |record: FullRecord| {
        // The records of 9.0 are bare: there the built-in graph tells what a task is.
        let known = graph.as_ref().filter(|_| record.kind.is_empty()).and_then(|graph| graph.task(&record.record.task));
        let command = record.command.as_ref().or_else(|| known.and_then(|task| task.parameter("cmd")));
        let kind = known.map_or(record.kind.as_str(), |task| task.kind.as_str());
        let passes = |command: &_| {
            let roles = |id: u32| values.roles.get(&id).map(Vec::as_slice).unwrap_or_default();
            record.record.node.id().is_some_and(|NodeId(id)| passes_by(command, id, roles(id)))
        };
        HistoryEntry {
            kind: TaskKind::of(kind, command.is_some_and(passes)),
            chosen: tells.then(|| record.kind != "skipped"),
            record: record.record,
            requires: record.requires,
            required_for: record.required_for,
        }
    };
    records.into_iter().map(entry).collect()
}

/// The phases of a run, with the limits of their tasks. The history of 9.0 tells neither: there they are those of the built-in
/// graph.
pub(crate) fn phases(records: &[FullRecord], entries: &[HistoryEntry]) -> Vec<RunPhase> {
    if records.iter().all(|record| record.kind.is_empty()) {
        return Graph::builtin().map(|graph| graph.run_phases(DEFAULT_BATCH)).unwrap_or_default();
    }
    let limits: BTreeMap<&str, usize> =
        records.iter().filter_map(|r| Some((r.record.task.as_str(), r.at_once?))).collect();
    run_phases(entries, &|task| limits.get(task).copied())
}

/// The names of the tasks that only check, and of the uploads before them: as the records tell, or as the built-in graph has
/// them.
pub(crate) fn checks(records: &[FullRecord]) -> Vec<String> {
    let of_records = records.iter().filter(|r| r.required_for.iter().any(|stage| stage == CHECKED));
    let mut names: Vec<String> = of_records.map(|r| r.record.task.clone()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        names = Graph::builtin().map(|graph| graph.precheck_tasks()).unwrap_or_default();
    }
    names
}
