//! The chart: phases and clock at the top, a row per node, a bar per task.

use std::collections::BTreeMap;

use super::escape;
use super::scale::{Scale, lanes};
use crate::domain::history::{NodeTask, RunHistory, TaskKind, TaskResult, words};
use crate::domain::run::NodeRef;
use crate::domain::time::{format_duration, format_utc};
use crate::ui::history::{HistoryReport, RunReport};

/// Colours of phases, before they begin again.
pub(super) const COLOURS: usize = 10;
/// Beyond so many nodes rows are lower.
const DENSE: usize = 60;
/// Overlapping tasks of a node beyond so many share lanes.
const LANES: usize = 4;
/// A run that goes on is drawn to now, but not further than this from its last sign of life: Nailgun may have lost it.
const SILENCE: i64 = 6 * 3_600_000;
/// Roles in the order in which the graph comes to them; others come last.
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
/// Pixels of one per cent of the width, and of one letter, in a window that is rather narrow.
const PIXELS: (f64, f64) = (8.5, 6.3);

/// The chart of a run.
pub(super) fn chart(run: &RunReport, report: &HistoryReport, now: i64) -> String {
    let history = &run.history;
    let Some(scale) = scale(history, now) else {
        return "<section><p>Nothing has begun in this run.</p></section>\n".to_owned();
    };
    let nodes = history.nodes();
    let dense = if nodes.len() > DENSE { " dense" } else { "" };
    let mut html = format!("<section class=\"chart{dense}\">\n<div class=\"head\">\n");
    html.push_str(&phases(history, scale));
    let (ticks, step) = scale.ticks();
    html.push_str("<div class=\"axis\"><span></span><div>");
    for tick in &ticks {
        let at = scale.at(*tick);
        let edge = if at < 2.5 { " edge" } else { "" };
        html.push_str(&format!(
            "<span class=\"tickname{edge}\" style=\"left:{at:.3}%\">{}</span>",
            tick_text(*tick, step)
        ));
    }
    html.push_str("</div><span></span></div>\n</div>\n<div class=\"rows\">\n<div class=\"over\">");
    for (number, phase) in history.phases.iter().enumerate() {
        if let (Some(began), Some(ended)) = (phase.began, end(history, phase.ended, scale)) {
            let (left, width) = scale.bar(began, ended);
            let colour = number % COLOURS;
            html.push_str(&format!("<i class=\"band p{colour}\" style=\"left:{left:.3}%;width:{width:.3}%\"></i>"));
        }
    }
    for tick in &ticks {
        html.push_str(&format!("<i class=\"tick\" style=\"left:{:.3}%\"></i>", scale.at(*tick)));
    }
    html.push_str("</div>\n");
    for (roles, nodes) in groups(run) {
        let count = if nodes.len() == 1 { "1 node".to_owned() } else { format!("{} nodes", nodes.len()) };
        html.push_str(&format!("<div class=\"group\">{} · {count}</div>\n", escape(&roles)));
        for node in nodes {
            html.push_str(&row(history, report, node, scale));
        }
    }
    html.push_str("</div>\n");
    html.push_str(
        "<div class=\"legend\"><span><i class=\"bar p0\"></i>done, in the colour of its phase</span>\
         <span><i class=\"bar failed\"></i>failed</span>\
         <span><i class=\"bar failure-ignored\"></i>never ended: failed, and Nailgun went on</span>\
         <span><i class=\"bar running p0\"></i>at work</span>\
         <span><i class=\"bar minor p0\"></i>upload, or passes by</span>\
         <span><b>+2</b> tasks not executed or waiting</span>\
         <span class=\"pointer\">Rest the pointer on a bar for its task and times.</span></div>\n</section>\n",
    );
    html
}

/// From the beginning of the run to its end; nothing where nothing has begun.
fn scale(history: &RunHistory, now: i64) -> Option<Scale> {
    let began = history.tasks.iter().filter_map(|w| w.began).min()?;
    let last = history.tasks.iter().filter_map(|w| w.ended.or(w.began)).max().unwrap_or(began);
    let from = history.frame.began.unwrap_or(began).min(began);
    let to = if history.frame.over {
        history.frame.ended.unwrap_or(last).max(last)
    } else {
        now.clamp(last, last.saturating_add(SILENCE))
    };
    Some(Scale::new(from, to))
}

/// The end of something that was begun: its own; now, while the run goes on; its beginning, where nobody knows.
fn end(history: &RunHistory, ended: Option<i64>, scale: Scale) -> Option<i64> {
    ended.or_else(|| (!history.frame.over).then(|| scale.to()))
}

fn phases(history: &RunHistory, scale: Scale) -> String {
    let mut html = "<div class=\"phases\"><span></span><div>".to_owned();
    for (index, phase) in history.phases.iter().enumerate() {
        let (Some(began), Some(ended)) = (phase.began, end(history, phase.ended, scale)) else { continue };
        let (left, width) = scale.bar(began, ended);
        let number = index + 1;
        let full = format!("{number} {}", phase.title);
        let (class, text) = match () {
            () if fits(&full, width) => ("", full.as_str()),
            () if width * PIXELS.0 > 14.0 => (" tiny", full.split(' ').next().unwrap_or_default()),
            () => (" tiny", ""),
        };
        let nodes = if phase.nodes == 1 { "1 node".to_owned() } else { format!("{} nodes", phase.nodes) };
        let tip = format!("phase {full}: {nodes}, {}", format_duration(ended - began));
        html.push_str(&format!(
            "<div class=\"phase p{}{class}\" style=\"left:{left:.3}%;width:{width:.3}%\" title=\"{}\">{}</div>",
            index % COLOURS,
            escape(&tip),
            escape(text),
        ));
    }
    html.push_str("</div><span></span></div>\n");
    html
}

