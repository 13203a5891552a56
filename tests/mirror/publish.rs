//! `mirror publish`: forward only, packages first, the same bytes everywhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use super::repository::{SiteMirror, built, damage, published};
use crate::program::{Program, Ran};

struct Publisher {
    mirror: SiteMirror,
    program: Program,
}

impl Publisher {
    fn with_update(update: i64) -> Option<Self> {
        let mirror = SiteMirror::with_update(update)?;
        let program = Program::new().redact(&mirror.path().display().to_string(), "[MIRROR]");
        Some(Self { mirror, program })
    }

    fn publish(&self, id: i64, more: &str) -> Ran {
        let dir = self.mirror.path().display();
        self.program.run(&format!("mirror publish {dir} --mos 9.0 --id {id} --title 9.0-mu-{id} {more}"))
    }

    fn signal(&self) -> String {
        fs::read_to_string(self.mirror.signal()).unwrap_or_default()
    }
}

#[test]
fn an_update_is_announced_in_the_form_of_the_specification() {
    let Some(publisher) = Publisher::with_update(1) else { return };
    publisher.program.file("tree/files/fuel-misc/fuel-logrotate", "");
    let ran = publisher.publish(1, "--doc-link https://docs.example.org/mu-1 --fuel-library tree");
    assert_snapshot!(ran.picture(), @"
    exit 0
    --- stdout
    wrote 9.0-mu-1 (id 1, timestamp 1467003600) to tree/files/fuel-misc/mu-version.json
    published 9.0-mu-1 (id 1, timestamp 1467003600) in [MIRROR]/mcv/mos/9.0/mu-version.json
    --- stderr
    3 packages for MOS 9.0 are complete
    ");
    assert_snapshot!(publisher.signal(), @r#"
    {
        "id": 1,
        "title": "9.0-mu-1",
        "timestamp": 1467003600,
        "doc_link": "https://docs.example.org/mu-1"
    }
    "#);
    let library = publisher.program.state().with_file_name("tree/files/fuel-misc/mu-version.json");
    assert_eq!(fs::read_to_string(library).expect("the same"), publisher.signal());
    let mode = fs::metadata(publisher.mirror.signal()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(fs::read_dir(publisher.mirror.signal().parent().expect("a folder")).expect("a folder").count(), 1);
    // Nothing goes wrong when a job runs twice.
    assert_eq!(publisher.publish(1, "--doc-link https://docs.example.org/mu-1").code, Some(0));
}

#[test]
fn the_signal_never_goes_backwards() {
    let Some(publisher) = Publisher::with_update(2) else { return };
    assert_eq!(publisher.publish(2, "").code, Some(0));
    let before = publisher.signal();
    let mut pictures = String::new();
    let dry = publisher.publish(3, "--dry-run");
    for (id, more) in [(1, ""), (3, ""), (3, "--timestamp 1467000000"), (3, "--timestamp 4102444800")] {
        let ran = publisher.publish(id, more);
        assert_eq!((ran.code, publisher.signal()), (Some(1), before.clone()));
        pictures.push_str(&format!("{id} {more}: {}", ran.picture()));
    }
    assert_eq!(dry.code, Some(1), "the packages are still those of update 2: {}", dry.picture());
    assert_snapshot!(pictures, @"
    1 : exit 1
    --- stderr
    error: nothing was published
      caused by: id 1 is lower than that of 9.0-mu-2, which is published (id 2)
      caused by: the timestamp 1467867600 is not later than that of 9.0-mu-2 (1467867600)
      caused by: the newest package was built before 9.0-mu-2 was published (1467864000, 1467867600): are the new packages there?
    hint: --force publishes all the same
    3 : exit 1
    --- stderr
    error: nothing was published
      caused by: the timestamp 1467867600 is not later than that of 9.0-mu-2 (1467867600)
      caused by: the newest package was built before 9.0-mu-2 was published (1467864000, 1467867600): are the new packages there?
    hint: --force publishes all the same
    3 --timestamp 1467000000: exit 1
    --- stderr
    error: nothing was published
      caused by: the timestamp 1467000000 is not later than that of 9.0-mu-2 (1467867600)
      caused by: the newest package was built before 9.0-mu-2 was published (1467864000, 1467867600): are the new packages there?
    hint: --force publishes all the same
    3 --timestamp 4102444800: exit 1
    --- stderr
    error: nothing was published
      caused by: the timestamp 4102444800 is later than the package repositories (1467867600): every copy of them would count as stale
      caused by: the newest package was built before 9.0-mu-2 was published (1467864000, 1467867600): are the new packages there?
      caused by: mirror [MIRROR]: its timestamp is in the future (2100-01-01 00:00 UTC): check the file and the clock of this host
    hint: --force publishes all the same
    ");
    let forced = publisher.publish(1, "--force");
    assert_eq!((forced.code, forced.lines("warning: ").len()), (Some(0), 3), "{}", forced.picture());
    assert!(publisher.signal().contains("\"id\": 1"));
}

#[test]
fn the_next_update_follows_when_its_packages_are_there() {
    let Some(publisher) = Publisher::with_update(1) else { return };
    assert_eq!(publisher.publish(1, "").code, Some(0));
    publisher.mirror.update(2);
    let dry = publisher.publish(2, "--dry-run");
    assert_eq!(dry.code, Some(0), "{}", dry.picture());
    assert!(publisher.signal().contains("\"id\": 1"), "a dry run writes nothing");
    assert_eq!(publisher.publish(2, "").code, Some(0));
    assert!(publisher.signal().contains(&format!("\"timestamp\": {}", published(2))), "{}", publisher.signal());
}

#[test]
fn packages_that_are_not_complete_are_not_announced() {
    let Some(publisher) = Publisher::with_update(1) else { return };
    let repository = publisher.mirror.repository();
    let kept = tempfile::tempdir().expect("a folder");
    publisher.mirror.copy_to(kept.path());
    let again = || {
        fs::remove_dir_all(&repository).expect("a folder");
        super::repository::run(
            std::process::Command::new("cp").arg("-a").arg(kept.path().join("mos-repos/ubuntu/9.0")).arg(&repository),
        );
    };
    let mut pictures = String::new();
    let packages = repository.join("dists/mos9.0-updates/main/binary-amd64/Packages");
    let mut refused = |what: &str, change: &dyn Fn()| {
        change();
        let ran = publisher.publish(1, "--force");
        assert_eq!((ran.code, publisher.signal().as_str()), (Some(1), ""), "{what}");
        pictures.push_str(&format!("{what}: {}", ran.picture()));
        again();
    };
    refused("a package is missing", &|| fs::remove_file(publisher.mirror.package("nova-api", 1)).expect("a file"));
    refused("a package is damaged", &|| damage(&publisher.mirror.package("nova-api", 1)));
    refused("a package is cut", &|| {
        let deb = publisher.mirror.package("nova-api", 1);
        fs::File::options().write(true).open(deb).and_then(|file| file.set_len(1000)).expect("a file");
    });
    refused("the compressed index is missing", &|| fs::remove_file(packages.with_extension("gz")).expect("a file"));
    refused("an index is that of another day", &|| fs::write(&packages, "").expect("a file"));
    refused("no index at all", &|| fs::remove_dir_all(packages.parent().expect("a folder")).expect("a folder"));
    refused("no repository", &|| fs::remove_dir_all(repository.join("dists")).expect("a folder"));
    assert_snapshot!(pictures, @"
    a package is missing: exit 1
    --- stderr
    error: the packages are not complete; nothing was published
      caused by: mos-repos/ubuntu/9.0 mos9.0-updates: pool/main/nova-api_1_all.deb is missing
    hint: publish the packages first; `mirror verify` names everything
    a package is damaged: exit 1
    --- stderr
    error: the packages are not complete; nothing was published
      caused by: mos-repos/ubuntu/9.0 mos9.0-updates: pool/main/nova-api_1_all.deb has another checksum than the repository says
    hint: publish the packages first; `mirror verify` names everything
    a package is cut: exit 1
    --- stderr
    error: the packages are not complete; nothing was published
      caused by: mos-repos/ubuntu/9.0 mos9.0-updates: pool/main/nova-api_1_all.deb has 1000 bytes, not 20672
    hint: publish the packages first; `mirror verify` names everything
    the compressed index is missing: exit 1
    --- stderr
    error: the packages are not complete; nothing was published
      caused by: mos-repos/ubuntu/9.0 mos9.0-updates: dists/mos9.0-updates/main/binary-amd64/Packages.gz is missing
    hint: publish the packages first; `mirror verify` names everything
    an index is that of another day: exit 1
    --- stderr
    error: the packages are not complete; nothing was published
      caused by: mos-repos/ubuntu/9.0 mos9.0-updates: dists/mos9.0-updates/main/binary-amd64/Packages has 0 bytes, not 1425
    hint: publish the packages first; `mirror verify` names everything
    no index at all: exit 1
    --- stderr
    error: the packages are not complete; nothing was published
      caused by: mos-repos/ubuntu/9.0 mos9.0-updates: dists/mos9.0-updates/main/binary-amd64/Packages is missing
    hint: publish the packages first; `mirror verify` names everything
    no repository: exit 1
    --- stderr
    error: no package repository for MOS 9.0: looked in [MIRROR]/mos-repos/ubuntu/9.0, [MIRROR]/mos-repos/ubuntu/9.1, [MIRROR]/mos-repos/ubuntu/9.2, [MIRROR]/mirrors/mos-repos/ubuntu/9.0, [MIRROR]/mirrors/mos-repos/ubuntu/9.1, [MIRROR]/mirrors/mos-repos/ubuntu/9.2
    hint: --repository names another place
    ");
    // The plain index is one that repositories leave out.
    fs::remove_file(&packages).expect("a file");
    assert_eq!(publisher.publish(1, "").code, Some(0));
}

#[test]
fn packages_that_are_older_than_the_last_signal_are_not_those_of_an_update() {
    let Some(publisher) = Publisher::with_update(1) else { return };
    publisher.mirror.announce("9.0", &format!(r#"{{"id": 1, "title": "x", "timestamp": {}}}"#, built(1) + 60));
    // The Release files are new, the packages are not.
    publisher.mirror.index(published(3));
    let ran = publisher.publish(2, "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("the newest package was built before x was published"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_announced() {
    let Some(publisher) = Publisher::with_update(1) else { return };
    let mut pictures = String::new();
    for more in ["--fuel-library nowhere", "--doc-link \u{7}", "--repository nowhere"] {
        pictures.push_str(&format!("{}: {}", more.escape_debug(), publisher.publish(1, more).picture()));
    }
    publisher.mirror.announce("9.0", "<html>");
    pictures.push_str(&publisher.publish(1, "").picture());
    assert_snapshot!(pictures, @r"
    --fuel-library nowhere: exit 1
    --- stderr
    3 packages for MOS 9.0 are complete
    error: nowhere/files/fuel-misc is no folder: is nowhere a tree of fuel-library?
    --doc-link \u{7}: exit 2
    --- stderr
    error: this cannot be announced: title or link is too long, or has characters that cannot be shown
    --repository nowhere: exit 1
    --- stderr
    error: mirror nowhere: no such file or folder
    hint: for a web server write http://nowhere
    exit 1
    --- stderr
    error: mirror [MIRROR]/mcv/mos/9.0/mu-version.json: it answered with a web page, not with mu-version.json
      caused by: an HTML page, not JSON
    hint: what is published now cannot be read; --force replaces it
    ");
    assert_eq!(publisher.publish(1, "--force").code, Some(0));
}
