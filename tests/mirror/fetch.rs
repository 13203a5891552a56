//! `mirror fetch`: a copy that is a mirror itself, goes on where it stopped, and stays inside its folder.

use std::fs;
use std::process::Command;

use fuel_lab::{Lab, Scenario};
use insta::assert_snapshot;

use super::repository::{SiteMirror, damage, published, run};
use crate::program::Program;

/// A web server with a complete mirror.
fn served(update: i64) -> Option<(Lab, SiteMirror)> {
    let mirror = SiteMirror::with_update(update)?;
    let text = format!(r#"{{"id": {update}, "title": "9.0-mu-{update}", "timestamp": {}}}"#, published(update));
    mirror.announce("9.0", &text);
    fs::write(mirror.repository().join("archive-mos9.0.key"), "a key\n").expect("a file");
    let lab = Lab::start(Scenario::new()).expect("a lab");
    mirror.copy_to(&lab.mirror_dir());
    Some((lab, mirror))
}

#[test]
fn the_announcements_alone() {
    let Some((lab, mirror)) = served(2) else { return };
    let program = Program::in_lab(&lab);
    let line = format!("mirror fetch {} --to copy", lab.mirror_url());
    assert_snapshot!(program.run(&line).picture(), @"
    exit 0
    --- stdout
    MOS 9.0: 9.0-mu-2 (id 2) in copy/mcv/mos/9.0/mu-version.json
    ");
    let copy = program.state().with_file_name("copy/mcv/mos/9.0/mu-version.json");
    assert_eq!(fs::read(&copy).expect("a file"), fs::read(mirror.signal()).expect("a file"));
    // What is newer here stays.
    fs::write(&copy, fs::read_to_string(&copy).expect("a file").replace("\"id\": 2", "\"id\": 3")).expect("a file");
    let ran = program.run(&line);
    assert_eq!(ran.code, Some(4));
    assert!(fs::read_to_string(&copy).expect("a file").contains("\"id\": 3"));
}

#[test]
fn a_copy_with_packages_is_a_mirror_for_apt_and_for_this_program() {
    let Some((lab, mirror)) = served(2) else { return };
    let program = Program::in_lab(&lab);
    let line = format!("mirror fetch {} --to copy --packages", lab.mirror_url());
    assert_snapshot!(program.run(&line).picture(), @"
    exit 0
    --- stdout
    mos-repos/ubuntu/9.0 mos9.0-updates: 5 files copied (1 MB), 0 there before
    mos-repos/ubuntu/9.0 mos9.0-security: 2 files copied (1 MB), 0 there before
    mos-repos/ubuntu/9.0 mos9.0-holdback: 2 files copied (1 MB), 0 there before
    MOS 9.0: 9.0-mu-2 (id 2) in copy/mcv/mos/9.0/mu-version.json
    --- stderr
    [MIRROR]/mos-repos/ubuntu/9.0 mos9.0-updates: 3 packages, 1 MB
    [MIRROR]/mos-repos/ubuntu/9.0 mos9.0-security: 0 packages, 0 MB
    [MIRROR]/mos-repos/ubuntu/9.0 mos9.0-holdback: 0 packages, 0 MB
    ");
    let copy = program.state().with_file_name("copy");
    let verified = program.run("-q mirror verify copy -f value -c state");
    assert_eq!((verified.code, verified.stdout.as_str()), (Some(0), "complete\n"));
    assert!(copy.join("mos-repos/ubuntu/9.0/archive-mos9.0.key").exists());

    // A second time nothing is fetched but what is not right here.
    let deb = copy.join("mos-repos/ubuntu/9.0/pool/main/nova-api_2_all.deb");
    damage(&deb);
    let before = lab.mirror_asked().iter().filter(|path| path.ends_with(".deb")).count();
    let again = program.run(&line);
    assert!(again.stdout.contains("mos9.0-updates: 1 files copied"), "{}", again.picture());
    let fetched = lab.mirror_asked().iter().filter(|path| path.ends_with(".deb")).count() - before;
    assert_eq!(fetched, 1);
    assert_eq!(fs::read(&deb).expect("a file"), fs::read(mirror.package("nova-api", 2)).expect("a file"));

    // apt itself. What stands for a signature in these tests is none.
    fs::remove_file(copy.join("mos-repos/ubuntu/9.0/dists/mos9.0-updates/Release.gpg")).expect("a file");
    let work = tempfile::tempdir().expect("a folder");
    let root = work.path().display();
    for folder in ["lists/partial", "cache/archives/partial", "dpkg"] {
        fs::create_dir_all(work.path().join(folder)).expect("a folder");
    }
    fs::write(work.path().join("dpkg/status"), "").expect("a file");
    let source =
        format!("deb [trusted=yes arch=amd64] file:{}/mos-repos/ubuntu/9.0 mos9.0-updates main\n", copy.display());
    fs::write(work.path().join("sources.list"), source).expect("a file");
    let options = [
        format!("Dir::Etc::sourcelist={root}/sources.list"),
        "Dir::Etc::sourceparts=/dev/null".to_owned(),
        format!("Dir::State::lists={root}/lists"),
        format!("Dir::State::status={root}/dpkg/status"),
        format!("Dir::Cache={root}/cache"),
        "APT::Sandbox::User=root".to_owned(),
        "Debug::NoLocking=1".to_owned(),
    ];
    let apt = |tool: &str, words: &[&str]| {
        let options = options.iter().flat_map(|option| ["-o", option.as_str()]);
        String::from_utf8(run(Command::new(tool).args(options).args(words))).expect("text")
    };
    apt("apt-get", &["-q", "update"]);
    let policy = apt("apt-cache", &["policy", "nova-api"]);
    assert!(policy.contains("Candidate: 2:2.0-1~u14.04+mos2"), "{policy}");
}

#[test]
fn a_copy_that_ends_early_announces_nothing_and_goes_on_later() {
    let Some((lab, mirror)) = served(2) else { return };
    let program = Program::in_lab(&lab);
    let line = format!("mirror fetch {} --to copy --packages", lab.mirror_url());
    let pool = lab.mirror_dir().join("mos-repos/ubuntu/9.0/pool/main");
    let names = ["fuel-misc_2_all.deb", "nova-api_2_all.deb", "python-nova_1_all.deb"];
    let there = |name: &str| program.state().with_file_name("copy/mos-repos/ubuntu/9.0/pool/main").join(name).exists();
    fs::remove_file(pool.join(names[1])).expect("a file");
    let ran = program.run(&line);
    assert_eq!(ran.code, Some(3), "{}", ran.picture());
    assert!(ran.stderr.contains("mos9.0-updates: pool/main/nova-api_2_all.deb is missing"), "{}", ran.stderr);
    let copy = program.state().with_file_name("copy");
    assert!(!copy.join("mcv").exists() && !copy.join("mos-repos/ubuntu/9.0/dists").exists());
    assert!(!there(names[1]));

    fs::copy(mirror.package("nova-api", 2), pool.join(names[1])).expect("a file");
    damage(&pool.join(names[0]));
    let _ = fs::remove_file(copy.join("mos-repos/ubuntu/9.0/pool/main").join(names[0]));
    let ran = program.run(&line);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("fuel-misc_2_all.deb has another checksum than the repository says"), "{}", ran.stderr);
    assert!(!there(names[0]), "a damaged file does not get its name");

    mirror.copy_to(&lab.mirror_dir());
    let ran = program.run(&line);
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    let left: Vec<_> = fs::read_dir(copy.join("mos-repos/ubuntu/9.0/pool/main")).expect("a folder").collect();
    assert_eq!(left.len(), 3, "no half file is left: {left:?}");
    assert_eq!(program.run("-q mirror verify copy").code, Some(0));
}

#[test]
fn no_path_of_a_mirror_leaves_the_copy() {
    let Some((lab, mirror)) = served(2) else { return };
    let program = Program::in_lab(&lab);
    let repository = lab.mirror_dir().join("mos-repos/ubuntu/9.0");
    let index = repository.join("dists/mos9.0-updates/main/binary-amd64/Packages");
    let text = fs::read_to_string(&index).expect("an index");
    for evil in ["../../../../../escaped.deb", "/tmp/escaped.deb", "pool/../../../../escaped.deb"] {
        // A repository that is in order but for that name: the sums are right.
        fs::write(
            mirror.repository().join("dists/mos9.0-updates/main/binary-amd64/Packages"),
            text.replace("pool/main/nova-api_2_all.deb", evil),
        )
        .expect("an index");
        reindex(&mirror);
        mirror.copy_to(&lab.mirror_dir());
        let ran = program.run(&format!("mirror fetch {} --to copy --packages", lab.mirror_url()));
        assert_eq!(ran.code, Some(3), "{}", ran.picture());
        assert!(ran.stderr.contains("nova-api: no valid Filename"), "{}", ran.stderr);
    }
    assert!(!program.state().with_file_name("copy").exists(), "nothing was written");
}

/// Makes the compressed index and the Release file of a changed index.
fn reindex(mirror: &SiteMirror) {
    let folder = mirror.repository().join("dists/mos9.0-updates");
    run(Command::new("gzip").arg("-kfn9").arg(folder.join("main/binary-amd64/Packages")));
    fs::remove_file(folder.join("Release")).expect("a file");
    let release = run(Command::new("apt-ftparchive").arg("release").arg(&folder));
    fs::write(folder.join("Release"), release).expect("a file");
}
