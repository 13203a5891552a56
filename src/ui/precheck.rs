//! What the pre-checks found: a table, or one document.

use serde::Serialize;

use super::document::Envelope;
use super::show::Show;
use super::table::Table;
use crate::domain::numbers::TaskId;
use crate::domain::precheck::{PrecheckReport, PrecheckRow};
use crate::domain::text::one_line;
use crate::exit::Exit;

/// What the pre-checks found, and the status with which the command ends.
#[derive(Clone, Copy, Debug)]
pub struct ShownPrecheck<'a> {
    /// What they found.
    pub report: &'a PrecheckReport,
    /// When, RFC 3339 in UTC.
    pub taken_at: &'a str,
    /// How the command ends.
    pub exit: Exit,
}

impl ShownPrecheck<'_> {
    /// The table of the pre-checks without any row.
    pub fn columns() -> Table {
        Table::new(&[
            "id",
            "name",
            "packages",
            "removals",
            "holds",
            "customised",
            "services",
            "space_mb",
            "reboot",
            "result",
        ])
        .gives_way(&["id", "space_mb", "customised", "holds", "services", "removals"])
        .flowing(&["removals", "holds", "customised", "services", "result"])
    }
}

impl Show for ShownPrecheck<'_> {
    fn document(&self) -> impl Serialize {
        let body = PrecheckDocument {
            task: self.report.task,
            nodes: self.report.rows.iter().map(PrecheckNodeDocument::of).collect(),
        };
        let condition = (self.exit != Exit::Ok).then_some("partial");
        Envelope::new("install --precheck", self.report.env, self.taken_at, body)
            .ended(self.exit, condition.into_iter().collect())
    }

    fn table(&self) -> Table {
        let mut table = Self::columns();
        for row in &self.report.rows {
            table.push(vec![
                row.id.to_string(),
                row.name.clone(),
                row.packages.to_string(),
                names(&row.removals),
                names(&row.holds),
                names(&row.customised),
                names(&row.services),
                row.space_mb.to_string(),
                if row.reboot { "needed" } else { "no" }.to_owned(),
                row.fault.clone().unwrap_or_else(|| "passes".to_owned()),
            ]);
        }
        table
    }
}

#[derive(Serialize)]
struct PrecheckDocument<'a> {
    task: TaskId,
    nodes: Vec<PrecheckNodeDocument<'a>>,
}

#[derive(Serialize)]
struct PrecheckNodeDocument<'a> {
    id: u32,
    name: &'a str,
    packages: usize,
    removals: Vec<String>,
    holds: Vec<String>,
    customised: Vec<String>,
    services: Vec<String>,
    resources: Vec<String>,
    notes: &'a [String],
    space_mb: u64,
    reboot: bool,
    passes: bool,
    fault: Option<&'a str>,
}

impl<'a> PrecheckNodeDocument<'a> {
    fn of(row: &'a PrecheckRow) -> Self {
        let safe = |names: &[String]| names.iter().map(|name| one_line(name, 200)).collect();
        Self {
            id: row.id.0,
            name: &row.name,
            packages: row.packages,
            removals: safe(&row.removals),
            holds: safe(&row.holds),
            customised: safe(&row.customised),
            services: safe(&row.services),
            resources: safe(&row.resources),
            notes: &row.notes,
            space_mb: row.space_mb,
            reboot: row.reboot,
            passes: row.fault.is_none(),
            fault: row.fault.as_deref(),
        }
    }
}

/// Names from a node as one short line.
fn names(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { one_line(&names.join(" "), 200) }
}
