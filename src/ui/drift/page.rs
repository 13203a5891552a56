//! The report as one self-contained page. It loads nothing; its one script sorts and filters, and is named by its checksum,
//! so that no other text in the page can run.

use std::collections::{BTreeMap, BTreeSet};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{among, value};
use crate::domain::drift::{Compared, Difference, DriftNode, DriftReport, KeyId, Kind, Scope};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The most columns of the heat map: those in which most nodes differ.
const COLUMNS: usize = 120;
/// With more nodes than this, those that agree are named in one line and have no row and no sheet of their own.
const MANY: usize = 60;

/// The page.
pub fn page(report: &DriftReport) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes());
    let sum = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
    let policy = format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{sum}'");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy);
                title { "Drift – environment " (report.env) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head(report))
                    (not_compared(report))
                    (heat_map(report))
                    (differences(report))
                    (against(report))
                    (sheets(report))
                    footer {
                        "Made by fuel-updates " (env!("CARGO_PKG_VERSION")) " on " (report.taken_at)
                        " from the answers of the nodes. A node is compared with the nodes that have the same roles, and groups "
                        "of nodes in what they share."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string() + "\n"
}

fn head(report: &DriftReport) -> Markup {
    let conclusion = report.conclusion();
    let differ = conclusion.outliers.len();
    let left = report.nodes.len() - conclusion.compared;
    let (class, word) = match (conclusion.compared, differ) {
        (0, _) => ("bad", "not compared"),
        (_, 0) => ("good", "no drift"),
        _ => ("bad", "drift"),
    };
    html! {
        header {
            div class="top" { h1 { "Drift in environment " (report.env) } span class={ "badge " (class) } { (word) } }
            p class="verdict" { (report.verdict()) }
            p class="sub" {
                (report.taken_at.replace('T', " "))
                @if let Some((version, _)) = &report.mos_version { " · MOS " (version) }
                " · node list " (report.source.path)
            }
            dl class="facts" {
                (fact("Nodes", report.nodes.len(), None))
                (fact("Agree", conclusion.compared - differ, None))
                (fact("Differ", differ, (differ > 0).then_some("bad")))
                @if left > 0 { (fact("Not compared", left, Some("warn"))) }
                @for (kind, count) in &conclusion.counts { (fact(kind.title(), *count, None)) }
            }
        }
    }
}

fn fact(name: &str, count: usize, class: Option<&str>) -> Markup {
    html! { div class=[class] { dt { (name) } dd { (count) } } }
}

fn not_compared(report: &DriftReport) -> Markup {
    let (lines, warnings) = (report.not_compared(), report.warnings());
    if lines.is_empty() && warnings.is_empty() {
        return html! {};
    }
    html! {
        section class="warn" {
            h2 { "Not compared" }
            ul { @for line in lines.iter().chain(&warnings) { li { (line) } } }
        }
    }
}

/// A cell of the heat map.
struct Cell {
    /// `o` for another value, `m` for missing, `e` for something that most do not have, `n` for no majority.
    class: &'static str,
    tip: String,
}

/// The cells that are not of the majority, by node and key.
fn cells(report: &DriftReport) -> BTreeMap<(usize, KeyId), Cell> {
    let mut cells = BTreeMap::new();
    for difference in &report.comparison.differences {
        let most = difference.majority.as_ref().map(|(fact, _)| *fact);
        for other in &difference.others {
            let class = match (most, other.fact) {
                (None, _) => "n",
                (Some(_), None) => "m",
                (Some(None), Some(_)) => "e",
                (Some(Some(_)), Some(_)) => "o",
            };
            let key = report.pool.key(difference.key).1;
            let own = value(report, difference.kind, other.fact);
            let others = most.map_or_else(
                || "no majority".to_owned(),
                |fact| format!("most: {}", value(report, difference.kind, fact)),
            );
            for node in &other.nodes {
                let tip = format!("{} {key}: {own} ({others})", difference.kind.as_str());
                // A difference within the group says more than one between groups.
                cells.entry((*node, difference.key)).or_insert(Cell { class, tip });
            }
        }
    }
    cells
}

