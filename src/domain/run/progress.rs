//! How far a run is, from the deployment history of its transaction. Nailgun's own percentage jumps, falls, and is 100
//! while a task still runs; so the history is compared with the plan.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{PlannedTask, TaskCounts, TaskKind, TaskRecord, TaskResult, TaskStatus};
use crate::domain::node::NodeId;

/// The tasks that keep a run that is over from being complete. All lists are empty for a complete run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOvers {
    /// Tasks that failed, including failures that Nailgun ignored. In the order in which they began.
    pub failed: Vec<TaskRecord>,
    /// Tasks that were never started, because of a failure or a stop before them.
    pub not_executed: Vec<TaskRecord>,
    /// Planned tasks that the history does not have.
    pub missing: Vec<TaskRecord>,
    /// Planned tasks that were skipped.
    pub skipped: Vec<TaskRecord>,
}

impl LeftOvers {
    /// Whether every planned task is done.
    pub fn is_empty(&self) -> bool {
        [&self.failed, &self.not_executed, &self.missing, &self.skipped].iter().all(|list| list.is_empty())
    }
}

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeProgress {
    /// No task was started on it.
    Untouched,
    /// A task was started, and not every task is done.
    Begun,
    /// Every planned task is done.
    Done,
}

/// How far a run is.
#[derive(Clone, Debug, Default)]
pub struct RunProgress {
    planned: BTreeMap<(String, NodeId), TaskKind>,
    known: BTreeMap<(String, NodeId), TaskRecord>,
}

impl RunProgress {
    /// A run of which nothing is known yet. A task that is planned twice for a node counts once.
    pub fn new(planned: impl IntoIterator<Item = PlannedTask>) -> Self {
        let planned = planned.into_iter().map(|planned| ((planned.task, planned.node), planned.kind)).collect();
        Self { planned, known: BTreeMap::new() }
    }

    /// Takes in a history, the whole or a filtered part of it. Returns the records whose task moved.
    ///
    /// Stages and tasks without a node do not count. A task that is over stays over, whatever an older answer says.
    pub fn take(&mut self, records: &[TaskRecord]) -> Vec<TaskRecord> {
        let mut moved = Vec::new();
        for record in records {
            let Some(node) = record.node.id() else { continue };
            let before = self.known.get(&(record.task.clone(), node));
            let status = before.map_or(&TaskStatus::Pending, |before| &before.status);
            if !record.status.may_follow(status) {
                continue;
            }
            if record.status != *status {
                moved.push(record.clone());
            }
            self.known.insert((record.task.clone(), node), record.clone());
        }
        moved
    }

    /// What a planned task has to do on a node; nothing where it is not planned.
    pub fn kind(&self, task: &str, node: NodeId) -> Option<TaskKind> {
        self.planned.get(&(task.to_owned(), node)).copied()
    }

    /// The planned tasks of [`TaskKind::Work`], counted while the run goes on.
    pub fn counts(&self) -> TaskCounts {
        self.results(|kind| kind == TaskKind::Work, false).map(|(_, result)| result).collect()
    }

    /// The tasks of [`TaskKind::Work`] that are running now, the longest first.
    pub fn running(&self) -> Vec<TaskRecord> {
        self.with(|kind, result| kind == TaskKind::Work && result == TaskResult::Running, false)
    }

    /// The tasks that keep the run from being complete, once its transaction is over.
    pub fn left_overs(&self) -> LeftOvers {
        let is_known = |record: &TaskRecord| {
            record.node.id().is_some_and(|node| self.known.contains_key(&(record.task.clone(), node)))
        };
        let (not_executed, missing) =
            self.with(|_, result| result == TaskResult::NotExecuted, true).into_iter().partition(is_known);
        LeftOvers {
            failed: self.with(|_, result| result.is_failure(), true),
            not_executed,
            missing,
            skipped: self.with(|_, result| result == TaskResult::Skipped, true),
        }
    }

