//! Python's `str.format`, which Nailgun applies to every string of a task.

use std::collections::BTreeMap;

/// The names that a string may use.
pub(super) type Names = BTreeMap<&'static str, String>;

/// Formats `text`; where any part of it does not format, the whole of it stays as it was.
pub(super) fn format(text: &str, names: &Names) -> String {
    try_format(text, names).unwrap_or_else(|| text.to_owned())
}

fn try_format(text: &str, names: &Names) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        out += before;
        if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            out.push_str(&brace[..1]);
            rest = after;
            continue;
        }
        let inside = brace.strip_prefix('{')?;
        let end = inside.find('}')?;
        // Conversions and widths are legal in Python; no known graph uses them.
        out += names.get(&inside[..end])?;
        rest = &inside[end + 1..];
    }
    Some(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of what was given and what was sent, as observed on 9.2 and 10.0.
    #[test]
    fn strings_change_as_observed() {
        let names = Names::from([("MASTER_IP", "10.20.0.2".to_owned()), ("CLUSTER_ID", "1".to_owned())]);
        let unchanged = [
            "{{a}} ${HOME}",
            "{CLUSTER_ID} ${HOME}",
            "awk '{print $1}'",
            "${X:-1}",
            "{}",
            "a{b,c}d",
            "f() { x; }",
            "echo ${HOME} {MASTER_IP} {CLUSTER_ID} {x} {} {{y}} %s {0}",
        ];
        for text in unchanged {
            assert_eq!(format(text, &names), text);
        }
        let changed =
            [("{MASTER_IP}", "10.20.0.2"), ("${CLUSTER_ID}", "$1"), ("{{a}}", "{a}"), ("x=${CLUSTER_ID}", "x=$1")];
        for (text, sent) in changed {
            assert_eq!(format(text, &names), sent);
        }
    }
}