fn tick_text(tick: i64, step: i64) -> String {
    let text = format_utc(tick);
    let part = match step {
        0..60 => text.get(11..19),
        60..86_400 => text.get(11..16),
        _ => text.get(5..10),
    };
    part.unwrap_or_default().to_owned()
}

/// Nodes by their roles, in the order in which the graph comes to them.
fn groups(run: &RunReport) -> Vec<(String, Vec<NodeRef>)> {
    let mut groups: BTreeMap<(usize, String), Vec<NodeRef>> = BTreeMap::new();
    for node in run.history.nodes() {
        let roles = match node {
            NodeRef::Node(id) => run.roles.get(&id).map(Vec::as_slice).unwrap_or_default(),
            _ => &[],
        };
        let plain = |role: &String| ORDER.iter().position(|o| *o == role.strip_prefix("primary-").unwrap_or(role));
        let rank = roles.iter().filter_map(plain).min().unwrap_or(ORDER.len());
        let mut names: Vec<&str> = roles.iter().map(|r| r.strip_prefix("primary-").unwrap_or(r)).collect();
        names.sort_by_key(|name| ORDER.iter().position(|o| o == name).unwrap_or(ORDER.len()));
        let name = match node {
            NodeRef::Node(_) if names.is_empty() => "roles not known".to_owned(),
            NodeRef::Node(_) => names.join(", "),
            _ => "Fuel master".to_owned(),
        };
        groups.entry((rank, name)).or_default().push(node);
    }
    groups.into_iter().map(|((_, name), nodes)| (name, nodes)).collect()
}

fn row(history: &RunHistory, report: &HistoryReport, node: NodeRef, scale: Scale) -> String {
    let tasks: Vec<&NodeTask> = history.chosen().filter(|w| w.node == node).collect();
    let begun: Vec<(&NodeTask, i64, i64)> = tasks
        .iter()
        .filter_map(|w| Some((*w, w.began?, end(history, w.ended, scale).unwrap_or_else(|| scale.to()))))
        .collect();
    let (minor, real): (Vec<_>, Vec<_>) = begun.into_iter().partition(|(w, ..)| is_minor(w));
    let spans: Vec<(i64, i64)> = real.iter().map(|(_, began, ended)| (*began, *ended)).collect();
    let (at, count) = lanes(&spans);
    let count = count.clamp(1, LANES);
    let bad = if tasks.iter().any(|w| w.result.is_failure()) { " bad" } else { "" };
    let name = escape(&report.name(node));
    let lanes = if count == 1 { String::new() } else { format!(" style=\"--lanes:{count}\"") };
    let mut html = format!(
        "<div class=\"row{bad}\"><div class=\"name\" title=\"{name}\">{name}</div><div class=\"track\"{lanes}>"
    );
    for (work, began, ended) in minor {
        html.push_str(&bar(work, began, ended, 0, scale));
    }
    for ((work, began, ended), lane) in real.into_iter().zip(at) {
        html.push_str(&bar(work, began, ended, lane % LANES, scale));
    }
    let busy: i64 = tasks.iter().filter(|w| w.kind == TaskKind::Worked).filter_map(|w| w.duration()).sum();
    let left = tasks.iter().filter(|w| matches!(w.result, TaskResult::NotExecuted | TaskResult::Waiting)).count();
    let word = if history.frame.over { "not executed" } else { "waiting" };
    let left_tip = if left > 0 { format!("; {left} tasks {word}") } else { String::new() };
    let left = if left > 0 { format!(" <b>+{left}</b>") } else { String::new() };
    html.push_str(&format!(
        "</div><div class=\"took\" title=\"at work for {}{left_tip}\">{}{left}</div></div>\n",
        format_duration(busy),
        format_duration(busy),
    ));
    html
}

fn is_minor(work: &NodeTask) -> bool {
    work.kind != TaskKind::Worked && !work.result.is_failure()
}

fn bar(work: &NodeTask, began: i64, ended: i64, lane: usize, scale: Scale) -> String {
    let (left, width) = scale.bar(began, ended);
    let text = words(&work.task);
    let says = !is_minor(work) && fits(&text, width);
    let part = match work.kind {
        TaskKind::Worked => "",
        TaskKind::Upload => " (upload)",
        TaskKind::PassedBy => " (passes by)",
    };
    let times = match work.duration() {
        Some(took) => format!("{} to {}, {}", super::clock(began), super::clock(ended), format_duration(took)),
        None => format!("since {}", super::clock(began)),
    };
    let tip = format!("{text}{part}: {}\n{times}\n{}", work.result.as_str(), work.task);
    let lane = if lane == 0 { String::new() } else { format!(";--at:{lane}") };
    format!(
        "<i class=\"bar p{} {}{}{}\" style=\"left:{left:.3}%;width:{width:.3}%{lane}\" title=\"{}\">{}</i>",
        work.phase % COLOURS,
        work.result.as_str(),
        if is_minor(work) { " minor" } else { "" },
        if says { " says" } else { "" },
        escape(&tip),
        if says { escape(&text) } else { String::new() },
    )
}

/// Whether a text fits into so many per cent of the width, as far as one can tell without a font.
fn fits(text: &str, width: f64) -> bool {
    let letters = f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    width * PIXELS.0 > letters * PIXELS.1 + 10.0
}
