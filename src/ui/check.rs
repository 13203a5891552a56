//! The report of a check: a table, a few folded lines, or one document.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{self, Envelope, MuDocument, SourceDocument, mu};
use super::monitoring;
use super::show::Show;
use super::table::{Table, Tone};
use crate::domain::report::{Check, CheckReport, MirrorReport, Problem};
use crate::domain::row::Row;
use crate::exit::Exit;

/// The report of a check and the status with which the check ends.
#[derive(Clone, Copy, Debug)]
pub struct ShownCheck<'a> {
    /// What was found.
    pub report: &'a CheckReport,
    /// How the check ends.
    pub exit: Exit,
    /// Which rows are printed.
    pub rows: ShownRows,
}

/// Which rows of a check are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownRows {
    /// Every row, also where they do not fit on the screen.
    pub all: bool,
    /// Only those that need attention.
    pub problems: bool,
}

impl ShownRows {
    fn of(self, report: &CheckReport) -> Vec<&Row> {
        if self.problems { report.problems() } else { report.rows.iter().collect() }
    }
}

impl ShownCheck<'_> {
    /// The table of a check without any row.
    pub fn columns(check: Check) -> Table {
        Table::new(match check {
            Check::Installed => &["id", "name", "roles", "address", "state", "MU", "published", "detail"],
            Check::Available | Check::Both => {
                &["id", "name", "roles", "address", "state", "MU", "published", "verdict", "detail"]
            }
        })
        .gives_way(match check {
            Check::Installed => &["address", "published", "roles", "id", "MU", "detail"],
            Check::Available | Check::Both => &["address", "published", "roles", "id", "MU", "state", "detail"],
        })
        .flowing(&["roles", "detail"])
        .toned("state", state_tone)
        .toned("verdict", verdict_tone)
    }
}

impl Show for ShownCheck<'_> {
    fn document(&self) -> impl Serialize {
        let report = self.report;
        let conditions = report.conditions().iter().map(|c| c.as_str()).collect();
        Envelope::new(report.check.as_str(), report.env, &report.taken_at, check_document(report, self.rows))
            .version(report.mos_version.as_ref(), report.mos_version_source)
            .ended(self.exit, conditions)
    }

    fn table(&self) -> Table {
        table(self.report, self.rows)
    }

    fn folded(&self) -> Option<Table> {
        (!self.rows.all).then(|| folded(self.report))
    }

    fn answer(&self) -> Option<String> {
        Some(self.report.answer())
    }

    fn groups(&self) -> Vec<String> {
        let mut groups = self.report.groups();
        // One group is what the answer says already.
        if groups.len() < 2 {
            return vec![];
        }
        if self.rows.problems {
            let needed = self.report.attention();
            groups.retain(|group| needed(group.row));
        }
        groups.iter().map(|group| group.phrase()).collect()
    }

    fn lines(&self) -> Vec<String> {
        summary(self.report)
    }

    fn prometheus(&self) -> String {
        monitoring::prometheus(self.report, self.exit)
    }

    fn nagios(&self) -> String {
        monitoring::nagios(self.report)
    }
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    inventory: SourceDocument<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mirror: Option<MirrorDocument<'a>>,
    nodes: Vec<RowDocument<'a>>,
    summary: Summary<'a>,
}

#[derive(Serialize)]
struct MirrorDocument<'a> {
    url: &'a str,
    folder: Option<&'a str>,
    mu: Option<MuDocument<'a>>,
    error: Option<ProblemDocument<'a>>,
}

#[derive(Serialize)]
struct ProblemDocument<'a> {
    kind: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct RowDocument<'a> {
    id: Option<u32>,
    name: &'a str,
    fqdn: Option<&'a str>,
    label: Option<&'a str>,
    roles: &'a [String],
    address: String,
    port: u16,
    state: &'static str,
    mu: Option<MuDocument<'a>>,
    target: Option<MuDocument<'a>>,
    identity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    detail: Option<&'a str>,
    elapsed_ms: u64,
}

#[derive(Serialize)]
struct Summary<'a> {
    answer: String,
    nodes: usize,
    states: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    verdicts: BTreeMap<&'static str, usize>,
    next: Option<String>,
    groups: Vec<GroupDocument<'a>>,
}

#[derive(Serialize)]
struct GroupDocument<'a> {
    nodes: String,
    count: usize,
    state: &'static str,
    mu: Option<MuDocument<'a>>,
}

fn check_document(report: &CheckReport, rows: ShownRows) -> CheckDocument<'_> {
    CheckDocument {
        inventory: document::source(&report.source),
        mirror: report.mirror.as_ref().map(mirror),
        nodes: rows.of(report).into_iter().map(row_document).collect(),
        summary: Summary {
            answer: report.answer(),
            nodes: report.rows.len(),
            states: report.states(),
            verdicts: report.verdicts(),
            next: report.next(),
            groups: report
                .groups()
                .into_iter()
                .map(|g| GroupDocument {
                    nodes: g.nodes,
                    count: g.count,
                    state: g.row.state.as_str(),
                    mu: g.row.mu.as_ref().map(mu),
                })
                .collect(),
        },
    }
}

