//! Progress as lines, for logs and mails: few for a check, and for a run one where a phase begins or ends and one for each
//! failure. The display puts the time in front of each.

use std::time::{Duration, Instant};

use super::phrases::{names, phase_ends, phase_name, run_begins, run_ends, time_left, waiting_for};
use crate::domain::text::counted;
use crate::event::{Event, RunView};

/// A check that is over before this time has one line.
const SLOW: Duration = Duration::from_secs(2);
/// After this time it is said again who is waited for.
const AGAIN: Duration = Duration::from_secs(30);
/// After this time without a line it is said how far a run is.
const SILENCE: Duration = Duration::from_secs(300);

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Plain {
    asking: Option<ToldCheck>,
    run: Option<ToldRun>,
}

#[derive(Debug)]
struct ToldCheck {
    began: Instant,
    told: Instant,
    /// Whether anything was said since the beginning.
    spoke: bool,
    waited: bool,
    quarter: usize,
    done: usize,
    total: usize,
}

#[derive(Debug)]
struct ToldRun {
    title: String,
    told: Instant,
    /// How many phases were said to be over, and the one that was said to begin.
    over: usize,
    begun: usize,
    last: RunView,
}

impl Plain {
    /// The lines that an event needs at this moment.
    pub(super) fn lines(&mut self, event: &Event<'_>, now: Instant) -> Vec<String> {
        match event {
            Event::Asking { total } => {
                let (spoke, waited, quarter, done) = (false, false, 0, 0);
                self.asking = Some(ToldCheck { began: now, told: now, spoke, waited, quarter, done, total: *total });
                vec![format!("asking {}", counted(*total, "node"))]
            }
            Event::Answered { done, total, .. } => {
                self.asking.as_mut().and_then(|asking| asking.answered(*done, *total, now)).into_iter().collect()
            }
            Event::Waiting { nodes, done, total } => {
                self.asking.as_mut().and_then(|asking| asking.waiting(nodes, *done, *total, now)).into_iter().collect()
            }
            Event::Asked => self.asking.take().and_then(|asking| asking.over(now)).into_iter().collect(),
            Event::RunBegan { title, view, .. } => {
                let over = view.phases.iter().filter(|phase| phase.is_over()).count();
                let title = (*title).to_owned();
                let line = run_begins(&title, view);
                self.run = Some(ToldRun { title, told: now, over, begun: 0, last: (*view).clone() });
                vec![line]
            }
            Event::RunMoved(view) => self.run.as_mut().map_or_else(Vec::new, |run| run.moved(view, now)),
            Event::RunOver => self.run.take().map(|run| run_ends(&run.title, &run.last)).into_iter().collect(),
            Event::Note(text) | Event::Warning(text) => vec![(*text).to_owned()],
        }
    }
}

impl ToldCheck {
    /// A quarter of the nodes more, where the last line is some time ago.
    fn answered(&mut self, done: usize, total: usize, now: Instant) -> Option<String> {
        self.done = done;
        let quarter = done * 4 / total.max(1);
        if quarter <= self.quarter || done == total || now.duration_since(self.told) < SLOW {
            return None;
        }
        (self.quarter, self.told, self.spoke) = (quarter, now, true);
        Some(format!("{done} of {} done", counted(total, "node")))
    }

    /// Who is waited for, once the check is slow, and again now and then.
    fn waiting(&mut self, nodes: &[&str], done: usize, total: usize, now: Instant) -> Option<String> {
        let pause = if self.waited { AGAIN } else { SLOW };
        if nodes.is_empty() || now.duration_since(self.told) < pause {
            return None;
        }
        (self.told, self.spoke, self.waited) = (now, true, true);
        Some(format!("{done} of {} done; {}", counted(total, "node"), waiting_for(nodes)))
    }

    fn over(&self, now: Instant) -> Option<String> {
        let took = now.duration_since(self.began).as_secs();
        self.spoke.then(|| format!("{} of {} done in {took} s", self.done, counted(self.total, "node")))
    }
}

impl ToldRun {
    fn moved(&mut self, view: &RunView, now: Instant) -> Vec<String> {
        let left = Some(time_left(view.left)).filter(|left| !left.is_empty());
        let left = left.map_or_else(String::new, |left| format!("; {left}"));
        let mut lines: Vec<String> = view
            .changes
            .iter()
            .filter(|change| change.what == "failed")
            .map(|change| format!("{}: {} failed", change.node, change.task))
            .collect();
        let ended: Vec<String> =
            view.phases.iter().skip(self.over).take_while(|phase| phase.is_over()).map(phase_ends).collect();
        self.over += ended.len();
        // The only phase of a run begins and ends with it.
        let several = view.phases.len() > 1;
        lines.extend(ended.into_iter().filter(|_| several));
        if let Some(phase) = view.phase().filter(|p| several && p.began.is_some() && p.number > self.begun) {
            self.begun = phase.number;
            lines.push(format!("{}: {} to do{left}", phase_name(phase), counted(phase.counts.total(), "task")));
        }
        if lines.is_empty() && now.duration_since(self.told) >= SILENCE {
            lines.extend(view.phase().map(|phase| {
                let at_work = names(view.working.iter().map(|on| on.node.as_str()));
                let at_work = if at_work.is_empty() { String::new() } else { format!("; at work: {at_work}") };
                let (over, total) = (phase.counts.over(), counted(phase.counts.total(), "task"));
                format!("{}: {over} of {total} over{at_work}{left}", phase_name(phase))
            }));
        }
        if !lines.is_empty() {
            self.told = now;
        }
        self.last = RunView { changes: vec![], ..view.clone() };
        lines
    }
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
