//! Events as JSON lines, schema `fuel-updates-events/1`, for programs that show what happens while it happens. A contract
//! like the documents: keys and events may be added, none is renamed or removed.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::io::Errno;
use serde::Serialize;
use serde_json::value::RawValue;

use super::check::{RowDocument, row_document};
use super::document::{MuDocument, mu};
use super::plan::PlanNotes;
use super::streams;
use crate::domain::environment::Environment;
use crate::domain::plan::Plan;
use crate::domain::time::format_utc;
use crate::error::AppError;
use crate::event::{Event, RunView};
use crate::exit::Exit;

/// Where events go.
#[derive(Debug)]
pub(super) struct EventStream {
    to: Destination,
    failure: Cell<Option<Errno>>,
}

#[derive(Debug)]
enum Destination {
    Stdout,
    File(PathBuf, RefCell<File>),
}

#[derive(Serialize)]
struct EventLine<'a> {
    schema: &'static str,
    at: String,
    #[serde(flatten)]
    event: &'a EventDocument<'a>,
}

/// An event as a program reads it.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum EventDocument<'a> {
    Begun { tool: &'static str, command: &'a str, env: Option<u32> },
    Asking { total: usize },
    Answered { done: usize, total: usize, node: Box<RowDocument<'a>> },
    Asked,
    Plan(PlanDocument<'a>),
    RunBegun { title: &'a str, task: u64, planned: usize, done: usize },
    RunMoved(RunViewDocument<'a>),
    RunOver,
    Note { text: &'a str },
    Warning { text: &'a str },
    Hint { text: &'a str },
    Error { text: &'a str, causes: &'a [String], hint: Option<&'a str> },
    Result { document: &'a RawValue },
    Ended { exit: u8 },
}

#[derive(Serialize)]
pub(super) struct PlanDocument<'a> {
    env: PlannedEnvDocument<'a>,
    target: MuDocument<'a>,
    mirror: &'a str,
    phases: Vec<PhaseDocument<'a>>,
    at_target: Vec<&'a str>,
    left_out: Vec<PlannedLeftOut<'a>>,
}

#[derive(Serialize)]
struct PlannedEnvDocument<'a> {
    id: u32,
    name: &'a str,
    status: String,
    mos_version: Option<&'a str>,
}

#[derive(Serialize)]
struct PhaseDocument<'a> {
    phase: &'static str,
    nodes: Vec<PlannedNodeDocument<'a>>,
}

#[derive(Serialize)]
struct PlannedNodeDocument<'a> {
    id: u32,
    name: &'a str,
    before: Option<MuDocument<'a>>,
}

#[derive(Serialize)]
struct PlannedLeftOut<'a> {
    node: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
pub(super) struct RunViewDocument<'a> {
    done: usize,
    planned: usize,
    phase: Option<&'a str>,
    phases: Vec<RunPhaseDocument<'a>>,
    elapsed_s: i64,
    left_s: Option<i64>,
    working: Vec<RunningTaskDocument<'a>>,
    changes: Vec<TaskChangeDocument<'a>>,
}

/// A phase of a run: how many of its tasks are over.
#[derive(Serialize)]
struct RunPhaseDocument<'a> {
    title: &'a str,
    done: usize,
    planned: usize,
}

#[derive(Serialize)]
struct RunningTaskDocument<'a> {
    node: &'a str,
    task: &'a str,
    began: Option<String>,
}

#[derive(Serialize)]
struct TaskChangeDocument<'a> {
    node: &'a str,
    task: &'a str,
    what: &'static str,
}

