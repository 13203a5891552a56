//! `check drift` against the lab.

use fuel_lab::{Lab, NodeSpec, Scenario, SshFault};
use insta::assert_snapshot;

use crate::program::{MU_FILE, Program, mu};

/// A node with an update, a few packages, and what every node has.
pub(super) fn node(id: u32, role: &str) -> NodeSpec {
    NodeSpec::new(id, &[role])
        .file(MU_FILE, mu(1))
        .file("/etc/timezone", "Etc/UTC\n")
        .package("dpkg", "1.17.5")
        .package("fuel-misc", "9.0.1")
        .package("libc6", "2.19-0ubuntu6.9")
}

/// Five nodes, three of which differ in something.
fn site() -> Scenario {
    Scenario::new()
        .node(node(1, "controller"))
        .node(node(2, "controller"))
        .node(node(3, "controller").package("python-nova", "2:13.1.1").hold("libc6"))
        .node(node(4, "compute"))
        .node(node(5, "compute").file("/etc/timezone", "Europe/Berlin\n").service("nova-compute", false))
}

#[test]
fn nodes_that_are_alike_need_no_attention() {
    let scenario = (1..=4).map(|id| node(id, if id < 3 { "controller" } else { "compute" }));
    let lab = Lab::start(scenario.fold(Scenario::new(), Scenario::node)).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q check drift");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "all 4 nodes agree\n"), "{}", ran.picture());
    assert!(lab.nodes().iter().all(|node| node.logins() == 1), "one login for each node");
    let one = program.run("-e 1 -q --nodes 1 check drift");
    assert_eq!((one.code, one.stdout.as_str()), (Some(0), "one node alone has nothing to be compared with\n"));
}

