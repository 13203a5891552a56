//! Text from outside: nodes, mirrors, Nailgun, files. It is untrusted, so it is cut to a length and
//! stripped of control characters before anybody sees it.

/// Returns `text` as one line that is safe to show on a terminal: control characters (escape sequences,
/// line ends, bidirectional overrides) become spaces, runs of white space become one space, and what is
/// longer than `max` characters ends in `…`.
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

/// Characters that move the cursor, hide text or reorder it.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_line_ends_never_survive() {
        assert_eq!(one_line("a\x1b[31mb\r\nc\u{202e}d", 80), "a [31mb c d");
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
