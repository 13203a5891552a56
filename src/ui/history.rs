//! The runs of an environment for people and for programs.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::document::{Envelope, MuDocument};
use super::show::Show;
use super::table::Table;
use crate::domain::history::{NodeTask, RunHistory};
use crate::domain::node::NodeId;
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::{NodeRef, TaskKind};
use crate::domain::time::{format_duration, format_utc};

/// What `history` found.
#[derive(Clone, Debug)]
pub struct HistoryReport {
    /// The environment.
    pub env: EnvId,
    /// Its name. Safe to show.
    pub env_name: String,
    /// When it was read, RFC 3339 in UTC.
    pub taken_at: String,
    /// The names of the nodes that Nailgun has now; those of a run may be gone. Safe to show.
    pub names: BTreeMap<NodeId, String>,
    /// The runs, the newest first.
    pub runs: Vec<RunReport>,
    /// Whether the tasks of the first run are shown instead of the runs.
    pub tasks: bool,
    /// Where a page was written.
    pub timeline: Option<String>,
}

/// A run with the roles that its nodes had then.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// What it did.
    pub history: RunHistory,
    /// The roles of its nodes. Safe to show.
    pub roles: BTreeMap<NodeId, Vec<String>>,
}

impl HistoryReport {
    /// The name of a node, or its number where Nailgun has it no more.
    pub(super) fn name(&self, node: NodeRef) -> String {
        match node {
            NodeRef::Node(id) => self.names.get(&id).cloned().unwrap_or_else(|| format!("node {id}")),
            _ => "master".to_owned(),
        }
    }
}

impl HistoryReport {
    /// The table of the runs, or of one run's tasks, without any row.
    pub fn columns(tasks: bool) -> Table {
        if tasks {
            return Table::new(&["began", "ended", "duration", "node", "task", "status", "note"])
                .gives_way(&["ended", "began", "note"])
                .flowing(&["note"]);
        }
        Table::new(&[
            "task",
            "child",
            "what",
            "target",
            "status",
            "began",
            "ended",
            "duration",
            "done",
            "failed",
            "not-executed",
            "run",
        ])
        .gives_way(&["run", "child", "ended", "not-executed", "done", "failed", "duration"])
    }
}

impl Show for HistoryReport {
    fn document(&self) -> impl Serialize {
        Envelope::new("history", self.env, &self.taken_at, document(self))
    }

    /// One row a run, or one row a task.
    fn table(&self) -> Table {
        match self.runs.first().filter(|_| self.tasks) {
            Some(run) => tasks(self, &run.history),
            None => runs(self),
        }
    }
}

fn runs(report: &HistoryReport) -> Table {
    let mut table = HistoryReport::columns(false);
    for RunReport { history, .. } in &report.runs {
        let (summary, counts) = (&history.summary, history.counts());
        table.push(vec![
            summary.task.to_string(),
            summary.child.to_string(),
            history.kind.as_str().to_owned(),
            summary.target.as_ref().map_or_else(dash, |mu| mu.title.clone()),
            history.status.as_str().to_owned(),
            moment(summary.began),
            moment(summary.ended),
            duration(history.duration()),
            counts.done.to_string(),
            counts.failed.to_string(),
            counts.not_executed.to_string(),
            summary.run.clone().unwrap_or_else(dash),
        ]);
    }
    table
}

fn tasks(report: &HistoryReport, history: &RunHistory) -> Table {
    let mut table = HistoryReport::columns(true);
    for task in history.chosen() {
        table.push(vec![
            moment(task.record.began),
            moment(task.record.ended),
            duration(task.record.duration()),
            report.name(task.record.node),
            task.record.task.clone(),
            task.result.as_str().to_owned(),
            note(task.kind).to_owned(),
        ]);
    }
    table
}

/// What a task did where it did no work.
pub(super) fn note(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Work => "",
        TaskKind::Upload => "upload",
        TaskKind::PassesBy => "passes by",
    }
}

