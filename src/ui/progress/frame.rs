//! What the bars look like at a moment: one line in total, one for the phase, and one for each node at work.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use super::glyphs::Glyphs;
use super::phrases::{phase_name, run_ends, stopwatch, time_left, waiting_for};
use crate::event::RunView;

/// How many nodes at work get a line of their own; the rest are counted.
const MAX_NODES: usize = 8;
/// How many rows of the terminal stay free of bars.
const FREE: usize = 6;
/// The cells of a bar where there is room.
const BAR: usize = 30;
/// A shorter bar shows nothing.
const SHORTEST: usize = 8;
/// After this time it is said who is waited for.
const SLOW: Duration = Duration::from_secs(2);

/// What is shown.
#[derive(Clone, Debug)]
pub(super) struct BarFrame {
    title: String,
    began: Instant,
    /// How long the work went on before it was shown.
    before: Duration,
    state: FrameState,
    colour: bool,
    glyphs: Glyphs,
}

#[derive(Clone, Debug)]
enum FrameState {
    Asking { done: usize, total: usize, last: String, waiting: Vec<String> },
    Run { view: RunView, seen: Instant },
}

impl BarFrame {
    /// Nodes are asked.
    pub(super) fn asking(total: usize, now: Instant, colour: bool, glyphs: Glyphs) -> Self {
        let state = FrameState::Asking { done: 0, total, last: String::new(), waiting: vec![] };
        Self { title: "asking nodes".to_owned(), began: now, before: Duration::ZERO, state, colour, glyphs }
    }

    /// A run is watched.
    pub(super) fn run(title: &str, view: &RunView, now: Instant, colour: bool, glyphs: Glyphs) -> Self {
        let before = Duration::try_from(view.elapsed).unwrap_or_default();
        let state = FrameState::Run { view: view.clone(), seen: now };
        Self { title: title.to_owned(), began: now, before, state, colour, glyphs }
    }

    /// When it began to be watched.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// What stays of it on the screen when it is over.
    pub(super) fn summary(&self) -> Option<String> {
        match &self.state {
            FrameState::Asking { .. } => None,
            FrameState::Run { view, .. } => Some(run_ends(&self.title, view)),
        }
    }

    /// A node is done.
    pub(super) fn answered(&mut self, phrase: String, now_done: usize) {
        if let FrameState::Asking { done, last, .. } = &mut self.state {
            (*done, *last) = (now_done, phrase);
        }
    }

    /// These nodes are waited for.
    pub(super) fn waits(&mut self, nodes: &[&str]) {
        if let FrameState::Asking { waiting, .. } = &mut self.state {
            *waiting = nodes.iter().map(|node| (*node).to_owned()).collect();
        }
    }

    /// The run has moved.
    pub(super) fn moved(&mut self, new: &RunView, now: Instant) {
        if let FrameState::Run { view, seen } = &mut self.state {
            (*view, *seen) = (new.clone(), now);
        }
    }

    /// The lines on a terminal of this size.
    pub(super) fn lines(&self, now: Instant, (columns, rows): (usize, usize)) -> Vec<String> {
        let passed = now.duration_since(self.began);
        let elapsed = stopwatch(SignedDuration::try_from(self.before + passed).unwrap_or_default());
        match &self.state {
            FrameState::Asking { done, total, last, waiting } => {
                let tail = if passed >= SLOW && !waiting.is_empty() {
                    waiting_for(&waiting.iter().map(String::as_str).collect::<Vec<_>>())
                } else {
                    last.clone()
                };
                vec![self.total(*done, *total, &elapsed, &tail, columns)]
            }
            FrameState::Run { view, seen } => {
                let mut lines = vec![self.total(view.done, view.planned, &elapsed, &time_left(view.left), columns)];
                lines.extend(view.phase().map(|phase| {
                    format!("{}: {} of {}", phase_name(phase), phase.counts.over(), phase.counts.total())
                }));
                let room = rows.saturating_sub(FREE + lines.len()).clamp(1, MAX_NODES);
                let since = SignedDuration::try_from(now.duration_since(*seen)).unwrap_or_default();
                lines.extend(view.working.iter().take(room).map(|on| {
                    let time = stopwatch(on.elapsed.saturating_add(since));
                    format!("  {:<12} {:>7}  {}", on.node, time, on.task)
                }));
                let hidden = view.working.len().saturating_sub(room);
                if hidden > 0 {
                    lines.push(format!("  and {hidden} more"));
                }
                lines
            }
        }
    }

    /// `update ####---- 40/119  4:10  about 12 min left`: the bar gives way where there is little room.
    fn total(&self, done: usize, total: usize, elapsed: &str, tail: &str, columns: usize) -> String {
        let numbers = format!("{done}/{total}  {elapsed}");
        let text = self.title.chars().count() + numbers.chars().count() + tail.chars().count() + 5;
        let cells = columns.min(super::screen::LONGEST + 1).saturating_sub(text).min(BAR);
        let cells = if cells >= SHORTEST {
            cells
        } else if columns >= 60 {
            SHORTEST
        } else {
            0
        };
        let full = (done * cells).checked_div(total).unwrap_or(cells).min(cells);
        let part = |glyph: char, cells: usize| std::iter::repeat_n(glyph, cells).collect::<String>();
        let (full, empty) = (part(self.glyphs.full, full), part(self.glyphs.empty, cells - full));
        let bar =
            if self.colour && cells > 0 { format!("\x1b[36m{full}\x1b[0m{empty}") } else { format!("{full}{empty}") };
        let bar = if cells == 0 { bar } else { format!(" {bar}") };
        format!("{}{bar} {numbers}  {tail}", self.title).trim_end().to_owned()
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
