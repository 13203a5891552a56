//! A check for monitoring: the textfile format of Prometheus, and the line of a Nagios plugin.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::domain::monitoring::PluginStatus;
use crate::domain::mu::Mu;
use crate::domain::report::CheckReport;
use crate::exit::Exit;

/// The name of the plugin, with which its line begins.
const PLUGIN: &str = "FUEL_UPDATES";

/// Metrics in the text format of Prometheus (<https://prometheus.io/docs/instrumenting/exposition_formats/>), for
/// node_exporter's textfile collector.
pub(super) fn prometheus(report: &CheckReport, exit: Exit) -> String {
    let mut page = Page::default();
    let env = report.env.to_string();
    let of_nodes: Vec<Vec<(&str, String)>> = report
        .rows
        .iter()
        .map(|row| {
            let id = row.node.id.map_or_else(String::new, |id| id.to_string());
            vec![("env", env.clone()), ("node", row.node.name.clone()), ("id", id)]
        })
        .collect();
    let nodes = || report.rows.iter().zip(&of_nodes);
    page.metric("node_state", "What the node answered, or why it could not be asked: 1 for its state.");
    for (row, labels) in nodes() {
        page.sample(labels, &[("state", row.state.as_str())], 1);
    }
    page.metric("node_mu_id", "Number of the maintenance update that the node runs, 0 for none.");
    for (row, labels) in nodes().filter(|(row, _)| row.state.answered_properly()) {
        page.sample(labels, &[("title", title(row.mu.as_ref()))], id(row.mu.as_ref()));
    }
    page.metric("node_mu_timestamp_seconds", "When the node's maintenance update was published, in Unix time.");
    for (row, labels) in nodes() {
        if let Some(mu) = &row.mu {
            page.sample(labels, &[], mu.timestamp);
        }
    }
    if report.rows.iter().any(|row| row.verdict.is_some()) {
        page.metric("node_verdict", "What the mirror's update means for the node: 1 for its verdict.");
        for (row, labels) in nodes() {
            if let Some(verdict) = row.verdict {
                page.sample(labels, &[("verdict", verdict.as_str())], 1);
            }
        }
    }
    let of_env = [("env", env)];
    if let Some(mirror) = &report.mirror {
        page.metric("mirror_up", "Whether the mirror announced an update: 1 for yes.");
        page.sample(&of_env, &[("url", mirror.url.as_str())], i64::from(mirror.mu.is_ok()));
        if let Ok(mu) = &mirror.mu {
            page.metric("mirror_mu_id", "Number of the maintenance update that the mirror has.");
            page.sample(&of_env, &[("title", &mu.title)], id(Some(mu)));
            page.metric("mirror_mu_timestamp_seconds", "When the mirror's update was published, in Unix time.");
            page.sample(&of_env, &[], mu.timestamp);
        }
    }
    page.metric("check_exit_status", "Exit status of the check.");
    page.sample(&of_env, &[("check", report.check.as_str())], exit as u8);
    if let Ok(taken_at) = report.taken_at.parse::<Timestamp>() {
        page.metric("check_time_seconds", "When the check was made, in Unix time.");
        page.sample(&of_env, &[("check", report.check.as_str())], taken_at.as_second());
    }
    page.text
}

/// What is left to say where a check found nothing.
pub(super) fn prometheus_of_error(exit: Exit) -> String {
    let mut page = Page::default();
    page.metric("check_exit_status", "Exit status of the check.");
    page.sample(&[], &[], exit as u8);
    page.text
}

/// The line of a Nagios plugin: status, text, and performance data behind a bar.
pub(super) fn nagios(report: &CheckReport) -> String {
    let mut data =
        vec![("nodes".to_owned(), report.rows.len()), ("without_answer".to_owned(), report.without_answer())];
    if report.mirror.is_some() {
        data.push(("updatable".to_owned(), report.updatable()));
    }
    data.extend(
        report.states().into_iter().map(|(state, count)| (format!("state_{}", state.replace('-', "_")), count)),
    );
    let data: Vec<_> = data.iter().map(|(name, count)| format!("{name}={count};;;0")).collect();
    format!("{} | {}", line(PluginStatus::of(report), &report.one_line()), data.join(" "))
}

/// The line of a plugin that has no answer.
pub(super) fn nagios_of_error(message: &str) -> String {
    line(PluginStatus::Unknown, message)
}

fn line(status: PluginStatus, text: &str) -> String {
    // A bar begins the performance data, and a line end the long text.
    format!("{PLUGIN} {} - {}", status.as_str(), text.replace('|', "/").replace('\n', " "))
}

fn id(mu: Option<&Mu>) -> u64 {
    mu.map_or(0, |mu| mu.id)
}

fn title(mu: Option<&Mu>) -> &str {
    mu.map_or("", |mu| &mu.title)
}

/// A page of metrics.
#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    /// Begins a metric, a gauge.
    fn metric(&mut self, name: &'static str, help: &str) {
        self.name = name;
        // Writing into a text cannot fail.
        let _ = writeln!(self.text, "# HELP fuel_updates_{name} {help}\n# TYPE fuel_updates_{name} gauge");
    }

    /// Adds a sample of the metric.
    fn sample(&mut self, labels: &[(&str, String)], more: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels = labels.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied());
        let labels: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "fuel_updates_{}{labels} {value}", self.name);
    }
}

/// A label's value as it stands between quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_as_the_format_says() {
        let mut page = Page::default();
        page.metric("x", "Help.");
        page.sample(&[("env", "1".to_owned())], &[("title", "a\\b\"c\nd")], 2);
        assert_eq!(
            page.text,
            "# HELP fuel_updates_x Help.\n# TYPE fuel_updates_x gauge\nfuel_updates_x{env=\"1\",title=\"a\\\\b\\\"c\\nd\"} 2\n"
        );
    }

    #[test]
    fn a_bar_in_a_title_does_not_begin_performance_data() {
        assert_eq!(nagios_of_error("a|b\nc"), "FUEL_UPDATES UNKNOWN - a/b c");
    }
}