impl HistoryReport {
    /// What the table of one run's tasks cannot hold, for stderr.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some(RunReport { history, .. }) = self.runs.first().filter(|_| self.tasks) else { return vec![] };
        let (summary, counts) = (&history.summary, history.counts());
        let target = summary.target.as_ref().map_or_else(|| "an unknown target".to_owned(), |mu| mu.title.clone());
        let run = summary.run.as_ref().map_or_else(String::new, |run| format!(", run {run}"));
        let took = history.duration().map_or_else(String::new, |d| format!(" in {}", format_duration(d)));
        let mut lines = vec![format!(
            "task {} (child {}{run}): {} to {target}, {}{took}; tasks: {} done, {} failed, {} not executed",
            summary.task,
            summary.child,
            history.kind.as_str(),
            history.status.as_str(),
            counts.done,
            counts.failed,
            counts.not_executed,
        )];
        if counts.skipped > 0 {
            lines.push(format!("{} tasks on nodes were not chosen for this run; -f json lists them", counts.skipped));
        }
        lines.extend(summary.message.as_ref().map(|message| format!("Nailgun says: {message}")));
        lines
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(dash, format_utc)
}

fn duration(took: Option<SignedDuration>) -> String {
    took.map_or_else(dash, format_duration)
}

fn milliseconds(took: Option<SignedDuration>) -> Option<i64> {
    took.and_then(|took| i64::try_from(took.as_millis()).ok())
}

#[derive(Serialize)]
struct HistoryDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<&'a str>,
    runs: Vec<RunDocument<'a>>,
    /// The tasks of the run that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<Vec<HistoryTaskDocument<'a>>>,
}

#[derive(Serialize)]
struct RunDocument<'a> {
    task: TaskIdsDocument,
    run: Option<&'a str>,
    what: &'static str,
    target: Option<MuDocument<'a>>,
    status: &'static str,
    nailgun_status: &'static str,
    message: Option<&'a str>,
    began: Option<String>,
    ended: Option<String>,
    duration_ms: Option<i64>,
    nodes: usize,
    tally: TallyDocument,
}

#[derive(Serialize)]
struct TaskIdsDocument {
    id: TaskId,
    child: TaskId,
}

#[derive(Serialize)]
struct TallyDocument {
    done: usize,
    failed: usize,
    running: usize,
    waiting: usize,
    not_executed: usize,
    skipped: usize,
}

#[derive(Serialize)]
struct HistoryTaskDocument<'a> {
    node: HistoryNodeDocument,
    task: &'a str,
    phase: Option<&'a str>,
    #[serde(rename = "part")]
    kind: &'static str,
    status: &'static str,
    nailgun_status: &'a str,
    began: Option<String>,
    ended: Option<String>,
    duration_ms: Option<i64>,
}

#[derive(Serialize)]
struct HistoryNodeDocument {
    id: Option<u32>,
    name: String,
}

fn document(report: &HistoryReport) -> HistoryDocument<'_> {
    let tasks = report.runs.first().filter(|_| report.tasks);
    HistoryDocument {
        timeline: report.timeline.as_deref(),
        runs: report.runs.iter().map(|run| run_document(&run.history)).collect(),
        tasks: tasks.map(|run| run.history.tasks.iter().map(|w| task_document(report, &run.history, w)).collect()),
    }
}

fn run_document(history: &RunHistory) -> RunDocument<'_> {
    let (summary, counts) = (&history.summary, history.counts());
    RunDocument {
        task: TaskIdsDocument { id: summary.task, child: summary.child },
        run: summary.run.as_deref(),
        what: history.kind.as_str(),
        target: summary.target.as_ref().map(super::document::mu),
        status: history.status.as_str(),
        nailgun_status: summary.status,
        message: summary.message.as_deref(),
        began: summary.began.map(format_utc),
        ended: summary.ended.map(format_utc),
        duration_ms: milliseconds(history.duration()),
        nodes: history.nodes().len(),
        tally: TallyDocument {
            done: counts.done,
            failed: counts.failed,
            running: counts.running,
            waiting: counts.waiting,
            not_executed: counts.not_executed,
            skipped: counts.skipped,
        },
    }
}

fn task_document<'a>(report: &HistoryReport, history: &'a RunHistory, task: &'a NodeTask) -> HistoryTaskDocument<'a> {
    let id = task.record.node.id().map(|id| id.0);
    HistoryTaskDocument {
        node: HistoryNodeDocument { id, name: report.name(task.record.node) },
        task: &task.record.task,
        phase: history.phases.get(task.phase).map(|p| p.stage.as_str()),
        kind: task.kind.as_str(),
        status: task.result.as_str(),
        nailgun_status: task.record.status.as_str(),
        began: task.record.began.map(format_utc),
        ended: task.record.ended.map(format_utc),
        duration_ms: milliseconds(task.record.duration()),
    }
}
