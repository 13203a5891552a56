//! The phases of a run, in the order of the stages that end them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::run::HistoryEntry;
use crate::domain::run::{NodeRef, PhaseTask, RunPhase, TaskKind, words};

/// The tasks between two stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPhase {
    /// The stage that ends it, or the task itself where a record names none. Safe to show.
    pub stage: String,
    /// Its tasks in words; uploads only where there is nothing else.
    pub title: String,
    /// When its first task began.
    pub began: Option<Timestamp>,
    /// When its last task ended; nothing while one is running.
    pub ended: Option<Timestamp>,
    /// How many nodes worked in it; those that pass by do not count.
    pub nodes: usize,
}

/// The phase of a task: the stage that waits for it; a record of 9.0 names none.
pub(super) fn stage_of(seen: &HistoryEntry) -> &str {
    seen.required_for.first().map_or(seen.record.task.as_str(), String::as_str)
}

/// The phases of tasks on nodes, in order: that of the chained stages; where it is not known, that of time.
pub(super) fn phases(on_nodes: &[&HistoryEntry], stages: &[&HistoryEntry]) -> Vec<HistoryPhase> {
    let chain = chain(stages);
    let mut found: BTreeMap<&str, Vec<&HistoryEntry>> = BTreeMap::new();
    for seen in on_nodes {
        found.entry(stage_of(seen)).or_default().push(seen);
    }
    let mut phases: Vec<HistoryPhase> = found.into_iter().map(|(stage, tasks)| phase(stage, &tasks)).collect();
    phases.sort_by_key(|p| {
        let place = chain.iter().position(|stage| *stage == p.stage).unwrap_or(usize::MAX);
        (place, p.began.unwrap_or(Timestamp::MAX))
    });
    phases
}

/// The phases of a run that goes on, as its history tells them; `at_once` is the limit of a task, where one is known. Tasks whose
/// phase is not known are left out.
pub fn run_phases(entries: &[HistoryEntry], at_once: &dyn Fn(&str) -> Option<usize>) -> Vec<RunPhase> {
    let stages: Vec<&HistoryEntry> = entries.iter().filter(|s| s.record.node == NodeRef::Virtual).collect();
    let of = |stage: &str| {
        let on_nodes = entries.iter().filter(|s| s.record.node.id().is_some() && stage_of(s) == stage);
        let names: BTreeSet<&str> = on_nodes.map(|s| s.record.task.as_str()).collect();
        let task = |name: &str| PhaseTask { task: name.to_owned(), at_once: at_once(name) };
        RunPhase { tasks: names.into_iter().map(task).collect() }
    };
    chain(&stages).into_iter().map(of).filter(|phase| !phase.tasks.is_empty()).collect()
}

fn phase(stage: &str, tasks: &[&HistoryEntry]) -> HistoryPhase {
    let begun = |s: &&&HistoryEntry| s.record.began.is_some() && s.kind != TaskKind::PassesBy;
    let nodes: BTreeSet<NodeRef> = tasks.iter().filter(begun).map(|s| s.record.node).collect();
    let names = |upload: bool| -> BTreeSet<String> {
        let of = tasks.iter().filter(|s| (s.kind == TaskKind::Upload) == upload);
        of.map(|s| words(&s.record.task)).collect()
    };
    let names = Some(names(false)).filter(|n| !n.is_empty()).unwrap_or_else(|| names(true));
    HistoryPhase {
        stage: stage.to_owned(),
        title: names.into_iter().collect::<Vec<_>>().join(", "),
        began: tasks.iter().filter_map(|s| s.record.began).min(),
        ended: tasks.iter().filter_map(|s| s.record.ended.or(s.record.began)).max(),
        nodes: nodes.len(),
    }
}

/// The stages in order: each after the one that it requires, from the first one on.
fn chain<'a>(stages: &[&'a HistoryEntry]) -> Vec<&'a str> {
    let mut chain: Vec<&str> = Vec::new();
    let mut next = stages.iter().find(|s| s.requires.is_empty());
    while let Some(stage) = next {
        let name = stage.record.task.as_str();
        chain.push(name);
        next = stages.iter().find(|s| s.requires.iter().any(|r| r == name) && !chain.contains(&s.record.task.as_str()));
    }
    chain
}
