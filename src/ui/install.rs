//! The end of an installation: a table, a few lines, or one document.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::document::{self, Envelope, MuDocument, mu};
use super::show::Show;
use super::table::Table;
use crate::domain::cleanup::Cleanup;
use crate::domain::drift::RunSnapshots;
use crate::domain::mu::Mu;
use crate::domain::nodeset::fold;
use crate::domain::numbers::TaskId;
use crate::domain::outcome::{InstallResult, NodeOutcome, Outcome, Reached, left_out_by_reason};
use crate::domain::text::one_line;
use crate::exit::Exit;

/// The command that undoes by hand what an interrupted script left on a node.
const BY_HAND: &str = "sh /var/lib/fuel-mu/node.sh cleanup";

/// The end of an installation and the status with which the command ends.
#[derive(Clone, Copy, Debug)]
pub struct ShownInstall<'a> {
    /// What it brought.
    pub outcome: &'a Outcome,
    /// When, RFC 3339 in UTC.
    pub taken_at: &'a str,
    /// How the command ends.
    pub exit: Exit,
}

impl ShownInstall<'_> {
    /// How it ended, in one line.
    pub fn summary(&self) -> String {
        lines(self.outcome).pop().unwrap_or_default()
    }

    /// The table of an installation without any row.
    pub fn columns() -> Table {
        Table::new(&["id", "name", "before", "after", "reached", "detail"])
            .gives_way(&["id", "before", "after"])
            .flowing(&["detail"])
    }
}

impl Show for ShownInstall<'_> {
    fn document(&self) -> impl Serialize {
        let condition = document::condition(self.exit);
        Envelope::new("install", self.outcome.env, self.taken_at, install_document(self.outcome))
            .ended(self.exit, condition.into_iter().collect())
    }

    fn table(&self) -> Table {
        table(self.outcome)
    }

    fn lines(&self) -> Vec<String> {
        lines(self.outcome)
    }
}

/// One row a node.
fn table(outcome: &Outcome) -> Table {
    let mut table = ShownInstall::columns();
    let title = |mu: &Option<Mu>| mu.as_ref().map_or_else(|| "-".to_owned(), |m| m.title.clone());
    for node in &outcome.nodes {
        let failed = node.failed_task.as_ref().map(|task| format!("{task} failed"));
        let fault = node.fault.as_deref().map(|fault| one_line(fault, 90));
        let old = node.old_in_memory.as_ref().map(|programs| format!("old code still runs: {programs}"));
        let detail: Vec<String> = [failed, fault, old].into_iter().flatten().collect();
        table.push(vec![
            node.id.to_string(),
            node.name.clone(),
            title(&node.before),
            title(&node.after),
            node.reached.as_str().to_owned(),
            detail.join("; "),
        ]);
    }
    table
}

/// What happened, in a few lines. The last line is the summary.
fn lines(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for node in outcome.nodes.iter().filter(|n| !n.log_tail.is_empty()) {
        lines.push(format!("end of the log on {}:", node.name));
        lines.extend(node.log_tail.iter().map(|line| format!("  {line}")));
    }
    for node in &outcome.nodes {
        if let Some(fault) = node.fault.as_deref().filter(|f| f.chars().count() > 90) {
            lines.push(format!("{}: {fault}", node.name));
        }
    }
    let cleaned =
        fold(outcome.cleaned.iter().filter(|(_, what)| *what == Cleanup::Done).map(|(node, _)| node.as_str()));
    if !cleaned.is_empty() {
        lines.push(format!("temporary changes of interrupted scripts were undone on {cleaned}"));
    }
    for (node, what) in &outcome.cleaned {
        if let Cleanup::Left(reason) = what {
            lines.push(format!(
                "{node}: temporary changes may remain ({reason}); undo them on the node with: {BY_HAND}"
            ));
        }
    }
    lines.extend(outcome.snapshots.as_ref().and_then(RunSnapshots::line));
    for (nodes, reason) in left_out_by_reason(&outcome.left_out) {
        lines.push(format!("left out: {nodes} ({reason})"));
    }
    if !matches!(outcome.result, InstallResult::Verified | InstallResult::VerifiedPartly) {
        lines.extend(how_far(outcome));
    }
    let target = outcome.target.as_ref().map_or_else(|| "the target".to_owned(), |t| t.title.clone());
    let all = || fold(outcome.nodes.iter().map(|n| n.name.as_str()));
    let task = outcome.task.map_or_else(String::new, |(id, _)| format!(" (task {id})"));
    lines.push(match outcome.result {
        InstallResult::Verified => format!("verified: {target} on {}{task}", all()),
        InstallResult::VerifiedPartly => format!("verified, but nodes were left out: {target} on {}{task}", all()),
        InstallResult::Failed if outcome.nodes.iter().all(|n| n.reached == Reached::Untouched) => {
            format!("failed: nothing was changed on any node{task}")
        }
        InstallResult::Failed => format!("failed: {target} is not verified on every node{task}"),
        InstallResult::Stopped if outcome.nodes.iter().all(|n| n.reached == Reached::Untouched) => {
            format!("stopped: nothing was changed on any node{task}")
        }
        InstallResult::Stopped => format!("stopped: {target} is not installed on every node{task}"),
        InstallResult::Lost => format!("lost: Nailgun does not report how the run ended{task}"),
        InstallResult::Started => format!("started: {target}{task}"),
        InstallResult::NothingToDo if outcome.left_out.is_empty() => {
            format!("nothing to do: every node runs {target}")
        }
        InstallResult::NothingToDo => {
            let (asked, left_out) = (outcome.at_target, outcome.left_out.len());
            format!(
                "nothing to do: {asked} of {} nodes were asked and run {target}; {left_out} left out",
                asked + left_out
            )
        }
        InstallResult::Planned => "planned; nothing was sent".to_owned(),
        InstallResult::Declined => "declined; nothing was sent".to_owned(),
        InstallResult::Refused => "refused; nothing was sent".to_owned(),
    });
    lines
}

