//! A run as one self-contained page: a row per node, a bar per task. Pure text: nothing is fetched, nothing runs.

mod chart;
mod scale;
mod tables;

use super::history::{HistoryReport, RunReport};
use crate::domain::history::{NodeTask, RunHistory, RunKind, TaskResult, words};
use crate::domain::time::{format_duration, format_utc};

const STYLE: &str = include_str!("style.css");
/// So many failures are listed at the top; all are in the chart and in the table.
const FAILURES: usize = 20;

/// The page of a run. `now` is milliseconds since 1970 (UTC); it is where a run that goes on ends.
pub fn page(run: &RunReport, report: &HistoryReport, now: i64) -> String {
    let history = &run.history;
    let title = title(history);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{} – task {}, environment {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(&title),
        history.frame.task,
        report.env,
    );
    page.push_str(&head(history, report, &title));
    page.push_str(&failures(history, report));
    page.push_str(&chart::chart(run, report, now));
    page.push_str(&tables::phases(history));
    page.push_str(&tables::tasks(history, report));
    page.push_str(&format!(
        "<footer>Made by fuel-updates {} on {} from Nailgun's deployment history of task {} (child {}). All times are UTC.</footer>\n\
         </main>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        escape(&report.taken_at),
        history.frame.task,
        history.frame.child,
    ));
    page
}

fn title(history: &RunHistory) -> String {
    let target = history.frame.target.as_ref().map(|mu| mu.title.as_str());
    match (history.kind, target) {
        (RunKind::Update, Some(target)) => format!("Maintenance update to {target}"),
        (RunKind::Update, None) => "Maintenance update".to_owned(),
        (RunKind::PreChecks, Some(target)) => format!("Pre-checks for {target}"),
        (RunKind::PreChecks, None) => "Pre-checks".to_owned(),
        (RunKind::Unknown, Some(target)) => format!("Run of the graph for {target}"),
        (RunKind::Unknown, None) => "Run of the graph".to_owned(),
    }
}

fn head(history: &RunHistory, report: &HistoryReport, title: &str) -> String {
    let frame = &history.frame;
    let status = history.status.as_str();
    let name = if report.env_name.is_empty() { String::new() } else { format!(" ({})", escape(&report.env_name)) };
    let run = frame.run.as_ref().map_or_else(String::new, |run| format!(" · run {}", escape(run)));
    let mut head = format!(
        "<header>\n<div class=\"top\"><h1>{}</h1><span class=\"badge {status}\">{status}</span></div>\n\
         <p class=\"sub\">Environment {}{name} · task {} (child {}){run}</p>\n<dl class=\"facts\">\n",
        escape(title),
        report.env,
        frame.task,
        frame.child,
    );
    let moment = |at: Option<i64>| at.map_or_else(|| "–".to_owned(), |at| format_utc(at).replace('T', " "));
    let tally = history.tally();
    let mut fact = |class: &str, name: &str, value: &str| {
        head.push_str(&format!("<div{class}><dt>{name}</dt><dd>{}</dd></div>\n", escape(value)));
    };
    fact("", "Duration", &history.duration().map_or_else(|| "–".to_owned(), format_duration));
    fact("", "Began", &moment(frame.began));
    fact("", "Ended", &moment(frame.ended));
    fact("", "Nodes", &history.nodes().len().to_string());
    fact("", "Tasks done", &tally.done.to_string());
    for (count, class, name) in [
        (tally.failed, " class=\"bad\"", "Failed"),
        (tally.running, "", "At work"),
        (tally.waiting, "", "Waiting"),
        (tally.not_executed, "", "Not executed"),
        (tally.skipped, "", "Not chosen"),
    ] {
        if count > 0 {
            fact(class, name, &count.to_string());
        }
    }
    head.push_str("</dl>\n</header>\n");
    head
}

fn failures(history: &RunHistory, report: &HistoryReport) -> String {
    let failed: Vec<&NodeTask> = history.chosen().filter(|w| w.result.is_failure()).collect();
    let message = history.frame.message.as_deref();
    if failed.is_empty() && message.is_none() {
        return String::new();
    }
    let class = if failed.is_empty() && !history.frame.error { "" } else { " class=\"bad\"" };
    let title = if failed.is_empty() { "What Nailgun says" } else { "What failed" };
    let mut section = format!("<section{class}>\n<h2>{title}</h2>\n");
    if !failed.is_empty() {
        section.push_str("<ul>\n");
        for work in failed.iter().take(FAILURES) {
            let began = work.began.map_or_else(String::new, |at| format!(" at {}", clock(at)));
            let took = work.duration().map_or_else(String::new, |d| format!(", after {}", format_duration(d)));
            let ignored = if work.result == TaskResult::FailureIgnored { "; Nailgun went on" } else { "" };
            section.push_str(&format!(
                "<li><b>{}</b>: {}{began}{took}{ignored}</li>\n",
                escape(&report.name(work.node)),
                escape(&words(&work.task)),
            ));
        }
        if failed.len() > FAILURES {
            section.push_str(&format!("<li>and {} more</li>\n", failed.len() - FAILURES));
        }
        section.push_str("</ul>\n");
    }
    if let Some(message) = message {
        section.push_str(&format!("<p>Nailgun says: {}</p>\n", escape(message)));
    }
    if let (false, Some(run)) = (failed.is_empty(), &history.frame.run) {
        section.push_str(&format!("<p>The log on a node: /var/lib/fuel-mu/log/{}.log</p>\n", escape(run)));
    }
    section.push_str("</section>\n");
    section
}

/// `22:05:50` of a moment.
fn clock(at: i64) -> String {
    format_utc(at).get(11..19).unwrap_or_default().to_owned()
}

/// Text as HTML shows it, also between quotes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests;
