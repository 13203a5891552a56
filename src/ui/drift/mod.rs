//! The report of `check drift`: verdict and differences for people, one document, rows, or a page.

mod lines;
mod page;

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{self, Envelope, SourceDocument};
use super::show::Show;
use super::table::Table;
use crate::domain::drift::{Changes, Compared, Difference, DriftReport, FactId, Kind, Scope};
use crate::exit::Exit;

pub use page::page as drift_page;

/// The report of `check drift` and the status with which it ends.
#[derive(Clone, Copy, Debug)]
pub struct ShownDrift<'a> {
    /// What was found.
    pub report: &'a DriftReport,
    /// How the check ends.
    pub exit: Exit,
}

impl ShownDrift<'_> {
    /// The table without any row.
    pub fn columns() -> Table {
        Table::new(&["kind", "name", "among", "value", "nodes", "majority", "majority nodes"])
    }
}

impl Show for ShownDrift<'_> {
    fn document(&self) -> impl Serialize {
        let report = self.report;
        let (version, source) = report.mos_version.as_ref().map(|(version, source)| (version, *source)).unzip();
        let conditions = report.conditions().iter().map(|condition| condition.as_str()).collect();
        Envelope::new("check drift", report.env, &report.taken_at, drift_document(report))
            .version(version, source)
            .ended(self.exit, conditions)
    }

    /// A row for each value that is not that of the majority; what is different from a snapshot follows.
    fn table(&self) -> Table {
        let report = self.report;
        let mut table = Self::columns();
        for difference in &report.comparison.differences {
            let (majority, most) = match &difference.majority {
                Some((fact, nodes)) => (value(report, difference.kind, *fact), report.names(nodes.iter().copied())),
                None => ("-".to_owned(), "-".to_owned()),
            };
            for other in &difference.others {
                table.push(vec![
                    difference.kind.as_str().to_owned(),
                    report.pool.key(difference.key).1.to_owned(),
                    among(report, difference).to_owned(),
                    value(report, difference.kind, other.fact),
                    report.names(other.nodes.iter().copied()),
                    majority.clone(),
                    most.clone(),
                ]);
            }
        }
        for change in report.against.iter().flat_map(|changes| &changes.changes) {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| change.kind.without().to_owned());
            table.push(vec![
                change.kind.as_str().to_owned(),
                change.key.clone(),
                "snapshot".to_owned(),
                text(&change.after),
                change.places.clone(),
                text(&change.before),
                "-".to_owned(),
            ]);
        }
        table
    }

    fn table_is_read(&self) -> bool {
        false
    }

    fn lines(&self) -> Vec<String> {
        lines::lines(self.report)
    }
}

/// The value of a fact, or what it means not to have it.
fn value(report: &DriftReport, kind: Kind, fact: Option<FactId>) -> String {
    fact.map_or_else(|| kind.without().to_owned(), |fact| report.pool.value(fact).to_owned())
}

/// Among which nodes a difference was found: roles, or `environment`.
fn among<'a>(report: &'a DriftReport, difference: &Difference) -> &'a str {
    match difference.scope {
        Scope::Group(at) => report.comparison.groups.get(at).map_or("", |group| &group.roles),
        Scope::Environment => "environment",
    }
}

#[derive(Serialize)]
struct DriftDocument<'a> {
    inventory: SourceDocument<'a>,
    verdict: String,
    nodes: Vec<DriftNodeDocument<'a>>,
    groups: Vec<RoleGroupDocument<'a>>,
    differences: Vec<DifferenceDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<AgainstDocument<'a>>,
    summary: DriftSummary,
}

#[derive(Serialize)]
struct DriftNodeDocument<'a> {
    id: Option<u32>,
    name: &'a str,
    roles: &'a [String],
    state: &'static str,
    detail: Option<&'a str>,
    not_known: BTreeMap<&'static str, &'a str>,
    differences: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct RoleGroupDocument<'a> {
    roles: &'a str,
    nodes: String,
    count: usize,
}

