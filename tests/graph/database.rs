//! The dump of the database before packages of controllers change.

use std::io::Read as _;

use flate2::read::GzDecoder;

use crate::cluster::controller;
use crate::node::{Node, PHASES};

const BEFORE: &[&str] = &["check", "check-cluster", "download", "backup"];

fn dump(node: &Node) -> String {
    let path = format!("var/lib/fuel-mu/backup/{}/database.sql.gz", node.values.run);
    let mut text = String::new();
    GzDecoder::new(&std::fs::read(node.path(&path)).unwrap()[..]).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn it_is_whole_and_lies_with_the_backups() {
    let mut node = controller();
    node.pass(BEFORE);
    node.pass(&["backup-database"]);
    assert!(dump(&node).ends_with("-- Dump completed on 2026-11-23 21:00:00\n"));
    let calls = node.calls("mysqldump");
    assert_eq!(calls, ["mysqldump --all-databases --single-transaction --quick --routines --triggers --events"]);
    node.assert_tidy();
    // Once a run, and only if something changes.
    node.pass(&["backup-database"]);
    assert_eq!(node.calls("mysqldump"), Vec::<String>::new());
    node.pass(&["agents", "update", "ha", "verify", "commit"]);
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(PHASES);
    assert_eq!(node.calls("mysqldump"), Vec::<String>::new());
}

#[test]
fn a_dump_that_fails_or_ends_early_stops_the_run() {
    for (text, reason) in [
        ("mysqldump: Got error: 2002", "the database cannot be saved: mysqldump: Got error: 2002"),
        ("", "the dump of the database is not complete"),
    ] {
        let node = controller();
        node.pass(BEFORE);
        node.fault("mysqldump", text);
        assert_eq!(node.refusal("backup-database"), reason);
        assert!(!node.exists(&format!("var/lib/fuel-mu/backup/{}/database.sql.gz", node.values.run)));
        assert_eq!(node.state(), None, "nothing has changed");
        node.repair("mysqldump");
        node.pass(&["backup-database"]);
        node.assert_tidy();
    }
}

#[test]
fn it_needs_room_unless_it_is_not_wanted() {
    let mut node = controller();
    node.write(".lab/database/size", "99999999\n");
    let reason = node.run("check-cluster").text;
    assert!(reason.contains("FAILED: not enough space on /var for the dump of the database: "), "{reason}");
    assert!(reason.contains(" MB free, 100000199 MB needed (--no-db-backup leaves it out)"), "{reason}");
    node.pass(&["check", "download", "backup"]);
    assert!(node.refusal("backup-database").starts_with("not enough space on /var for the dump"));
    node.values.options.no_db_backup = true;
    node.pass(PHASES);
    assert_eq!(node.calls("mysqldump"), Vec::<String>::new());
}

#[test]
fn a_controller_without_a_database_has_none() {
    let node = Node::new(&["primary-controller"]);
    node.pass(PHASES);
    assert_eq!(node.calls("mysqldump"), Vec::<String>::new());
}
