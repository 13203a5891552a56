//! Nodes, mirror and folder of a running lab.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use fuel_lab::{Lab, LabNode, MirrorFault, NodeSpec, Scenario, SshFault};

fn lab(nodes: Vec<NodeSpec>) -> Lab {
    Lab::start(Scenario { nodes, ..Scenario::new() }).unwrap()
}

/// What OpenSSH's client says, where there is one: another implementation than the one under test.
fn ssh(lab: &Lab, node: &LabNode, command: &str) -> (Option<i32>, String) {
    let out = Command::new("ssh")
        .args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ])
        .args(["-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR", "-i"])
        .arg(lab.ssh_key())
        .args(["-p", &node.port().to_string(), &format!("root@{}", node.address()), command])
        .output()
        .unwrap();
    (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
}

fn http(url: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_lab_leaves_nothing() {
    let lab = lab(vec![NodeSpec::new(1, &["controller"]), NodeSpec::new(2, &["compute"])]);
    let (dir, socket, mirror) = (lab.dir().to_owned(), lab.node(2).socket(), lab.mirror_url());
    assert!(TcpStream::connect(socket).is_ok() && dir.exists());
    drop(lab);
    assert!(!dir.exists());
    assert_eq!(TcpStream::connect(socket).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(http(&mirror, "/").unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn labs_do_not_meet() {
    let node = || vec![NodeSpec::new(1, &["compute"])];
    let (one, two) = (lab(node()), lab(node()));
    assert_ne!(one.node(1).address(), two.node(1).address());
    assert_ne!(one.dir(), two.dir());
}

#[test]
fn a_node_is_its_tree() {
    let node = NodeSpec::new(5, &["controller"]).installed("{\"id\": 2}").hold("nova-api").stub_fault("audit", "x");
    let lab = lab(vec![node]);
    let node = lab.node(5);
    assert_eq!(node.read("/etc/nailgun_uid").unwrap(), "5\n");
    assert!(node.read("/etc/astute.yaml").unwrap().contains("fuel_version: '9.0'\n"));
    assert!(node.read("/etc/apt/sources.list.d/mos.list").unwrap().contains("mos9.0"));
    assert_eq!(node.read("/etc/fuel/mu-version.json").unwrap(), "{\"id\": 2}");
    assert_eq!(node.read("/.lab/holds").unwrap(), "nova-api\n");
    assert_eq!(node.read("/.lab/faults/audit").unwrap(), "x");
    assert!(node.read("/.lab/installed").unwrap().contains("nova-api "));
    assert_eq!(node.read("/.lab/services/nova-api").unwrap(), "running\n");
    assert!(node.read("/../outside").is_err());
}

#[test]
fn a_node_answers_openssh() {
    if Command::new("ssh").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "openssh-client is missing, and nothing may be skipped in CI");
        eprintln!("skipped: openssh-client is missing");
        return;
    }
    let lab = lab(vec![NodeSpec::new(1, &["compute"]), NodeSpec::new(2, &["compute"]).offline()]);
    let node = lab.node(1);
    let (status, out) = ssh(&lab, node, "cat $FUEL_MU_ROOT/etc/nailgun_uid; apt-get --help >/dev/null; exit 7");
    assert_eq!((status, out.as_str()), (Some(7), "1\n"));
    assert_eq!((node.logins(), node.commands().len()), (1, 1));
    // No stub and no real command: the machine that the lab runs on is out of reach.
    assert_eq!(ssh(&lab, node, "reboot").0, Some(127));
    assert_eq!(ssh(&lab, lab.node(2), "true").0, Some(255));
    lab.node(2).set_ssh_faults(&[]).unwrap();
    assert_eq!(ssh(&lab, lab.node(2), "true").0, Some(0));
    node.set_ssh_faults(&[SshFault::RefuseAuth]).unwrap();
    assert_eq!(ssh(&lab, node, "true").0, Some(255));
    node.set_ssh_faults(&[SshFault::Flood(50_000_000)]).unwrap();
    assert_eq!(ssh(&lab, node, "true").1.len(), 50_000_000);
    let before = node.host_key().unwrap();
    node.change_host_key().unwrap();
    assert_ne!(before, node.host_key().unwrap());
}

#[test]
fn going_offline_cuts_connections() {
    let lab = lab(vec![NodeSpec::new(1, &["compute"]).ssh_fault(SshFault::Silent)]);
    let node = lab.node(1);
    let mut stream = TcpStream::connect(node.socket()).unwrap();
    while node.connections() == 0 {
        std::thread::yield_now();
    }
    node.set_ssh_faults(&[SshFault::Offline]).unwrap();
    let begun = Instant::now();
    let mut rest = Vec::new();
    // An end or a reset, and at once.
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty() && begun.elapsed() < Duration::from_secs(5));
    assert_eq!(TcpStream::connect(node.socket()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn more_nodes_than_a_network_holds() {
    let lab = lab([1, 250, 251, 501].map(|id| NodeSpec::new(id, &["base-os"])).into());
    let addresses: Vec<_> = lab.nodes().iter().map(|node| node.address().octets()).collect();
    assert_eq!(addresses.iter().map(|a| (a[1], a[3])).collect::<Vec<_>>(), [(77, 1), (77, 250), (78, 1), (79, 1)]);
    assert!(lab.nodes().iter().all(|node| TcpStream::connect(node.socket()).is_ok()));
}

#[test]
fn the_inventory_lists_what_it_is_to_list() {
    let nodes = vec![
        NodeSpec::new(1, &["controller"]).label("rack \"A\""),
        NodeSpec::new(2, &["compute", "ceph-osd"]),
        NodeSpec::new(3, &["compute"]).only_in_nailgun(),
    ];
    let lab = lab(nodes);
    let text = fs::read_to_string(lab.inventory()).unwrap();
    assert!(text.contains(r#"label: "rack \"A\"""#) && text.contains("roles: [compute, ceph-osd]"), "{text}");
    assert!(!text.contains("node-3"), "{text}");
}

#[test]
fn a_scenario_that_cannot_be_is_refused_and_leaves_nothing() {
    let twice = vec![NodeSpec::new(1, &["compute"]), NodeSpec::new(1, &["compute"])];
    let error = Lab::start(Scenario { nodes: twice, ..Scenario::new() }).err().unwrap().to_string();
    assert_eq!(error, "lab: scenario: node 1: the number is not unique and above 0");
}

#[test]
fn the_mirror_serves_and_fails_on_demand() {
    let lab = Lab::start(Scenario::new().published("{\"id\": 3}")).unwrap();
    let path = "/mcv/mos/9.0/mu-version.json";
    let ask = |fault: Option<MirrorFault>| {
        lab.set_mirror_fault(fault);
        http(&lab.mirror_url(), path)
    };
    let status = |text: &str| text.get(9..12).unwrap_or_default().to_owned();
    assert!(ask(None).unwrap().ends_with("\r\n\r\n{\"id\": 3}"));
    assert_eq!(status(&http(&lab.mirror_url(), "/nothing").unwrap()), "404");
    assert_eq!(status(&http(&lab.mirror_url(), "/../inventory.yaml").unwrap()), "404");
    assert_eq!(status(&ask(Some(MirrorFault::Status(500))).unwrap()), "500");
    let html = ask(Some(MirrorFault::Html)).unwrap();
    assert!(status(&html) == "200" && html.contains("<html>"));
    assert!(ask(Some(MirrorFault::Truncated(4))).unwrap().ends_with("\r\n\r\n{\"id"));
    assert_eq!(ask(Some(MirrorFault::Cut(4))).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(ask(Some(MirrorFault::Reset)).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(ask(Some(MirrorFault::RedirectLoop)).unwrap().contains(&format!("Location: {path}\r\n")));
    assert!(ask(Some(MirrorFault::Redirects(2))).unwrap().contains("?hop=1\r\n"));
    assert!(http(&lab.mirror_url(), &format!("{path}?hop=2")).unwrap().ends_with("{\"id\": 3}"));
    assert!(ask(Some(MirrorFault::Huge(3_000_000))).unwrap().len() > 3_000_000);
    assert!(ask(Some(MirrorFault::Slow(Duration::from_millis(30)))).unwrap().ends_with("3}"));
    assert!(ask(Some(MirrorFault::Drip(Duration::from_millis(1)))).unwrap().ends_with("3}"));
    lab.set_mirror_fault(None);
    assert_eq!(lab.mirror_asked().len(), 14);
}
