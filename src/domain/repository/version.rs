//! Versions of Debian packages (deb-version(7)).

use std::cmp::Ordering;

/// Compares two versions as dpkg does: epoch, upstream version, revision.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let (a, b) = (Parts::of(a), Parts::of(b));
    a.epoch
        .cmp(&b.epoch)
        .then_with(|| compare_parts(a.upstream, b.upstream))
        .then_with(|| compare_parts(a.revision, b.revision))
}

struct Parts<'a> {
    epoch: u64,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self { epoch: epoch.parse().unwrap_or_default(), upstream, revision }
    }
}

/// By turns a part without digits and a number, until one differs.
fn compare_parts(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let words = (take(&mut a, |c| !c.is_ascii_digit()), take(&mut b, |c| !c.is_ascii_digit()));
        let numbers = (take(&mut a, |c| c.is_ascii_digit()), take(&mut b, |c| c.is_ascii_digit()));
        let ordered = compare_words(words.0, words.1).then_with(|| compare_numbers(numbers.0, numbers.1));
        if ordered.is_ne() {
            return ordered;
        }
    }
    Ordering::Equal
}

fn take<'a>(text: &mut &'a str, belongs: impl Fn(char) -> bool) -> &'a str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    *text = rest;
    head
}

/// `~` stands before the end, the end before letters, letters before everything else.
fn compare_words(a: &str, b: &str) -> Ordering {
    let weight = |c: Option<u8>| match c {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(c),
        Some(c) => i32::from(c) + 256,
    };
    let longest = a.len().max(b.len());
    let at = |text: &str, index| text.as_bytes().get(index).copied();
    (0..longest).map(|i| weight(at(a, i)).cmp(&weight(at(b, i)))).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

/// Numbers of any length.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_dpkg_orders_them() {
        let rising = [
            "0~~",
            "0~~a",
            "0~",
            "0",
            "0.1",
            "1.0~beta1~svn1245",
            "1.0~beta1",
            "1.0",
            "1.0-0.1",
            "1.0-1",
            "1.0-1a",
            "1.0-1+deb8u1",
            "1.0a",
            "1.0+git",
            "1.0.1",
            "1.9",
            "1.10",
            "1:0.9",
            "1:1.0-1~u14.04+mos1",
            "1:1.0-1~u14.04+mos45",
            "2:0",
        ];
        let order = |a: &str, b: &str| compare_versions(a, b);
        for (i, a) in rising.iter().enumerate() {
            assert_eq!(order(a, a), Ordering::Equal, "{a}");
            for b in &rising[i + 1..] {
                assert_eq!((order(a, b), order(b, a)), (Ordering::Less, Ordering::Greater), "{a} {b}");
            }
        }
        assert_eq!(order("1.01", "1.1"), Ordering::Equal);
        assert_eq!(order("0:1.0-0", "1.0"), Ordering::Equal);
        assert_eq!(order("99999999999999999999999999", "100000000000000000000000000"), Ordering::Less);
    }

    /// Where dpkg is there, it says the same of any two versions.
    #[test]
    fn dpkg_itself_agrees() {
        let versions = [
            "1.0",
            "1.0-1",
            "1.0~rc1-1",
            "1:0.1",
            "1.0+dfsg-2",
            "1.0a-2",
            "1.0.0-2~u14.04+mos10",
            "1.0.0-2~u14.04+mos9",
            "010",
            "1.-1",
        ];
        for a in versions {
            for b in versions {
                let word = match compare_versions(a, b) {
                    Ordering::Less => "lt",
                    Ordering::Equal => "eq",
                    Ordering::Greater => "gt",
                };
                let Ok(dpkg) = std::process::Command::new("dpkg").args(["--compare-versions", a, word, b]).output()
                else {
                    return;
                };
                assert!(dpkg.status.success(), "{a} {word} {b}");
            }
        }
    }
}