fn mirror(mirror: &MirrorReport) -> MirrorDocument<'_> {
    MirrorDocument {
        url: &mirror.url,
        folder: mirror.folder.as_deref(),
        mu: mirror.mu.as_ref().ok().map(mu),
        error: mirror.mu.as_ref().err().map(problem),
    }
}

pub(super) fn row_document(row: &Row) -> RowDocument<'_> {
    RowDocument {
        id: row.node.id.map(|id| id.0),
        name: &row.node.name,
        fqdn: row.node.fqdn.as_deref(),
        label: row.node.label.as_deref(),
        roles: &row.node.roles,
        address: row.node.host.to_string(),
        port: row.node.port(),
        state: row.state.as_str(),
        mu: row.mu.as_ref().map(mu),
        target: row.target.as_ref().map(mu),
        identity: row.identity.map(|i| i.as_str()),
        verdict: row.verdict.map(|v| v.as_str()),
        detail: row.detail.as_deref(),
        elapsed_ms: u64::try_from(row.elapsed.as_millis()).unwrap_or(u64::MAX),
    }
}

fn problem(problem: &Problem) -> ProblemDocument<'_> {
    ProblemDocument { kind: &problem.kind, message: &problem.message, hint: problem.hint.as_deref() }
}

/// One row a node.
fn table(report: &CheckReport, rows: ShownRows) -> Table {
    let mut table = ShownCheck::columns(report.check);
    for row in rows.of(report) {
        let mut cells = vec![
            row.node.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            row.node.name.clone(),
            row.node.roles.join(", "),
            address(row),
            row.state.as_str().to_owned(),
            row.mu.as_ref().map_or_else(|| "-".to_owned(), |mu| mu.title.clone()),
            row.mu.as_ref().map_or_else(|| "-".to_owned(), |mu| date(mu.timestamp)),
        ];
        if report.check != Check::Installed {
            cells.push(row.verdict.map_or("", |v| v.as_str()).to_owned());
        }
        cells.push(row.detail.clone().unwrap_or_default());
        table.push(cells);
    }
    table
}

/// For `check available`, what the mirror announces, and the command that comes next.
fn summary(report: &CheckReport) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(mirror) = &report.mirror
        && let Ok(mu) = &mirror.mu
    {
        let folder = mirror.folder.as_ref().map_or_else(String::new, |f| format!(" for MOS {f}"));
        lines.push(format!("mirror: {} (id {}, published {}){folder}", mu.title, mu.id, date(mu.timestamp)));
        if let Some(link) = &mu.doc_link {
            lines.push(format!("documentation: {link}"));
        }
    }
    lines.extend(report.next().map(|next| format!("next: {next}")));
    lines
}

/// One row for the nodes of one answer, the worst first.
fn folded(report: &CheckReport) -> Table {
    let columns: &[&str] = match report.check {
        Check::Installed => &["nodes", "count", "state", "MU", "detail"],
        Check::Both if !report.has_mirror() => &["nodes", "count", "state", "MU", "detail"],
        Check::Available | Check::Both => &["nodes", "count", "state", "MU", "verdict", "detail"],
    };
    let mut table =
        Table::new(columns).flowing(&["nodes", "detail"]).toned("state", state_tone).toned("verdict", verdict_tone);
    for group in report.worst_first() {
        let mut cells = vec![
            group.nodes.replace(',', ", "),
            group.count.to_string(),
            group.row.state.as_str().to_owned(),
            if group.row.state.answered_properly() { group.runs() } else { "-".to_owned() },
        ];
        if columns.contains(&"verdict") {
            cells.push(group.row.verdict.map_or("unknown", |v| v.as_str()).to_owned());
        }
        cells.push(group.detail.unwrap_or_default());
        table.push(cells);
    }
    table
}

fn state_tone(state: &str) -> Tone {
    match state {
        "installed" => Tone::Good,
        "none" => Tone::Plain,
        "updating" | "incomplete" => Tone::Attention,
        _ => Tone::Bad,
    }
}

fn verdict_tone(verdict: &str) -> Tone {
    match verdict {
        "up-to-date" => Tone::Good,
        "unknown" => Tone::Plain,
        _ => Tone::Attention,
    }
}

fn address(row: &Row) -> String {
    if row.node.port() == 22 { row.node.host.to_string() } else { format!("{}:{}", row.node.host, row.node.port()) }
}

/// The day in UTC.
fn date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "-".to_owned(), |t| t.strftime("%Y-%m-%d").to_string())
}
