//! Displays of progress: bars on a terminal, a few lines with their time elsewhere, or nothing.

mod bars;
mod frame;
mod glyphs;
mod phrases;
mod plain;
mod screen;

use std::time::Instant;

use jiff::Timestamp;

use super::events::EventStream;
use super::streams;
use crate::event::{Event, Events};
use bars::Bars;
use plain::Plain;

pub(super) use glyphs::Glyphs;
pub use phrases::event_text;

/// A display of progress, and the stream of events that programs read.
#[derive(Debug)]
pub struct Progress<'a> {
    display: Display,
    stream: Option<&'a EventStream>,
}

/// How progress is shown. [`super::Ui`] chooses it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProgressKind {
    /// Not at all: not even warnings.
    Silent,
    /// Warnings alone.
    Hidden,
    /// A few lines.
    Lines,
    /// Bars.
    Bars {
        /// Whether they are coloured.
        colour: bool,
        /// What they are made of.
        glyphs: Glyphs,
    },
}

#[derive(Debug)]
enum Display {
    Silent,
    Hidden,
    Lines(Plain),
    Bars(Bars),
}

impl<'a> Progress<'a> {
    pub(super) fn new(kind: ProgressKind, stream: Option<&'a EventStream>) -> Self {
        let display = match kind {
            ProgressKind::Silent => Display::Silent,
            ProgressKind::Hidden => Display::Hidden,
            ProgressKind::Lines => Display::Lines(Plain::default()),
            ProgressKind::Bars { colour, glyphs } => Display::Bars(Bars::new(colour, glyphs)),
        };
        Self { display, stream }
    }
}

impl Events for Progress<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if let Some(stream) = self.stream {
            stream.event(event);
        }
        match (&mut self.display, event) {
            (Display::Silent, _) => {}
            (Display::Bars(bars), _) => bars.event(event, Instant::now()),
            (_, Event::Warning(text)) => write(&format!("warning: {text}\n")),
            (Display::Hidden, _) => {}
            (Display::Lines(plain), _) => {
                let time = Timestamp::now().strftime("%H:%M:%SZ");
                for line in plain.lines(event, Instant::now()) {
                    write(&format!("{time} {line}\n"));
                }
            }
        }
    }
}

/// When stderr is lost, nobody is left to tell.
fn write(text: &str) {
    let _ = streams::write_stderr(text);
}