#[derive(Serialize)]
struct DifferenceDocument<'a> {
    kind: &'static str,
    name: &'a str,
    /// The roles; null between groups.
    roles: Option<&'a str>,
    majority: Option<ValueDocument<'a>>,
    others: Vec<ValueDocument<'a>>,
}

#[derive(Serialize)]
struct ValueDocument<'a> {
    /// Null where the nodes do not have it.
    value: Option<&'a str>,
    nodes: String,
    count: usize,
}

#[derive(Serialize)]
struct AgainstDocument<'a> {
    env: u32,
    taken_at: &'a str,
    by_role: bool,
    changes: Vec<ChangeDocument<'a>>,
    only_in_one: &'a [String],
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    kind: &'static str,
    name: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
    places: &'a str,
}

#[derive(Serialize)]
struct DriftSummary {
    nodes: usize,
    compared: usize,
    agree: usize,
    differ: String,
    differences: BTreeMap<&'static str, usize>,
}

fn drift_document(report: &DriftReport) -> DriftDocument<'_> {
    let outliers = report.comparison.outliers();
    let conclusion = report.conclusion();
    let value = |fact: Option<FactId>, nodes: &[usize]| ValueDocument {
        value: fact.map(|fact| report.pool.value(fact)),
        nodes: report.names(nodes.iter().copied()),
        count: nodes.len(),
    };
    DriftDocument {
        inventory: document::source(&report.source),
        verdict: report.verdict(),
        nodes: (0..)
            .zip(&report.nodes)
            .map(|(at, node)| {
                let (state, detail) = match &node.compared {
                    Compared::Yes => ("compared", None),
                    Compared::No(state, cause) => (*state, Some(cause.as_str()).filter(|cause| !cause.is_empty())),
                };
                let counts = outliers.get(&at).into_iter().flatten();
                DriftNodeDocument {
                    id: node.node.id.map(|id| id.0),
                    name: &node.node.name,
                    roles: &node.node.roles,
                    state,
                    detail,
                    not_known: node.unknown.iter().map(|(kind, cause)| (kind.as_str(), cause.as_str())).collect(),
                    differences: counts.map(|(kind, count)| (kind.as_str(), *count)).collect(),
                }
            })
            .collect(),
        groups: report
            .comparison
            .groups
            .iter()
            .map(|group| RoleGroupDocument {
                roles: &group.roles,
                nodes: report.names(group.nodes.iter().copied()),
                count: group.nodes.len(),
            })
            .collect(),
        differences: report
            .comparison
            .differences
            .iter()
            .map(|difference| DifferenceDocument {
                kind: difference.kind.as_str(),
                name: report.pool.key(difference.key).1,
                roles: matches!(difference.scope, Scope::Group(_)).then(|| among(report, difference)),
                majority: difference.majority.as_ref().map(|(fact, nodes)| value(*fact, nodes)),
                others: difference.others.iter().map(|other| value(other.fact, &other.nodes)).collect(),
            })
            .collect(),
        against: report.against.as_ref().map(against),
        summary: DriftSummary {
            nodes: report.nodes.len(),
            compared: conclusion.compared,
            agree: conclusion.compared - conclusion.outliers.len(),
            differ: report.names(conclusion.outliers.iter().copied()),
            differences: conclusion.counts.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
        },
    }
}

fn against(changes: &Changes) -> AgainstDocument<'_> {
    AgainstDocument {
        env: changes.env.0,
        taken_at: &changes.taken_at,
        by_role: changes.by_role,
        changes: changes
            .changes
            .iter()
            .map(|change| ChangeDocument {
                kind: change.kind.as_str(),
                name: &change.key,
                before: change.before.as_deref(),
                after: change.after.as_deref(),
                places: &change.places,
            })
            .collect(),
        only_in_one: &changes.only_in_one,
    }
}
