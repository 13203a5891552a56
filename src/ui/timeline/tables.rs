//! The tables below the chart: phases with their colours, and every task on every node.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::chart::COLOURS;
use super::{clock, dash, duration};
use crate::domain::history::{HistoryPhase, RunHistory};
use crate::domain::run::TaskKind;
use crate::ui::history::HistoryReport;

/// One row for each phase; it is the legend of the colours.
pub(super) fn phases(history: &RunHistory) -> Markup {
    if history.phases.is_empty() {
        return html! {};
    }
    let took = |phase: &HistoryPhase| Some(phase.ended?.duration_since(phase.began?).max(SignedDuration::ZERO));
    let longest = history.phases.iter().filter_map(took).max().unwrap_or_default().as_millis().max(1);
    html! {
        section {
            h2 { "Phases" }
            div class="scroll" {
                table {
                    thead {
                        tr {
                            th { "Phase" } th { "Ends at" } th class="n" { "Nodes at work" } th class="n" { "Began" }
                            th class="n" { "Duration" } th style="width:34%" {}
                        }
                    }
                    tbody {
                        @for (index, phase) in history.phases.iter().enumerate() {
                            // In thousandths of the longest phase.
                            @let share = took(phase).map_or(0, |took| took.as_millis().saturating_mul(1000) / longest);
                            tr class={ "p" (index % COLOURS) } {
                                td { span class="key" { (index + 1) } (phase.title) }
                                td { (phase.stage) }
                                td class="n" { (phase.nodes) }
                                td class="n" { (moment(phase.began)) }
                                td class="n" { (duration(took(phase))) }
                                td { div class="share" style={ "width:" (format!("{}.{}", share / 10, share % 10)) "%" } {} }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every task on every node, by time.
pub(super) fn tasks(history: &RunHistory, report: &HistoryReport) -> Markup {
    html! {
        section {
            details {
                summary { "Every task on every node (" (history.chosen().count()) ")" }
                div class="scroll" {
                    table {
                        thead {
                            tr {
                                th class="n" { "Began" } th class="n" { "Ended" } th class="n" { "Duration" }
                                th { "Node" } th { "Task" } th { "Status" } th {}
                            }
                        }
                        tbody {
                            @for task in history.chosen() {
                                @let minor = if task.kind == TaskKind::Work { "" } else { " minor" };
                                tr class={ (task.result.as_str()) (minor) } {
                                    td class="n" { (moment(task.record.began)) }
                                    td class="n" { (moment(task.record.ended)) }
                                    td class="n" { (duration(task.record.duration())) }
                                    td { (report.name(task.record.node)) }
                                    td { (task.record.task) }
                                    td { (task.result.as_str()) }
                                    td { (crate::ui::history::note(task.kind)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(dash, clock)
}
