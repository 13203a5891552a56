//! Bars on a terminal, redrawn a few times a second. Work that is over at once shows none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use parking_lot::Mutex;

use super::frame::BarFrame;
use super::glyphs::Glyphs;
use super::phrases::{phase_ends, phrase, run_begins};
use super::screen::{Screen, size};
use super::write;
use crate::event::{Event, RunView};

/// Work that takes no longer than this shows nothing.
const DELAY: Duration = Duration::from_millis(250);
/// The time between two drawings while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// The bars.
#[derive(Debug)]
pub(super) struct Bars {
    colour: bool,
    glyphs: Glyphs,
    frame: Option<Arc<Mutex<BarFrame>>>,
    bar: Option<ProgressBar>,
    /// How many phases were said to be over.
    over: usize,
    /// What is said above the bars when they are shown.
    first: Option<String>,
}

impl Bars {
    pub(super) fn new(colour: bool, glyphs: Glyphs) -> Self {
        Self { colour, glyphs, frame: None, bar: None, over: 0, first: None }
    }

    pub(super) fn event(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Asking { total } => self.begin(BarFrame::asking(*total, now, self.colour, self.glyphs)),
            Event::RunBegan { title, view, .. } => {
                self.begin(BarFrame::run(title, view, now, self.colour, self.glyphs));
                self.over = view.phases.iter().filter(|phase| phase.is_over()).count();
                self.first = (view.done > 0).then(|| run_begins(title, view));
            }
            Event::Answered { row, done, .. } => self.change(now, |frame| frame.answered(phrase(row), *done)),
            Event::Waiting { nodes, .. } => self.change(now, |frame| frame.waits(nodes)),
            Event::RunMoved(view) => {
                self.tell(view);
                self.change(now, |frame| frame.moved(view, now));
            }
            Event::Asked | Event::RunOver => {
                let summary = self.frame.as_ref().and_then(|frame| frame.lock().summary());
                self.end();
                summary.iter().for_each(|text| self.line(text));
            }
            Event::Note(text) => self.line(text),
            Event::Warning(text) => self.line(&format!("warning: {text}")),
        }
    }

    fn begin(&mut self, frame: BarFrame) {
        self.end();
        self.frame = Some(Arc::new(Mutex::new(frame)));
    }

    /// Changes what is shown, and shows it if the work goes on for some time already.
    fn change(&mut self, now: Instant, change: impl FnOnce(&mut BarFrame)) {
        let Some(frame) = &self.frame else { return };
        change(&mut frame.lock());
        let began = frame.lock().began();
        if self.bar.is_none() && now.duration_since(began) >= DELAY {
            self.show();
        }
    }

    fn show(&mut self) {
        let Some(frame) = self.frame.clone() else { return };
        if let Some(first) = self.first.take() {
            write(&format!("{first}\n"));
        }
        let Ok(style) = ProgressStyle::with_template("{frame}") else { return };
        let draw = move |_: &ProgressState, to: &mut dyn std::fmt::Write| {
            let (columns, rows) = size();
            let lines = frame.lock().lines(Instant::now(), (columns.into(), rows.into()));
            // Writing into a string cannot fail.
            let _ = to.write_str(&lines.join("\n"));
        };
        let bar =
            ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like_with_hz(Box::<Screen>::default(), 10));
        bar.set_style(style.with_key("frame", draw));
        bar.enable_steady_tick(TICK);
        self.bar = Some(bar);
    }

    /// What stays on the screen: failures, and phases that are over.
    fn tell(&mut self, view: &RunView) {
        for change in view.changes.iter().filter(|change| change.what == "failed") {
            self.line(&format!("{}: {} failed", change.node, change.task));
        }
        let ended: Vec<String> =
            view.phases.iter().skip(self.over).take_while(|phase| phase.is_over()).map(phase_ends).collect();
        self.over += ended.len();
        // The only phase of a run ends with it.
        for phase in ended.into_iter().filter(|_| view.phases.len() > 1) {
            self.line(&phase);
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        (self.frame, self.first) = (None, None);
    }

    fn line(&self, text: &str) {
        match &self.bar {
            // In one piece: only the lines of the bars are cut to the width.
            Some(bar) => bar.suspend(|| write(&format!("{text}\n"))),
            None => write(&format!("{text}\n")),
        }
    }
}