    /// How far each planned node is.
    pub fn nodes(&self) -> BTreeMap<NodeId, NodeProgress> {
        let mut results: BTreeMap<NodeId, Vec<TaskResult>> = BTreeMap::new();
        for ((_, node), result) in self.results(|_| true, false) {
            results.entry(node).or_default().push(result);
        }
        let progress = |results: Vec<TaskResult>| {
            if results.iter().all(|result| *result == TaskResult::Done) {
                NodeProgress::Done
            } else if results.iter().all(|result| matches!(result, TaskResult::Waiting | TaskResult::Skipped)) {
                NodeProgress::Untouched
            } else {
                NodeProgress::Begun
            }
        };
        results.into_iter().map(|(node, results)| (node, progress(results))).collect()
    }

    /// The planned tasks of some kinds while the run goes on: name, node, result, and what the history says.
    pub(super) fn tasks(
        &self,
        wanted: impl Fn(TaskKind) -> bool,
    ) -> impl Iterator<Item = (&str, NodeId, TaskResult, Option<&TaskRecord>)> {
        let wanted = self.results(wanted, false);
        wanted.map(|((task, node), result)| (task, node, result, self.known.get(&(task.to_owned(), node))))
    }

    /// The planned tasks of some kinds with their results.
    fn results(
        &self,
        wanted: impl Fn(TaskKind) -> bool,
        over: bool,
    ) -> impl Iterator<Item = ((&str, NodeId), TaskResult)> {
        self.planned.iter().filter(move |(_, kind)| wanted(**kind)).map(move |(key, _)| {
            let status = self.known.get(key).map_or(&TaskStatus::Pending, |record| &record.status);
            ((key.0.as_str(), key.1), TaskResult::of(status, over))
        })
    }