fn heat_map(report: &DriftReport) -> Markup {
    let cells = cells(report);
    if cells.is_empty() {
        return html! {};
    }
    let mut weights: BTreeMap<KeyId, usize> = BTreeMap::new();
    for (_, key) in cells.keys() {
        *weights.entry(*key).or_default() += 1;
    }
    let mut columns: Vec<(KeyId, usize)> = weights.into_iter().collect();
    columns.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let all = columns.len();
    columns.truncate(COLUMNS);
    columns.sort_by_key(|(key, _)| report.pool.key(*key));
    let counts = |node: usize| cells.range((node, KeyId::FIRST)..=(node, KeyId::LAST)).count();
    let many = report.nodes.len() > MANY;
    // Those that differ most stand first.
    let mut rows: Vec<(usize, &DriftNode)> = report.nodes.iter().enumerate().collect();
    rows.retain(|(at, node)| !many || !node.is_compared() || counts(*at) > 0);
    rows.sort_by_key(|(at, node)| (std::cmp::Reverse(counts(*at)), node.is_compared()));
    let dense = if many { "dense" } else { "" };
    let agree = agreeing(report);
    html! {
        section {
            h2 { "Heat map" }
            p class="note" {
                "A row is a node, a column is what nodes differ in. Point at a cell to read it; click a heading to sort."
                @if all > COLUMNS { " The " (COLUMNS) " columns in which most nodes differ, of " (all) "; all are in the table below." }
            }
            p class="legend" {
                span { i class="o" {} "another value" } span { i class="m" {} "missing" }
                span { i class="e" {} "extra" } span { i class="n" {} "no majority" } span { i class="x" {} "not compared" }
            }
            (tools("heat", "Show nodes (name or role)"))
            div class="wide" {
                table id="heat" class={ "heat " (dense) } {
                    thead { tr {
                        th data-sort="text" { "Node" } th data-sort="text" { "Roles" } th data-sort="number" { "Differs in" }
                        @for (key, _) in &columns {
                            @let (kind, name) = report.pool.key(*key);
                            th class="turned" data-sort="cell" title={ (kind.as_str()) " " (name) } { span { @if !kind_of(kind).is_empty() { (kind_of(kind)) " " } (name) } }
                        }
                    } }
                    tbody {
                        @for (at, node) in rows {
                            tr {
                                th scope="row" { a href={ "#n" (at) } { (node.node.name) } }
                                td class="roles" { (node.node.roles.join(", ")) }
                                @if let Compared::No(state, cause) = &node.compared {
                                    td class="count" data-value="-1" title=(cause) { (state) }
                                    @for _ in &columns { td class="x" {} }
                                } @else {
                                    td class="count" { (counts(at)) }
                                    @for (key, _) in &columns {
                                        @if let Some(cell) = cells.get(&(at, *key)) {
                                            td class=(cell.class) title={ (node.node.name) ": " (cell.tip) } {}
                                        } @else { td {} }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if many && !agree.is_empty() {
                p class="note" { "Without a row: " (agree.len()) " that agree, " (report.names(agree.iter().copied())) }
            }
        }
    }
}

/// The positions of the compared nodes that are of every majority.
fn agreeing(report: &DriftReport) -> Vec<usize> {
    let outliers = report.comparison.outliers();
    let nodes = report.nodes.iter().enumerate();
    nodes.filter(|(at, node)| node.is_compared() && !outliers.contains_key(at)).map(|(at, _)| at).collect()
}

/// The kind where the name alone would be taken for a package's version.
fn kind_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Held | Kind::HalfConfigured | Kind::Origin | Kind::Upgradable | Kind::Service => kind.as_str(),
        _ => "",
    }
}

/// The field that filters a table, with how many rows are shown.
fn tools(table: &str, label: &str) -> Markup {
    html! {
        p class="tools" {
            label { (label) ": " input type="search" data-filter=(table) autocomplete="off"; }
            " " output id={ (table) "-count" } {}
        }
    }
}

fn differences(report: &DriftReport) -> Markup {
    if report.comparison.differences.is_empty() {
        return html! {};
    }
    html! {
        section {
            h2 { "Differences" }
            (tools("differences", "Filter (kind, name, value, node)"))
            div class="wide" {
                table id="differences" class="list" {
                    thead { tr {
                        th data-sort="text" { "Kind" } th data-sort="text" { "Name" } th data-sort="text" { "Among" }
                        th data-sort="text" { "Majority" } th data-sort="text" { "Others" } th data-sort="number" { "Nodes" }
                    } }
                    tbody {
                        @for difference in &report.comparison.differences { (row(report, difference)) }
                    }
                }
            }
        }
    }
}

fn row(report: &DriftReport, difference: &Difference) -> Markup {
    // Names are folded in the cells; the filter finds them one by one.
    let names: Vec<&str> = difference.outliers().map(|at| report.nodes[at].node.name.as_str()).collect();
    html! {
        tr data-nodes=(names.join(" ")) {
            td { (difference.kind.as_str()) }
            td class="name" { (report.pool.key(difference.key).1) }
            td { (among(report, difference)) }
            td {
                @match &difference.majority {
                    Some((fact, nodes)) => {
                        (value(report, difference.kind, *fact)) " "
                        span class="on" { (nodes.len()) @if nodes.len() == 1 { " node" } @else { " nodes" } }
                    }
                    None => span class="on" { "no majority" },
                }
            }
            td {
                @for other in &difference.others {
                    div { b { (value(report, difference.kind, other.fact)) } " " span class="on" { (report.names(other.nodes.iter().copied())) } }
                }
            }
            td class="count" { (difference.outliers().collect::<BTreeSet<_>>().len()) }
        }
    }
}

fn against(report: &DriftReport) -> Markup {
    let Some(changes) = &report.against else { return html! {} };
    let text = |kind: Kind, value: &Option<String>| value.clone().unwrap_or_else(|| kind.without().to_owned());
    html! {
        section {
            h2 {
                @if changes.by_role { "Compared by role with environment " (changes.env) " as of " } @else { "Changed since " }
                (changes.taken_at)
            }
            @if changes.is_empty() { p { "Nothing changed." } }
            @if !changes.only_in_one.is_empty() { ul { @for line in &changes.only_in_one { li { (line) } } } }
            @if !changes.is_empty() {
                (tools("changes", "Filter"))
                div class="wide" {
                    table id="changes" class="list" {
                        thead { tr {
                            th data-sort="text" { "Kind" } th data-sort="text" { "Name" } th data-sort="text" { "Before" }
                            th data-sort="text" { "After" } th data-sort="text" { "Where" }
                        } }
                        tbody {
                            @for change in &changes.changes {
                                tr {
                                    td { (change.kind.as_str()) } td class="name" { (change.key) }
                                    td { (text(change.kind, &change.before)) } td { b { (text(change.kind, &change.after)) } }
                                    td class="on" { (change.places) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What each node differs in, one closed sheet per node.
fn sheets(report: &DriftReport) -> Markup {
    let mut own: BTreeMap<usize, Vec<(&Difference, String)>> = BTreeMap::new();
    for difference in &report.comparison.differences {
        for other in &difference.others {
            let has = value(report, difference.kind, other.fact);
            for node in &other.nodes {
                own.entry(*node).or_default().push((difference, has.clone()));
            }
        }
    }
    // What a node could not tell stands above for all of them.
    let bare = if report.nodes.len() > MANY { agreeing(report) } else { vec![] };
    html! {
        section {
            h2 { "Nodes" }
            @if !bare.is_empty() {
                p class="note" { (bare.len()) " agree and have no sheet: " (report.names(bare.iter().copied())) }
            }
            @for (at, node) in report.nodes.iter().enumerate().filter(|(at, _)| bare.binary_search(at).is_err()) {
                @let found = own.get(&at).map(Vec::as_slice).unwrap_or_default();
                details id={ "n" (at) } class="sheet" {
                    summary {
                        b { (node.node.name) } " " span class="on" { (node.node.roles.join(", ")) } " "
                        @match &node.compared {
                            Compared::No(state, cause) => span class="badge warn" { (state) @if !cause.is_empty() { ": " (cause) } },
                            Compared::Yes if found.is_empty() => span class="badge good" { "agrees" },
                            Compared::Yes => span class="badge bad" { "differs in " (found.len()) },
                        }
                    }
                    @if !node.unknown.is_empty() {
                        ul { @for (kind, cause) in &node.unknown { li { (kind.title()) ": " (cause) } } }
                    }
                    @if !found.is_empty() {
                        table class="list" {
                            thead { tr { th { "Kind" } th { "Name" } th { "Here" } th { "Most" } th { "Among" } } }
                            tbody {
                                @for (difference, has) in found {
                                    tr {
                                        td { (difference.kind.as_str()) }
                                        td class="name" { (report.pool.key(difference.key).1) }
                                        td { b { (has) } }
                                        td { (difference.majority.as_ref().map_or_else(|| "no majority".to_owned(), |(fact, _)| value(report, difference.kind, *fact))) }
                                        td { @if difference.scope == Scope::Environment { "other roles" } @else { (among(report, difference)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
