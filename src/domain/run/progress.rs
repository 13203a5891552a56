//! How far a run is, from the deployment history of its transaction. Nailgun's own percentage jumps and
//! falls and says 100 while a task runs; so the history is counted against what was planned.

use std::collections::{BTreeMap, BTreeSet};

use super::super::node::NodeId;
use super::{NodeRef, TaskRecord, TaskStatus};

/// A task that the plan has on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTask {
    /// The phase that it belongs to, for people. Phases have the order in which they first appear.
    pub phase: String,
    /// The task's id in the graph.
    pub task: String,
    /// The node.
    pub node: NodeId,
}

/// How many tasks are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that are planned.
    pub planned: usize,
    /// Not begun, as far as we know.
    pub pending: usize,
    /// At work.
    pub running: usize,
    /// Done.
    pub ready: usize,
    /// Failed.
    pub failed: usize,
    /// Not executed.
    pub skipped: usize,
}

impl Counts {
    /// Those that will not change any more.
    pub fn over(&self) -> usize {
        self.ready + self.failed + self.skipped
    }

    fn add(&mut self, status: Option<&TaskStatus>) {
        self.planned += 1;
        match status {
            None | Some(TaskStatus::Pending) => self.pending += 1,
            Some(TaskStatus::Running | TaskStatus::Unknown(_)) => self.running += 1,
            Some(TaskStatus::Ready) => self.ready += 1,
            Some(TaskStatus::Error) => self.failed += 1,
            Some(TaskStatus::Skipped) => self.skipped += 1,
        }
    }
}

/// A task on a node, with when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskOnNode {
    /// The task's id in the graph. Safe to show.
    pub task: String,
    /// The node.
    pub node: NodeId,
    /// When it began, milliseconds since 1970 (UTC).
    pub began: Option<i64>,
}

/// What keeps a run that is over from being complete. All lists are empty for a complete one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOvers {
    /// Failed.
    pub failed: Vec<TaskOnNode>,
    /// Still `running`: failed, and the failure was ignored.
    pub running: Vec<TaskOnNode>,
    /// Never executed, for a failure or a stop before them.
    pub pending: Vec<TaskOnNode>,
    /// Planned, and not even in the history.
    pub missing: Vec<TaskOnNode>,
    /// Planned, and skipped.
    pub skipped: Vec<TaskOnNode>,
}

impl LeftOvers {
    /// Whether every planned task is done.
    pub fn is_empty(&self) -> bool {
        [&self.failed, &self.running, &self.pending, &self.missing, &self.skipped].iter().all(|list| list.is_empty())
    }
}

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeProgress {
    /// Nothing was begun on it.
    Untouched,
    /// Something was begun, and not everything is done.
    Begun,
    /// Everything planned is done.
    Done,
}

/// How far a run is.
#[derive(Clone, Debug, Default)]
pub struct RunProgress {
    planned: Vec<PlannedTask>,
    known: BTreeMap<(String, NodeId), TaskRecord>,
}

impl RunProgress {
    /// A run of which nothing is known yet. Tasks that are planned twice count once.
    pub fn new(planned: impl IntoIterator<Item = PlannedTask>) -> Self {
        let mut seen = BTreeSet::new();
        let planned = planned.into_iter().filter(|pair| seen.insert((pair.task.clone(), pair.node))).collect();
        Self { planned, known: BTreeMap::new() }
    }

    /// Takes in a history, the whole or a filtered part of it; says whether anything moved.
    ///
    /// Stages, and tasks of no node, do not count. What was over stays over, whatever an older answer says.
    pub fn take(&mut self, records: &[TaskRecord]) -> bool {
        let mut moved = false;
        for record in records {
            let NodeRef::Node(node) = record.node else { continue };
            let key = (record.task.clone(), node);
            match self.known.get_mut(&key) {
                Some(known) if record.status.rank() < known.status.rank() => {}
                Some(known) if known == record => {}
                Some(known) => {
                    moved |= known.status != record.status;
                    *known = record.clone();
                }
                None => {
                    moved |= record.status != TaskStatus::Pending;
                    self.known.insert(key, record.clone());
                }
            }
        }
        moved
    }

    /// All planned tasks.
    pub fn totals(&self) -> Counts {
        let mut counts = Counts::default();
        self.each(|_, status| counts.add(status));
        counts
    }

    /// The same for each phase, in order.
    pub fn phases(&self) -> Vec<(String, Counts)> {
        let mut phases: Vec<(String, Counts)> = Vec::new();
        self.each(|pair, status| match phases.iter_mut().find(|(name, _)| *name == pair.phase) {
            Some((_, counts)) => counts.add(status),
            None => {
                let mut counts = Counts::default();
                counts.add(status);
                phases.push((pair.phase.clone(), counts));
            }
        });
        phases
    }

