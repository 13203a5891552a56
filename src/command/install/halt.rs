//! Stops a run at Nailgun: sends the stop when it can be heard, and waits until the run is at rest. Nailgun may restart,
//! refuse or be slow meanwhile, and somebody else may have sent a stop before.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::context::Context;
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::{NodeRef, TaskRecord, TaskStatus, words};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{COMMIT, GRAPH_TYPE};
use crate::nailgun::{HistoryFilter, Nailgun, NailgunError, NailgunErrorKind, Task, TaskState};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a stop may take to end after its run has ended. Nailgun never ends one that came too late.
const STOP_ENDS: Duration = Duration::from_secs(5);
/// The name of the task that a stop is at Nailgun.
const STOP: &str = "stop_deployment";

/// How a run came to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It was over before a stop was sent.
    Before(TaskState),
    /// A stop ended it: tasks are left that were never started.
    Stopped(TaskState),
    /// A stop was sent, and nothing was left to stop: the last tasks were at work already.
    Whole(TaskState),
    /// Nailgun forbids stops in this environment, and the run ended by itself.
    Unstoppable(TaskState),
}

/// What became of the wish to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    No,
    /// It may have reached Nailgun.
    Perhaps,
    /// This is its task, and we sent it.
    Ours(TaskId),
    /// This is its task, and somebody else sent it.
    Theirs(TaskId),
    /// Nailgun forbids it.
    Forbidden,
}

/// What one look at Nailgun brought.
struct Seen {
    /// The run.
    run: Task,
    /// Whether the run has a history, so that a stop can be heard.
    has_child: bool,
    /// A stop that is not over.
    stop: Option<TaskId>,
    /// A task that is neither of the run nor a stop.
    other: Option<Task>,
}

/// A run that is being stopped.
pub(super) struct Halt<'a> {
    context: &'a Context<'a>,
    parent: Task,
    child: Option<TaskId>,
    sent: Sent,
    complained: String,
    answered: Instant,
    gone: u32,
    /// What there is to say, where somebody else says it.
    said: Option<RefCell<Vec<String>>>,
}

impl<'a> Halt<'a> {
    /// The run of this task and, if it is known, its child.
    pub(super) fn new(context: &'a Context<'a>, parent: Task, child: Option<TaskId>) -> Self {
        let (complained, answered) = (String::new(), Instant::now());
        Self { context, parent, child, sent: Sent::No, complained, answered, gone: 0, said: None }
    }

    /// The same, while a display of progress has the terminal: what there is to say is kept for [`Self::said`].
    pub(super) fn quiet(self) -> Self {
        Self { said: Some(RefCell::default()), ..self }
    }

    /// What a quiet one had to say.
    pub(super) fn said(&self) -> Vec<String> {
        self.said.as_ref().map(RefCell::take).unwrap_or_default()
    }

    fn say(&self, text: &str) {
        match &self.said {
            Some(said) => said.borrow_mut().push(text.to_owned()),
            None => self.context.ui.status(text),
        }
    }

    /// Waits until a stop can be heard and sends it. Ends when one is under way, when the run is over, and where Nailgun
    /// forbids stops.
    pub(super) fn send(&mut self) -> Result<(), AppError> {
        loop {
            if let Some(seen) = self.look()? {
                if seen.run.status.is_over() {
                    return Ok(());
                }
                if let Some(stop) = seen.stop {
                    if matches!(self.sent, Sent::No) {
                        self.sent = Sent::Theirs(stop);
                        self.tell(&format!("a stop is under way already (task {stop})"));
                    } else if self.sent == Sent::Perhaps {
                        self.sent = Sent::Ours(stop);
                        self.tell("asked to stop");
                    }
                    return Ok(());
                }
                // A stop before the child runs would never end, and block the environment.
                if seen.has_child && seen.run.status == TaskState::Running {
                    if let Some(other) = seen.other {
                        return Err(self.would_stop_another(&other));
                    }
                    self.send_once()?;
                    if matches!(self.sent, Sent::Ours(_) | Sent::Forbidden) {
                        return Ok(());
                    }
                }
            }
            self.pause()?;
        }
    }

