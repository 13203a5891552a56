//! The words of progress, the same wherever it is shown.

use jiff::SignedDuration;

use crate::domain::nodeset::fold;
use crate::domain::row::{Row, State};
use crate::domain::run::{PhaseProgress, about};
use crate::domain::text::{counted, one_line};
use crate::domain::time::format_duration;
use crate::event::{Event, RunView};

/// How much of a list of nodes is shown in a line.
const NAMES: usize = 60;

/// An event as lines of a log, with every task; empty for events that need no line.
pub fn event_text(event: &Event<'_>) -> String {
    let mut text = String::new();
    match event {
        Event::Asking { total } => text = format!("asking {}\n", counted(*total, "node")),
        Event::Answered { row, done, total } => text = format!("[{done}/{total}] {}\n", phrase(row)),
        Event::Asked | Event::Waiting { .. } | Event::RunOver => {}
        Event::RunBegan { title, view, .. } => text = format!("{}\n", run_begins(title, view)),
        Event::RunMoved(view) => {
            for change in &view.changes {
                text.push_str(&format!(
                    "[{}/{}] {}: {} {}\n",
                    view.done, view.planned, change.node, change.task, change.what
                ));
            }
        }
        Event::Note(note) => text = format!("{note}\n"),
        Event::Warning(warning) => text = format!("warning: {warning}\n"),
    }
    text
}

/// A row in a few words.
pub(super) fn phrase(row: &Row) -> String {
    let name = &row.node.name;
    match (row.state, &row.mu) {
        (State::Installed, Some(mu)) => format!("{name}: {}", mu.title),
        (State::None, _) => format!("{name}: no update installed"),
        (state, _) => {
            let detail = row.detail.as_ref().map_or_else(String::new, |d| format!(" ({d})"));
            format!("{name}: {}{detail}", state.as_str())
        }
    }
}

/// The nodes that are waited for.
pub(super) fn waiting_for(nodes: &[&str]) -> String {
    format!("waiting for {}", names(nodes.iter().copied()))
}

/// Nodes in one line.
pub(super) fn names<'a>(nodes: impl IntoIterator<Item = &'a str>) -> String {
    one_line(&fold(nodes), NAMES)
}

/// A run at its beginning, or where it is when somebody comes back to it.
pub(super) fn run_begins(title: &str, view: &RunView) -> String {
    let tasks = counted(view.planned, "task");
    match view.done {
        0 => format!("{title}: {tasks}"),
        done => format!("{title}: {tasks}, {done} already over"),
    }
}

/// A run at the end of the watch.
pub(super) fn run_ends(title: &str, view: &RunView) -> String {
    format!("{title}: {} of {} in {}", view.done, counted(view.planned, "task"), format_duration(view.elapsed))
}

/// Which phase it is: `phase 3 of 9 (update controllers)`.
pub(super) fn phase_name(phase: &PhaseProgress) -> String {
    format!("phase {} of {} ({})", phase.number, phase.of, phase.title)
}

/// A phase that is over: how much it was, how long it took, and what failed.
pub(super) fn phase_ends(phase: &PhaseProgress) -> String {
    let took = phase.ended.zip(phase.began).map(|(ended, began)| ended.duration_since(began));
    let took = took.map_or_else(String::new, |took| format!(" in {}", format_duration(took)));
    let failed = match phase.counts.failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!("{}: {}{took}{failed}", phase_name(phase), counted(phase.counts.total(), "task"))
}

/// `about 12 min left`; empty where nobody can tell.
pub(super) fn time_left(left: Option<SignedDuration>) -> String {
    left.map_or_else(String::new, |left| format!("{} left", about(left)))
}

/// A time that passes: `0:07`, `12:40`, `1:02:03`.
pub(super) fn stopwatch(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}
