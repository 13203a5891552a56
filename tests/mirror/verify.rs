//! `mirror verify`: complete, half-copied, stale and damaged mirrors, in a folder and over HTTP.

use std::fs;
use std::sync::Arc;

use fuel_lab::web::{Reply, Request, Response, Service, WebServer};
use fuel_lab::{Lab, NodeSpec, Scenario};
use insta::assert_snapshot;

use super::repository::{SiteMirror, damage, published};
use crate::program::{MU_FILE, Program};

/// Without the columns that change with the day.
const COLUMNS: &str = "-c release -c MU -c id -c published -c packages -c repositories -c state";

fn signal(update: i64) -> String {
    format!(r#"{{"id": {update}, "title": "9.0-mu-{update}", "timestamp": {}}}"#, published(update))
}

/// A mirror that announces the update that it has.
fn complete(update: i64) -> Option<SiteMirror> {
    let mirror = SiteMirror::with_update(update)?;
    mirror.announce("9.0", &signal(update));
    Some(mirror)
}

fn verified(mirror: &SiteMirror) -> String {
    let dir = mirror.path().display().to_string();
    let ran = Program::new().redact(&dir, "[MIRROR]").run(&format!("-q mirror verify {dir} {COLUMNS}"));
    ran.picture()
}

#[test]
fn a_complete_mirror() {
    let Some(mirror) = complete(2) else { return };
    assert_snapshot!(verified(&mirror), @"
    exit 0
    --- stdout
    +---------+----------+----+------------+----------+--------------+----------+
    | release | MU       | id | published  | packages | repositories | state    |
    +---------+----------+----+------------+----------+--------------+----------+
    | 9.0     | 9.0-mu-2 | 2  | 2016-07-07 | 3        | 2016-07-07   | complete |
    +---------+----------+----+------------+----------+--------------+----------+
    ");
}

#[test]
fn a_half_copied_mirror() {
    let Some(mirror) = complete(2) else { return };
    fs::remove_file(mirror.package("nova-api", 2)).expect("a file");
    fs::remove_file(mirror.repository().join("dists/mos9.0-security/main/binary-amd64/Packages.gz")).expect("a file");
    fs::remove_file(mirror.repository().join("dists/mos9.0-holdback/Release.gpg")).expect("a file");
    assert_snapshot!(verified(&mirror), @"
    exit 3
    --- stdout
    +---------+----------+----+------------+----------+--------------+---------+
    | release | MU       | id | published  | packages | repositories | state   |
    +---------+----------+----+------------+----------+--------------+---------+
    | 9.0     | 9.0-mu-2 | 2  | 2016-07-07 | 3        | 2016-07-07   | missing |
    +---------+----------+----+------------+----------+--------------+---------+
    MOS 9.0: mos-repos/ubuntu/9.0 mos9.0-updates: pool/main/nova-api_2_all.deb is missing
    MOS 9.0: mos-repos/ubuntu/9.0 mos9.0-security: dists/mos9.0-security/main/binary-amd64/Packages.gz is missing
    MOS 9.0: mos9.0-holdback: no signature: nodes refuse it unless their apt accepts unsigned repositories
    ");
}

#[test]
fn a_stale_mirror() {
    let Some(mirror) = complete(2) else { return };
    mirror.announce("9.0", &signal(3));
    assert_snapshot!(verified(&mirror), @"
    exit 4
    --- stdout
    +---------+----------+----+------------+----------+--------------+-------+
    | release | MU       | id | published  | packages | repositories | state |
    +---------+----------+----+------------+----------+--------------+-------+
    | 9.0     | 9.0-mu-3 | 3  | 2016-07-17 | 3        | 2016-07-07   | stale |
    +---------+----------+----+------------+----------+--------------+-------+
    MOS 9.0: the package repositories are older than the signal of 9.0-mu-3: copy them again
    ");
}

#[test]
fn a_damaged_mirror() {
    let Some(mirror) = complete(2) else { return };
    damage(&mirror.package("fuel-misc", 2));
    damage(&mirror.repository().join("dists/mos9.0-updates/Release"));
    mirror.announce("8.0", "{\"id\": 1");
    assert_snapshot!(verified(&mirror), @"
    exit 3
    --- stdout
    +---------+----------+----+------------+----------+--------------+---------+
    | release | MU       | id | published  | packages | repositories | state   |
    +---------+----------+----+------------+----------+--------------+---------+
    | 8.0     | -        | -  | -          | -        | -            | signal  |
    | 9.0     | 9.0-mu-2 | 2  | 2016-07-07 | 3        | 2016-07-07   | damaged |
    +---------+----------+----+------------+----------+--------------+---------+
    MOS 8.0: mirror [MIRROR]/mcv/mos/8.0/mu-version.json: not a valid mu-version.json: not valid JSON (line 1, column 8)
    MOS 8.0: no package repository of its updates here (--signals-only does not ask for one)
    MOS 9.0: mos-repos/ubuntu/9.0 mos9.0-updates: dists/mos9.0-updates/main/binary-amd64/Packages has another checksum than the repository says
    MOS 9.0: mos-repos/ubuntu/9.0 mos9.0-updates: pool/main/fuel-misc_2_all.deb has another checksum than the repository says
    ");
}

#[test]
fn every_release_with_what_looks_wrong() {
    let Some(mirror) = complete(2) else { return };
    mirror.announce("8.0", &signal(1));
    mirror.announce("9.0", &signal(2).replace("9.0-mu-2", "8.0-MU-9"));
    mirror.announce("10.0", r#"{"id": 1, "title": "10.0-mu-1", "timestamp": 4102444800}"#);
    fs::create_dir_all(mirror.path().join("mcv/mos/7.0")).expect("a folder without an announcement");
    assert_snapshot!(verified(&mirror), @"
    exit 3
    --- stdout
    +---------+-----------+----+------------+----------+--------------+-------------+
    | release | MU        | id | published  | packages | repositories | state       |
    +---------+-----------+----+------------+----------+--------------+-------------+
    | 8.0     | 9.0-mu-1  | 1  | 2016-06-27 | -        | -            | no-packages |
    | 9.0     | 8.0-MU-9  | 2  | 2016-07-07 | 3        | 2016-07-07   | doubtful    |
    | 10.0    | 10.0-mu-1 | 1  | 2100-01-01 | -        | -            | no-packages |
    +---------+-----------+----+------------+----------+--------------+-------------+
    MOS 8.0: no package repository of its updates here (--signals-only does not ask for one)
    MOS 8.0: mirror [MIRROR]/mcv/mos/8.0/mu-version.json: the title `9.0-mu-1` names MOS 9.0, not 8.0: is the right file published there?
    MOS 9.0: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: the title `8.0-MU-9` names MOS 8.0, not 9.0: is the right file published there?
    MOS 10.0: no package repository of its updates here (--signals-only does not ask for one)
    MOS 10.0: mirror [MIRROR]/mcv/mos/10.0/mu-version.json: its timestamp is in the future (2100-01-01 00:00 UTC): check the file and the clock of this host
    ");
    let dir = mirror.path().display();
    let ran = Program::new().run(&format!("-q mirror verify {dir} --signals-only -f value -c release -c state"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), "8.0 doubtful\n9.0 doubtful\n10.0 doubtful\n"));
}

#[test]
fn over_http_packages_are_read_only_where_asked_to() {
    let Some(mirror) = complete(2) else { return };
    let lab = Lab::start(Scenario::new()).expect("a lab");
    mirror.copy_to(&lab.mirror_dir());
    let program = Program::in_lab(&lab).redact(&lab.mirror_url(), "[MIRROR]");
    let copied = lab.mirror_dir().join("mos-repos/ubuntu/9.0/pool/main/nova-api_2_all.deb");
    assert_eq!(program.run("-q mirror verify").code, Some(0), "the mirror of the settings");
    damage(&copied);
    assert_eq!(program.run("-q mirror verify").code, Some(0), "its size is right");
    let ran = program.run(&format!("-q mirror verify {} --checksums -f json", lab.mirror_url()));
    let document = ran.json();
    assert_eq!(
        (ran.code, &document["conditions"], &document["env"]),
        (Some(3), &serde_json::json!(["partial"]), &serde_json::Value::Null)
    );
    assert_eq!(document["releases"][0]["findings"][0]["kind"], "damaged");
    assert_eq!(document["releases"][0]["suites"][0]["packages"], 3);
    fs::remove_file(&copied).expect("a file");
    let ran = program.run("-q mirror verify -f value -c state");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), "missing\n"));
}

#[test]
fn what_is_no_mirror() {
    let program = Program::new();
    let lab = Lab::start(Scenario::new()).expect("a lab");
    let program = program
        .redact(&lab.mirror_url(), "[MIRROR]")
        .redact(lab.mirror_url().trim_start_matches("http://"), "[SERVER]");
    program.file("empty/x", "");
    let mut pictures = String::new();
    for line in [
        "mirror verify nowhere".to_owned(),
        "mirror verify empty".to_owned(),
        "mirror verify empty/x".to_owned(),
        "mirror verify http://m/mu-version.json".to_owned(),
        "mirror verify empty -c what".to_owned(),
        "mirror verify empty --repository x".to_owned(),
        format!("mirror verify {}", lab.mirror_url()),
        format!("mirror verify {} --mos-version 9.0", lab.mirror_url()),
    ] {
        pictures.push_str(&format!("{line}: {}", program.run(&line).picture()).replace(&lab.mirror_url(), "[MIRROR]"));
    }
    assert_snapshot!(pictures, @"
    mirror verify nowhere: exit 1
    --- stderr
    error: mirror nowhere: no such file or folder
    hint: for a web server write http://nowhere
    mirror verify empty: exit 1
    --- stderr
    error: mirror empty announces no update
    hint: the address is that of the folder that contains mcv/
    mirror verify empty/x: exit 1
    --- stderr
    error: mirror empty/x: it is not a folder
    mirror verify http://m/mu-version.json: exit 2
    --- stderr
    error: mirror `http://m/mu-version.json`: it is the address of a file: give the folder that contains mcv/
    mirror verify empty -c what: exit 2
    --- stderr
    error: there is no column `what`
    hint: columns: release, MU, id, published, age, packages, MB, repositories, state
    mirror verify empty --repository x: exit 2
    --- stderr
    error: the following required arguments were not provided:
      --mos-version <X.Y>

    Usage: fuel-updates mirror verify --mos-version <X.Y> --repository <URL|DIR> <URL|DIR>

    For more information, try '--help'.
    mirror verify [MIRROR]: exit 1
    --- stderr
    error: mirror [MIRROR]/ announces no update
    hint: the address is that of the folder that contains mcv/
    mirror verify [MIRROR] --mos-version 9.0: exit 1
    --- stderr
    error: mirror [MIRROR]/ announces no update of MOS 9.0
    hint: the address is that of the folder that contains mcv/
    ");
}

#[test]
fn against_the_nodes_of_an_environment() {
    let Some(mirror) = complete(2) else { return };
    let node = |id: u32, update: i64, version: &str| {
        NodeSpec::new(id, &["compute"]).file(MU_FILE, signal(update)).package("nova-api", version)
    };
    let scenario = Scenario::new()
        .node(node(1, 1, "2:1.0-1~u14.04+mos1"))
        .node(node(2, 2, "2:2.0-1~u14.04+mos2"))
        .node(node(3, 3, "2:3.0-1~u14.04+mos3"))
        .node(node(4, 1, "2:1.0-1~u14.04+mos1").offline());
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    let dir = mirror.path().display().to_string();
    let seen = |line: &str| {
        let ran = program.run(&format!("-q -e 1 {line}"));
        (ran.code, ran.stdout.lines().filter(|l| !l.starts_with(['+', '|'])).collect::<Vec<_>>().join("\n"))
    };
    let (code, text) = seen(&format!("mirror verify {dir} --exclude 3,4"));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.ends_with("environment 1: 2 nodes; newer packages on the mirror: up to 1 per node"), "{text}");
    let (code, text) = seen(&format!("mirror verify {dir}"));
    assert_eq!(code, Some(3));
    assert!(
        text.contains("cannot tell what these nodes need: node-4")
            && text.contains("an update newer than 9.0-mu-2 is installed on node-3"),
        "{text}"
    );

    // The announcement is ahead of the packages by one update: nothing is there for node 2.
    mirror.announce("9.0", &signal(3));
    let (code, text) = seen(&format!("mirror verify {dir} --nodes 2"));
    assert_eq!(code, Some(4));
    assert!(
        text.contains(
            "the repositories hold nothing newer than the installed packages, but 9.0-mu-3 is missing on node-2"
        ),
        "{text}"
    );

    // Nodes that fetch from elsewhere.
    mirror.announce("9.0", &signal(2));
    lab.node(1)
        .write(
            "/etc/apt/sources.list.d/mos-updates.list",
            b"deb http://10.20.0.2:8080/mos-repos/ubuntu/9.2 mos9.0-updates main\n",
        )
        .expect("a file");
    let ran = program.run(&format!("-q -e 1 mirror verify {dir} --nodes 1,2 -f json"));
    let document = ran.json();
    assert_eq!(
        (ran.code, &document["env"], document["nodes"][0]["newer_packages"].as_u64()),
        (Some(3), &1.into(), Some(1))
    );
    assert_eq!(
        document["findings"][0]["message"],
        "mos9.0-updates of http://10.20.0.2:8080/mos-repos/ubuntu/9.2 is not on this mirror; needed by node-1"
    );
}

/// A folder over HTTP whose server knows GET alone.
struct GetAlone(std::path::PathBuf);

impl Service for GetAlone {
    fn answer(&self, request: &Request) -> Reply {
        if request.method != "GET" {
            return Response::empty(405).into();
        }
        match fs::read(self.0.join(request.path.trim_start_matches('/'))) {
            // As a server that takes a compressed file for a coding of the answer.
            Ok(bytes) => Response::new(200, "text/plain", bytes).header("Content-Encoding", "gzip").into(),
            Err(_) => Response::new(404, "text/html", "<html>404</html>").into(),
        }
    }
}

#[test]
fn odd_web_servers() {
    let Some(mirror) = complete(2) else { return };
    let server =
        WebServer::start(([127, 0, 0, 1], 0).into(), Arc::new(GetAlone(mirror.path().to_owned()))).expect("a server");
    let line = format!("-q mirror verify http://{} --mos-version 9.0 -f value -c state", server.address());
    let program = Program::new();
    let ran = program.run(&line);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "complete\n"), "{}", ran.picture());
    fs::remove_file(mirror.package("nova-api", 2)).expect("a file");
    assert_eq!(program.run(&line).stdout, "missing\n");
}