    fn send_once(&mut self) -> Result<(), AppError> {
        let env = self.context.env;
        // From here on a signal cannot tell whether it was received.
        let before = std::mem::replace(&mut self.sent, Sent::Perhaps);
        match self.context.try_nailgun(move |nailgun| nailgun.stop(env))? {
            None => return Err(self.interrupted()),
            Some(Ok(task)) => {
                self.sent = Sent::Ours(task.id);
                self.tell("asked to stop");
            }
            Some(Err(error)) if error.forbids_stops() => self.sent = Sent::Forbidden,
            Some(Err(error)) => match error.kind() {
                // Somebody else was faster: the next look finds that stop.
                NailgunErrorKind::Refused | NailgunErrorKind::Conflict if error.to_string().contains("already") => {
                    self.sent = before;
                }
                NailgunErrorKind::Refused | NailgunErrorKind::Forbidden | NailgunErrorKind::NotFound => {
                    return Err(error.into());
                }
                // The next look tells whether it was received. If it was not, it is sent again: a second one is refused.
                _ => self.complain(&error.to_string()),
            },
        }
        Ok(())
    }

    /// Whether Nailgun forbids stops in this environment.
    pub(super) fn is_forbidden(&self) -> bool {
        self.sent == Sent::Forbidden
    }

    /// Whether the run has the task that commits, so that no other part comes after it.
    pub(super) fn is_last_part(&self) -> Result<bool, AppError> {
        let Some(child) = self.child else { return Ok(false) };
        let filter = HistoryFilter { tasks: vec![COMMIT.to_owned()], ..HistoryFilter::default() };
        let records = self.context.nailgun(move |nailgun| nailgun.history(child, &filter))?;
        let chosen = |r: &TaskRecord| r.task == COMMIT && r.node.id().is_some() && r.status != TaskStatus::Skipped;
        Ok(records.iter().any(chosen))
    }

    /// Waits until the run is at rest, and the stop with it.
    pub(super) fn wait(mut self) -> Result<Rest, AppError> {
        let mut over_since = None;
        loop {
            if let Some(seen) = self.look()?
                && seen.run.status.is_over()
            {
                let since = *over_since.get_or_insert_with(Instant::now);
                match seen.stop {
                    None => return self.rest(seen.run.status),
                    Some(stop) if since.elapsed() > STOP_ENDS => {
                        self.end_stop(stop)?;
                        return self.rest(seen.run.status);
                    }
                    Some(_) => {}
                }
            }
            self.pause()?;
        }
    }

    /// Removes our own stop that came too late; what others sent is theirs to remove.
    fn end_stop(&mut self, stop: TaskId) -> Result<(), AppError> {
        if self.sent != Sent::Ours(stop) {
            let by_hand = format!("fuel task delete --task {stop} --force");
            self.context.ui.warning(&format!(
                "the stop (task {stop}) does not end although the run has; it blocks the environment"
            ));
            self.context.ui.hint(&format!("on the master, `{by_hand}` removes it"));
            return Ok(());
        }
        match self.context.nailgun(move |nailgun| match nailgun.delete_task(stop) {
            Err(error) if error.kind() == NailgunErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }) {
            Ok(()) => {
                self.context.ui.status(&format!("the stop came when the run was over; its task {stop} was removed"));
                Ok(())
            }
            Err(error) => {
                Err(error.hinted(format!("on the master, `fuel task delete --task {stop} --force` removes the stop")))
            }
        }
    }

    fn rest(&self, status: TaskState) -> Result<Rest, AppError> {
        Ok(match self.sent {
            Sent::No | Sent::Perhaps => Rest::Before(status),
            Sent::Forbidden => Rest::Unstoppable(status),
            Sent::Ours(_) | Sent::Theirs(_) if self.records(&TaskStatus::Pending)?.is_empty() => Rest::Whole(status),
            Sent::Ours(_) | Sent::Theirs(_) => Rest::Stopped(status),
        })
    }

    /// The records of tasks on nodes with this status.
    fn records(&self, status: &TaskStatus) -> Result<Vec<TaskRecord>, AppError> {
        let Some(child) = self.child else { return Ok(vec![]) };
        let filter = HistoryFilter { statuses: vec![status.clone()], ..HistoryFilter::default() };
        let mut records = self.context.nailgun(move |nailgun| nailgun.history(child, &filter))?;
        records.retain(|record| record.status == *status && matches!(record.node, NodeRef::Node(_)));
        Ok(records)
    }

