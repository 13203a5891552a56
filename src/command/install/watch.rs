//! Step 4: watches a run by the deployment history of its child, never by Nailgun's percentage. Only the end of the run,
//! a signal, or a long time without progress ends the watch: Nailgun may restart, refuse, fail or be slow meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::compare::words;
use super::context::{Context, Stage};
use super::halt::Halt;
use super::job::{RunEnd, WatchEnd, WatchedRun};
use super::run_log::RunLog;
use crate::domain::node::NodeId;
use crate::domain::numbers::TaskId;
use crate::domain::run::{RunProgress, TaskKind, TaskRecord, TaskResult};
use crate::event::{Event, Events, RunView, RunningTask, TaskChange};
use crate::graph::GRAPH_TYPE;
use crate::nailgun::{HistoryFilter, NailgunError, NailgunErrorKind, Task, TaskState};

/// The pause between two looks: short while things move, long while they do not.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(3));
/// After this time without progress a warning is printed.
const QUIET: Duration = Duration::from_secs(15 * 60);

/// Watches a run to its end.
pub(super) fn watch(context: &Context<'_>, run: WatchedRun) -> RunEnd {
    let mut progress = context.ui.progress();
    let mut log = RunLog::open(&context.state, &run.id, &mut progress);
    log.line(&format!("watching task {} of environment {}", run.parent.id, context.env));
    let events = &mut log;
    let mut progress = RunProgress::new(run.planned.iter().cloned());
    // What happened before is not told again.
    progress.take(&run.known);
    let mut watch = RunWatch {
        context,
        child: run.child,
        // The scripts travel in the parameters of an upload's records; everything else is small.
        tasks: names_of(&run),
        progress,
        run,
        complained: String::new(),
        gone: 0,
        halted: false,
    };
    let (title, task, view) = (watch.run.title.clone(), watch.run.parent.id, watch.view(vec![]));
    events.event(&Event::RunBegan { title: &title, task, view: &view });
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

/// The tasks that do work on some node.
fn names_of(run: &WatchedRun) -> Vec<String> {
    let work = run.planned.iter().filter(|p| p.kind == TaskKind::Work);
    let names: BTreeSet<String> = work.map(|p| p.task.clone()).collect();
    names.into_iter().collect()
}

/// What one look at Nailgun brought.
enum Look {
    /// How the run is, and whether anything moved since the last look.
    Seen { moved: bool, task: Task },
    /// Nailgun did not tell.
    Failed { error: String, not_found: bool },
    /// A signal came first.
    Interrupted,
}

struct RunWatch<'a> {
    context: &'a Context<'a>,
    run: WatchedRun,
    child: Option<TaskId>,
    tasks: Vec<String>,
    progress: RunProgress,
    complained: String,
    gone: u32,
    /// Whether the run was asked to stop because the maintenance window is over.
    halted: bool,
}

