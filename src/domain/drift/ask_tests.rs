use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::read::{FACTS, TEXT};
use super::*;
use crate::domain::probe::Uid;
use crate::domain::remote::{AnswerError, Frame, testing};

/// A tree with a package database as dpkg writes it.
fn tree(status: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for folder in [
        "etc/fuel",
        "etc/apt/sources.list.d",
        "etc/apt/preferences.d",
        "etc/apt/trusted.gpg.d",
        "var/lib/dpkg/info",
        "boot",
        "run",
    ] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    write(dir.path(), "var/lib/dpkg/status", status);
    write(dir.path(), "etc/nailgun_uid", "5\n");
    write(dir.path(), "etc/timezone", "Etc/UTC\n");
    dir
}

fn write(root: &Path, path: &str, text: &str) {
    fs::write(root.join(path), text).unwrap();
}

fn package(name: &str, status: &str, architecture: &str, version: &str) -> String {
    format!(
        "Package: {name}\nStatus: {status}\nArchitecture: {architecture}\nVersion: {version}\nMaintainer: x\nDescription: x\n\n"
    )
}

fn status() -> String {
    let fine = "install ok installed";
    [
        package("dpkg", fine, "amd64", "1.17.5"),
        package("bash", fine, "amd64", "4.3-7ubuntu1"),
        package("libc6", fine, "amd64", "2.19"),
        package("libc6", "hold ok installed", "i386", "2.19").replace("Version", "Multi-Arch: same\nVersion"),
        package("nova-api", "install ok half-configured", "all", "2:13.1.1-1~u14.04+mos1"),
        package("gone", "deinstall ok config-files", "all", "1"),
        package("broken", "install reinstreq half-installed", "all", "1"),
    ]
    .concat()
    .replace(
        "libc6\nStatus: install ok installed\nArchitecture: amd64",
        "libc6\nStatus: install ok installed\nMulti-Arch: same\nArchitecture: amd64",
    )
}

fn told(answer: &NodeAnswer, kind: Kind) -> Vec<(&str, &str)> {
    answer.facts.iter().filter(|fact| fact.kind == kind).map(|fact| (&*fact.key, &*fact.value)).collect()
}

/// Everything below a folder with size and time of change.
fn everything(root: &Path) -> String {
    let out = Command::new("find").arg(root).args(["-printf", "%p %s %m %T@ %C@\n"]).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_whole_answer_of_a_real_shell_and_nothing_is_changed() {
    let dir = tree(&status());
    let root = dir.path();
    write(
        root,
        "etc/apt/sources.list",
        "# deb http://no no no\ndeb   http://me:secret@mirror/ubuntu trusty main # why\n\n",
    );
    write(
        root,
        "etc/apt/sources.list.d/mos.sources",
        "Types: deb\nURIs: http://mos/ubuntu\nSuites: mos9.0\nComponents: main\nSigned-By:\n -----BEGIN\n .\n key\n",
    );
    write(
        root,
        "etc/apt/preferences.d/mos.pref",
        "Explanation: x\nPackage: *\nPin: release o=Mirantis,n=mos9.0\nPin-Priority: 1050\n",
    );
    write(root, "etc/apt/trusted.gpg.d/mos.gpg", "key");
    write(root, "boot/vmlinuz-4.4.0-10-generic", "");
    write(root, "boot/vmlinuz-4.4.0-9-generic", "");
    write(root, "run/reboot-required", "");
    write(root, "run/reboot-required.pkgs", "libc6\nlibc6\nbase\n");
    let before = everything(root);
    let answer = testing::ask::<AskNode>(root).unwrap();
    assert_eq!(before, everything(root), "the node is changed");
    assert_eq!((answer.packages.clone(), answer.probe.uid.clone()), (PackageBook::Whole, Uid::Number(5)));
    assert_eq!(
        told(&answer, Kind::Package),
        [
            ("bash", "4.3-7ubuntu1"),
            ("broken", "1"),
            ("dpkg", "1.17.5"),
            ("libc6", "2.19"),
            ("libc6:i386", "2.19"),
            ("nova-api", "2:13.1.1-1~u14.04+mos1")
        ]
    );
    assert_eq!(told(&answer, Kind::Held), [("libc6:i386", "held")]);
    assert_eq!(
        told(&answer, Kind::HalfConfigured),
        [("broken", "must be installed again"), ("nova-api", "half-configured")]
    );
    assert_eq!(
        told(&answer, Kind::Source),
        [
            ("Types: deb URIs: http://mos/ubuntu Suites: mos9.0 Components: main Signed-By:", "listed"),
            ("deb http://***@mirror/ubuntu trusty main", "listed")
        ]
    );
    assert_eq!(told(&answer, Kind::Pin), [("*, release o=Mirantis,n=mos9.0", "1050")]);
    assert_eq!(told(&answer, Kind::Key), [("trusted.gpg.d/mos.gpg", "3c6e0b8a9c15")]);
    assert_eq!(told(&answer, Kind::Kernel)[0], ("newest installed", "4.4.0-10-generic"));
    assert_eq!(told(&answer, Kind::Reboot), [("reboot", "required by base libc6")]);
    assert_eq!(told(&answer, Kind::Zone)[1].1, "Etc/UTC");
    assert!(answer.clock.unwrap() > 1.7e9);
}

/// Each gives one cause, and no fact of a package.
#[test]
fn a_package_database_that_is_broken_empty_or_locked() {
    let broken = |status: &str| match testing::ask::<AskNode>(tree(status).path()).unwrap().packages {
        PackageBook::Broken(cause) => cause,
        other => panic!("{other:?}"),
    };
    assert!(broken(&format!("{}rubbish\n", status())).contains("rubbish") || broken("rubbish\n").contains("status"));
    assert_eq!(broken(""), "its package database is empty");

    let dir = tree(&status());
    let lock = fs::File::create(dir.path().join("var/lib/dpkg/lock")).unwrap();
    let ask = || testing::ask::<AskNode>(dir.path()).unwrap().packages;
    assert_eq!(ask(), PackageBook::Whole);
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert_eq!(ask(), PackageBook::Busy);
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::Unlock).unwrap();
    assert_eq!(ask(), PackageBook::Whole);
}

