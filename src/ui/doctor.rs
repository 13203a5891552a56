//! What `doctor` found: a line for each need with what mends it, or one document.

use serde::Serialize;

use super::document::{self, Envelope};
use super::show::Show;
use super::table::Table;
use crate::domain::doctor::{Diagnosis, DoctorReport};
use crate::exit::Exit;

/// What `doctor` found, and the status with which it ends.
#[derive(Clone, Copy, Debug)]
pub struct ShownDoctor<'a> {
    /// What it found.
    pub report: &'a DoctorReport,
    /// When, RFC 3339 in UTC.
    pub taken_at: &'a str,
    /// How the command ends.
    pub exit: Exit,
}

impl ShownDoctor<'_> {
    /// The table without any row.
    pub fn columns() -> Table {
        Table::new(&["need", "state", "found", "mend"]).flowing(&["found", "mend"])
    }
}

impl Show for ShownDoctor<'_> {
    fn document(&self) -> impl Serialize {
        let body = DoctorDocument {
            findings: self.report.findings.iter().map(DiagnosisDocument::of).collect(),
            checks_work: self.report.checks_work(),
        };
        Envelope::new("doctor", self.report.env, self.taken_at, body)
            .ended(self.exit, document::condition(self.exit).into_iter().collect())
    }

    fn table(&self) -> Table {
        let mut table = Self::columns();
        for finding in &self.report.findings {
            table.push(vec![
                finding.need.as_str().to_owned(),
                finding.health.as_str().to_owned(),
                finding.found.clone(),
                finding.mend.clone().unwrap_or_default(),
            ]);
        }
        table
    }

    fn table_is_read(&self) -> bool {
        false
    }

    fn answer(&self) -> Option<String> {
        Some(self.report.answer())
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for finding in &self.report.findings {
            lines.push(format!("{:<8} {:<13} {}", finding.health.as_str(), finding.need.as_str(), finding.found));
            lines.extend(finding.mend.iter().map(|mend| format!("{:<22} mend: {mend}", "")));
        }
        lines
    }
}

#[derive(Serialize)]
struct DoctorDocument<'a> {
    checks_work: bool,
    findings: Vec<DiagnosisDocument<'a>>,
}

#[derive(Serialize)]
struct DiagnosisDocument<'a> {
    need: &'static str,
    state: &'static str,
    found: &'a str,
    mend: Option<&'a str>,
}

impl<'a> DiagnosisDocument<'a> {
    fn of(finding: &'a Diagnosis) -> Self {
        Self {
            need: finding.need.as_str(),
            state: finding.health.as_str(),
            found: &finding.found,
            mend: finding.mend.as_deref(),
        }
    }
}
