//! A check's report as a table and a few folded lines.

use super::table::Table;
use crate::domain::report::{Check, CheckReport};
use crate::domain::row::Row;

/// One row a node.
pub(super) fn table(report: &CheckReport) -> Table {
    let mut columns = vec!["id", "name", "roles", "address", "state", "MU", "published"];
    if report.check == Check::Available {
        columns.push("verdict");
    }
    columns.push("detail");
    let mut table = Table::new(&columns);
    for row in &report.rows {
        let mut cells = vec![
            row.node.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            row.node.name.clone(),
            row.node.roles.join(", "),
            address(row),
            row.state.as_str().to_owned(),
            row.mu.as_ref().map_or_else(|| "-".to_owned(), |mu| mu.title.clone()),
            row.mu.as_ref().map_or_else(|| "-".to_owned(), |mu| date(mu.timestamp)),
        ];
        if report.check == Check::Available {
            cells.push(row.verdict.map_or("unknown", |v| v.as_str()).to_owned());
        }
        cells.push(row.detail.clone().unwrap_or_default());
        table.push(cells);
    }
    table
}

/// Nodes with the same answer folded; for `check available` what the mirror has.
pub(super) fn summary(report: &CheckReport) -> Vec<String> {
    let phrases: Vec<String> = report.groups().iter().map(|g| g.phrase()).collect();
    let mut lines = vec![phrases.join("; ")];
    if let Some(mirror) = &report.mirror
        && let Ok(mu) = &mirror.mu
    {
        let folder = mirror.folder.as_ref().map_or_else(String::new, |f| format!(" for MOS {f}"));
        lines.push(format!("mirror: {} (id {}, published {}){folder}", mu.title, mu.id, date(mu.timestamp)));
        if let Some(link) = &mu.doc_link {
            lines.push(format!("documentation: {link}"));
        }
    }
    lines
}

fn address(row: &Row) -> String {
    if row.node.port() == 22 { row.node.host.to_string() } else { format!("{}:{}", row.node.host, row.node.port()) }
}

/// The day in UTC.
fn date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "-".to_owned(), |t| t.strftime("%Y-%m-%d").to_string())
}
