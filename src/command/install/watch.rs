//! Step 4: watches a run by the deployment history of its child, never by Nailgun's percentage. Nothing but its
//! end, a signal, or silence for too long ends the watch: Nailgun may restart, refuse, fail or be slow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::compare::words;
use super::run_log::RunLog;
use super::{Context, give_up_after};
use crate::domain::node::NodeId;
use crate::domain::run::{NodeRef, PlannedTask, RunProgress, TaskRecord, TaskStatus};
use crate::event::{Event, Events, RunView, RunningTask, TaskChange};
use crate::graph::GRAPH_TYPE;
use crate::nailgun::{HistoryFilter, NailgunError, NailgunErrorKind, Task, TaskState};

/// The pause between two looks: short while things move, long while they do not.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// So long without progress is worth a line.
const QUIET: Duration = Duration::from_secs(15 * 60);

/// A run to be watched.
pub(super) struct Run {
    /// Its id, which names its log.
    pub(super) id: String,
    /// Nailgun's task.
    pub(super) parent: Task,
    /// Its child with the history, where it is known.
    pub(super) child: Option<u64>,
    /// What it is to do.
    pub(super) planned: Vec<PlannedTask>,
    /// Pairs that are not worth a word.
    pub(super) dull: BTreeSet<(NodeId, String)>,
    /// The names of nodes.
    pub(super) names: BTreeMap<NodeId, String>,
    /// What it does, in a few words.
    pub(super) title: String,
}

/// Why the watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchEnd {
    /// The run is over.
    Over,
    /// A signal came; the run goes on.
    Interrupted,
    /// Nailgun tells nothing any more.
    Lost,
}

/// The run at the end of the watch.
pub(super) struct End {
    pub(super) ended: WatchEnd,
    pub(super) parent: u64,
    pub(super) child: Option<u64>,
    /// What Nailgun says of the end.
    pub(super) status: TaskState,
    /// What Nailgun says of it in words. Safe to show.
    pub(super) message: Option<String>,
    /// The history.
    pub(super) progress: RunProgress,
}

impl End {
    /// Whether every task that was planned for it ended well.
    pub(super) fn went_well(&self) -> bool {
        self.ended == WatchEnd::Over && self.status == TaskState::Ready && self.progress.left_overs().is_empty()
    }
}

/// Watches to the end.
pub(super) fn watch(context: &Context<'_>, run: Run, events: &mut dyn Events) -> End {
    let worth = run.planned.iter().filter(|p| !run.dull.contains(&(p.node, p.task.clone()))).count();
    let mut log = RunLog::open(&context.state, &run.id, events);
    log.line(&format!("watching task {} of environment {}", run.parent.id, context.env));
    let events = &mut log;
    events.event(&Event::RunBegan { title: &run.title, planned: worth });
    let mut watch = Watch {
        context,
        child: run.child,
        // The scripts travel in the parameters of an upload's records; everything else is small.
        tasks: names_of(&run),
        worth,
        progress: RunProgress::new(run.planned.iter().cloned()),
        seen: BTreeMap::new(),
        run,
        complained: String::new(),
        gone: 0,
    };
    let end = watch.follow(events);
    events.event(&Event::RunOver);
    events.line(&format!(
        "{:?}: task {} is {}; {}",
        end.ended,
        end.parent,
        end.status.as_str(),
        end.message.as_deref().unwrap_or("Nailgun says nothing of it"),
    ));
    end
}

/// The tasks with a pair that is worth a word.
fn names_of(run: &Run) -> Vec<String> {
    let worth = run.planned.iter().filter(|p| !run.dull.contains(&(p.node, p.task.clone())));
    let names: BTreeSet<String> = worth.map(|p| p.task.clone()).collect();
    names.into_iter().collect()
}

struct Watch<'a> {
    context: &'a Context<'a>,
    worth: usize,
    run: Run,
    child: Option<u64>,
    tasks: Vec<String>,
    progress: RunProgress,
    seen: BTreeMap<(NodeId, String), TaskStatus>,
    complained: String,
    gone: u32,
}

