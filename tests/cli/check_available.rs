//! `check available` against the lab's mirror and against files.

use fuel_lab::{Lab, MirrorFault, NodeSpec, Scenario};
use insta::assert_snapshot;

use crate::program::{MU_FILE, Program, mu};

fn node(id: u32, update: u64) -> NodeSpec {
    let node = NodeSpec::new(id, &["compute"]);
    if update == 0 { node } else { node.file(MU_FILE, mu(update)) }
}

fn lab(updates: &[u64]) -> Lab {
    let nodes = (1..).zip(updates).map(|(id, update)| node(id, *update));
    Lab::start(nodes.fold(Scenario::new().published(mu(2)), Scenario::node)).expect("a lab")
}

#[test]
fn verdicts_for_every_node() {
    let lab = lab(&[1, 2, 0, 3]);
    let ran = Program::in_lab(&lab)
        .run("-e 1 -q check available -c id -c name -c state -c MU -c published -c verdict -c detail");
    assert_snapshot!(ran.picture(), @"
    exit 5
    --- stdout
    update available: 9.0-mu-2 for 2 of 4 nodes; newer than the mirror's 9.0-mu-2: 1; up to date: 9.0-mu-2 on 1
    +----+--------+-----------+----------+------------+------------------+--------------+
    | id | name   | state     | MU       | published  | verdict          | detail       |
    +----+--------+-----------+----------+------------+------------------+--------------+
    | 1  | node-1 | installed | 9.0-mu-1 | 2016-07-05 | update-available | from package |
    | 2  | node-2 | installed | 9.0-mu-2 | 2016-07-06 | up-to-date       | from package |
    | 3  | node-3 | none      | -        | -          | update-available |              |
    | 4  | node-4 | installed | 9.0-mu-3 | 2016-07-07 | ahead-of-mirror  | from package |
    +----+--------+-----------+----------+------------+------------------+--------------+
    9.0-mu-1 on node-1
    9.0-mu-2 on node-2
    none on node-3
    9.0-mu-3 on node-4
    mirror: 9.0-mu-2 (id 2, published 2016-07-06) for MOS 9.0
    documentation: https://example.org/mu2
    next: fuel-updates --env 1 install
    ");
    assert_eq!(lab.mirror_asked(), ["/mcv/mos/9.0/mu-version.json"]);
}

#[test]
fn one_status_wins_and_the_document_has_all_conditions() {
    let seen = |updates: &[u64], line: &str| {
        let lab = lab(updates);
        let ran = Program::in_lab(&lab).run(line);
        let conditions: Vec<String> = serde_json::from_value(ran.json()["conditions"].clone()).expect("words");
        (ran.code, conditions.join(" "))
    };
    let line = "-e 1 -q -f json check available";
    assert_eq!(seen(&[2, 2], line), (Some(0), String::new()));
    assert_eq!(seen(&[1, 1], line), (Some(5), "update-available".into()));
    assert_eq!(seen(&[1, 2], line), (Some(5), "update-available drift".into()));
    assert_eq!(seen(&[3, 3], line), (Some(4), "drift".into()));
}

#[test]
fn an_announcement_of_another_release_or_of_the_future_is_named() {
    let published = r#"{"id": 9, "title": "8.0-MU-9", "timestamp": 4102444800}"#;
    let lab = Lab::start(Scenario::new().published(published).node(node(1, 2))).expect("a lab");
    let ran = Program::in_lab(&lab).run("-e 1 check available");
    let warnings: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("mirror")).collect();
    let at = warnings[0].split(": ").nth(1).expect("the address");
    assert_eq!(
        warnings,
        [
            format!("warning: {at}: the title `8.0-MU-9` names MOS 8.0, not 9.0: is the right file published there?"),
            format!(
                "warning: {at}: its timestamp is in the future (2100-01-01 00:00 UTC): check the file and the clock of \
                 this host"
            ),
        ]
    );
    assert_eq!(ran.code, Some(5), "the verdict stays: {}", ran.stderr);
}

