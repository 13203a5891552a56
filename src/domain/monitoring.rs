//! A check in one line, for a mail's subject and for monitoring.

use super::report::{CheckReport, Condition};
use super::row::Verdict;

/// The four statuses of a Nagios plugin, the numbers being those of its exit status.
///
/// They are explained in the Monitoring Plugins Development Guidelines,
/// <https://www.monitoring-plugins.org/doc/guidelines.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginStatus {
    /// Nothing needs attention.
    Ok = 0,
    /// An update is available, nodes differ, or a node is updating, incomplete or ahead of the mirror.
    Warning = 1,
    /// Some nodes could not be asked or did not answer properly.
    Critical = 2,
    /// There is no answer.
    Unknown = 3,
}

impl PluginStatus {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The status of a report: the worst of what it found.
    pub fn of(report: &CheckReport) -> Self {
        let status = |condition: &Condition| match condition {
            Condition::Interrupted | Condition::Error => (2, Self::Unknown),
            Condition::Partial => (1, Self::Critical),
            Condition::UpdateAvailable | Condition::Drift => (0, Self::Warning),
        };
        let worst = report.conditions().iter().map(status).max_by_key(|(rank, _)| *rank);
        worst.map_or(Self::Ok, |(_, status)| status)
    }
}

impl CheckReport {
    /// How many nodes can be updated.
    pub fn updatable(&self) -> usize {
        let update = |verdict| matches!(verdict, Some(Verdict::UpdateAvailable | Verdict::RePublished));
        self.rows.iter().filter(|row| update(row.verdict)).count()
    }

    /// How many nodes did not say what they run.
    pub fn without_answer(&self) -> usize {
        self.rows.iter().filter(|row| !row.state.answered_properly()).count()
    }

    /// The report in one line.
    pub fn one_line(&self) -> String {
        let silent = self.mirror.as_ref().is_some_and(|mirror| mirror.mu.is_err());
        let mirror = if silent { "; the mirror has no answer" } else { "" };
        format!("environment {}: {}{mirror}", self.env, self.answer())
    }
}