impl RunWatch<'_> {
    fn follow(&mut self, events: &mut dyn Events) -> RunEnd {
        let mut pause = PAUSES.0;
        let mut moved_at = Instant::now();
        let mut told_quiet = false;
        loop {
            match self.look(events) {
                Look::Interrupted => return self.end(WatchEnd::Interrupted, None),
                Look::Seen { moved, task } => {
                    self.recovered(events);
                    let window_over = self.context.is_updating() && self.context.window_over().is_some();
                    if window_over && !self.halted && !task.status.is_over() {
                        self.halt(events);
                    }
                    if task.status.is_over() {
                        self.context.reached(Stage::Over(self.run.parent.id));
                        self.take_all(events);
                        let whole = task.status == TaskState::Ready && self.progress.left_overs().is_empty();
                        let failed = !self.progress.left_overs().failed.is_empty();
                        let halted = self.halted && !whole && !failed;
                        return self.end(if halted { WatchEnd::Halted } else { WatchEnd::Over }, Some(task));
                    }
                    if moved {
                        (pause, moved_at, told_quiet) = (PAUSES.0, Instant::now(), false);
                    }
                }
                Look::Failed { error, not_found } => {
                    self.complain(&error, events);
                    self.gone = if not_found { self.gone + 1 } else { 0 };
                    if self.gone >= 5 {
                        return self.end(WatchEnd::Lost, None);
                    }
                }
            }
            if moved_at.elapsed() > self.context.give_up_after() {
                return self.end(WatchEnd::Lost, None);
            }
            if moved_at.elapsed() > QUIET && !told_quiet {
                told_quiet = true;
                let minutes = moved_at.elapsed().as_secs() / 60;
                events.event(&Event::Warning(&format!("no progress for {minutes} minutes; still watching")));
            }
            if self.context.interrupt.wait(self.until_window_end(pause)) {
                return self.end(WatchEnd::Interrupted, None);
            }
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// Stops the run because the maintenance window is over: what is at work ends, nothing more begins.
    fn halt(&mut self, events: &mut dyn Events) {
        self.halted = true;
        let over = self.context.window_over().unwrap_or_default();
        events.event(&Event::Note(&over));
        let mut halt = Halt::new(self.context, self.run.parent.clone(), self.child).quiet();
        let sent = halt.send();
        halt.said().iter().for_each(|text| events.event(&Event::Note(text)));
        match sent {
            Ok(()) if halt.is_forbidden() => events.event(&Event::Warning(
                "Nailgun 9.0 stops no run in this environment: this part goes on to its end, and no other part is started",
            )),
            Ok(()) => {}
            Err(error) => events.event(&Event::Warning(&format!("{}; the run goes on", error.message))),
        }
    }

    /// The pause, but not beyond the end of the maintenance window.
    fn until_window_end(&self, pause: Duration) -> Duration {
        let left = self.context.window_end().filter(|_| !self.halted).map(|end| end.duration_since(Timestamp::now()));
        let left = left.and_then(|left| Duration::try_from(left).ok());
        left.map_or(pause, |left| pause.min(left.max(PAUSES.0 / 5)))
    }

    /// One look at Nailgun.
    fn look(&mut self, events: &mut dyn Events) -> Look {
        let (env, parent, known) = (self.context.env, self.run.parent.clone(), self.child);
        let filter = HistoryFilter { tasks: self.tasks.clone(), ..HistoryFilter::default() };
        let answer = self.context.try_nailgun(move |nailgun| {
            let child = match known {
                Some(child) => Some(child),
                None => nailgun.child(env, &parent, GRAPH_TYPE)?.map(|task| task.id),
            };
            // First the task, then the history: a history that is read before the end could miss the end.
            let task = nailgun.transaction(child.unwrap_or(parent.id))?;
            let records = child.map(|child| nailgun.history(child, &filter)).transpose()?;
            Ok::<_, NailgunError>((child, task, records))
        });
        match answer {
            Ok(None) => Look::Interrupted,
            Ok(Some(Ok((child, task, records)))) => {
                self.child = child;
                Look::Seen { moved: records.is_some_and(|records| self.take(&records, events)), task }
            }
            Ok(Some(Err(error))) => {
                Look::Failed { not_found: error.kind() == NailgunErrorKind::NotFound, error: error.to_string() }
            }
            Err(error) => Look::Failed { not_found: false, error: error.message },
        }
    }

    /// Reads the whole history once more at the end. What is missing then counts as not done.
    fn take_all(&mut self, events: &mut dyn Events) {
        let Some(child) = self.child else { return };
        for _ in 0..10 {
            match self.context.try_nailgun(move |nailgun| nailgun.history(child, &HistoryFilter::default())) {
                Ok(None) => return,
                Ok(Some(Ok(records))) => {
                    self.take(&records, events);
                    return;
                }
                Ok(Some(Err(error))) => self.complain(&error.to_string(), events),
                Err(error) => self.complain(&error.message, events),
            }
            if self.context.interrupt.wait(PAUSES.1) {
                return;
            }
        }
    }

    fn take(&mut self, records: &[TaskRecord], events: &mut dyn Events) -> bool {
        let moved = self.progress.take(records);
        events.event(&Event::RunMoved(&self.view(self.changes(&moved))));
        !moved.is_empty()
    }

    /// How far the run is. Nailgun's clock is taken for this host's, as far as its records do not tell otherwise.
    fn view(&self, changes: Vec<TaskChange>) -> RunView {
        let (counts, running) = (self.progress.counts(), self.progress.running());
        let phases = self.progress.phases(&self.run.phases);
        let told = phases.iter().filter_map(|phase| phase.ended.max(phase.began)).max();
        let now = Timestamp::now().max(told.unwrap_or(Timestamp::MIN));
        let since = |began: Option<Timestamp>| {
            began.map_or(SignedDuration::ZERO, |began| now.duration_since(began).max(SignedDuration::ZERO))
        };
        let working = running.iter().filter_map(|on| {
            let (node, task) = (self.name(on.node.id()?), words(&on.task));
            Some(RunningTask { node, task, began: on.began, elapsed: since(on.began) })
        });
        RunView {
            done: counts.over(),
            planned: counts.total(),
            working: working.collect(),
            changes,
            elapsed: since(phases.iter().filter_map(|phase| phase.began).min()),
            left: self.progress.left(&self.run.phases, now),
            phases,
        }
    }

    /// What to say of tasks that moved, in the order in which it happened by Nailgun's clock: first what ended.
    fn changes(&self, moved: &[TaskRecord]) -> Vec<TaskChange> {
        let change = |record: &TaskRecord| {
            let change = self.change(record)?;
            let began = change.what == "began";
            let at = if began { record.began } else { record.ended.or(record.began) };
            Some(((at.unwrap_or(Timestamp::MAX), began), change))
        };
        let mut changes: Vec<_> = moved.iter().filter_map(change).collect();
        changes.sort_by_key(|(at, _)| *at);
        changes.into_iter().map(|(_, change)| change).collect()
    }

    /// What to say of a task that moved; nothing of uploads and of tasks that pass by, unless they failed.
    fn change(&self, record: &TaskRecord) -> Option<TaskChange> {
        let node = record.node.id()?;
        let what = match TaskResult::of(&record.status, false) {
            TaskResult::Failed | TaskResult::FailureIgnored => "failed",
            _ if self.progress.kind(&record.task, node).is_some_and(|kind| kind != TaskKind::Work) => return None,
            TaskResult::Running => "began",
            TaskResult::Done => "done",
            TaskResult::Waiting | TaskResult::NotExecuted | TaskResult::Skipped => return None,
        };
        Some(TaskChange { node: self.name(node), task: words(&record.task), what })
    }

    fn name(&self, node: NodeId) -> String {
        self.run.names.get(&node).cloned().unwrap_or_else(|| format!("node {node}"))
    }

    /// Warns of a fault of Nailgun, once until it is another one.
    fn complain(&mut self, text: &str, events: &mut dyn Events) {
        if self.complained != text {
            events.event(&Event::Warning(&format!("{text}; the run goes on, still watching")));
            text.clone_into(&mut self.complained);
        }
    }

    fn recovered(&mut self, events: &mut dyn Events) {
        if !std::mem::take(&mut self.complained).is_empty() {
            events.event(&Event::Note("Nailgun answers again"));
        }
        self.gone = 0;
    }

    fn end(&mut self, ended: WatchEnd, task: Option<Task>) -> RunEnd {
        let message = task.as_ref().map(|t| t.message.clone()).filter(|m| !m.is_empty());
        RunEnd {
            id: self.run.id.clone(),
            ended,
            parent: self.run.parent.id,
            child: self.child,
            status: task.map_or(TaskState::Running, |t| t.status),
            message,
            progress: std::mem::take(&mut self.progress),
        }
    }
}
