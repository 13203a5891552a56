//! Consumes events: bars on a terminal, lines elsewhere, nothing with `--quiet`.

use std::io::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::domain::row::{Row, State};
use crate::event::{Event, Events};

/// A display. Which one is decided once, by [`super::Ui`].
#[derive(Debug)]
pub enum Progress {
    /// Nothing.
    Silent,
    /// One line for each event.
    Lines,
    /// One bar, redrawn at most ten times a second.
    Bar {
        /// The bar; nothing before the first event.
        bar: Option<ProgressBar>,
        /// Whether colours may be used.
        colour: bool,
    },
}

impl Progress {
    pub(super) fn new(quiet: bool, bars: bool, colour: bool) -> Self {
        match (quiet, bars) {
            (true, _) => Self::Silent,
            (false, true) => Self::Bar { bar: None, colour },
            (false, false) => Self::Lines,
        }
    }
}

impl Events for Progress {
    fn event(&mut self, event: &Event<'_>) {
        match self {
            Self::Silent => {}
            Self::Lines => lines(event),
            Self::Bar { bar, colour } => draw(bar, *colour, event),
        }
    }
}

fn lines(event: &Event<'_>) {
    let text = match event {
        Event::Asking { total } => format!("asking {total} nodes"),
        Event::Answered { row, done, total } => format!("[{done}/{total}] {}", phrase(row)),
        Event::Asked => return,
        Event::Note(text) => (*text).to_owned(),
        Event::Warning(text) => format!("warning: {text}"),
    };
    // A lost stderr leaves nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn draw(bar: &mut Option<ProgressBar>, colour: bool, event: &Event<'_>) {
    match event {
        Event::Asking { total } => {
            let new = ProgressBar::with_draw_target(Some(*total as u64), ProgressDrawTarget::stderr_with_hz(10));
            let style = if colour { "{bar:30.cyan/blue}" } else { "{bar:30}" };
            if let Ok(style) =
                ProgressStyle::with_template(&format!("asking nodes {style} {{pos}}/{{len}} {{wide_msg}}"))
            {
                new.set_style(style);
            }
            new.enable_steady_tick(Duration::from_millis(100));
            *bar = Some(new);
        }
        Event::Answered { row, .. } => {
            if let Some(bar) = bar {
                bar.set_message(phrase(row));
                bar.inc(1);
            }
        }
        Event::Asked => {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
            }
        }
        Event::Note(text) => match bar {
            Some(bar) => bar.println(text),
            None => lines(event),
        },
        Event::Warning(text) => match bar {
            Some(bar) => bar.println(format!("warning: {text}")),
            None => lines(event),
        },
    }
}

/// A row in a few words.
fn phrase(row: &Row) -> String {
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
