//! The end of an installation for people.

use super::table::Table;
use crate::domain::cleanup::Cleanup;
use crate::domain::mu::Mu;
use crate::domain::nodeset::fold;
use crate::domain::outcome::{InstallResult, Outcome, Reached, left_out_by_reason};
use crate::domain::text::one_line;

/// How to undo by hand what a killed script left on a node.
const BY_HAND: &str = "sh /var/lib/fuel-mu/node.sh cleanup";

/// One row a node.
pub(super) fn table(outcome: &Outcome) -> Table {
    let mut table = Table::new(&["id", "name", "before", "after", "reached", "detail"]);
    let title = |mu: &Option<Mu>| mu.as_ref().map_or_else(|| "-".to_owned(), |m| m.title.clone());
    for node in &outcome.nodes {
        let failed = node.failed_task.as_ref().map(|task| format!("{task} failed"));
        let fault = node.fault.as_deref().map(|fault| one_line(fault, 90));
        let detail: Vec<String> = [failed, fault].into_iter().flatten().collect();
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

/// What happened, in a few lines; the shortest and most telling last.
pub(super) fn lines(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for node in outcome.nodes.iter().filter(|n| !n.log_tail.is_empty()) {
        lines.push(format!("the end of the log on {}:", node.name));
        lines.extend(node.log_tail.iter().map(|line| format!("  {line}")));
    }
    for node in &outcome.nodes {
        if let Some(fault) = node.fault.as_deref().filter(|f| f.chars().count() > 90) {
            lines.push(format!("{}: {fault}", node.name));
        }
    }
    let names = |reached: Reached| fold(outcome.nodes.iter().filter(|n| n.reached == reached).map(|n| n.name.as_str()));
    if !matches!(outcome.result, InstallResult::Verified | InstallResult::VerifiedPartly) {
        for (reached, word) in [
            (Reached::Proven, "at the target"),
            (Reached::Begun, "begun"),
            (Reached::Untouched, "untouched"),
            (Reached::Unknown, "could not be asked"),
        ] {
            let names = names(reached);
            if !names.is_empty() {
                lines.push(format!("{word}: {names}"));
            }
        }
    }
    let cleaned =
        fold(outcome.cleaned.iter().filter(|(_, what)| *what == Cleanup::Done).map(|(node, _)| node.as_str()));
    if !cleaned.is_empty() {
        lines.push(format!("temporary changes of killed scripts are undone on {cleaned}"));
    }
    for (node, what) in &outcome.cleaned {
        if let Cleanup::Left(reason) = what {
            lines.push(format!("{node}: temporary changes may be left ({reason}); undo them there: {BY_HAND}"));
        }
    }
    for (nodes, reason) in left_out_by_reason(&outcome.left_out) {
        lines.push(format!("left out: {nodes} ({reason})"));
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
        InstallResult::Failed => format!("failed: {target} is not proven on every node{task}"),
        InstallResult::Stopped => format!("stopped: {target} is not on every node{task}"),
        InstallResult::Lost => format!("lost: Nailgun does not tell how the run ended{task}"),
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
