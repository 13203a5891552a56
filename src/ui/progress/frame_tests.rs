//! The bars at their widths.

use insta::assert_snapshot;

use super::*;
use crate::domain::run::{PhaseProgress, TaskCounts};
use crate::event::RunningTask;

fn phase(number: usize, title: &str, done: usize, waiting: usize) -> PhaseProgress {
    let counts = TaskCounts { done, waiting, ..TaskCounts::default() };
    PhaseProgress { number, of: 3, title: title.into(), counts, began: None, ended: None }
}

fn view(working: u32) -> RunView {
    let on = |id: u32| RunningTask {
        node: format!("node-{id}"),
        task: "update computes".into(),
        began: None,
        elapsed: SignedDuration::from_secs(60 + i64::from(id)),
    };
    RunView {
        done: 40,
        planned: 119,
        phases: vec![
            phase(1, "check, check cluster", 20, 0),
            phase(2, "update computes", 20, 60),
            phase(3, "commit", 0, 19),
        ],
        elapsed: SignedDuration::from_secs(250),
        left: Some(SignedDuration::from_secs(720)),
        working: (1..=working).map(on).collect(),
        changes: vec![],
    }
}

fn drawn(frame: &BarFrame, after: u64, size: (usize, usize)) -> String {
    frame.lines(frame.began() + Duration::from_secs(after), size).join("\n")
}

#[test]
fn a_run_at_eighty_columns() {
    let frame = BarFrame::run("update", &view(3), Instant::now(), false, Glyphs::UTF8);
    assert_snapshot!(drawn(&frame, 1, (80, 24)), @"
    update ██████████░░░░░░░░░░░░░░░░░░░░ 40/119  4:11  about 12 min left
    phase 2 of 3 (update computes): 20 of 80
      node-1          1:02  update computes
      node-2          1:03  update computes
      node-3          1:04  update computes
    ");
}

#[test]
fn a_run_at_forty_columns_and_with_more_nodes_than_rows() {
    let frame = BarFrame::run("update", &view(12), Instant::now(), false, Glyphs::ASCII);
    assert_snapshot!(drawn(&frame, 0, (40, 24)), @"
    update 40/119  4:10  about 12 min left
    phase 2 of 3 (update computes): 20 of 80
      node-1          1:01  update computes
      node-2          1:02  update computes
      node-3          1:03  update computes
      node-4          1:04  update computes
      node-5          1:05  update computes
      node-6          1:06  update computes
      node-7          1:07  update computes
      node-8          1:08  update computes
      and 4 more
    ");
    assert_eq!(drawn(&frame, 0, (80, 10)).lines().count(), 5, "two lines, two nodes, and how many more");
}

#[test]
fn a_check_names_who_answered_last_and_then_who_is_waited_for() {
    let mut frame = BarFrame::asking(200, Instant::now(), false, Glyphs::ASCII);
    frame.answered("node-4: 9.0-mu-2".into(), 198);
    frame.waits(&["node-7", "node-12"]);
    assert_snapshot!(drawn(&frame, 1, (80, 24)), @"asking nodes #############################- 198/200  0:01  node-4: 9.0-mu-2");
    assert_snapshot!(drawn(&frame, 2, (80, 24)), @"asking nodes ##########################- 198/200  0:02  waiting for node-[7,12]");
}

#[test]
fn colour_is_only_in_what_is_done() {
    let mut frame = BarFrame::asking(2, Instant::now(), true, Glyphs::ASCII);
    frame.answered(String::new(), 1);
    assert_eq!(
        drawn(&frame, 0, (80, 24)),
        format!("asking nodes \x1b[36m{}\x1b[0m{} 1/2  0:00", "#".repeat(15), "-".repeat(15))
    );
}
