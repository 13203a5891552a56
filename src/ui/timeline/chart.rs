//! The chart: phases and clock at the top, a row per node, a bar per task.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::clock;
use super::scale::{Scale, lanes};
use crate::domain::history::{NodeTask, RunHistory};
use crate::domain::run::{NodeRef, TaskKind, TaskResult, words};
use crate::domain::time::format_duration;
use crate::ui::history::{HistoryReport, RunReport};

/// The number of colours; the phases after them begin with the first colour again.
pub(super) const COLOURS: usize = 10;
/// With more nodes than this, rows are lower.
const DENSE: usize = 60;
/// The most lanes of a node. Further tasks that overlap share them.
const LANES: usize = 4;
/// A run that goes on is drawn up to now, but no further than this behind its last record: Nailgun may have lost it.
const SILENCE: SignedDuration = SignedDuration::from_hours(6);
/// Roles in the order in which the graph updates them; others come last.
const ORDER: [&str; 9] = [
    "controller",
    "mongo",
    "ceph-osd",
    "cinder",
    "cinder-block-device",
    "cinder-vmware",
    "ironic",
    "compute",
    "compute-vmware",
];
/// Pixels of one per cent of the width, and of one letter, in a narrow window.
const PIXELS: (f64, f64) = (8.5, 6.3);

/// The chart of a run.
pub(super) fn chart(run: &RunReport, report: &HistoryReport, now: Timestamp) -> Markup {
    let history = &run.history;
    let Some(scale) = scale(history, now) else {
        return html! { section { p { "Nothing has begun in this run." } } };
    };
    let dense = if history.nodes().len() > DENSE { " dense" } else { "" };
    let (ticks, step) = scale.ticks();
    html! {
        section class={ "chart" (dense) } {
            div class="head" {
                (phases(history, scale))
                div class="axis" {
                    span {}
                    div {
                        @for tick in &ticks {
                            @let at = scale.at(*tick);
                            span class={ "tickname" @if at < 2.5 { " edge" } } style=(left(at)) { (tick_text(*tick, step)) }
                        }
                    }
                    span {}
                }
            }
            div class="rows" {
                div class="over" {
                    @for (number, phase) in history.phases.iter().enumerate() {
                        @if let (Some(began), Some(ended)) = (phase.began, end(history, phase.ended, scale)) {
                            i class={ "band p" (number % COLOURS) } style=(place(scale, began, ended)) {}
                        }
                    }
                    @for tick in &ticks { i class="tick" style=(left(scale.at(*tick))) {} }
                }
                @for (roles, nodes) in groups(run) {
                    div class="group" { (roles) " · " (count(nodes.len())) }
                    @for node in nodes { (row(history, report, node, scale)) }
                }
            }
            (legend())
        }
    }
}

fn legend() -> Markup {
    html! {
        div class="legend" {
            span { i class="bar p0" {} "done, in the colour of its phase" }
            span { i class="bar failed" {} "failed" }
            span { i class="bar failure-ignored" {} "failed without an end; Nailgun went on" }
            span { i class="bar running p0" {} "running" }
            span { i class="bar minor p0" {} "upload, or nothing to do in this phase" }
            span { b { "+2" } " tasks not executed or waiting" }
            span class="pointer" { "Point at a bar to see its task and times." }
        }
    }
}

/// From the beginning of the run to its end; nothing where no task has begun.
fn scale(history: &RunHistory, now: Timestamp) -> Option<Scale> {
    let records = || history.tasks.iter().map(|task| &task.record);
    let began = records().filter_map(|r| r.began).min()?;
    let last = records().filter_map(|r| r.ended.or(r.began)).max().unwrap_or(began);
    let from = history.summary.began.unwrap_or(began).min(began);
    let to = if history.summary.over {
        history.summary.ended.unwrap_or(last).max(last)
    } else {
        now.clamp(last, last.saturating_add(SILENCE).unwrap_or(last))
    };
    Some(Scale::new(from, to))
}

/// The end of something that began: its own; now, while the run goes on; nothing, where it is not known.
fn end(history: &RunHistory, ended: Option<Timestamp>, scale: Scale) -> Option<Timestamp> {
    ended.or_else(|| (!history.summary.over).then(|| scale.to()))
}

fn phases(history: &RunHistory, scale: Scale) -> Markup {
    html! {
        div class="phases" {
            span {}
            div {
                @for (index, phase) in history.phases.iter().enumerate() {
                    @if let (Some(began), Some(ended)) = (phase.began, end(history, phase.ended, scale)) {
                        @let width = scale.bar(began, ended).1;
                        @let number = (index + 1).to_string();
                        @let full = format!("{number} {}", phase.title);
                        @let text = if fits(&full, width) { full.as_str() } else if width * PIXELS.0 > 14.0 { &number } else { "" };
                        @let tiny = if text == full { "" } else { " tiny" };
                        @let took = format_duration(ended.duration_since(began));
                        @let tip = format!("phase {full}: {}, {took}", count(phase.nodes));
                        div class={ "phase p" (index % COLOURS) (tiny) } style=(place(scale, began, ended)) title=(tip) { (text) }
                    }
                }
            }
            span {}
        }
    }
}