impl Watch<'_> {
    fn follow(&mut self, events: &mut dyn Events) -> End {
        let mut pause = PAUSES.0;
        let mut moved_at = Instant::now();
        let mut told_quiet = false;
        loop {
            match self.look(events) {
                Ok((moved, task)) => {
                    self.recovered(events);
                    if task.status.is_over() {
                        self.take_all(events);
                        return self.end(WatchEnd::Over, Some(task));
                    }
                    if moved {
                        (pause, moved_at, told_quiet) = (PAUSES.0, Instant::now(), false);
                    }
                }
                Err(error) => {
                    self.complain(&error, events);
                    self.gone = if error.kind == NailgunErrorKind::NotFound { self.gone + 1 } else { 0 };
                    if self.gone >= 5 {
                        return self.end(WatchEnd::Lost, None);
                    }
                }
            }
            if moved_at.elapsed() > give_up_after(self.context) {
                return self.end(WatchEnd::Lost, None);
            }
            if moved_at.elapsed() > QUIET && !told_quiet {
                told_quiet = true;
                let minutes = moved_at.elapsed().as_secs() / 60;
                events.event(&Event::Warning(&format!("no progress for {minutes} minutes; still watching")));
            }
            if self.context.interrupt.wait(pause) {
                return self.end(WatchEnd::Interrupted, None);
            }
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// One look at Nailgun; says whether anything moved.
    fn look(&mut self, events: &mut dyn Events) -> Result<(bool, Task), NailgunError> {
        let nailgun = &self.context.nailgun;
        if self.child.is_none() {
            self.child = nailgun.child(self.context.env, &self.run.parent, GRAPH_TYPE)?.map(|t| t.id);
        }
        // First the task, then the history: a history read before the end could miss it.
        let task = nailgun.transaction(self.child.unwrap_or(self.run.parent.id))?;
        let Some(child) = self.child else { return Ok((false, task)) };
        let records =
            nailgun.history(child, &HistoryFilter { tasks: self.tasks.clone(), ..HistoryFilter::default() })?;
        Ok((self.take(&records, events), task))
    }

    /// The whole history once more at the end; what is missing then stays unknown and counts as not done.
    fn take_all(&mut self, events: &mut dyn Events) {
        let Some(child) = self.child else { return };
        for _ in 0..10 {
            match self.context.nailgun.history(child, &HistoryFilter::default()) {
                Ok(records) => {
                    self.take(&records, events);
                    return;
                }
                Err(error) => self.complain(&error, events),
            }
            if self.context.interrupt.wait(PAUSES.1) {
                return;
            }
        }
    }

    fn take(&mut self, records: &[TaskRecord], events: &mut dyn Events) -> bool {
        let moved = self.progress.take(records);
        let changes = self.changes(records);
        let worth = |node: NodeId, task: &str| !self.run.dull.contains(&(node, task.to_owned()));
        let over = self.seen.iter().filter(|((node, task), status)| status.is_over() && worth(*node, task)).count();
        let working: Vec<_> = self.progress.running().into_iter().filter(|on| worth(on.node, &on.task)).collect();
        let view = RunView {
            done: over.min(self.worth),
            planned: self.worth,
            phase: working.first().map(|on| words(&on.task)),
            working: working
                .iter()
                .map(|on| RunningTask { node: self.name(on.node), task: words(&on.task), began: on.began })
                .collect(),
            changes,
        };
        events.event(&Event::RunMoved(&view));
        moved
    }

    fn changes(&mut self, records: &[TaskRecord]) -> Vec<TaskChange> {
        let mut changes = Vec::new();
        for record in records {
            let NodeRef::Node(node) = record.node else { continue };
            let before = self.seen.insert((node, record.task.clone()), record.status.clone());
            let dull = self.run.dull.contains(&(node, record.task.clone())) && record.status != TaskStatus::Error;
            if dull || before.as_ref() == Some(&record.status) {
                continue;
            }
            let what = match record.status {
                TaskStatus::Running => "began",
                TaskStatus::Ready => "done",
                TaskStatus::Error => "failed",
                TaskStatus::Pending | TaskStatus::Skipped | TaskStatus::Unknown(_) => continue,
            };
            changes.push(TaskChange { node: self.name(node), task: words(&record.task), what });
        }
        changes
    }

    fn name(&self, node: NodeId) -> String {
        self.run.names.get(&node).cloned().unwrap_or_else(|| format!("node {node}"))
    }

    /// Says what is wrong with Nailgun, once until it is something else.
    fn complain(&mut self, error: &NailgunError, events: &mut dyn Events) {
        let text = error.to_string();
        if self.complained != text {
            events.event(&Event::Warning(&format!("{text}; the run goes on, still watching")));
            self.complained = text;
        }
    }

    fn recovered(&mut self, events: &mut dyn Events) {
        if !std::mem::take(&mut self.complained).is_empty() {
            events.event(&Event::Note("Nailgun answers again"));
        }
        self.gone = 0;
    }

    fn end(&mut self, ended: WatchEnd, task: Option<Task>) -> End {
        let message = task.as_ref().map(|t| t.message.clone()).filter(|m| !m.is_empty());
        End {
            ended,
            parent: self.run.parent.id,
            child: self.child,
            status: task.map_or(TaskState::Running, |t| t.status),
            message,
            progress: std::mem::take(&mut self.progress),
        }
    }
}