/// After what did not end well: what failed, how far each node is, and where the logs are.
fn how_far(outcome: &Outcome) -> Vec<String> {
    let mut lines = outcome.failures();
    let word = |node: &NodeOutcome| match node.reached {
        Reached::Proven => "at the target",
        Reached::Begun if node.updated => "updated, only the commit is missing",
        Reached::Begun => "begun, incomplete",
        Reached::Untouched => "untouched",
        Reached::Unknown => "could not be asked",
    };
    let all = [
        "at the target",
        "updated, only the commit is missing",
        "begun, incomplete",
        "untouched",
        "could not be asked",
    ];
    for wanted in all {
        let names = outcome.names(|node| word(node) == wanted);
        if !names.is_empty() {
            lines.push(format!("{wanted}: {names}"));
        }
    }
    if let Some(logs) = outcome.logs.as_ref().filter(|_| outcome.result != InstallResult::Started) {
        lines.push(format!("logs: {}; on each node {}", logs.here.display(), logs.on_nodes));
    }
    lines
}

#[derive(Serialize)]
struct InstallDocument<'a> {
    result: &'static str,
    target: Option<MuDocument<'a>>,
    task: Option<InstallTaskDocument>,
    message: Option<&'a str>,
    refusals: Vec<RefusalDocument<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cleaned: Vec<CleanedDocument<'a>>,
    left_out: Vec<LeftOutDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshots: Option<SnapshotsDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logs: Option<LogsDocument<'a>>,
    nodes: Vec<InstalledDocument<'a>>,
}

/// Where the logs of the run are.
#[derive(Serialize)]
struct LogsDocument<'a> {
    here: &'a Path,
    on_nodes: &'a str,
}

#[derive(Serialize)]
struct SnapshotsDocument<'a> {
    before: Option<&'a Path>,
    after: Option<&'a Path>,
    /// Null where one of the two is missing.
    changed: Option<BTreeMap<&'static str, usize>>,
    changed_on: Option<&'a str>,
}

#[derive(Serialize)]
struct InstallTaskDocument {
    id: TaskId,
    child: Option<TaskId>,
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
    old_in_memory: Option<&'a str>,
    failed_task: Option<&'a str>,
    updated: bool,
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

fn install_document(outcome: &Outcome) -> InstallDocument<'_> {
    InstallDocument {
        result: outcome.result.as_str(),
        target: outcome.target.as_ref().map(mu),
        task: outcome.task.map(|(id, child)| InstallTaskDocument { id, child }),
        message: outcome.message.as_deref(),
        refusals: outcome
            .refusals
            .iter()
            .map(|r| RefusalDocument { node: r.node.as_deref(), reason: &r.reason, hint: r.hint })
            .collect(),
        cleaned: outcome.cleaned.iter().map(|(node, what)| cleaned(node, what)).collect(),
        left_out: outcome.left_out.iter().map(|(node, reason)| LeftOutDocument { node, reason }).collect(),
        snapshots: outcome.snapshots.as_ref().map(|taken| SnapshotsDocument {
            before: taken.before.as_deref(),
            after: taken.after.as_deref(),
            changed: taken
                .changes
                .as_ref()
                .map(|changes| changes.counts().into_iter().map(|(kind, count)| (kind.as_str(), count)).collect()),
            changed_on: taken.changes.as_ref().map(|changes| changes.places.as_str()),
        }),
        logs: outcome.logs.as_ref().map(|logs| LogsDocument { here: &logs.here, on_nodes: &logs.on_nodes }),
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
                old_in_memory: n.old_in_memory.as_deref(),
                failed_task: n.failed_task.as_deref(),
                updated: n.updated || n.reached == Reached::Proven,
                log_tail: &n.log_tail,
            })
            .collect(),
    }
}
