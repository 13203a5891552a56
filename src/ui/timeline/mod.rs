//! A run as one self-contained page: a row per node, a bar per task. The page loads nothing and runs no script.

mod chart;
mod scale;
mod tables;

use jiff::{SignedDuration, Timestamp};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::history::{HistoryReport, RunReport};
use crate::domain::history::{NodeTask, RunHistory, RunKind};
use crate::domain::run::{TaskResult, words};
use crate::domain::time::{format_duration, format_utc};

const STYLE: &str = include_str!("style.css");
/// So many failures are listed at the top; all are in the chart and in the table.
const FAILURES: usize = 20;

/// The page of a run. A run that goes on is drawn up to `now`.
pub fn page(run: &RunReport, report: &HistoryReport, now: Timestamp) -> String {
    let history = &run.history;
    let (task, child) = (history.summary.task, history.summary.child);
    let title = title(history);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) " – task " (task) ", environment " (report.env) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head(history, report, &title))
                    (failures(history, report))
                    (chart::chart(run, report, now))
                    (tables::phases(history))
                    (tables::tasks(history, report))
                    footer {
                        "Made by fuel-updates " (env!("CARGO_PKG_VERSION")) " on " (report.taken_at)
                        " from Nailgun's deployment history of task " (task) " (child " (child) "). All times are UTC."
                    }
                }
            }
        }
    };
    page.into_string() + "\n"
}

fn title(history: &RunHistory) -> String {
    let target = history.summary.target.as_ref().map(|mu| mu.title.as_str());
    match (history.kind, target) {
        (RunKind::Update, Some(target)) => format!("Maintenance update to {target}"),
        (RunKind::Update, None) => "Maintenance update".to_owned(),
        (RunKind::PreChecks, Some(target)) => format!("Pre-checks for {target}"),
        (RunKind::PreChecks, None) => "Pre-checks".to_owned(),
        (RunKind::Part, Some(target)) => format!("Part of the maintenance update to {target}"),
        (RunKind::Part, None) => "Part of a maintenance update".to_owned(),
        (RunKind::Unknown, Some(target)) => format!("Run of the graph for {target}"),
        (RunKind::Unknown, None) => "Run of the graph".to_owned(),
    }
}

fn head(history: &RunHistory, report: &HistoryReport, title: &str) -> Markup {
    let summary = &history.summary;
    let status = history.status.as_str();
    let moment = |at: Option<Timestamp>| at.map_or_else(dash, |at| format_utc(at).replace('T', " "));
    let counts = history.counts();
    let others = [
        (counts.failed, Some("bad"), "Failed"),
        (counts.running, None, "Running"),
        (counts.waiting, None, "Waiting"),
        (counts.not_executed, None, "Not executed"),
        (counts.skipped, None, "Not chosen"),
    ];
    html! {
        header {
            div class="top" { h1 { (title) } span class={ "badge " (status) } { (status) } }
            p class="sub" {
                "Environment " (report.env)
                @if !report.env_name.is_empty() { " (" (report.env_name) ")" }
                " · task " (summary.task) " (child " (summary.child) ")"
                @if let Some(run) = &summary.run { " · run " (run) }
            }
            dl class="facts" {
                (fact(None, "Duration", &duration(history.duration())))
                (fact(None, "Began", &moment(summary.began)))
                (fact(None, "Ended", &moment(summary.ended)))
                (fact(None, "Nodes", &history.nodes().len().to_string()))
                (fact(None, "Tasks done", &counts.done.to_string()))
                @for (count, class, name) in others.into_iter().filter(|(count, ..)| *count > 0) {
                    (fact(class, name, &count.to_string()))
                }
            }
        }
    }
}

fn fact(class: Option<&str>, name: &str, value: &str) -> Markup {
    html! { div class=[class] { dt { (name) } dd { (value) } } }
}

fn failures(history: &RunHistory, report: &HistoryReport) -> Markup {
    let failed: Vec<&NodeTask> = history.chosen().filter(|task| task.result.is_failure()).collect();
    let message = history.summary.message.as_deref();
    if failed.is_empty() && message.is_none() {
        return html! {};
    }
    let class = (!failed.is_empty() || history.summary.error).then_some("bad");
    html! {
        section class=[class] {
            h2 { @if failed.is_empty() { "What Nailgun says" } @else { "What failed" } }
            @if !failed.is_empty() {
                ul {
                    @for task in failed.iter().take(FAILURES) {
                        li {
                            b { (report.name(task.record.node)) } ": " (words(&task.record.task))
                            @if let Some(began) = task.record.began { " at " (clock(began)) }
                            @if let Some(took) = task.record.duration() { ", after " (format_duration(took)) }
                            @if task.result == TaskResult::FailureIgnored { "; Nailgun went on" }
                        }
                    }
                    @if failed.len() > FAILURES { li { "and " (failed.len() - FAILURES) " more" } }
                }
            }
            @if let Some(message) = message { p { "Nailgun says: " (message) } }
            @if let (false, Some(run)) = (failed.is_empty(), &history.summary.run) {
                p { "The log on a node: /var/lib/fuel-mu/log/" (run) ".log" }
            }
        }
    }
}

/// `22:05:50` of a moment.
fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

fn duration(took: Option<SignedDuration>) -> String {
    took.map_or_else(dash, format_duration)
}

fn dash() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests;
