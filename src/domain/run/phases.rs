//! The phases of a run, in their order, and how far each of them is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{RunProgress, TaskCounts, TaskKind, TaskResult, words};

/// A phase of a graph: the tasks that wait for one stage and that another one waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPhase {
    /// Its tasks.
    pub tasks: Vec<PhaseTask>,
}

/// A task of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseTask {
    /// The task's id in the graph.
    pub task: String,
    /// On how many nodes it may run at the same time; nothing where no limit is known.
    pub at_once: Option<usize>,
}

/// How far a phase is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseProgress {
    /// Its place among the phases that have something to do, from 1 on.
    pub number: usize,
    /// How many phases have something to do.
    pub of: usize,
    /// Its tasks in words, as the history of runs names them. Safe to show.
    pub title: String,
    /// Its tasks on nodes.
    pub counts: TaskCounts,
    /// When its first task began, by Nailgun's clock.
    pub began: Option<Timestamp>,
    /// When its last task ended, by Nailgun's clock; nothing while something is left.
    pub ended: Option<Timestamp>,
}

impl PhaseProgress {
    /// Whether nothing of it is left.
    pub fn is_over(&self) -> bool {
        self.counts.over() == self.counts.total()
    }
}

impl RunProgress {
    /// How far each phase is that has something to do. Planned tasks of no phase are a phase of their own, the last one.
    pub fn phases(&self, phases: &[RunPhase]) -> Vec<PhaseProgress> {
        let named: BTreeSet<&str> = phases.iter().flat_map(|p| p.tasks.iter().map(|t| t.task.as_str())).collect();
        let mut found: Vec<PhaseProgress> = phases
            .iter()
            .filter_map(|phase| self.phase(&|task| phase.tasks.iter().any(|t| t.task == task)))
            .chain(self.phase(&|task| !named.contains(task)))
            .collect();
        let of = found.len();
        for (number, phase) in (1..).zip(&mut found) {
            (phase.number, phase.of) = (number, of);
        }
        found
    }

    /// The phase of these tasks; nothing if none of them is planned.
    fn phase(&self, has: &dyn Fn(&str) -> bool) -> Option<PhaseProgress> {
        let mut titles = BTreeSet::new();
        let mut results: Vec<TaskResult> = Vec::new();
        let (mut began, mut ended) = (None, None);
        for (task, _, result, record) in self.tasks(|kind| kind == TaskKind::Work).filter(|(task, ..)| has(task)) {
            titles.insert(words(task));
            results.push(result);
            let Some(record) = record else { continue };
            began = [began, record.began].into_iter().flatten().min();
            ended = ended.max(record.ended.or(record.began));
        }
        let counts: TaskCounts = results.into_iter().collect();
        let mut phase = PhaseProgress {
            number: 0,
            of: 0,
            title: titles.into_iter().collect::<Vec<_>>().join(", "),
            counts,
            began,
            ended: None,
        };
        phase.ended = ended.filter(|_| phase.is_over());
        (counts.total() > 0).then_some(phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::node::NodeId;
    use crate::domain::run::{NodeRef, PlannedTask, TaskRecord, TaskStatus};

    fn phase(tasks: &[&str]) -> RunPhase {
        RunPhase { tasks: tasks.iter().map(|t| PhaseTask { task: (*t).into(), at_once: Some(1) }).collect() }
    }

    fn planned(task: &str, node: u32, kind: TaskKind) -> PlannedTask {
        PlannedTask { task: task.into(), node: NodeId(node), kind }
    }

    fn record(task: &str, node: u32, status: &str, at: (i64, Option<i64>)) -> TaskRecord {
        TaskRecord {
            task: task.into(),
            node: NodeRef::Node(NodeId(node)),
            status: TaskStatus::parse(status),
            began: Timestamp::from_second(at.0).ok(),
            ended: at.1.and_then(|at| Timestamp::from_second(at).ok()),
        }
    }

    #[test]
    fn phases_are_those_that_have_work_and_are_numbered_in_their_order() {
        let mut run = RunProgress::new([
            planned("mu_env", 1, TaskKind::Upload),
            planned("mu_check", 1, TaskKind::Work),
            planned("mu_check", 2, TaskKind::Work),
            planned("mu_check_cluster", 1, TaskKind::Work),
            planned("mu_update_ceph", 2, TaskKind::PassesBy),
            planned("mu_update", 1, TaskKind::Work),
            planned("odd", 2, TaskKind::Work),
        ]);
        let phases =
            [phase(&["mu_env", "mu_check", "mu_check_cluster"]), phase(&["mu_update_ceph"]), phase(&["mu_update"])];
        run.take(&[
            record("mu_check", 1, "ready", (10, Some(20))),
            record("mu_check", 2, "error", (11, Some(25))),
            record("mu_check_cluster", 1, "ready", (26, Some(30))),
            record("mu_update", 1, "running", (31, None)),
        ]);
        let seen: Vec<_> = run
            .phases(&phases)
            .into_iter()
            .map(|p| (p.number, p.of, p.title, p.counts.over(), p.counts.total(), p.ended.map(Timestamp::as_second)))
            .collect();
        let wanted = [
            (1, 3, "check, check cluster".to_owned(), 3, 3, Some(30)),
            (2, 3, "update".to_owned(), 0, 1, None),
            (3, 3, "odd".to_owned(), 0, 1, None),
        ];
        assert_eq!(seen, wanted);
        let totals: usize = run.phases(&phases).iter().map(|p| p.counts.total()).sum();
        assert_eq!(totals, run.counts().total(), "the phases have every task once");
    }
}
