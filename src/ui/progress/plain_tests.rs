//! Plain lines at their moments.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::numbers::TaskId;
use crate::domain::run::{PhaseProgress, TaskCounts};
use crate::event::{RunningTask, TaskChange};

/// A display, and the moments at which it is told something.
struct Told {
    plain: Plain,
    began: Instant,
}

impl Told {
    fn new() -> Self {
        Self { plain: Plain::default(), began: Instant::now() }
    }

    fn at(&mut self, millis: u64, event: &Event<'_>) -> Vec<String> {
        self.plain.lines(event, self.began + Duration::from_millis(millis))
    }
}

fn row(id: u32) -> crate::domain::row::Row {
    let node = Node {
        id: Some(NodeId(id)),
        name: format!("node-{id}"),
        fqdn: None,
        label: None,
        roles: vec![],
        host: Host::parse("10.0.0.1").unwrap(),
        port: None,
        access: Access::default(),
    };
    let failure = crate::domain::failure::NodeFailure::new(crate::domain::failure::FailureKind::Timeout, "slow");
    crate::domain::row::Row::not_asked(node, failure, Duration::ZERO)
}

#[test]
fn a_fast_check_has_one_line() {
    let mut told = Told::new();
    assert_eq!(told.at(0, &Event::Asking { total: 2 }), ["asking 2 nodes"]);
    let row = row(1);
    for done in 1..=2 {
        assert_eq!(told.at(300, &Event::Answered { row: &row, done, total: 2 }), [""; 0]);
    }
    assert_eq!(told.at(400, &Event::Asked), [""; 0]);
}

#[test]
fn a_slow_check_says_how_far_it_is_and_who_is_waited_for() {
    let mut told = Told::new();
    told.at(0, &Event::Asking { total: 200 });
    let row = row(1);
    assert_eq!(told.at(2500, &Event::Answered { row: &row, done: 49, total: 200 }), [""; 0], "not yet a quarter");
    assert_eq!(told.at(2600, &Event::Answered { row: &row, done: 50, total: 200 }), ["50 of 200 nodes done"]);
    assert_eq!(told.at(2700, &Event::Answered { row: &row, done: 198, total: 200 }), [""; 0], "just told");
    let waiting = Event::Waiting { nodes: &["node-7", "node-12"], done: 198, total: 200 };
    assert_eq!(told.at(3000, &waiting), [""; 0]);
    assert_eq!(told.at(5000, &waiting), ["198 of 200 nodes done; waiting for node-[7,12]"]);
    assert_eq!(told.at(20_000, &waiting), [""; 0]);
    assert_eq!(told.at(36_000, &waiting).len(), 1, "again after a while");
    told.at(39_000, &Event::Answered { row: &row, done: 200, total: 200 });
    assert_eq!(told.at(40_000, &Event::Asked), ["200 of 200 nodes done in 40 s"]);
}

fn phase(number: usize, title: &str, counts: TaskCounts) -> PhaseProgress {
    let at = |second| Timestamp::from_second(second).ok();
    let over = counts.over() == counts.total();
    let began = at(100).filter(|_| counts.over() + counts.running > 0);
    PhaseProgress { number, of: 2, title: title.into(), counts, began, ended: at(165).filter(|_| over) }
}

fn view(done: [usize; 2], running: [usize; 2], left: Option<i64>) -> RunView {
    let counts = |i: usize| TaskCounts {
        done: done[i],
        running: running[i],
        waiting: 2 - done[i] - running[i],
        ..TaskCounts::default()
    };
    let on =
        |_| RunningTask { node: "node-3".into(), task: "update".into(), began: None, elapsed: SignedDuration::ZERO };
    RunView {
        done: done[0] + done[1],
        planned: 4,
        phases: vec![phase(1, "backup", counts(0)), phase(2, "update", counts(1))],
        elapsed: SignedDuration::from_secs(100),
        left: left.map(SignedDuration::from_secs),
        working: (0..running[0] + running[1]).map(on).collect(),
        changes: vec![],
    }
}

#[test]
fn a_run_has_a_line_where_a_phase_begins_or_ends() {
    let mut told = Told::new();
    let begin = view([0, 0], [0, 0], None);
    assert_eq!(told.at(0, &Event::RunBegan { title: "update", task: TaskId(3), view: &begin }), ["update: 4 tasks"]);
    assert_eq!(told.at(1, &Event::RunMoved(&view([0, 0], [1, 0], None))), ["phase 1 of 2 (backup): 2 tasks to do"]);
    assert_eq!(told.at(2, &Event::RunMoved(&view([1, 0], [1, 0], None))), [""; 0]);
    let ends = told.at(3, &Event::RunMoved(&view([2, 0], [0, 1], Some(720))));
    let wanted =
        ["phase 1 of 2 (backup): 2 tasks in 1 min 05 s", "phase 2 of 2 (update): 2 tasks to do; about 12 min left"];
    assert_eq!(ends, wanted);
    assert_eq!(told.at(200_000, &Event::RunMoved(&view([2, 0], [0, 1], Some(720)))), [""; 0]);
    let silent = told.at(400_000, &Event::RunMoved(&view([2, 1], [0, 1], Some(360))));
    assert_eq!(silent, ["phase 2 of 2 (update): 1 of 2 tasks over; at work: node-3; about 6 min left"]);
    told.at(400_001, &Event::RunMoved(&view([2, 2], [0, 0], Some(0))));
    assert_eq!(told.at(400_002, &Event::RunOver), ["update: 4 of 4 tasks in 1 min 40 s"]);
}

#[test]
fn a_failure_has_a_line_and_what_is_over_already_has_one_in_all() {
    let mut told = Told::new();
    let begin = view([2, 1], [0, 0], None);
    let line = told.at(0, &Event::RunBegan { title: "run", task: TaskId(3), view: &begin });
    assert_eq!(line, ["run: 4 tasks, 3 already over"]);
    let change = TaskChange { node: "node-3".into(), task: "update".into(), what: "failed" };
    let moved = RunView { changes: vec![change], ..view([2, 1], [0, 1], None) };
    let lines = told.at(1, &Event::RunMoved(&moved));
    assert_eq!(lines, ["node-3: update failed", "phase 2 of 2 (update): 2 tasks to do"]);
}
