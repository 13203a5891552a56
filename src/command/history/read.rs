//! One run from Nailgun: its transaction, its history, and what it tells of itself.

use std::collections::BTreeMap;

use crate::command::runs::FoundRun;
use crate::domain::history::{HistoryEntry, RunHistory, RunSummary};
use crate::domain::node::NodeId;
use crate::domain::run::TaskKind;
use crate::graph::{COMMIT, GRAPH_TYPE, UploadedValues, VALUES, passes_by};
use crate::nailgun::{FullRecord, Nailgun, NailgunError, TaskState};
use crate::ui::RunReport;

/// Reads a run; nothing if it turns out to be a run of another graph.
pub(super) fn run(nailgun: &Nailgun, found: &FoundRun) -> Result<Option<RunReport>, NailgunError> {
    let child = &found.child;
    let records = nailgun.full_history(child.id)?;
    if child.graph_type != GRAPH_TYPE && !records.iter().any(|r| r.record.task == VALUES) {
        return Ok(None);
    }
    let told = records.iter().find(|r| r.record.task == VALUES).and_then(|r| r.data.as_deref());
    let told = told.map(UploadedValues::parse).unwrap_or_default();
    let summary = RunSummary {
        task: found.task(),
        child: child.id,
        status: child.status.as_str(),
        over: child.status.is_over(),
        error: child.status == TaskState::Error,
        dry_run: child.dry_run,
        message: Some(child.message.clone()).filter(|m| !m.is_empty()),
        began: child.began.or(found.parent.as_ref().and_then(|p| p.began)),
        ended: child.ended.filter(|_| child.status.is_over()),
        run: told.run.clone(),
        target: told.target.clone(),
    };
    let seen: Vec<HistoryEntry> = records.into_iter().map(|record| seen(record, &told)).collect();
    let roles: BTreeMap<NodeId, Vec<String>> = told.roles.into_iter().map(|(id, roles)| (NodeId(id), roles)).collect();
    Ok(Some(RunReport { history: RunHistory::new(summary, &seen, COMMIT), roles }))
}

fn seen(record: FullRecord, told: &UploadedValues) -> HistoryEntry {
    let passes = |command: &_| {
        let roles = |id: u32| told.roles.get(&id).map(Vec::as_slice).unwrap_or_default();
        record.record.node.id().is_some_and(|NodeId(id)| passes_by(command, id, roles(id)))
    };
    let kind = TaskKind::of(&record.kind, record.command.as_ref().is_some_and(passes));
    HistoryEntry { record: record.record, kind, requires: record.requires, required_for: record.required_for }
}
