//! The program on a terminal: bars, colours, the question, and what `NO_COLOR` and `TERM=dumb` change.

use std::io::Write as _;
use std::process::{Command, Stdio};

use fuel_lab::{Lab, NodeSpec, Scenario};

use crate::program::{MU_FILE, Program, mu};

/// Runs a command line on a terminal of its own (util-linux's `script` makes it), types `keys`, and returns exit
/// status and all that the terminal got.
pub(super) fn on_terminal(
    program: &Program,
    line: &str,
    variables: &[(&str, &str)],
    keys: &str,
) -> (Option<i32>, String) {
    after(program, "", line, variables, keys)
}

/// The same on a terminal of this size, without colours and bars: what stays on the screen.
fn on_screen(program: &Program, columns: u16, rows: u16, line: &str) -> String {
    let size = format!("stty cols {columns} rows {rows};");
    after(program, &size, line, &[("NO_COLOR", "1"), ("TERM", "dumb")], "").1.replace("\r\n", "\n")
}

fn after(program: &Program, before: &str, line: &str, variables: &[(&str, &str)], keys: &str) -> (Option<i32>, String) {
    let real = program.command(line);
    let words: Vec<String> = std::iter::once(real.get_program())
        .chain(real.get_args())
        .map(|word| word.to_str().expect("UTF-8").to_owned())
        .collect();
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &format!("{before}{}", words.join(" ")), "/dev/null"]).env_clear();
    for (name, value) in real.get_envs() {
        script.env(name, value.expect("a value"));
    }
    script.env("TERM", "xterm-256color").envs(variables.iter().copied());
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script");
    child.stdin.take().expect("its input").write_all(keys.as_bytes()).expect("typed");
    let out = child.wait_with_output().expect("it ends");
    (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
}

fn lab() -> Lab {
    let node = |id, role| NodeSpec::new(id, &[role]).package("fuel-misc", "1").file(MU_FILE, mu(1));
    let scenario = Scenario::new().published(mu(2)).repo("fuel-misc", "2").node(node(1, "controller"));
    Lab::start(scenario.node(node(2, "compute"))).expect("a lab")
}

#[test]
fn the_question_is_asked_and_no_is_its_default() {
    let lab = lab();
    let program = Program::in_lab(&lab);
    let (code, seen) = on_terminal(&program, "-e 1 install", &[], "\n");
    assert_eq!(code, Some(1), "{seen}");
    assert!(seen.contains("Install it? [y/N]") && seen.contains("declined; nothing was sent"), "{seen}");
    assert_eq!(lab.nailgun().started("deploy"), 0);

    let (code, seen) = on_terminal(&program, "-e 1 install", &[], "y\n");
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("update ") && seen.contains("verified: 9.0-mu-2 on node-[1-2]"), "{seen}");
}

/// Thirty nodes: one is behind, two are off.
fn thirty() -> Lab {
    let mut scenario = Scenario::new().published(mu(2));
    for id in 1..=30 {
        let role = if id <= 3 { "controller" } else { "compute" };
        let node = NodeSpec::new(id, &[role]).file(MU_FILE, mu(if id == 7 { 1 } else { 2 }));
        scenario = scenario.node(if id == 8 || id == 12 { node.offline() } else { node });
    }
    Lab::start(scenario).expect("a lab")
}

#[test]
fn rows_that_do_not_fit_on_the_screen_are_folded() {
    let lab = thirty();
    let program = Program::in_lab(&lab);
    let folded = on_screen(&program, 80, 24, "-e 1 -q check available");
    insta::assert_snapshot!(folded, @"
    update available: 9.0-mu-2 for 1 of 30 nodes; up to date: 9.0-mu-2 on 27; 2 nodes did not answer
    +-------------+-------+-------------+----------+------------------+------------+
    | nodes       | count | state       | MU       | verdict          | detail     |
    +-------------+-------+-------------+----------+------------------+------------+
    | node-[8,    | 2     | unreachable | -        | unknown          | connection |
    | 12]         |       |             |          |                  | refused    |
    | node-7      | 1     | installed   | 9.0-mu-1 | update-available | from       |
    |             |       |             |          |                  | package    |
    | node-[1-6,  | 27    | installed   | 9.0-mu-2 | up-to-date       | from       |
    | 9-11,       |       |             |          |                  | package    |
    | 13-30]      |       |             |          |                  |            |
    +-------------+-------+-------------+----------+------------------+------------+
    mirror: 9.0-mu-2 (id 2, published 2016-07-06) for MOS 9.0
    documentation: https://example.org/mu2
    next: fuel-updates --env 1 install
    ");
    let low = on_screen(&program, 80, 16, "-e 1 -q check available");
    insta::assert_snapshot!(low, @"
    update available: 9.0-mu-2 for 1 of 30 nodes; up to date: 9.0-mu-2 on 27; 2 nodes did not answer
    9.0-mu-2 on node-[1-6,9-11,13-30]
    9.0-mu-1 on node-7
    unreachable node-[8,12] (connection refused)
    mirror: 9.0-mu-2 (id 2, published 2016-07-06) for MOS 9.0
    documentation: https://example.org/mu2
    next: fuel-updates --env 1 install
    ");
    for columns in [40, 60, 80, 120, 300] {
        let all = on_screen(&program, columns, 24, "-e 1 -q check available --all");
        let table: Vec<&str> = all.lines().filter(|line| line.starts_with(['|', '+'])).collect();
        assert!(table.len() >= 34, "a row for each node:\n{all}");
        for line in &table {
            assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
        }
        for word in ["update-available", "up-to-date", "node-30"] {
            assert!(all.contains(word), "{columns}: {word} is whole:\n{all}");
        }
    }
    let tall = on_screen(&program, 120, 60, "-e 1 -q check available");
    assert_eq!(tall.lines().filter(|line| line.starts_with("| ")).count(), 31, "{tall}");
    let problems = on_screen(&program, 80, 24, "-e 1 -q check available --problems -c name,verdict -f value");
    assert_eq!(problems, "node-7 update-available\nnode-8 unknown\nnode-12 unknown\n");
    let problems = on_screen(&program, 120, 24, "-e 1 -q check available --problems");
    let groups: Vec<&str> = problems.lines().filter(|line| line.contains(" node-") && !line.starts_with('|')).collect();
    assert_eq!(groups, ["9.0-mu-1 on node-7", "unreachable node-[8,12] (connection refused)"], "{problems}");
}
