//! The estimate against runs whose length is known.

use super::*;
use crate::domain::node::NodeId;
use crate::domain::run::{NodeRef, PlannedTask, TaskRecord, TaskStatus};

/// Tasks in the order of their phases: name, nodes, how many at once, seconds each.
type Work = (&'static str, u32, usize, i64);

const WORK: [Work; 9] = [
    ("mu_check", 40, 20, 30),
    ("mu_backup", 40, 20, 40),
    ("mu_agents", 40, 10, 20),
    ("mu_update_first", 1, 1, 600),
    ("mu_update_controllers", 2, 1, 600),
    ("mu_update_canary", 1, 1, 300),
    ("mu_update_computes", 36, 5, 300),
    ("mu_verify", 40, 20, 40),
    ("mu_commit", 40, 20, 2),
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn phases(work: &[Work]) -> Vec<RunPhase> {
    let phase = |w: &Work| RunPhase { tasks: vec![PhaseTask { task: w.0.into(), at_once: Some(w.2) }] };
    work.iter().map(phase).collect()
}

/// The records of the run at its end, `pause` seconds between two rounds of tasks, and how long it takes.
fn records(work: &[Work], pause: i64) -> (Vec<TaskRecord>, i64) {
    let (mut records, mut clock) = (Vec::new(), 0);
    for (task, nodes, at_once, seconds) in work {
        let ids: Vec<u32> = (1..=*nodes).collect();
        for round in ids.chunks(*at_once) {
            records.extend(round.iter().map(|id| TaskRecord {
                task: (*task).into(),
                node: NodeRef::Node(NodeId(*id)),
                status: TaskStatus::Ready,
                began: Some(at(clock)),
                ended: Some(at(clock + seconds)),
            }));
            clock += seconds + pause;
        }
    }
    (records, clock)
}

/// The run as it is seen at a moment.
fn seen_at(records: &[TaskRecord], second: i64) -> RunProgress {
    let node = |r: &TaskRecord| r.node.id().unwrap();
    let planned = records.iter().map(|r| PlannedTask { task: r.task.clone(), node: node(r), kind: TaskKind::Work });
    let mut run = RunProgress::new(planned);
    let now = at(second);
    let seen: Vec<TaskRecord> = records
        .iter()
        .filter(|r| r.began.unwrap() <= now)
        .map(|r| match r.ended.unwrap() <= now {
            true => r.clone(),
            false => TaskRecord { status: TaskStatus::Running, ended: None, ..r.clone() },
        })
        .collect();
    run.take(&seen);
    run
}

fn left(records: &[TaskRecord], second: i64) -> Option<i64> {
    seen_at(records, second).left(&phases(&WORK), at(second)).map(|left| left.as_secs())
}

#[test]
fn nothing_is_said_before_an_update_has_ended() {
    let (records, _) = records(&WORK, 0);
    let first = records.iter().find(|r| r.task == "mu_update_first").unwrap();
    let ends = first.ended.unwrap().as_second() - 1_000_000;
    assert_eq!((left(&records, 0), left(&records, ends - 1)), (None, None));
    assert!(left(&records, ends).is_some());
}

#[test]
fn a_run_that_goes_on_as_it_began_ends_when_it_was_said() {
    for pause in [0, 10] {
        let (records, total) = records(&WORK, pause);
        for share in [50, 75, 90] {
            let second = total * share / 100;
            let (said, right) = (left(&records, second).unwrap(), total - second);
            let off = (said - right).abs() * 100 / total;
            assert!(off <= 10, "pause {pause}, at {share} %: {said} s said, {right} s left, {off} % off");
        }
        assert_eq!(left(&records, total), Some(0));
    }
}

#[test]
fn one_after_the_other_takes_nodes_times_the_mean() {
    let work = [("x", 10, 1, 100)];
    let (records, _) = records(&work, 0);
    let said = |second| seen_at(&records, second).left(&phases(&work), at(second)).map(|left| left.as_secs());
    assert_eq!((said(99), said(100), said(250), said(999)), (None, Some(900), Some(750), Some(1)));
}

#[test]
fn a_task_that_takes_longer_than_the_others_is_about_to_end() {
    let work = [("x", 2, 1, 100)];
    let (mut records, _) = records(&work, 0);
    records[1].ended = Some(at(1000));
    let run = seen_at(&records, 900);
    assert_eq!(run.left(&phases(&work), at(900)), Some(SignedDuration::ZERO));
}

#[test]
fn a_graph_of_somebody_else_has_an_estimate_once_each_of_its_tasks_was_seen() {
    let work = [("fetch", 4, 2, 10), ("apply", 4, 1, 50)];
    let (records, total) = records(&work, 0);
    let said = |second| seen_at(&records, second).left(&phases(&work), at(second)).map(|left| left.as_secs());
    assert_eq!((said(20), said(69), said(70), total), (None, None, Some(150), 220));
}

#[test]
fn after_a_failure_nothing_is_said() {
    let (mut records, total) = records(&WORK, 0);
    assert!(left(&records, total * 3 / 4).is_some());
    records[0].status = TaskStatus::Error;
    assert_eq!(left(&records, total * 3 / 4), None);
}

#[test]
fn times_that_are_left_in_words() {
    let words: Vec<String> = [-5, 0, 44, 45, 89, 90, 720, 1190, 1380, 3500, 3700, 7800, 36_000]
        .map(|seconds| about(SignedDuration::from_secs(seconds)))
        .to_vec();
    let wanted = [
        "under a minute",
        "under a minute",
        "under a minute",
        "about 1 min",
        "about 1 min",
        "about 2 min",
        "about 12 min",
        "about 20 min",
        "about 25 min",
        "about 1 h",
        "about 1 h",
        "about 2 h 10 min",
        "about 10 h",
    ];
    assert_eq!(words, wanted);
}