    /// The first phase that is not over.
    pub fn phase(&self) -> Option<String> {
        self.phases().into_iter().find(|(_, counts)| counts.over() < counts.planned).map(|(name, _)| name)
    }

    /// What is at work now, the longest first.
    pub fn running(&self) -> Vec<TaskOnNode> {
        let mut running = self.with(|status| matches!(status, Some(TaskStatus::Running | TaskStatus::Unknown(_))));
        running.sort_by_key(|on| (on.began.unwrap_or(i64::MAX), on.node));
        running
    }

    /// What failed, the first first.
    pub fn failures(&self) -> Vec<TaskOnNode> {
        let mut failed = self.with(|status| matches!(status, Some(TaskStatus::Error)));
        failed.sort_by_key(|on| (on.began.unwrap_or(i64::MAX), on.node));
        failed
    }

    /// What keeps it from being complete, once its transaction is over.
    pub fn left_overs(&self) -> LeftOvers {
        LeftOvers {
            failed: self.failures(),
            running: self.running(),
            pending: self.with(|status| matches!(status, Some(TaskStatus::Pending))),
            missing: self.with(|status| status.is_none()),
            skipped: self.with(|status| matches!(status, Some(TaskStatus::Skipped))),
        }
    }

    /// How far each planned node is.
    pub fn nodes(&self) -> BTreeMap<NodeId, NodeProgress> {
        let mut counts: BTreeMap<NodeId, Counts> = BTreeMap::new();
        self.each(|pair, status| counts.entry(pair.node).or_default().add(status));
        let progress = |counts: Counts| {
            if counts.ready == counts.planned {
                NodeProgress::Done
            } else if counts.pending + counts.skipped == counts.planned {
                NodeProgress::Untouched
            } else {
                NodeProgress::Begun
            }
        };
        counts.into_iter().map(|(node, counts)| (node, progress(counts))).collect()
    }

    /// Tasks on nodes that nobody planned, and that were begun.
    pub fn unplanned(&self) -> Vec<TaskOnNode> {
        let planned: BTreeSet<(&str, NodeId)> =
            self.planned.iter().map(|pair| (pair.task.as_str(), pair.node)).collect();
        self.known
            .iter()
            .filter(|((task, node), record)| {
                let begun = !matches!(record.status, TaskStatus::Pending | TaskStatus::Skipped);
                begun && !planned.contains(&(task.as_str(), *node))
            })
            .map(|((task, node), record)| TaskOnNode { task: task.clone(), node: *node, began: record.began })
            .collect()
    }

    fn each(&self, mut visit: impl FnMut(&PlannedTask, Option<&TaskStatus>)) {
        for pair in &self.planned {
            visit(pair, self.known.get(&(pair.task.clone(), pair.node)).map(|record| &record.status));
        }
    }

