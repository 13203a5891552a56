//! Progress bars on a terminal: one bar in total, and a line for each running task of a few nodes.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::phrase;
use crate::domain::text::counted;
use crate::event::{Event, RunView};

/// How many running tasks get a line of their own; the rest are counted.
const MAX_LINES: usize = 8;

/// The bars.
#[derive(Debug)]
pub(super) struct Bars {
    colour: bool,
    all: MultiProgress,
    overall: Option<ProgressBar>,
    nodes: Vec<ProgressBar>,
}

impl Bars {
    pub(super) fn new(colour: bool) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        Self { colour, all, overall: None, nodes: vec![] }
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Asking { total } => self.begin("asking nodes", *total),
            Event::RunBegan { title, planned, .. } => self.begin(title, *planned),
            Event::Answered { row, .. } => {
                if let Some(bar) = &self.overall {
                    bar.set_message(phrase(row));
                    bar.inc(1);
                }
            }
            Event::RunMoved(view) => self.show(view),
            Event::Asked | Event::RunOver => self.end(),
            Event::Note(text) => self.line(text),
            Event::Warning(text) => self.line(&format!("warning: {text}")),
        }
    }

    fn begin(&mut self, title: &str, total: usize) {
        self.end();
        let bar = self.all.add(ProgressBar::new(total as u64));
        let bars = if self.colour { "{bar:30.cyan/blue}" } else { "{bar:30}" };
        let template = format!("{{prefix}} {bars} {{pos}}/{{len}}  {{elapsed}}  {{wide_msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        self.overall = Some(bar);
    }

    fn show(&mut self, view: &RunView) {
        let Some(overall) = &self.overall else { return };
        for change in view.changes.iter().filter(|c| c.what == "failed") {
            // Failures stay on the screen.
            let _ = self.all.println(format!("{}: {} failed", change.node, change.task));
        }
        overall.set_position(view.done as u64);
        let hidden = view.working.len().saturating_sub(MAX_LINES);
        let more = if hidden == 0 { String::new() } else { format!(" (and {} more)", counted(hidden, "task")) };
        overall.set_message(format!("{}{more}", view.phase.as_deref().unwrap_or("")));
        for (position, working) in view.working.iter().take(MAX_LINES).enumerate() {
            if position == self.nodes.len() {
                let line = self.all.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg}") {
                    line.set_style(style);
                }
                line.enable_steady_tick(Duration::from_millis(200));
                self.nodes.push(line);
            }
            self.nodes[position].set_message(format!("{:<12} {}", working.node, working.task));
        }
        for line in self.nodes.drain(view.working.len().min(MAX_LINES).min(self.nodes.len())..) {
            line.finish_and_clear();
            self.all.remove(&line);
        }
    }

    fn end(&mut self) {
        for line in self.nodes.drain(..) {
            line.finish_and_clear();
            self.all.remove(&line);
        }
        if let Some(bar) = self.overall.take() {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    fn line(&self, text: &str) {
        // When the terminal is lost, nobody is left to tell.
        let _ = self.all.println(text);
    }
}