impl EventStream {
    /// Opens a file, which is emptied; `-` is stdout.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn open(path: &Path) -> Result<Self, AppError> {
        let to = if path == Path::new("-") {
            Destination::Stdout
        } else {
            let file = File::create(path).map_err(|e| {
                AppError::new(Exit::Error, format!("--events: {}: {}", path.display(), streams::plain(&e)))
            })?;
            Destination::File(path.to_owned(), RefCell::new(file))
        };
        Ok(Self { to, failure: Cell::new(None) })
    }

    /// Whether stdout belongs to the events.
    pub(super) fn is_stdout(&self) -> bool {
        matches!(self.to, Destination::Stdout)
    }

    /// Writes an event. After a failure nothing more is written: a stream with a hole looks whole.
    pub(super) fn write(&self, event: &EventDocument<'_>) {
        if self.failure.get().is_some() {
            return;
        }
        let at = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        // Our own types have text keys and no parts that can fail.
        let line = serde_json::to_string(&EventLine { schema: "fuel-updates-events/1", at, event });
        let line = line.unwrap_or_default() + "\n";
        let written = match &self.to {
            Destination::Stdout => streams::write_all(io::stdout().as_fd(), line.as_bytes()),
            Destination::File(_, file) => streams::write_all(file.borrow().as_fd(), line.as_bytes()),
        };
        if let Err(error) = written {
            self.failure.set(Some(error));
        }
    }

    /// Why something could not be written. A reader that closed its end has what it wanted: that is no fault.
    pub(super) fn fault(&self) -> Option<String> {
        let error = self.failure.get().filter(|error| *error != Errno::PIPE)?;
        let place = match &self.to {
            Destination::Stdout => "stdout".to_owned(),
            Destination::File(path, _) => path.display().to_string(),
        };
        Some(format!("{place}: {}", streams::plain(&error.into())))
    }

    /// Writes what a display is told.
    pub(super) fn event(&self, event: &Event<'_>) {
        self.write(&match event {
            Event::Asking { total } => EventDocument::Asking { total: *total },
            Event::Answered { row, done, total } => {
                EventDocument::Answered { done: *done, total: *total, node: Box::new(row_document(row)) }
            }
            Event::Asked => EventDocument::Asked,
            // A clock of the display: what is at work shows from the nodes that have not answered.
            Event::Waiting { .. } => return,
            Event::RunBegan { title, task, view } => {
                EventDocument::RunBegun { title, task: task.0, planned: view.planned, done: view.done }
            }
            Event::RunMoved(view) => EventDocument::RunMoved(run_view(view)),
            Event::RunOver => EventDocument::RunOver,
            Event::Note(text) => EventDocument::Note { text },
            Event::Warning(text) => EventDocument::Warning { text },
        });
    }
}

fn run_view(view: &RunView) -> RunViewDocument<'_> {
    RunViewDocument {
        done: view.done,
        planned: view.planned,
        phase: view.phase().map(|phase| phase.title.as_str()),
        phases: view
            .phases
            .iter()
            .map(|p| RunPhaseDocument { title: &p.title, done: p.counts.over(), planned: p.counts.total() })
            .collect(),
        elapsed_s: view.elapsed.as_secs(),
        left_s: view.left.map(|left| left.as_secs()),
        working: view
            .working
            .iter()
            .map(|on| RunningTaskDocument { node: &on.node, task: &on.task, began: on.began.map(format_utc) })
            .collect(),
        changes: view
            .changes
            .iter()
            .map(|change| TaskChangeDocument { node: &change.node, task: &change.task, what: change.what })
            .collect(),
    }
}

/// The plan of an installation.
pub(super) fn plan<'a>(plan: &'a Plan, env: &'a Environment, notes: &'a PlanNotes) -> EventDocument<'a> {
    EventDocument::Plan(PlanDocument {
        env: PlannedEnvDocument {
            id: env.id.0,
            name: &env.name,
            status: env.status.to_string(),
            mos_version: env.mos_version.as_deref(),
        },
        target: mu(&plan.target),
        mirror: &notes.mirror,
        phases: plan
            .phases()
            .into_iter()
            .map(|(phase, nodes)| PhaseDocument {
                phase: phase.key(),
                nodes: nodes
                    .into_iter()
                    .map(|t| PlannedNodeDocument { id: t.id.0, name: &t.name, before: t.before.as_ref().map(mu) })
                    .collect(),
            })
            .collect(),
        at_target: plan.at_target.iter().map(|row| row.node.name.as_str()).collect(),
        left_out: plan.left_out.iter().map(|(node, reason)| PlannedLeftOut { node, reason }).collect(),
    })
}