    fn with(&self, wanted: impl Fn(Option<&TaskStatus>) -> bool) -> Vec<TaskOnNode> {
        let mut found = Vec::new();
        self.each(|pair, status| {
            if wanted(status) {
                let began = self.known.get(&(pair.task.clone(), pair.node)).and_then(|record| record.began);
                found.push(TaskOnNode { task: pair.task.clone(), node: pair.node, began });
            }
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan() -> Vec<PlannedTask> {
        let of =
            |phase: &str, task: &str, node| PlannedTask { phase: phase.into(), task: task.into(), node: NodeId(node) };
        vec![
            of("checks", "check", 1),
            of("checks", "check", 2),
            of("packages", "update", 1),
            of("packages", "update", 2),
        ]
    }

    fn record(task: &str, node: u32, status: &str) -> TaskRecord {
        let node = NodeRef::Node(NodeId(node));
        TaskRecord { task: task.into(), node, status: TaskStatus::parse(status), began: Some(5), ended: None }
    }

    fn on(found: &[TaskOnNode]) -> Vec<(&str, u32)> {
        found.iter().map(|on| (on.task.as_str(), on.node.0)).collect()
    }

    #[test]
    fn a_run_from_its_beginning_to_its_end() {
        let mut run = RunProgress::new(plan());
        assert_eq!(run.totals(), Counts { planned: 4, pending: 4, ..Counts::default() });
        assert_eq!(run.phase().as_deref(), Some("checks"));
        assert!(run.take(&[record("check", 1, "ready"), record("check", 2, "running")]));
        assert!(!run.take(&[record("check", 2, "running")]), "nothing moved");
        assert_eq!(on(&run.running()), [("check", 2)]);
        assert_eq!(run.nodes()[&NodeId(1)], NodeProgress::Begun);
        run.take(&[record("check", 2, "ready"), record("update", 1, "ready")]);
        assert_eq!(run.phase().as_deref(), Some("packages"));
        assert_eq!(run.nodes()[&NodeId(1)], NodeProgress::Done);
        assert_eq!(on(&run.left_overs().missing), [("update", 2)]);
        run.take(&[record("update", 2, "ready")]);
        assert!(run.left_overs().is_empty() && run.phase().is_none());
        assert_eq!(run.phases()[1], ("packages".into(), Counts { planned: 2, ready: 2, ..Counts::default() }));
    }

    #[test]
    fn a_transaction_that_says_ready_is_not_believed() {
        let mut run = RunProgress::new(plan());
        run.take(&[record("check", 1, "ready"), record("check", 2, "error"), record("update", 1, "running")]);
        let left = run.left_overs();
        assert_eq!(on(&left.failed), [("check", 2)]);
        assert_eq!(on(&left.running), [("update", 1)]);
        assert_eq!(on(&left.missing), [("update", 2)]);
        run.take(&[record("update", 2, "skipped")]);
        assert_eq!(on(&run.left_overs().skipped), [("update", 2)]);
        assert!(!run.left_overs().is_empty());
    }

    #[test]
    fn stages_and_tasks_of_nobody_do_not_count() {
        let mut run = RunProgress::new(plan());
        for node in [None, Some("-"), Some("master"), Some("x"), Some("null")] {
            let record = TaskRecord { node: NodeRef::parse(node), ..record("check", 1, "error") };
            assert!(!run.take(&[record]), "{node:?}");
        }
        assert_eq!(run.totals().pending, 4);
    }

    #[test]
    fn what_nobody_planned_is_told() {
        let mut run = RunProgress::new(plan());
        run.take(&[record("other", 9, "ready"), record("update", 9, "pending"), record("check", 1, "skipped")]);
        assert_eq!(on(&run.unplanned()), [("other", 9)]);
        assert_eq!(run.totals().planned, 4);
    }

    #[test]
    fn a_word_that_we_do_not_know_is_neither_done_nor_lost() {
        let mut run = RunProgress::new(plan());
        run.take(&[record("check", 1, "noop\x1b")]);
        assert_eq!((run.totals().running, on(&run.left_overs().running)), (1, vec![("check", 1)]));
        assert_eq!(TaskStatus::parse("noop\x1b").as_str(), "noop");
        run.take(&[record("check", 1, "ready")]);
        assert_eq!(run.totals().ready, 1);
    }

    #[test]
    fn an_older_answer_takes_nothing_back() {
        let mut run = RunProgress::new(plan());
        run.take(&[record("check", 1, "ready")]);
        assert!(!run.take(&[record("check", 1, "running"), record("check", 1, "pending")]));
        assert_eq!(run.totals().ready, 1);
    }

    fn any_record() -> impl Strategy<Value = TaskRecord> {
        let status = prop::sample::select(vec!["pending", "running", "ready", "error", "skipped", "odd"]);
        (prop::sample::select(vec!["check", "update", "other"]), 0u32..4, status)
            .prop_map(|(task, node, status)| record(task, node, status))
    }

    proptest! {
        #[test]
        fn counts_add_up_and_never_go_back(answers in prop::collection::vec(prop::collection::vec(any_record(), 0..8), 0..12)) {
            let mut run = RunProgress::new(plan());
            let mut before = run.totals();
            for answer in &answers {
                run.take(answer);
                let now = run.totals();
                prop_assert_eq!(now.planned, 4);
                prop_assert_eq!(now.pending + now.running + now.over(), now.planned);
                prop_assert!(now.over() >= before.over() && now.pending <= before.pending);
                let phases: usize = run.phases().iter().map(|(_, counts)| counts.over()).sum();
                prop_assert_eq!(phases, now.over());
                prop_assert_eq!(run.left_overs().is_empty(), now.ready == now.planned);
                let left = run.left_overs();
                let all = left.failed.len() + left.running.len() + left.pending.len() + left.missing.len() + left.skipped.len();
                prop_assert_eq!(all + now.ready, now.planned);
                prop_assert!(!run.take(answer) || answer.len() > 1, "the same single record moves nothing twice");
                before = run.totals();
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
            prop_assert_eq!(forward.totals(), backward.totals());
            prop_assert_eq!(forward.nodes(), backward.nodes());
            prop_assert!(!forward.take(&answer), "the same history again moves nothing");
        }
    }
}
