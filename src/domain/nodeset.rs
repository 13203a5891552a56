//! Folded node names: `node-[1-18,21]`, as ClusterShell and pdsh write them.

use std::collections::BTreeMap;

/// Folds names into one short text. Names that end in digits share a prefix; the rest stand alone.
/// Leading zeros are kept apart: `node-07` does not fold with `node-7`.
pub fn fold<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut sets: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut alone: Vec<&str> = Vec::new();
    for name in names {
        match split(name) {
            Some((prefix, number)) => sets.entry(prefix).or_default().push(number),
            None => alone.push(name),
        }
    }
    let mut parts: Vec<String> = sets.into_iter().map(|(prefix, numbers)| fold_numbers(prefix, numbers)).collect();
    alone.sort_unstable();
    alone.dedup();
    parts.extend(alone.into_iter().map(str::to_owned));
    parts.join(",")
}

/// `node-12` → (`node-`, 12). Numbers with leading zeros or beyond 18 digits do not fold.
fn split(name: &str) -> Option<(&str, u64)> {
    let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &name[prefix.len()..];
    if digits.is_empty() || digits.len() > 18 || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((prefix, digits.parse().ok()?))
}

fn fold_numbers(prefix: &str, mut numbers: Vec<u64>) -> String {
    numbers.sort_unstable();
    numbers.dedup();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for n in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => ranges.push((n, n)),
        }
    }
    if let [(one, other)] = ranges[..]
        && one == other
    {
        return format!("{prefix}{one}");
    }
    let ranges: Vec<String> =
        ranges.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
    format!("{prefix}[{}]", ranges.join(","))
}

/// Splits a list at its commas, those inside brackets excepted: `1,node-[3,5]` → `1`, `node-[3,5]`.
pub fn split_list(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (i, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Expands one folded word: `node-[1-3,7]` → four names; a word without brackets stands for itself.
/// At most 10 000 names; anything malformed gives nothing.
pub fn expand(word: &str) -> Option<Vec<String>> {
    let Some((prefix, rest)) = word.split_once('[') else {
        return (!word.contains(']') && !word.is_empty()).then(|| vec![word.to_owned()]);
    };
    let (inside, suffix) = rest.split_once(']')?;
    if suffix.contains(['[', ']']) || inside.contains('[') {
        return None;
    }
    let mut names = Vec::new();
    for part in inside.split(',') {
        let (from, to) = range(part.trim())?;
        if to - from > 10_000 {
            return None;
        }
        names.extend((from..=to).map(|n| format!("{prefix}{n}{suffix}")));
        if names.len() > 10_000 {
            return None;
        }
    }
    Some(names)
}

/// `7` or `3-5`, both ends included.
pub fn range(text: &str) -> Option<(u64, u64)> {
    let number = |t: &str| (!t.is_empty() && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u64>().ok())?;
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(text)?, number(text)?),
    };
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding() {
        assert_eq!(fold(["node-3", "node-1", "node-2", "node-9"]), "node-[1-3,9]");
        assert_eq!(fold(["node-7"]), "node-7");
        assert_eq!(fold(["web", "node-1", "db-2", "db-1"]), "db-[1-2],node-1,web");
        assert_eq!(fold(["node-07", "node-7"]), "node-7,node-07");
        assert_eq!(fold([]), "");
    }

    #[test]
    fn expanding() {
        assert_eq!(expand("node-[1-2,5]").unwrap(), ["node-1", "node-2", "node-5"]);
        assert_eq!(expand("web").unwrap(), ["web"]);
        for bad in ["", "node-[", "node-]", "node-[3-1]", "node-[a]", "n[1-99999999]", "n[1[2]]", "n[1-2][3]"] {
            assert_eq!(expand(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_keep_brackets_together() {
        assert_eq!(split_list("1, node-[3,5],,web"), ["1", "node-[3,5]", "web"]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_folded_expands_to_the_same(numbers in proptest::collection::btree_set(0u64..500, 1..40)) {
            let names: Vec<String> = numbers.iter().map(|n| format!("node-{n}")).collect();
            let folded = fold(names.iter().map(String::as_str));
            let mut back = expand(&folded).unwrap();
            back.sort_by_key(|name| name[5..].parse::<u64>().unwrap());
            proptest::prop_assert_eq!(back, names);
        }
    }
}
