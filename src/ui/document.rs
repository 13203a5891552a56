//! The JSON of the checks: a contract, schema `fuel-updates/1`. Keys may be added, never renamed or removed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::cleanup::Cleanup;
use crate::domain::mu::Mu;
use crate::domain::outcome::Outcome;
use crate::domain::report::{CheckReport, Problem};
use crate::domain::row::Row;

#[derive(Serialize)]
pub(super) struct CheckDocument<'a> {
    schema: &'static str,
    tool: &'static str,
    command: &'static str,
    env: u32,
    mos_version: Option<&'a str>,
    mos_version_source: Option<&'static str>,
    taken_at: &'a str,
    exit: u8,
    conditions: Vec<&'static str>,
    inventory: InventoryDocument<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mirror: Option<MirrorDocument<'a>>,
    nodes: Vec<NodeDocument<'a>>,
    summary: Summary<'a>,
}

#[derive(Serialize)]
struct InventoryDocument<'a> {
    source: &'a str,
    format: &'static str,
    age_s: Option<u64>,
    left_out: BTreeMap<&'static str, usize>,
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
pub(super) struct MuDocument<'a> {
    id: u64,
    title: &'a str,
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    doc_link: Option<&'a str>,
}

#[derive(Serialize)]
struct NodeDocument<'a> {
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
    nodes: usize,
    states: BTreeMap<&'static str, usize>,
    groups: Vec<GroupDocument<'a>>,
}

#[derive(Serialize)]
struct GroupDocument<'a> {
    nodes: String,
    count: usize,
    state: &'static str,
    mu: Option<MuDocument<'a>>,
}

/// The document of a check.
pub(super) fn of_check(report: &CheckReport, exit: u8) -> CheckDocument<'_> {
    CheckDocument {
        schema: "fuel-updates/1",
        tool: env!("CARGO_PKG_VERSION"),
        command: report.check.as_str(),
        env: report.env,
        mos_version: report.mos_version.as_deref(),
        mos_version_source: report.mos_version_source,
        taken_at: &report.taken_at,
        exit,
        conditions: report.conditions().iter().map(|c| c.as_str()).collect(),
        inventory: InventoryDocument {
            source: &report.source.path,
            format: report.source.format,
            age_s: report.source.age_s,
            left_out: report.source.left_out.iter().map(|(reason, n)| (reason.as_str(), *n)).collect(),
        },
        mirror: report.mirror.as_ref().map(|m| MirrorDocument {
            url: &m.url,
            folder: m.folder.as_deref(),
            mu: m.mu.as_ref().ok().map(mu),
            error: m.mu.as_ref().err().map(problem),
        }),
        nodes: report.rows.iter().map(node).collect(),
        summary: Summary {
            nodes: report.rows.len(),
            states: report.states(),
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

fn node(row: &Row) -> NodeDocument<'_> {
    NodeDocument {
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

pub(super) fn mu(mu: &Mu) -> MuDocument<'_> {
    MuDocument { id: mu.id, title: &mu.title, timestamp: mu.timestamp, doc_link: mu.doc_link.as_deref() }
}

fn problem(problem: &Problem) -> ProblemDocument<'_> {
    ProblemDocument { kind: &problem.kind, message: &problem.message, hint: problem.hint.as_deref() }
}

#[derive(Serialize)]
pub(super) struct InstallDocument<'a> {
    schema: &'static str,
    tool: &'static str,
    command: &'static str,
    env: u32,
    taken_at: &'a str,
    exit: u8,
    conditions: Vec<&'static str>,
    result: &'static str,
    target: Option<MuDocument<'a>>,
    task: Option<TaskDocument>,
    message: Option<&'a str>,
    refusals: Vec<RefusalDocument<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cleaned: Vec<CleanedDocument<'a>>,
    left_out: Vec<LeftOutDocument<'a>>,
    nodes: Vec<InstalledDocument<'a>>,
}

#[derive(Serialize)]
struct TaskDocument {
    id: u64,
    child: Option<u64>,
}

#[derive(Serialize)]
struct RefusalDocument<'a> {
    node: Option<&'a str>,
    reason: &'a str,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct LeftOutDocument<'a> {
    node: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct InstalledDocument<'a> {
    id: u32,
    name: &'a str,
    before: Option<MuDocument<'a>>,
    after: Option<MuDocument<'a>>,
    reached: &'static str,
    detail: Option<&'a str>,
    failed_task: Option<&'a str>,
    log_tail: &'a [String],
}

#[derive(Serialize)]
struct CleanedDocument<'a> {
    node: &'a str,
    /// `done` or `left`.
    result: &'static str,
    reason: Option<&'a str>,
}

fn cleaned<'a>(node: &'a str, what: &'a Cleanup) -> CleanedDocument<'a> {
    let (result, reason) = match what {
        Cleanup::Nothing | Cleanup::Done => ("done", None),
        Cleanup::Left(reason) => ("left", Some(reason.as_str())),
    };
    CleanedDocument { node, result, reason }
}

/// The document of an installation.
pub(super) fn of_install<'a>(outcome: &'a Outcome, taken_at: &'a str, exit: u8) -> InstallDocument<'a> {
    let condition = match exit {
        0 => None,
        3 => Some("partial"),
        6 => Some("install-failed"),
        7 => Some("busy"),
        130 => Some("interrupted"),
        _ => Some("error"),
    };
    InstallDocument {
        schema: "fuel-updates/1",
        tool: env!("CARGO_PKG_VERSION"),
        command: "install",
        env: outcome.env,
        taken_at,
        exit,
        conditions: condition.into_iter().collect(),
        result: outcome.result.as_str(),
        target: outcome.target.as_ref().map(mu),
        task: outcome.task.map(|(id, child)| TaskDocument { id, child }),
        message: outcome.message.as_deref(),
        refusals: outcome
            .refusals
            .iter()
            .map(|r| RefusalDocument { node: r.node.as_deref(), reason: &r.reason, hint: r.hint })
            .collect(),
        cleaned: outcome.cleaned.iter().map(|(node, what)| cleaned(node, what)).collect(),
        left_out: outcome.left_out.iter().map(|(node, reason)| LeftOutDocument { node, reason }).collect(),
        nodes: outcome
            .nodes
            .iter()
            .map(|n| InstalledDocument {
                id: n.id.0,
                name: &n.name,
                before: n.before.as_ref().map(mu),
                after: n.after.as_ref().map(mu),
                reached: n.reached.as_str(),
                detail: n.fault.as_deref(),
                failed_task: n.failed_task.as_deref(),
                log_tail: &n.log_tail,
            })
            .collect(),
    }
}

/// Pretty JSON. Our own types have text keys and no failing parts, so nothing is lost by the fallback.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The same as YAML.
pub(super) fn yaml(value: &impl Serialize) -> String {
    serde_saphyr::to_string(value).unwrap_or_default()
}
