//! A run: what Nailgun says of it, and what its history says.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::phase::{phases, stage_of};
use super::{HistoryPhase, Landmarks, NodeTask, RunKind};
use crate::domain::mu::Mu;
use crate::domain::numbers::TaskId;
use crate::domain::run::{NodeRef, TaskCounts, TaskKind, TaskRecord, TaskResult, TaskStatus};

/// What Nailgun's transactions say of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// The task that the operator knows: the parent; where there is none, the run itself.
    pub task: TaskId,
    /// The transaction that has the history.
    pub child: TaskId,
    /// Nailgun's word.
    pub status: &'static str,
    /// Whether the run is over.
    pub over: bool,
    /// Whether Nailgun calls it failed.
    pub error: bool,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// What Nailgun says of it in words. Safe to show.
    pub message: Option<String>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its id, which is also in the nodes' state files and logs. Safe to show.
    pub run: Option<String>,
    /// The maintenance update that it installs.
    pub target: Option<Mu>,
}

/// A record of the history with what is known of its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The record.
    pub record: TaskRecord,
    /// What it had to do.
    pub kind: TaskKind,
    /// Whether it was chosen for this run; before 9.1 Nailgun does not tell.
    pub chosen: Option<bool>,
    /// What it waits for. Safe to show.
    pub requires: Vec<String>,
    /// What waits for it. Safe to show.
    pub required_for: Vec<String>,
}

impl HistoryEntry {
    /// Whether nothing says that it was not chosen.
    pub fn may_be_chosen(&self) -> bool {
        self.chosen != Some(false) && self.record.status != TaskStatus::Skipped
    }
}

/// How a run ended, from Nailgun's word and the history together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// Nailgun prepares it.
    Preparing,
    /// Running.
    Running,
    /// Every task of it is done.
    Done,
    /// A task failed, or Nailgun says so.
    Failed,
    /// Nothing failed, and not everything was begun.
    Stopped,
    /// Nothing was to be executed.
    DryRun,
}

impl RunStatus {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::DryRun => "dry-run",
        }
    }
}

/// A run with everything that it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHistory {
    /// What Nailgun says of it; times are filled in from the history where Nailgun tells none.
    pub summary: RunSummary,
    /// What it was.
    pub kind: RunKind,
    /// How it ended.
    pub status: RunStatus,
    /// Its phases in order.
    pub phases: Vec<HistoryPhase>,
    /// Every task on every node by time; what has no time comes last, in the order of the phases.
    pub tasks: Vec<NodeTask>,
}

impl RunHistory {
    /// Puts together what a transaction and its history say.
    pub fn new(mut summary: RunSummary, history: &[HistoryEntry], landmarks: Landmarks<'_>) -> Self {
        let real = |s: &&HistoryEntry| matches!(s.record.node, NodeRef::Node(_) | NodeRef::Master);
        let on_nodes: Vec<&HistoryEntry> = history.iter().filter(real).collect();
        let stages: Vec<&HistoryEntry> = history.iter().filter(|s| s.record.node == NodeRef::Virtual).collect();
        let kind = RunKind::of(&on_nodes, landmarks, summary.over);
        let is_chosen = |entry: &HistoryEntry| {
            let elsewhere = kind == RunKind::PreChecks && !landmarks.checks.contains(&entry.record.task);
            entry.may_be_chosen() && !elsewhere
        };
        // A task that was not chosen belongs to no phase.
        let chosen: Vec<&HistoryEntry> = on_nodes.iter().copied().filter(|s| is_chosen(s)).collect();
        let mut phases = phases(&chosen, &stages);
        let known = phases.len();
        let mut tasks: Vec<NodeTask> = Vec::with_capacity(on_nodes.len());
        for entry in &on_nodes {
            let stage = stage_of(entry);
            let mut record = entry.record.clone();
            let result =
                if is_chosen(entry) { TaskResult::of(&record.status, summary.over) } else { TaskResult::Skipped };
            if result == TaskResult::Skipped {
                (record.began, record.ended) = (None, None);
            }
            let phase = phases.iter().position(|p| p.stage == stage).unwrap_or(known);
            tasks.push(NodeTask { record, kind: entry.kind, result, phase });
        }
        tasks.sort_by(|a, b| {
            let key = |t: &NodeTask| (t.record.began.unwrap_or(Timestamp::MAX), t.phase, t.record.node);
            key(a).cmp(&key(b)).then_with(|| a.record.task.cmp(&b.record.task))
        });
        summary.began = summary.began.or(tasks.iter().filter_map(|t| t.record.began).min());
        if summary.over {
            summary.ended = summary.ended.or(tasks.iter().filter_map(|t| t.record.ended).max());
        }
        for (index, phase) in phases.iter_mut().enumerate() {
            let at_work = tasks.iter().any(|t| t.phase == index && t.result == TaskResult::Running);
            phase.ended = phase.ended.max(phase.began).filter(|_| !at_work);
        }
        let mut run = Self { summary, kind, status: RunStatus::Preparing, phases, tasks };
        run.status = run.status();
        run
    }

