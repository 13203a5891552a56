//! The report for people: the verdict, then by kind who differs from whom in what. Differences of the same nodes stand
//! together, so that a node that is one update behind is one heading and not forty.

use std::fmt::Write as _;

use super::{among, value};
use crate::domain::drift::{Changes, Difference, DriftReport, Kind, Scope};
use crate::domain::text::counted;

/// So many rows of one heading; the rest is counted.
const ROWS: usize = 40;
/// The columns of a usual terminal.
const ROOM: usize = 80;
/// The longest list of names of a majority, in bytes.
const NAMES: usize = 32;
/// The widest column of names.
const WIDEST: usize = 44;

/// All lines.
pub(super) fn lines(report: &DriftReport) -> Vec<String> {
    let mut lines = vec![report.verdict()];
    let not_compared = report.not_compared();
    if !not_compared.is_empty() {
        lines.push(format!("not compared: {}", not_compared.join("; ")));
    }
    lines.extend(report.only.as_ref().into_iter().flat_map(|only| shown(report, only)));
    let mut last = None;
    for block in blocks(&report.comparison.differences) {
        let Some(first) = block.first() else { continue };
        if last != Some(first.kind) {
            last = Some(first.kind);
            lines.push(String::new());
            lines.push(first.kind.title().to_owned());
        }
        lines.push(format!("  {}", heading(report, first)));
        rows(&mut lines, block.iter().map(|difference| row(report, difference)).collect());
    }
    let alike = report.alike();
    if !alike.is_empty() && report.only.is_none() {
        lines.push(String::new());
        lines.extend(alike);
    }
    if let Some(changes) = &report.against {
        lines.push(String::new());
        lines.extend(since(changes));
    }
    lines
}

/// Differences of one kind among the same nodes with the same outliers.
fn blocks(differences: &[Difference]) -> Vec<Vec<&Difference>> {
    let mut blocks: Vec<Vec<&Difference>> = Vec::new();
    let nodes = |d: &Difference| {
        let others: Vec<Vec<usize>> = d.others.iter().map(|other| other.nodes.clone()).collect();
        (d.kind, d.scope, d.majority.as_ref().map(|(_, nodes)| nodes.clone()), others)
    };
    for difference in differences {
        let own = nodes(difference);
        match blocks.iter_mut().find(|block| block.first().is_some_and(|first| nodes(first) == own)) {
            Some(block) => block.push(difference),
            None => blocks.push(vec![difference]),
        }
    }
    // A block lies where its first difference lies, so kinds stay together.
    blocks
}

fn heading(report: &DriftReport, first: &Difference) -> String {
    let place = match first.scope {
        Scope::Group(_) => format!(" ({})", among(report, first)),
        Scope::Environment => " (of other roles)".to_owned(),
    };
    match (&first.majority, first.others.as_slice()) {
        (Some((_, most)), others) => {
            let outliers = report.names(first.outliers());
            let many = others.iter().map(|other| other.nodes.len()).sum::<usize>() > 1;
            let verb = if many { "differ" } else { "differs" };
            // Of a large group the majority is everything between the outliers: its names say nothing.
            let names = report.names(most.iter().copied());
            let from = if names.len() > NAMES { counted(most.len(), "node") } else { names };
            format!("{outliers} {verb} from {from}{place}")
        }
        (None, _) => format!("{} have no majority{place}", report.names(first.outliers())),
    }
}

/// The name, and what the outliers and the majority have; a line each where there are several values and little room.
fn row(report: &DriftReport, difference: &Difference) -> (String, Vec<String>) {
    let key = report.pool.key(difference.key).1.to_owned();
    let on = |other: &crate::domain::drift::OtherValue| {
        format!("{} on {}", value(report, difference.kind, other.fact), report.names(other.nodes.iter().copied()))
    };
    let text = match (&difference.majority, difference.others.as_slice()) {
        (Some((most, _)), [one]) => {
            format!("{}, most: {}", value(report, difference.kind, one.fact), value(report, difference.kind, *most))
        }
        (majority, others) => {
            let mut parts: Vec<String> = others.iter().map(on).collect();
            parts.extend(majority.iter().map(|(most, _)| format!("most: {}", value(report, difference.kind, *most))));
            let line = parts.join(", ");
            if key.len() + line.len() + 6 > ROOM && parts.len() > 2 {
                return (key, parts);
            }
            line
        }
    };
    (key, vec![text])
}

/// Adds rows in two columns.
fn rows(lines: &mut Vec<String>, rows: Vec<(String, Vec<String>)>) {
    let width = rows.iter().take(ROWS).map(|(key, _)| key.chars().count()).max().unwrap_or_default().min(WIDEST);
    let left = rows.len().saturating_sub(ROWS);
    for (key, values) in rows.into_iter().take(ROWS) {
        match values.as_slice() {
            [one] => lines.push(format!("    {key:width$}  {one}")),
            several => {
                lines.push(format!("    {key}"));
                lines.extend(several.iter().map(|value| format!("      {value}")));
            }
        }
    }
    if left > 0 {
        lines.push(format!("    and {left} more: -f csv prints all, --html FILE shows all"));
    }
}

/// One thing on all nodes, whether they differ in it or not.
fn shown(report: &DriftReport, only: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in Kind::ALL {
        let Some(key) = report.pool.key_of(kind, only) else { continue };
        let mut values: Vec<(Option<_>, Vec<usize>)> = Vec::new();
        for (at, node) in report.nodes.iter().enumerate().filter(|(_, node)| node.is_compared()) {
            let fact = node.fact(&report.pool, key);
            match values.iter_mut().find(|(known, _)| *known == fact) {
                Some((_, nodes)) => nodes.push(at),
                None => values.push((fact, vec![at])),
            }
        }
        values.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
        let mut line = format!("{} {only}: ", kind.as_str());
        for (number, (fact, nodes)) in values.iter().enumerate() {
            let end = if number == 0 { "" } else { "; " };
            // Writing to a string cannot fail.
            let _ = write!(line, "{end}{} on {}", value(report, kind, *fact), report.names(nodes.iter().copied()));
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(format!("no node has anything of the name {only}"));
    }
    lines
}

/// What is different from a snapshot: by kind and nodes.
fn since(changes: &Changes) -> Vec<String> {
    let what = match changes.by_role {
        true => format!("compared by role with environment {} as of {}", changes.env, changes.taken_at),
        false => format!("since {}", changes.taken_at),
    };
    let Some(summary) = changes.summary() else {
        let mut lines = vec![format!("{what}: nothing changed")];
        lines.extend(changes.only_in_one.iter().cloned());
        return lines;
    };
    let mut lines = vec![format!("{what}: {summary} changed")];
    lines.extend(changes.only_in_one.iter().cloned());
    // What changed in the same places, a row each.
    type Block<'a> = ((Kind, &'a str), Vec<(String, Vec<String>)>);
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for change in &changes.changes {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| change.kind.without().to_owned());
        let row = (change.key.clone(), vec![format!("{} -> {}", text(&change.before), text(&change.after))]);
        match blocks.iter_mut().find(|(known, _)| *known == (change.kind, &change.places)) {
            Some((_, rows)) => rows.push(row),
            None => blocks.push(((change.kind, &change.places), vec![row])),
        }
    }
    for ((kind, places), found) in blocks {
        lines.push(format!("  {} on {places}", kind.title()));
        rows(&mut lines, found);
    }
    lines
}