#[test]
fn a_mirror_that_fails_still_leaves_the_nodes() {
    let lab = lab(&[1]);
    let program = Program::in_lab(&lab);
    let mut lines = Vec::new();
    let address = lab.mirror_url();
    let server = address.strip_prefix("http://").expect("http");
    for (name, fault) in [
        ("404", MirrorFault::Status(404)),
        ("500", MirrorFault::Status(500)),
        ("HTML with 200", MirrorFault::Html),
        ("truncated", MirrorFault::Truncated(20)),
        ("1 GB", MirrorFault::Huge(1 << 30)),
        ("redirect loop", MirrorFault::RedirectLoop),
        ("reset", MirrorFault::Reset),
    ] {
        lab.set_mirror_fault(fault);
        let ran = program.run("-e 1 -q check available -f value -c name -c verdict");
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "node-1 unknown\n"), "{}", ran.picture());
        lines.push(format!(
            "{name}:\n{}",
            ran.stderr.replace(&lab.mirror_url(), "[MIRROR]").replace(server, "[SERVER]")
        ));
    }
    assert_snapshot!(lines.concat(), @"
    404:
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: no such file (404)
    hint: the mirror's address is the folder that contains `mcv/`: check it, and that the mirror serves this MOS version
    500:
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: the web server failed (500)
    hint: try again; look at the server's log
    HTML with 200:
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: it answered with a web page, not with mu-version.json
    hint: the web server may not be allowed to read the file: nginx on a Fuel master's port 8080 answers so; make the file and the folders above it readable for everybody
    truncated:
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: not a valid mu-version.json: not valid JSON (line 1, column 20)
    hint: mu-version.json needs `id` (integer from 1), `title` (text) and `timestamp` (integer)
    1 GB:
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: the answer of [SERVER] is larger than 64 KiB
    hint: mu-version.json has a few hundred bytes: check the mirror's address
    redirect loop:
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: [SERVER] redirected more than 3 times
    reset:
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: [SERVER] ended the connection before its answer was complete (Connection reset by peer)
    hint: try again; if it happens again, look at the server's log
    ");
}

#[test]
fn what_a_mirror_may_not_say() {
    let lab = Lab::start(Scenario::new().node(node(1, 1))).expect("a lab");
    let program = Program::in_lab(&lab);
    let mut lines = Vec::new();
    for text in ["", "[]", r#"{"id": "3", "title": "t", "timestamp": 1}"#, r#"{"id": 3, "timestamp": 1}"#] {
        let file = program.file("mu-version.json", text);
        let ran = program.run(&format!("-e 1 -q check available --mirror {} -f json", file.display()));
        assert_eq!(ran.code, Some(1));
        let error = &ran.json()["mirror"]["error"];
        lines.push(format!("{} {}\n", error["kind"], error["message"]).replace(&file.display().to_string(), "[FILE]"));
    }
    assert_snapshot!(lines.concat(), @r#"
    "invalid" "mirror [FILE]: not a valid mu-version.json: empty"
    "invalid" "mirror [FILE]: not a valid mu-version.json: not a JSON object but a list"
    "invalid" "mirror [FILE]: not a valid mu-version.json: `id` is text, not an integer"
    "invalid" "mirror [FILE]: not a valid mu-version.json: `title` is missing"
    "#);
}

#[test]
fn a_mirror_is_a_folder_a_file_or_an_address() {
    let lab = lab(&[1]);
    let program = Program::in_lab(&lab);
    let file = program.file("m/mcv/mos/9.0/mu-version.json", mu(5));
    let root = file.ancestors().nth(4).expect("the root").display().to_string();
    for mirror in [root.clone(), format!("file://{root}"), file.display().to_string(), lab.mirror_url()] {
        let ran = program.run(&format!("-e 1 -q check available --mirror {mirror} -f value -c verdict"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(5), "update-available\n"), "{}", ran.picture());
    }
}

#[test]
fn nine_two_falls_back_to_nine_zero_and_says_so() {
    let lab = lab(&[1]);
    let ran = Program::in_lab(&lab).run("-e 1 check available --mos-version 9.2 -f json");
    let document = ran.json();
    assert_eq!((&document["mirror"]["folder"], &document["mos_version_source"]), (&"9.0".into(), &"option".into()));
    // The node runs 9.0: the mirror's update for 9.2 says nothing about it.
    assert_eq!(
        (ran.code, &document["nodes"][0]["verdict"], &document["conditions"]),
        (Some(3), &"unknown".into(), &serde_json::json!(["partial"]))
    );
    assert_eq!(
        ran.lines("warning: "),
        [
            "MOS 9.2 is expected, but node-1 has another version",
            "using the mirror's folder for MOS 9.0: it has none for 9.2"
        ]
    );
}

#[test]
fn the_version_of_the_nodes_serves_where_nothing_else_tells() {
    let lab = lab(&[1]);
    let program = Program::in_lab(&lab);
    let (address, port, key) = (lab.node(1).address(), lab.node(1).port(), lab.ssh_key().display());
    let text =
        format!("env: 1\nssh: {{key: {key}, port: {port}}}\nnodes: [{{id: 1, name: node-1, address: {address}}}]\n");
    let file = program.file("i.yaml", text);
    let ran = program.run(&format!("-e 1 -q check available --inventory {} -f json", file.display()));
    let document = ran.json();
    assert_eq!(
        (ran.code, &document["mos_version"], &document["mos_version_source"]),
        (Some(5), &"9.0".into(), &"nodes".into())
    );
}