fn tick_text(tick: Timestamp, step: i64) -> String {
    let form = match step {
        0..60 => "%H:%M:%S",
        60..86_400 => "%H:%M",
        _ => "%m-%d",
    };
    tick.strftime(form).to_string()
}

/// Nodes by their roles, in the order in which the graph updates them.
fn groups(run: &RunReport) -> Vec<(String, Vec<NodeRef>)> {
    let mut groups: BTreeMap<(usize, String), Vec<NodeRef>> = BTreeMap::new();
    for node in run.history.nodes() {
        let roles = node.id().and_then(|id| run.roles.get(&id)).map(Vec::as_slice).unwrap_or_default();
        let mut names: Vec<&str> = roles.iter().map(|r| r.strip_prefix("primary-").unwrap_or(r)).collect();
        let rank = |name: &&str| ORDER.iter().position(|o| o == name).unwrap_or(ORDER.len());
        names.sort_by_key(rank);
        let first = names.first().map_or(ORDER.len(), rank);
        let name = match node {
            NodeRef::Node(_) if names.is_empty() => "roles not known".to_owned(),
            NodeRef::Node(_) => names.join(", "),
            NodeRef::Master | NodeRef::Virtual | NodeRef::Nobody => "Fuel master".to_owned(),
        };
        groups.entry((first, name)).or_default().push(node);
    }
    groups.into_iter().map(|((_, name), nodes)| (name, nodes)).collect()
}

fn row(history: &RunHistory, report: &HistoryReport, node: NodeRef, scale: Scale) -> Markup {
    let tasks: Vec<&NodeTask> = history.chosen().filter(|task| task.record.node == node).collect();
    let begun = tasks.iter().filter_map(|task| {
        let ended = end(history, task.record.ended, scale).unwrap_or_else(|| scale.to());
        Some((*task, task.record.began?, ended))
    });
    let (minor, real): (Vec<_>, Vec<_>) = begun.partition(|(task, ..)| is_minor(task));
    let spans: Vec<(Timestamp, Timestamp)> = real.iter().map(|(_, began, ended)| (*began, *ended)).collect();
    let (at, lanes) = lanes(&spans);
    let lanes = lanes.clamp(1, LANES);
    let bad = if tasks.iter().any(|task| task.result.is_failure()) { " bad" } else { "" };
    let name = report.name(node);
    let busy = tasks.iter().filter(|task| task.kind == TaskKind::Work).filter_map(|task| task.record.duration());
    let busy = format_duration(busy.fold(SignedDuration::ZERO, SignedDuration::saturating_add));
    let left = tasks.iter().filter(|t| matches!(t.result, TaskResult::NotExecuted | TaskResult::Waiting)).count();
    let word = if history.summary.over { "not executed" } else { "waiting" };
    html! {
        div class={ "row" (bad) } {
            div class="name" title=(name) { (name) }
            div class="track" style=[(lanes > 1).then(|| format!("--lanes:{lanes}"))] {
                @for (task, began, ended) in minor { (bar(task, began, ended, 0, scale)) }
                @for ((task, began, ended), lane) in real.into_iter().zip(at) {
                    (bar(task, began, ended, lane % LANES, scale))
                }
            }
            div class="took" title={ "at work for " (busy) @if left > 0 { "; " (left) " tasks " (word) } } {
                (busy) @if left > 0 { " " b { "+" (left) } }
            }
        }
    }
}

/// Whether a task is drawn as a thin line only.
fn is_minor(task: &NodeTask) -> bool {
    task.kind != TaskKind::Work && !task.result.is_failure()
}

fn bar(task: &NodeTask, began: Timestamp, ended: Timestamp, lane: usize, scale: Scale) -> Markup {
    let text = words(&task.record.task);
    let minor = is_minor(task);
    let says = !minor && fits(&text, scale.bar(began, ended).1);
    let kind = match crate::ui::history::note(task.kind) {
        "" => String::new(),
        note => format!(" ({note})"),
    };
    let times = match task.record.duration() {
        Some(took) => format!("{} to {}, {}", clock(began), clock(ended), format_duration(took)),
        None => format!("since {}", clock(began)),
    };
    let result = task.result.as_str();
    let tip = format!("{text}{kind}: {result}\n{times}\n{}", task.record.task);
    let (minor, says_class) = (if minor { " minor" } else { "" }, if says { " says" } else { "" });
    html! {
        i class={ "bar p" (task.phase % COLOURS) " " (result) (minor) (says_class) }
            style={ (place(scale, began, ended)) @if lane > 0 { ";--at:" (lane) } } title=(tip) {
            @if says { (text) }
        }
    }
}

fn left(at: f64) -> String {
    format!("left:{at:.3}%")
}

fn place(scale: Scale, began: Timestamp, ended: Timestamp) -> String {
    let (left, width) = scale.bar(began, ended);
    format!("left:{left:.3}%;width:{width:.3}%")
}

fn count(nodes: usize) -> String {
    if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") }
}

/// Whether a text fits into so many per cent of the width; an estimate, because the font is not known.
fn fits(text: &str, width: f64) -> bool {
    let letters = f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    width * PIXELS.0 > letters * PIXELS.1 + 10.0
}
