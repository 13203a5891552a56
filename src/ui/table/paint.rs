//! Colours the words of one column in a rendered table. The words stay: colour only repeats what they say.

use unicode_width::UnicodeWidthChar as _;

/// What a word means to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// The operator should look at it.
    Attention,
    /// Something is wrong.
    Bad,
    /// Nothing in particular.
    Plain,
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Good => Some("32"),
            Self::Attention => Some("33"),
            Self::Bad => Some("31"),
            Self::Plain => None,
        }
    }
}

/// The table with the words of its `column` coloured, the header left out.
pub(super) fn paint(table: &str, column: usize, tone: fn(&str) -> Tone) -> String {
    let mut lines = table.lines();
    let Some((top, header)) = lines.next().zip(lines.next()) else { return table.to_owned() };
    // The border of ASCII characters says in which cells of the terminal the columns stand.
    let borders: Vec<usize> = top.char_indices().filter(|(_, c)| *c == '+').map(|(at, _)| at).collect();
    let Some((&from, &to)) = borders.get(column).zip(borders.get(column + 1)) else { return table.to_owned() };
    let mut painted = format!("{top}\n{header}\n");
    for line in lines {
        let cell = at(line, from + 1).zip(at(line, to)).filter(|_| line.starts_with('|'));
        match cell.and_then(|(from, to)| Some((from, to, line.get(from..to)?))) {
            Some((from, to, text)) => {
                let word = text.trim();
                match tone(word).code() {
                    Some(code) if !word.is_empty() => {
                        let coloured = text.replacen(word, &format!("\x1b[{code}m{word}\x1b[0m"), 1);
                        painted.push_str(&line[..from]);
                        painted.push_str(&coloured);
                        painted.push_str(&line[to..]);
                    }
                    _ => painted.push_str(line),
                }
            }
            None => painted.push_str(line),
        }
        painted.push('\n');
    }
    painted
}

/// The place in a line, in bytes, of a cell of the terminal. Columns painted before this one count with their colours.
fn at(line: &str, cell: usize) -> Option<usize> {
    let mut seen = 0;
    let mut escape = false;
    for (place, c) in line.char_indices() {
        if escape {
            escape = c != 'm';
        } else if c == '\x1b' {
            escape = true;
        } else if seen == cell {
            return Some(place);
        } else {
            seen += c.width().unwrap_or(0);
        }
    }
    None
}