#[test]
fn who_differs_from_whom_in_what() {
    let lab = Lab::start(site()).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q check drift");
    assert_snapshot!(ran.picture(), @"
    exit 4
    --- stdout
    2 of 5 nodes agree; node-[3-5] differ in 1 package, 1 held package, 1 service and 1 time zone

    Package versions
      node-3 differs from node-[1-2] (controller)
        python-nova  2:13.1.1, most: not installed

    Held packages
      node-3 differs from node-[1-2] (controller)
        libc6  held, most: not held

    Services
      node-[4-5] have no majority (compute)
        nova-compute  running on node-4, stopped on node-5

    Time zone
      node-5 differs from node-4 (compute)
        time zone  Europe/Berlin, most: Etc/UTC
    ");
    let csv = program.run("-e 1 -q check drift -f csv -c kind -c name -c among -c value -c nodes -c majority");
    assert_snapshot!(csv.picture(), @"
    exit 4
    --- stdout
    kind,name,among,value,nodes,majority
    package,python-nova,controller,2:13.1.1,node-3,not installed
    held,libc6,controller,held,node-3,not held
    service,nova-compute,compute,running,node-4,-
    service,nova-compute,compute,stopped,node-5,-
    time-zone,time zone,compute,Europe/Berlin,node-5,Etc/UTC
    ");
    let one = program.run("-e 1 -q check drift --package libc6");
    assert_snapshot!(one.picture(), @"
    exit 4
    --- stdout
    4 of 5 nodes agree on libc6; node-3 differs in 1 held package
    package libc6: 2.19-0ubuntu6.9 on node-[1-5]
    held libc6: not held on node-[1-2,4-5]; held on node-3

    Held packages
      node-3 differs from node-[1-2] (controller)
        libc6  held, most: not held
    ");
    let none = program.run("-e 1 -q check drift --package no-such");
    assert_eq!(none.stdout, "all 5 nodes agree on no-such\nno node has anything of the name no-such\n");
    let document = program.run("-e 1 -q check drift -f json").json();
    assert_eq!((&document["exit"], &document["conditions"][0]), (&4.into(), &"drift".into()));
    assert_eq!(document["summary"]["agree"], 2);
    assert_eq!(document["summary"]["differ"], "node-[3-5]");
    let yaml = program.run("-e 1 -q check drift -f yaml");
    assert!(yaml.stdout.contains("command: check drift\n"), "{}", yaml.stdout);
}

/// Each of these nodes has one state and one cause, and what the others have is compared without them.
#[test]
fn nodes_that_cannot_be_compared() {
    let bad = |id: u32| node(id, "compute").package("only-here", "1");
    let scenario = Scenario::new()
        .node(node(1, "compute"))
        .node(node(2, "compute"))
        .node(bad(3).offline())
        .node(bad(4).ssh_fault(SshFault::Flood(1 << 30)))
        .node(bad(5).ssh_fault(SshFault::DropInOutput))
        .node(bad(6).ssh_fault(SshFault::Escapes))
        .node(bad(7).stub_fault("dpkg-query", "dpkg-query: error: parsing file '/var/lib/dpkg/status' near line 7"))
        .node(bad(8).package("bad\u{1b}[2Jname", "1"))
        .node(bad(9).package("bad-version", "1\u{7}\u{fffd}"));
    let lab = Lab::start(scenario).expect("a lab");
    let lock = std::fs::File::create(lab.node(2).tree().join("var/lib/dpkg/lock")).expect("a lock");
    let program = Program::in_lab(&lab);
    let mut ran = program.run("-e 1 -q check drift");
    ran.stdout = ran.stdout.replace(char::is_control, "\n");
    assert_snapshot!(ran.picture(), @"
    exit 3
    --- stdout
    2 of 3 nodes agree; node-6 differs in 1 package
    not compared: unreachable node-3 (connection refused); remote-error node-4 (sent more than 1048576 bytes); remote-error node-5 (connection lost while reading the answer); broken node-7 (dpkg-query: error: parsing file '/var/lib/dpkg/status' near line 7); remote-error node-[8-9] (its answer is garbled (packages))

    Package versions
      node-6 differs from node-[1-2] (compute)
        only-here  1, most: not installed
    ");

    // With the lock of dpkg taken on the second, nobody is left to compare the first with.
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("the lock");
    let ran = program.run("-e 1 -q --nodes 1-2 check drift");
    assert_snapshot!(ran.picture(), @"
    exit 3
    --- stdout
    one node alone has nothing to be compared with
    not compared: busy node-2 (somebody holds the lock of dpkg: packages are being changed)
    ");
}

#[test]
fn a_snapshot_before_and_what_changed_since() {
    let lab = Lab::start(site()).expect("a lab");
    let program = Program::in_lab(&lab);
    let saved = program.run("-e 1 check drift --save before.json");
    assert_eq!(saved.code, Some(4), "{}", saved.picture());
    assert!(saved.lines("snapshot: ").contains(&"before.json"), "{}", saved.picture());
    let same = program.run("-e 1 -q check drift --against before.json --package libc6");
    assert!(same.stdout.contains(": nothing changed\n"), "{}", same.picture());

    for id in 1..=5 {
        let text = lab.node(id).read("/.lab/installed").expect("a list").replace("2.19-0ubuntu6.9", "2.19-0ubuntu6.14");
        lab.node(id).write("/.lab/installed", text.as_bytes()).expect("a list");
    }
    let ran = program.run("-e 1 -q check drift --against before.json --package libc6");
    let ran_lines: Vec<&str> = ran.stdout.lines().rev().take(2).collect();
    assert_eq!(
        ran_lines,
        ["    libc6  2.19-0ubuntu6.9 -> 2.19-0ubuntu6.14", "  Package versions on node-[1-5]"],
        "{}",
        ran.picture()
    );
    let document = program.run("-e 1 -q check drift --against before.json -f json").json();
    assert_eq!(document["against"]["changes"].as_array().expect("changes").len(), 1);

    let missing = program.run("-e 1 check drift --against no.json");
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.starts_with("error: snapshot no.json: No such file"), "{}", missing.stderr);
    program.file("damaged.json", "{\"schema\": \"fuel-updates-snapshot/1\"");
    let damaged = program.run("-e 1 check drift --against damaged.json");
    assert!(damaged.stderr.contains("not a snapshot of `check drift --save`"), "{}", damaged.stderr);
    let logins: Vec<usize> = lab.nodes().iter().map(|node| node.logins()).collect();
    assert_eq!(logins, [4; 5], "nobody is asked when the snapshot cannot be read");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anybody_is_asked() {
    let lab = Lab::start(site()).expect("a lab");
    let program = Program::in_lab(&lab);
    for option in ["--save", "--html"] {
        let ran = program.run(&format!("-e 1 check drift {option} no/folder/file"));
        let expected = "error: cannot write no/folder/file: No such file or directory\n";
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(1), "", expected));
    }
    assert!(lab.nodes().iter().all(|node| node.logins() == 0));
}

#[test]
fn files_and_configuration_are_compared_when_asked_for() {
    let customised = "nova-api /usr/lib/nova.py\n";
    let scenario = Scenario::new()
        .node(node(1, "controller").file("/etc/nova/nova.conf", "# a comment\n[DEFAULT]\ndebug = false\n"))
        .node(node(2, "controller").file("/etc/nova/nova.conf", "[DEFAULT]\n  debug = false\n\n"))
        .node(
            node(3, "controller")
                .file("/etc/nova/nova.conf", "[DEFAULT]\ndebug = true\n")
                .file("/.lab/customised", customised)
                .file("/usr/lib/nova.py", "pass\n"),
        );
    let lab = Lab::start(scenario).expect("a lab");
    let program = Program::in_lab(&lab);
    assert_eq!(program.run("-e 1 -q check drift").code, Some(0));
    let ran = program.run("-e 1 -q check drift --files --config-files");
    assert_snapshot!(ran.picture(), @"
    exit 4
    --- stdout
    2 of 3 nodes agree; node-3 differs in 1 changed file and 1 configuration file

    Changed files of packages
      node-3 differs from node-[1-2] (controller)
        /usr/lib/nova.py  changed (4528e6a7bb93), most: unchanged

    Configuration files (checksums)
      node-3 differs from node-[1-2] (controller)
        /etc/nova/nova.conf  d81126516802, most: fe5e7f428593
    ");
}