/// Runs the command where only these programs are, and `fake` ones that do nothing.
fn with_programs(tree: &Path, without: &[&str], fake: &[&str]) -> Result<NodeAnswer, AnswerError> {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "awk",
        "cat",
        "cut",
        "date",
        "dpkg-query",
        "flock",
        "grep",
        "head",
        "id",
        "ls",
        "md5sum",
        "od",
        "readlink",
        "sed",
        "sh",
        "sort",
        "stat",
        "tail",
        "tr",
        "uname",
        "xargs",
        "mawk",
        "gawk",
    ] {
        let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().unwrap();
        let path = String::from_utf8(found.stdout).unwrap();
        if !without.contains(&name) && !path.is_empty() {
            std::os::unix::fs::symlink(path.trim(), dir.path().join(name)).unwrap();
        }
    }
    for name in fake {
        std::os::unix::fs::symlink(dir.path().join("date"), dir.path().join(name)).unwrap();
    }
    let frame = Frame::new(*b"any word");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(frame.command::<AskNode>()).env("FUEL_MU_ROOT", tree).env("PATH", dir.path());
    let out = shell.output().unwrap();
    frame.answer::<AskNode>(&out.stdout)
}

#[test]
fn a_node_without_dpkg_is_named() {
    let dir = tree(&status());
    let whole = with_programs(dir.path(), &[], &[]).unwrap();
    assert_eq!(whole.packages, PackageBook::Whole);
    // What apt could not say is not known, and is nothing that the node does not have.
    let unknown: Vec<_> = whole.unknown.iter().map(|(kind, cause)| (*kind, cause.as_str())).collect();
    assert_eq!(unknown[..2], [(Kind::Origin, "apt-cache is missing"), (Kind::Upgradable, "apt-cache is missing")]);
    assert_eq!(with_programs(dir.path(), &["dpkg-query"], &[]).unwrap().packages, PackageBook::Missing);
    assert_eq!(with_programs(dir.path(), &["dpkg-query"], &["rpm"]).unwrap().packages, PackageBook::Rpm);
    let missing = AnswerError::MissingProgram("sed".into());
    assert_eq!(with_programs(dir.path(), &["sed"], &[]), Err(missing));
}

/// An answer as the script prints it.
fn answer() -> String {
    "mu missing\nstate missing\nlock free\nuid missing\n\ndrift\nmanager dpkg\np ii  dpkg amd64 1.17.5\np hiR nova-api all 2:1\n\nbook 0 status 0\n\
     o package nova-api\nu nova-api 2:2\napt ok\ns deb http://x y z\ni 1050 *, release x\nk 0123456789abcdef x.gpg\nsettings 0\n\
     c APT::A \"1\";\nc APT::L:: \"x y\";\nc APT::L:: \"x y\";\nkernel 4.4\nimage 4.5\nzone +0000 Etc/UTC\nold nova-api python-nova\nshipped other\n\
     f 0123456789abcdef /usr/bin/x\nf missing /usr/bin/y\nw nova-api /usr/bin/x\nverified ok 2\nv running nova-api\nv stopped ntp\nclock 12.5\n"
        .to_owned()
}