    /// Says what a stop means at this moment: tasks at work cannot be stopped.
    fn tell(&self, what: &str) {
        let env = self.context.env;
        let at_work = self.records(&TaskStatus::Running).unwrap_or_default();
        let nodes = self.context.nailgun(move |nailgun| nailgun.nodes(env)).unwrap_or_default();
        let name = |record: &TaskRecord| {
            let id = record.node.id();
            let node = nodes.iter().find(|node| Some(node.id) == id).map(|node| node.name.clone());
            let node = node.unwrap_or_else(|| id.map_or_else(String::new, |id| format!("node {id}")));
            format!("{} on {node}", words(&record.task))
        };
        let mut text = format!("{what}: running tasks finish, no new ones start");
        let shown: Vec<String> = at_work.iter().take(3).map(name).collect();
        if !shown.is_empty() {
            let more = if at_work.len() > 3 { format!(" and {} more", at_work.len() - 3) } else { String::new() };
            text.push_str(&format!("; these cannot be interrupted: {}{more}", shown.join(", ")));
        }
        self.say(&text);
    }

    /// One look at Nailgun; nothing if it does not tell.
    fn look(&mut self) -> Result<Option<Seen>, AppError> {
        let (env, parent, known) = (self.context.env, self.parent.clone(), self.child);
        let answer = self.context.try_nailgun(move |nailgun| look(nailgun, env, &parent, known))?;
        match answer.ok_or_else(|| self.interrupted())? {
            Ok((child, seen)) => {
                if !std::mem::take(&mut self.complained).is_empty() {
                    self.say("Nailgun answers again");
                }
                (self.child, self.answered, self.gone) = (child, Instant::now(), 0);
                Ok(Some(seen))
            }
            Err(error) => {
                self.gone = if error.kind() == NailgunErrorKind::NotFound { self.gone + 1 } else { 0 };
                if self.gone >= 5 || self.answered.elapsed() > self.context.give_up_after() {
                    return Err(error.into());
                }
                self.complain(&error.to_string());
                Ok(None)
            }
        }
    }

    fn pause(&self) -> Result<(), AppError> {
        if self.context.interrupt.wait(PAUSE) { Err(self.interrupted()) } else { Ok(()) }
    }

    /// Warns of a fault of Nailgun, once until it is another one.
    fn complain(&mut self, text: &str) {
        if self.complained != text {
            match &self.said {
                Some(_) => self.say(&format!("{text}; still waiting")),
                None => self.context.ui.warning(&format!("{text}; still waiting")),
            }
            text.clone_into(&mut self.complained);
        }
    }

    fn interrupted(&self) -> AppError {
        let what = match self.sent {
            Sent::No => "no stop was sent",
            Sent::Perhaps => "a stop was sent, and Nailgun has not answered whether it was accepted",
            Sent::Ours(_) | Sent::Theirs(_) => "the stop goes on at Nailgun",
            Sent::Forbidden => "Nailgun forbids stops in this environment",
        };
        let again =
            format!("wait for it with: fuel-updates --env {} install --stop {}", self.context.env, self.parent.id);
        AppError::new(Exit::Interrupted, format!("interrupted; {what}")).hinted(again)
    }

    /// A stop concerns everything that runs in the environment.
    fn would_stop_another(&self, other: &Task) -> AppError {
        let name = if other.name.is_empty() { "a task" } else { &other.name };
        let message = format!(
            "no stop was sent: it would also stop task {} ({name}), which runs in environment {} too",
            other.id, self.context.env
        );
        AppError::new(Exit::Error, message).hinted("wait until that task is over".to_owned())
    }
}

fn look(
    nailgun: &Nailgun,
    env: EnvId,
    parent: &Task,
    known: Option<TaskId>,
) -> Result<(Option<TaskId>, Seen), NailgunError> {
    let child = match known {
        Some(child) => Some(child),
        None => nailgun.child(env, parent, GRAPH_TYPE)?.map(|task| task.id),
    };
    let run = nailgun.transaction(child.unwrap_or(parent.id))?;
    let open: Vec<Task> = nailgun.tasks(env)?.into_iter().filter(|task| !task.status.is_over()).collect();
    let stop = open.iter().find(|task| task.name == STOP).map(|task| task.id);
    let of_run = |task: &Task| task.id == parent.id || Some(task.id) == child || task.parent_id == Some(parent.id);
    let other = open.into_iter().find(|task| task.name != STOP && !of_run(task));
    Ok((child, Seen { run, has_child: child.is_some(), stop, other }))
}
