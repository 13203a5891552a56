//! The tables below the chart: phases with their colours, and every task on every node.

use super::chart::COLOURS;
use super::{clock, escape};
use crate::domain::history::{RunHistory, TaskKind};
use crate::domain::time::format_duration;
use crate::ui::history::HistoryReport;

/// One row a phase; it is the legend of the colours.
pub(super) fn phases(history: &RunHistory) -> String {
    if history.phases.is_empty() {
        return String::new();
    }
    let took = |p: &crate::domain::history::HistoryPhase| Some((p.ended? - p.began?).max(0));
    let longest = history.phases.iter().filter_map(took).max().unwrap_or(0).max(1);
    let mut html = "<section>\n<h2>Phases</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>HistoryPhase</th><th>Ends at</th>\
                    <th class=\"n\">Nodes at work</th><th class=\"n\">Began</th><th class=\"n\">Duration</th><th style=\"width:34%\"></th></tr></thead>\n<tbody>\n"
        .to_owned();
    for (index, phase) in history.phases.iter().enumerate() {
        let share = took(phase).map_or(0, |t| t.saturating_mul(1000) / longest);
        html.push_str(&format!(
            "<tr class=\"p{}\"><td><span class=\"key\">{}</span>{}</td><td>{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td><div class=\"share\" style=\"width:{}.{}%\"></div></td></tr>\n",
            index % COLOURS,
            index + 1,
            escape(&phase.title),
            escape(&phase.stage),
            phase.nodes,
            phase.began.map_or_else(|| "–".to_owned(), clock),
            took(phase).map_or_else(|| "–".to_owned(), format_duration),
            share / 10,
            share % 10,
        ));
    }
    html.push_str("</tbody>\n</table></div>\n</section>\n");
    html
}

/// Every task on every node, by time.
pub(super) fn tasks(history: &RunHistory, report: &HistoryReport) -> String {
    let count = history.chosen().count();
    let mut html = format!(
        "<section>\n<details><summary>Every task on every node ({count})</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th class=\"n\">Began</th>\
         <th class=\"n\">Ended</th><th class=\"n\">Duration</th><th>Node</th><th>Task</th><th>Status</th><th></th></tr></thead>\n<tbody>\n"
    );
    for work in history.chosen() {
        let (minor, note) = match work.kind {
            TaskKind::Worked => ("", ""),
            TaskKind::Upload => (" minor", "upload"),
            TaskKind::PassedBy => (" minor", "passes by"),
        };
        let moment = |at: Option<i64>| at.map_or_else(|| "–".to_owned(), clock);
        html.push_str(&format!(
            "<tr class=\"{}{minor}\"><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{note}</td></tr>\n",
            work.result.as_str(),
            moment(work.began),
            moment(work.ended),
            work.duration().map_or_else(|| "–".to_owned(), format_duration),
            escape(&report.name(work.node)),
            escape(&work.task),
            work.result.as_str(),
        ));
    }
    html.push_str("</tbody>\n</table></div>\n</details>\n</section>\n");
    html
}