#[test]
fn every_line_has_a_meaning() {
    let read = parse(&answer()).unwrap();
    let facts: Vec<String> =
        read.facts.iter().map(|fact| format!("{} {} = {}", fact.kind.as_str(), fact.key, fact.value)).collect();
    insta::assert_snapshot!(facts.join("\n"), @r#"
    update mu-version.json of fuel-misc = another than fuel-misc ships
    package dpkg = 1.17.5
    package nova-api = 2:1
    held nova-api = held
    half-configured nova-api = must be installed again
    unknown-origin nova-api = in no repository
    upgradable nova-api = 2:2
    file /usr/bin/x = changed (0123456789ab) of nova-api
    file /usr/bin/y = missing
    source deb http://x y z = listed
    pin *, release x = 1050
    key x.gpg = 0123456789ab
    apt-config APT::A = 1
    apt-config APT::L:: "x y" = set
    service nova-api = runs old code
    service ntp = stopped
    kernel newest installed = 4.5
    kernel running = 4.4
    reboot reboot = required: kernel 4.5 is installed, 4.4 runs
    time-zone offset from UTC = +0000
    time-zone time zone = Etc/UTC
    "#);
    assert_eq!(read.clock, Some(12.5));
}

/// One cause for the whole node: nothing of such an answer is compared.
#[test]
fn an_answer_that_is_not_as_the_script_prints_it() {
    let with = |from: &str, to: &str| parse(&answer().replacen(from, to, 1));
    for (from, to, part) in [
        ("\ndrift\n", "\n", "drift"),
        ("manager dpkg\n", "", "manager"),
        ("book 0 status 0\n", "", "packages"),
        ("apt ok\n", "", "a missing part"),
        ("settings 0\n", "", "a missing part"),
        ("kernel 4.4\n", "", "a missing part"),
        ("clock 12.5", "clock soon", "a missing part"),
        ("clock 12.5", "clock inf", "a missing part"),
        ("zone +0000 Etc/UTC\n", "", "a missing part"),
        ("p ii  dpkg amd64 1.17.5", "p ii  dpkg amd64 1.17.5 more", "packages"),
        ("p ii  dpkg", "p ii  d\x1b[31mpkg", "packages"),
        ("p ii  dpkg", "p ii  \u{fffd}", "packages"),
        ("p ii  dpkg", "p ix  dpkg", "packages"),
        ("p ii  dpkg", "p iiRR dpkg", "packages"),
        ("1.17.5", "1.17.5\x07", "packages"),
        ("u nova-api", "u ;reboot", "packages"),
        ("v running", "v flying", "services"),
        ("s deb", "sdeb deb", "an unknown line"),
    ] {
        assert_eq!(with(from, to).err(), Some(Garbled(part)), "{from:?} → {to:?}");
    }
    let many = "s deb http://x y\n".repeat(FACTS + 1);
    assert_eq!(with("s deb http://x y z\n", &many).err(), Some(Garbled("too many facts")));
    let long = with("s deb http://x y z", &format!("s deb {}", "x".repeat(5000))).unwrap();
    assert!(long.facts.iter().all(|fact| fact.key.chars().count() <= TEXT + 1));
    let broken = with("book 0 status 0", "book 2 dpkg-query: error: parsing file '\x1b[2Jstatus'").unwrap().packages;
    assert_eq!(broken, PackageBook::Broken("dpkg-query: error: parsing file ' [2Jstatus'".into()));
    assert_eq!(with("manager dpkg\n", "manager dpkg\nbusy\n").unwrap().packages, PackageBook::Busy);
    let failed = with("apt ok", "apt failed E: The list of sources could not be read.").unwrap();
    assert!(told(&failed, Kind::Origin).is_empty() && failed.unknown.len() == 2);
}

proptest::proptest! {
    #[test]
    fn no_line_makes_it_panic_and_what_is_read_is_safe(line in "[a-z]{1,8}( \\PC{0,12}){0,4}", at in 0usize..30, cut in 0usize..900) {
        let mut lines: Vec<String> = answer().lines().map(str::to_owned).collect();
        lines.insert(at.min(lines.len()), line);
        for text in [lines.join("\n"), answer().chars().take(cut).collect()] {
            if let Ok(read) = parse(&text) {
                for fact in read.facts {
                    proptest::prop_assert!(!fact.key.chars().chain(fact.value.chars()).any(char::is_control));
                }
            }
        }
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_never_read_as_a_whole_one(cut in 0usize..880) {
        let whole = parse(&answer()).unwrap();
        let text: String = answer().chars().take(cut).collect();
        proptest::prop_assume!(text.len() + 1 < answer().len());
        if let Ok(read) = parse(&text) {
            // The clock comes last: only its digits can be missing.
            proptest::prop_assert_eq!(read.facts, whole.facts);
        }
    }
}

/// The graph keeps its lists of services in several files; a node is asked for the services of every role of the graph.
#[test]
fn the_services_of_every_role_are_asked_for() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("graphs/mu/scripts");
    let script = AskNode::SCRIPT.concat();
    let asked: Vec<&str> = script.lines().map(|line| line.trim_end_matches(['\'', '"'])).collect();
    let mut services = 0;
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&file).unwrap();
        let listed = text.split("SERVICES=").skip(1).filter_map(|rest| rest.get(1..)?.split(['\'', '"']).next());
        for line in listed.flat_map(str::lines).filter(|line| line.split(' ').count() > 1 && !line.contains('$')) {
            services += 1;
            assert!(asked.contains(&line), "{}: {line}", file.display());
        }
    }
    assert!(services > 60, "the test finds too few services: {services}");
}