    /// The records of planned tasks that are wanted, in the order in which they began.
    fn with(&self, wanted: impl Fn(TaskKind, TaskResult) -> bool, over: bool) -> Vec<TaskRecord> {
        let mut found: Vec<TaskRecord> = Vec::new();
        for (key, kind) in &self.planned {
            let record = self.known.get(key);
            let status = record.map_or(&TaskStatus::Pending, |record| &record.status);
            if wanted(*kind, TaskResult::of(status, over)) {
                found.push(record.cloned().unwrap_or_else(|| TaskRecord::not_started(&key.0, key.1)));
            }
        }
        found.sort_by_key(|record| (record.began.unwrap_or(Timestamp::MAX), record.node));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::run::NodeRef;

    fn plan() -> Vec<PlannedTask> {
        let of = |task: &str, node| PlannedTask { task: task.into(), node: NodeId(node), kind: TaskKind::Work };
        let env = PlannedTask { kind: TaskKind::Upload, ..of("env", 1) };
        vec![env, of("check", 1), of("check", 2), of("update", 1), of("update", 2)]
    }

    fn record(task: &str, node: u32, status: &str) -> TaskRecord {
        let node = NodeRef::Node(NodeId(node));
        let began = Some(Timestamp::UNIX_EPOCH);
        TaskRecord { task: task.into(), node, status: TaskStatus::parse(status), began, ended: None }
    }

    fn on(found: &[TaskRecord]) -> Vec<(&str, u32)> {
        found.iter().map(|on| (on.task.as_str(), on.node.id().unwrap().0)).collect()
    }

    #[test]
    fn a_run_from_its_beginning_to_its_end() {
        let mut run = RunProgress::new(plan());
        assert_eq!(run.counts(), TaskCounts { waiting: 4, ..TaskCounts::default() }, "the upload does not count");
        let first = [record("env", 1, "ready"), record("check", 1, "ready"), record("check", 2, "running")];
        assert_eq!(on(&run.take(&first)), [("env", 1), ("check", 1), ("check", 2)]);
        assert_eq!(run.take(&[record("check", 2, "running"), record("update", 1, "pending")]), [], "nothing moved");
        assert_eq!(on(&run.running()), [("check", 2)]);
        assert_eq!(run.nodes()[&NodeId(1)], NodeProgress::Begun);
        run.take(&[record("check", 2, "ready"), record("update", 1, "ready")]);
        assert_eq!(run.nodes()[&NodeId(1)], NodeProgress::Done);
        assert_eq!(on(&run.left_overs().missing), [("update", 2)]);
        run.take(&[record("update", 2, "ready")]);
        assert!(run.left_overs().is_empty());
        assert_eq!(run.counts(), TaskCounts { done: 4, ..TaskCounts::default() });
    }

    #[test]
    fn a_transaction_that_says_ready_is_not_believed() {
        let mut run = RunProgress::new(plan());
        run.take(&[record("check", 1, "ready"), record("check", 2, "error"), record("update", 1, "running")]);
        run.take(&[record("env", 1, "pending")]);
        let left = run.left_overs();
        assert_eq!(on(&left.failed), [("update", 1), ("check", 2)]);
        assert_eq!((on(&left.not_executed), on(&left.missing)), (vec![("env", 1)], vec![("update", 2)]));
        run.take(&[record("update", 2, "skipped")]);
        assert_eq!(on(&run.left_overs().skipped), [("update", 2)]);
        assert!(!run.left_overs().is_empty());
    }

    #[test]
    fn stages_and_tasks_of_nobody_do_not_count() {
        let mut run = RunProgress::new(plan());
        for node in [None, Some("-"), Some("master"), Some("x"), Some("null")] {
            let record = TaskRecord { node: NodeRef::parse(node), ..record("check", 1, "error") };
            assert_eq!(run.take(&[record]), [], "{node:?}");
        }
        assert_eq!(run.counts().waiting, 4);
    }

    #[test]
    fn a_word_that_we_do_not_know_is_neither_done_nor_lost() {
        let mut run = RunProgress::new(plan());
        run.take(&[record("check", 1, "noop\x1b")]);
        assert_eq!((run.counts().running, on(&run.left_overs().failed)), (1, vec![("check", 1)]));
        assert_eq!(TaskStatus::parse("noop\x1b").as_str(), "noop");
        run.take(&[record("check", 1, "ready")]);
        assert_eq!(run.counts().done, 1);
    }

    #[test]
    fn an_older_answer_takes_nothing_back() {
        let mut run = RunProgress::new(plan());
        run.take(&[record("check", 1, "ready")]);
        assert_eq!(run.take(&[record("check", 1, "running"), record("check", 1, "pending")]), []);
        assert_eq!(run.counts().done, 1);
    }

    fn any_record() -> impl Strategy<Value = TaskRecord> {
        let status = prop::sample::select(vec!["pending", "running", "ready", "error", "skipped", "odd"]);
        (prop::sample::select(vec!["env", "check", "update", "other"]), 0u32..4, status)
            .prop_map(|(task, node, status)| record(task, node, status))
    }

    proptest! {
        #[test]
        fn counts_add_up_and_never_go_back(answers in prop::collection::vec(prop::collection::vec(any_record(), 0..8), 0..12)) {
            let mut run = RunProgress::new(plan());
            let mut before = run.counts();
            for answer in &answers {
                run.take(answer);
                let now = run.counts();
                prop_assert_eq!((now.total(), now.not_executed), (4, 0));
                prop_assert!(now.over() >= before.over() && now.waiting <= before.waiting);
                let left = run.left_overs();
                let all = left.failed.len() + left.not_executed.len() + left.missing.len() + left.skipped.len();
                let done = run.results(|_| true, true).filter(|(_, result)| *result == TaskResult::Done).count();
                prop_assert_eq!(all + done, 5);
                prop_assert_eq!(left.is_empty(), done == 5);
                prop_assert!(run.running().len() == now.running);
                prop_assert!(run.take(answer).is_empty() || answer.len() > 1, "the same single record moves nothing twice");
                before = run.counts();
            }
        }

        #[test]
        fn the_order_of_records_of_different_tasks_does_not_matter(mut answer in prop::collection::vec(any_record(), 0..12)) {
            // One record for each task and node, as a history has it.
            let mut seen = BTreeSet::new();
            answer.retain(|record| seen.insert((record.task.clone(), record.node)));
            let (mut forward, mut backward) = (RunProgress::new(plan()), RunProgress::new(plan()));
            forward.take(&answer);
            answer.reverse();
            backward.take(&answer);
            prop_assert_eq!(forward.counts(), backward.counts());
            prop_assert_eq!(forward.nodes(), backward.nodes());
            prop_assert_eq!(forward.take(&answer), [], "the same history again moves nothing");
        }
    }
}
