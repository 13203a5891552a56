//! Text from nodes, mirrors, Nailgun and files. It is untrusted: before it is shown it is cut to a length and cleared of
//! every character that could do more than stand in its place.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Returns `text` as one line that is safe to show on a terminal: control characters (escape sequences, line ends),
/// format characters (bidirectional overrides, zero-width characters, tags) and characters without a meaning of their
/// own become spaces, runs of white space become one space, and text longer than `max` characters ends in `…`.
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut chars = 0;
    let mut pending_space = false;
    for c in text.chars() {
        if is_unprintable(c) || c.is_whitespace() {
            pending_space = chars > 0;
            continue;
        }
        if pending_space {
            line.push(' ');
            chars += 1;
            pending_space = false;
        }
        if chars >= max {
            line.push('…');
            break;
        }
        line.push(c);
        chars += 1;
    }
    line
}

/// A number with what is counted: `1 node`, `2 nodes`.
pub fn counted(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Returns the lines of `bytes` as safe text, for the end of a log: at most `max_lines` last lines of at
/// most `max_chars` characters.
pub fn last_lines(bytes: &[u8], max_lines: usize, max_chars: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> = text
        .lines()
        .rev()
        .map(|line| one_line(line, max_chars))
        .filter(|line| !line.is_empty())
        .take(max_lines)
        .collect();
    lines.reverse();
    lines
}

/// Whether a character could move the cursor, reorder or hide text. Decided by its general category, so that no list here
/// has to name every such character. Private-use and unassigned characters count as well: nobody knows what a terminal
/// makes of them, not even how wide they are.
fn is_unprintable(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    // Nearly all text is this, and needs no look into the table.
    if matches!(c, ' '..='~') {
        return false;
    }
    matches!(
        get_general_category(c),
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned
    )
}

/// The words of a system's error without its number, which says no more: `No such file or directory (os error 2)`.
pub fn without_error_number(text: &str) -> String {
    let Some((before, rest)) = text.split_once(" (os error ") else { return text.to_owned() };
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    format!("{before}{}", without_error_number(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_lose_their_number_and_nothing_else() {
        assert_eq!(without_error_number("x: No such file (os error 2)"), "x: No such file");
        assert_eq!(without_error_number("a (os error 2), b (os error 13)!"), "a, b!");
        assert_eq!(without_error_number("x (os"), "x (os");
    }

    #[test]
    fn escape_sequences_and_line_ends_never_survive() {
        assert_eq!(one_line("a\x1b[31mb\r\nc\u{202e}d", 80), "a [31mb c d");
        assert_eq!(one_line("a\u{9b}31mb\u{85}c\u{2028}d\u{2029}e\x7ff", 80), "a 31mb c d e f");
    }

    /// One of each block of the category Cf (format characters), among them U+061C, which reverses a line.
    #[test]
    fn format_characters_never_survive() {
        for c in "\u{ad}\u{600}\u{61c}\u{6dd}\u{70f}\u{890}\u{8e2}\u{180e}\u{200b}\u{200f}\u{202a}\u{202e}\u{2060}\u{2064}\u{2066}\
                  \u{2069}\u{206f}\u{feff}\u{fff9}\u{fffb}\u{110bd}\u{13430}\u{1bca0}\u{1d173}\u{e0001}\u{e0020}\u{e007f}"
            .chars()
        {
            assert_eq!(one_line(&format!("a{c}b"), 80), "a b", "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn characters_without_a_known_look_never_survive() {
        // Private use, and what no version of Unicode has assigned.
        for c in ['\u{e000}', '\u{f8ff}', '\u{f0000}', '\u{10fffd}', '\u{378}', '\u{2065}', '\u{fff0}', '\u{ffff}'] {
            assert_eq!(one_line(&format!("a{c}b"), 80), "a b", "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn letters_marks_and_symbols_of_every_script_stay() {
        let text = "Grüße 节点 узел שלום नोड e\u{301} ½ € → 🙂 \u{fffd}";
        assert_eq!(one_line(text, 80), text);
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("abc", 3), "abc");
    }

    #[test]
    fn the_end_of_a_log_is_what_is_kept() {
        assert_eq!(last_lines(b"one\ntwo\n\nthree\n", 2, 80), ["two", "three"]);
    }
}
