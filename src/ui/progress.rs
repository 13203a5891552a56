//! Displays of progress: bars on a terminal, lines elsewhere, nothing with `--quiet`.

use super::bars::Bars;
use super::events::EventStream;
use super::streams;
use crate::domain::row::{Row, State};
use crate::domain::text::counted;
use crate::event::{Event, Events};

/// A display of progress, and the stream of events that programs read.
#[derive(Debug)]
pub struct Progress<'a> {
    display: Display,
    stream: Option<&'a EventStream>,
}

/// A display. [`super::Ui`] chooses it once.
#[derive(Debug)]
enum Display {
    /// Shows nothing.
    Silent,
    /// One line for each event.
    Lines,
    /// Bars, redrawn at most ten times a second.
    Bars(Bars),
}

impl<'a> Progress<'a> {
    pub(super) fn new(quiet: bool, bars: bool, colour: bool, stream: Option<&'a EventStream>) -> Self {
        let display = match (quiet, bars) {
            (true, _) => Display::Silent,
            (false, true) => Display::Bars(Bars::new(colour)),
            (false, false) => Display::Lines,
        };
        Self { display, stream }
    }
}

impl Events for Progress<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if let Some(stream) = self.stream {
            stream.event(event);
        }
        match &mut self.display {
            Display::Silent => {}
            Display::Lines => {
                // When stderr is lost, nobody is left to tell.
                let _ = streams::write_stderr(&event_text(event));
            }
            Display::Bars(bars) => bars.event(event),
        }
    }
}

/// An event as text lines, for output without a terminal; empty for events that need no line.
pub fn event_text(event: &Event<'_>) -> String {
    let mut text = String::new();
    match event {
        Event::Asking { total } => text = format!("asking {}\n", counted(*total, "node")),
        Event::Answered { row, done, total } => text = format!("[{done}/{total}] {}\n", phrase(row)),
        Event::Asked | Event::RunOver => {}
        Event::RunBegan { title, planned, .. } => text = format!("{title}: {}\n", counted(*planned, "task")),
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
