//! The lines below the text of a terminal, drawn so that nothing is left of them after a change of its size.
//!
//! indicatif fills its lines with spaces up to the right edge, and takes back as many rows as it wrote. A terminal that becomes
//! narrower breaks such lines, and the rows that come from that stay. This one writes lines without filling, none longer than
//! the terminal is wide, and takes back the rows that they take now.

use std::io;
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;
use unicode_width::UnicodeWidthChar as _;

use crate::ui::streams;

/// Wider than any line: the width is this module's own affair.
const ANY_WIDTH: u16 = 1000;
/// No line is longer, on however wide a terminal: then one that becomes narrower seldom breaks any.
pub(super) const LONGEST: usize = 79;

/// The terminal that stderr is.
#[derive(Debug, Default)]
pub(super) struct Screen(Mutex<Drawing>);

#[derive(Debug, Default)]
struct Drawing {
    /// How many of the lines on the terminal are to be taken back.
    back: usize,
    /// What is to be drawn: every second piece only fills a line.
    pieces: Vec<String>,
    /// The cells of each line that was drawn last.
    drawn: Vec<usize>,
}

impl Screen {
    fn with<T>(&self, change: impl FnOnce(&mut Drawing) -> T) -> io::Result<T> {
        Ok(change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        ANY_WIDTH
    }

    fn height(&self) -> u16 {
        size().1
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.with(|drawing| drawing.pieces.extend([text.to_owned(), String::new()]))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.with(|drawing| drawing.pieces.push(text.to_owned()))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.with(|drawing| drawing.back += 1)
    }

    fn flush(&self) -> io::Result<()> {
        let text = self.with(|drawing| drawing.text(size().0.into()))?;
        streams::write_stderr(&text).map_err(io::Error::from)
    }
}

impl Drawing {
    /// What the terminal gets, at this width.
    fn text(&mut self, columns: usize) -> String {
        let longest = columns.saturating_sub(1).clamp(1, LONGEST);
        let lines: Vec<(String, usize)> =
            std::mem::take(&mut self.pieces).iter().step_by(2).map(|line| cut(line, longest)).collect();
        let back = std::mem::take(&mut self.back).min(self.drawn.len());
        let rows: usize =
            self.drawn[self.drawn.len() - back..].iter().map(|cells| cells.div_ceil(columns.max(1)).max(1)).sum();
        let mut text = match rows {
            0 => String::new(),
            1 => "\r".to_owned(),
            rows => format!("\r\x1b[{}A", rows - 1),
        };
        for (number, (line, _)) in lines.iter().enumerate() {
            text.push_str(if number == 0 { "" } else { "\r\n" });
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        self.drawn = lines.into_iter().map(|(_, cells)| cells).collect();
        text
    }
}

/// The part of a line that fits into so many cells, and how many it takes. Colours take none.
fn cut(line: &str, cells: usize) -> (String, usize) {
    let (mut text, mut taken) = (String::new(), 0);
    let mut chars = line.chars();
    let mut cut = false;
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            // Only our own colours are in here: `ESC [ … m`.
            text.push(c);
            for c in chars.by_ref() {
                text.push(c);
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
            continue;
        }
        let width = c.width().unwrap_or(0);
        cut |= taken + width > cells;
        if !cut {
            text.push(c);
            taken += width;
        }
    }
    (text, taken)
}

/// Columns and rows of the terminal that stderr is; those of old where it does not tell.
pub(super) fn size() -> (u16, u16) {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
    let told = size.map(|size| (size.ws_col, size.ws_row)).filter(|(columns, rows)| *columns > 0 && *rows > 0);
    told.unwrap_or((80, 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What indicatif does to draw these lines in place of `back` lines.
    fn draw(drawing: &mut Drawing, back: usize, lines: &[&str], columns: usize) -> String {
        drawing.back = back;
        drawing.pieces = lines.iter().flat_map(|line| [(*line).to_owned(), "   ".to_owned()]).collect();
        drawing.text(columns)
    }

    #[test]
    fn lines_are_drawn_in_place_and_cut_to_the_width() {
        let mut screen = Drawing::default();
        assert_eq!(draw(&mut screen, 0, &["one", "two"], 80), "one\x1b[K\r\ntwo\x1b[K\x1b[J");
        assert_eq!(draw(&mut screen, 2, &["three"], 80), "\r\x1b[1Athree\x1b[K\x1b[J");
        assert_eq!(draw(&mut screen, 1, &["0123456789"], 8), "\r0123456\x1b[K\x1b[J", "the last column stays free");
        assert_eq!(draw(&mut screen, 1, &[], 80), "\r\x1b[J", "nothing is left");
    }

    #[test]
    fn a_narrower_terminal_broke_the_lines_and_they_are_taken_back_all_the_same() {
        let mut screen = Drawing::default();
        let line = "x".repeat(70);
        draw(&mut screen, 0, &[&line, "y"], 80);
        assert_eq!(
            draw(&mut screen, 2, &["z"], 40),
            "\r\x1b[2Az\x1b[K\x1b[J",
            "two rows of the first, one of the second"
        );
    }

    #[test]
    fn colours_take_no_cell_and_wide_characters_take_two() {
        assert_eq!(cut("\x1b[36m####\x1b[0m ab", 5), ("\x1b[36m####\x1b[0m ".to_owned(), 5));
        assert_eq!(cut("日本語", 5), ("日本".to_owned(), 4));
        let long = cut(&"x".repeat(200), LONGEST);
        assert_eq!(long.1, 79);
    }
}