    fn status(&self) -> RunStatus {
        let counts = self.counts();
        let begun = self.tasks.iter().any(|t| t.record.began.is_some());
        match &self.summary {
            summary if !summary.over && begun => RunStatus::Running,
            summary if !summary.over => RunStatus::Preparing,
            summary if summary.error || counts.failed > 0 => RunStatus::Failed,
            summary if summary.dry_run => RunStatus::DryRun,
            _ if counts.not_executed > 0 => RunStatus::Stopped,
            _ => RunStatus::Done,
        }
    }

    /// How many tasks that do work have which result; the progress of a run counts the same. Of the others only failures
    /// count.
    pub fn counts(&self) -> TaskCounts {
        let counted = self.tasks.iter().filter(|task| task.kind == TaskKind::Work || task.result.is_failure());
        counted.map(|task| task.result).collect()
    }

    /// The tasks that were chosen for this run, by time.
    pub fn chosen(&self) -> impl Iterator<Item = &NodeTask> {
        self.tasks.iter().filter(|task| task.result != TaskResult::Skipped)
    }

    /// The nodes of the run, and the master where it had a task.
    pub fn nodes(&self) -> BTreeSet<NodeRef> {
        self.chosen().map(|task| task.record.node).collect()
    }

    /// How long it took; nothing for a run that is not over.
    pub fn duration(&self) -> Option<SignedDuration> {
        Some(self.summary.ended?.duration_since(self.summary.began?).max(SignedDuration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::node::NodeId;

    fn landmarks(checks: &[String]) -> Landmarks<'_> {
        Landmarks { commit: "mu_commit", checks }
    }

    fn checks() -> [String; 2] {
        ["mu_env".to_owned(), "mu_check".to_owned()]
    }

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn millis(took: Option<SignedDuration>) -> Option<i128> {
        took.map(|took| took.as_millis())
    }

    fn summary(status: &'static str) -> RunSummary {
        RunSummary {
            task: TaskId(3),
            child: TaskId(4),
            status,
            over: matches!(status, "ready" | "error"),
            error: status == "error",
            dry_run: false,
            message: None,
            began: Some(ms(1000)),
            ended: matches!(status, "ready" | "error").then_some(ms(9000)),
            run: None,
            target: None,
        }
    }

    fn seen(task: &str, node: Option<&str>, status: &str, at: Option<(i64, i64)>, wires: (&str, &str)) -> HistoryEntry {
        let list = |name: &str| if name.is_empty() { vec![] } else { vec![name.to_owned()] };
        HistoryEntry {
            record: TaskRecord {
                task: task.into(),
                node: NodeRef::parse(node),
                status: TaskStatus::parse(status),
                began: at.map(|(began, _)| ms(began)),
                ended: at.map(|(_, ended)| ms(ended)),
            },
            kind: if task == "mu_env" { TaskKind::Upload } else { TaskKind::Work },
            chosen: None,
            requires: list(wires.0),
            required_for: list(wires.1),
        }
    }

    fn stages() -> Vec<HistoryEntry> {
        // In no order, as Nailgun lists them.
        vec![
            seen("mu_end", None, "skipped", None, ("mu_checked", "")),
            seen("mu_start", None, "skipped", None, ("", "")),
            seen("mu_checked", None, "skipped", None, ("mu_start", "")),
        ]
    }

    fn history(tasks: Vec<HistoryEntry>) -> Vec<HistoryEntry> {
        stages().into_iter().chain(tasks).collect()
    }

    fn run(status: &'static str, tasks: Vec<HistoryEntry>) -> RunHistory {
        RunHistory::new(summary(status), &history(tasks), landmarks(&checks()))
    }

    #[test]
    fn a_whole_update_in_phases() {
        let run = run(
            "ready",
            vec![
                seen("mu_commit", Some("2"), "ready", Some((5000, 6000)), ("mu_checked", "mu_end")),
                seen("mu_check", Some("2"), "ready", Some((2000, 4500)), ("mu_start", "mu_checked")),
                seen("mu_env", Some("2"), "ready", Some((1500, 1600)), ("mu_start", "mu_checked")),
                seen("mu_other", Some("-"), "skipped", None, ("mu_start", "mu_checked")),
            ],
        );
        assert_eq!((run.kind, run.status, millis(run.duration())), (RunKind::Update, RunStatus::Done, Some(8000)));
        let phases: Vec<_> =
            run.phases.iter().map(|p| (p.stage.as_str(), p.title.as_str(), p.began, p.ended)).collect();
        assert_eq!(
            phases,
            [
                ("mu_checked", "check", Some(ms(1500)), Some(ms(4500))),
                ("mu_end", "commit", Some(ms(5000)), Some(ms(6000)))
            ]
        );
        let order: Vec<_> =
            run.tasks.iter().map(|t| (t.record.task.as_str(), t.phase, millis(t.record.duration()))).collect();
        assert_eq!(order, [("mu_env", 0, Some(100)), ("mu_check", 0, Some(2500)), ("mu_commit", 1, Some(1000))]);
        assert_eq!(run.counts(), TaskCounts { done: 2, ..TaskCounts::default() }, "an upload is no work");
    }

    #[test]
    fn pre_checks_are_told_by_the_commit_that_was_not_chosen() {
        let run = run(
            "ready",
            vec![
                seen("mu_check", Some("2"), "ready", Some((2000, 4500)), ("mu_start", "mu_checked")),
                seen("mu_commit", Some("2"), "skipped", Some((5000, 5000)), ("mu_checked", "mu_end")),
            ],
        );
        assert_eq!((run.kind, run.status, run.counts().skipped), (RunKind::PreChecks, RunStatus::Done, 1));
        assert_eq!((run.phases.len(), run.chosen().count()), (1, 1));
    }

    /// A run with these tasks: their names, their status, and whether they were chosen.
    fn kind(
        status: &'static str,
        tasks: &[(&str, &str)],
        chosen: impl Fn(&str) -> Option<bool>,
    ) -> (RunKind, TaskCounts) {
        let entry = |(task, status): &(&str, &str)| {
            let at = (*status != "pending").then_some((2000, 3000));
            HistoryEntry { chosen: chosen(task), ..seen(task, Some("2"), status, at, ("mu_start", "mu_checked")) }
        };
        let run = run(status, tasks.iter().map(entry).collect());
        (run.kind, run.counts())
    }

    #[test]
    fn what_a_run_was_also_after_a_failure() {
        use RunKind::{Part, PreChecks, Unknown, Update};
        let silent = |_: &str| None;
        let only_checks = |task: &str| Some(matches!(task, "mu_env" | "mu_check"));
        let all = |_: &str| Some(true);
        let failed = [("mu_env", "ready"), ("mu_check", "error"), ("mu_update", "pending"), ("mu_commit", "pending")];
        let counts = TaskCounts { failed: 1, skipped: 2, ..TaskCounts::default() };
        assert_eq!(kind("error", &failed, only_checks), (PreChecks, counts), "as 9.1 and later tell it");
        assert_eq!(kind("error", &failed, silent), (PreChecks, counts), "as it looks before 9.1");
        let counts = TaskCounts { failed: 1, not_executed: 2, ..TaskCounts::default() };
        assert_eq!(kind("error", &failed, all), (Update, counts), "an update begins with the checks");
        let of = |status, tasks: &[(&str, &str)]| kind(status, tasks, silent).0;
        let (env, update, commit) = (("mu_env", "ready"), ("mu_update", "ready"), ("mu_commit", "ready"));
        assert_eq!(of("ready", &[env, ("mu_check", "skipped"), update, ("mu_commit", "skipped")]), Part);
        assert_eq!(
            of("error", &[env, ("mu_check", "pending"), ("mu_update", "error"), ("mu_commit", "pending")]),
            Part
        );
        assert_eq!(of("ready", &[env, ("mu_check", "skipped"), ("mu_update", "skipped"), commit]), Update);
        assert_eq!(
            of("error", &[env, ("mu_check", "ready"), ("mu_update", "error"), ("mu_commit", "pending")]),
            Update
        );
        assert_eq!(of("running", &[env, ("mu_check", "running"), ("mu_commit", "pending")]), Unknown, "not told yet");
        assert_eq!(of("ready", &[env, update]), Part, "9.0 has only the tasks of the part");
    }

    #[test]
    fn ready_is_not_believed() {
        let check = |status| seen("mu_check", Some("2"), status, Some((2000, 4500)), ("mu_start", "mu_checked"));
        let commit = |status| seen("mu_commit", Some("2"), status, None, ("mu_checked", "mu_end"));
        let update = |status| seen("mu_update", Some("2"), status, Some((4500, 4600)), ("mu_checked", "mu_end"));
        let of = |status, tasks| {
            let run = run(status, tasks);
            (run.status.as_str(), run.tasks.iter().map(|t| t.result.as_str()).collect::<Vec<_>>())
        };
        assert_eq!(of("ready", vec![check("error"), update("ready"), commit("pending")]).0, "failed");
        assert_eq!(of("ready", vec![check("running"), commit("ready")]), ("failed", vec!["failure-ignored", "done"]));
        let stopped = of("ready", vec![check("ready"), update("ready"), commit("pending")]);
        assert_eq!(stopped, ("stopped", vec!["done", "done", "not-executed"]));
        assert_eq!(of("error", vec![check("ready"), commit("pending")]).0, "failed");
        assert_eq!(of("running", vec![check("running"), commit("pending")]), ("running", vec!["running", "waiting"]));
        assert_eq!(run("running", vec![check("running")]).phases[0].ended, None, "it goes on");
        assert_eq!(of("pending", vec![]), ("preparing", vec![]));
        assert_eq!(of("running", vec![check("noop\x1b")]).1, ["running"]);
    }

    #[test]
    fn records_of_9_0_have_neither_times_of_the_run_nor_stages() {
        let raw = |task, at| seen(task, Some("2"), "ready", Some(at), ("", ""));
        let summary = RunSummary { began: None, ended: None, ..summary("ready") };
        let run =
            RunHistory::new(summary, &[raw("mu_commit", (70, 80)), raw("mu_check", (10, 30))], landmarks(&checks()));
        assert_eq!(
            (run.summary.began, run.summary.ended, millis(run.duration())),
            (Some(ms(10)), Some(ms(80)), Some(70))
        );
        assert_eq!(run.phases.iter().map(|p| p.stage.as_str()).collect::<Vec<_>>(), ["mu_check", "mu_commit"]);
        assert_eq!(run.nodes().into_iter().collect::<Vec<_>>(), [NodeRef::Node(NodeId(2))]);
    }

    #[test]
    fn stages_in_a_loop_end() {
        let odd = vec![
            seen("a", None, "skipped", None, ("", "")),
            seen("b", None, "skipped", None, ("a", "")),
            seen("a", None, "skipped", None, ("b", "")),
            seen("x", Some("1"), "ready", Some((1, 0)), ("", "b")),
        ];
        let run = RunHistory::new(summary("ready"), &odd, landmarks(&checks()));
        assert_eq!(
            (run.phases.len(), millis(run.tasks[0].record.duration()), run.phases[0].ended),
            (1, Some(0), Some(ms(1)))
        );
    }
}
