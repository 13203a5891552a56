//! One run from Nailgun: its transaction, its history, and what it tells of itself.

use std::collections::BTreeMap;

use crate::command::runs::{self, FoundRun};
use crate::domain::history::{Landmarks, RunHistory, RunKind, RunSummary};
use crate::domain::node::NodeId;
use crate::graph::{COMMIT, RunExtent, RunMark, UploadedValues, VALUES, is_our_type};
use crate::nailgun::{Nailgun, NailgunError, TaskState};
use crate::ui::RunReport;

/// What Nailgun before 9.1 says of every run that ended well, whatever the run has changed.
const NO_NEWS: &str = "Deployment is done. No changes.";

/// Reads a run; nothing if it turns out to be a run of another graph. The history of 9.0 has no values: there the mark of the
/// run tells them.
pub(super) fn run(nailgun: &Nailgun, found: &FoundRun) -> Result<Option<RunReport>, NailgunError> {
    let child = &found.child;
    let mut records = nailgun.full_history(child.id)?;
    let mark = records.iter().find_map(|r| RunMark::parse(&r.record.task));
    if !is_our_type(&child.graph_type) && mark.is_none() && !records.iter().any(|r| r.record.task == VALUES) {
        return Ok(None);
    }
    // It is no stage of the graph, only a word about the run.
    records.retain(|r| RunMark::parse(&r.record.task).is_none());
    let told = records.iter().find(|r| r.record.task == VALUES).and_then(|r| r.data.as_deref());
    let told = told.map(UploadedValues::parse).or_else(|| mark.clone().map(UploadedValues::from)).unwrap_or_default();
    let summary = RunSummary {
        task: found.task(),
        child: child.id,
        status: child.status.as_str(),
        over: child.status.is_over(),
        error: child.status == TaskState::Error,
        dry_run: child.dry_run,
        message: Some(child.message.clone()).filter(|m| !m.is_empty() && m != NO_NEWS),
        began: child.began.or(found.parent.as_ref().and_then(|p| p.began)),
        ended: child.ended.filter(|_| child.status.is_over()),
        run: told.run.clone(),
        target: told.target.clone(),
    };
    let checks = runs::checks(&records);
    let entries = runs::entries(records, child, &told);
    let roles: BTreeMap<NodeId, Vec<String>> = told.roles.into_iter().map(|(id, roles)| (NodeId(id), roles)).collect();
    let mut history = RunHistory::new(summary, &entries, Landmarks { commit: COMMIT, checks: &checks });
    if mark.is_some_and(|mark| mark.extent == RunExtent::PreChecks) {
        history.kind = RunKind::PreChecks;
    }
    Ok(Some(RunReport { history, roles }))
}
