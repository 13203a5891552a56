//! Compares causes of failures that differ only in a fingerprint, a line number or a duration.

/// What stands for a word that differs.
const DIFFERS: &str = "…";

/// The cause without the words that have a digit: equal for equal causes.
pub fn shape(cause: &str) -> String {
    let masked = |word: &str| if word.contains(|c: char| c.is_ascii_digit()) { masked(word) } else { word.to_owned() };
    cause.split(' ').map(masked).collect::<Vec<_>>().join(" ")
}

/// What causes of one [`shape`] have in common: where their words differ, `…`.
pub fn common(causes: &[&str]) -> String {
    let Some((first, rest)) = causes.split_first() else { return String::new() };
    let mut words: Vec<String> = first.split(' ').map(str::to_owned).collect();
    for cause in rest {
        for (word, other) in words.iter_mut().zip(cause.split(' ')) {
            if word != other && word != &masked(other) {
                *word = masked(word);
            }
        }
    }
    words.join(" ")
}

/// A word that differs, with the punctuation around it.
fn masked(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '…';
    let start = word.find(plain).unwrap_or(0);
    let end = word.rfind(plain).map_or(word.len(), |at| at + word[at..].chars().next().map_or(0, char::len_utf8));
    format!("{}{DIFFERS}{}", &word[..start], &word[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_lines_and_durations_do_not_matter() {
        let a = "host key changed: SHA256:AbC1+x, recorded in /root/.ssh/known_hosts, line 12";
        let b = "host key changed: SHA256:ZyX9/q, recorded in /root/.ssh/known_hosts, line 7";
        assert_eq!(shape(a), shape(b));
        assert_eq!(common(&[a, b, a]), "host key changed: …, recorded in /root/.ssh/known_hosts, line …");
        assert_eq!(common(&[a, a]), a);
        assert_ne!(shape("no route to host"), shape("connection refused"));
    }

    #[test]
    fn punctuation_stays() {
        assert_eq!(shape("after 10.2 s (3 times)"), "after … s (… times)");
        assert_eq!(common(&["(1)", "(2)"]), "(…)");
        assert_eq!(common(&[]), "");
    }
}
