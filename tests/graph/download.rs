//! Lists and packages come to the node before anything is stopped, and nothing is fetched afterwards.

use crate::node::{NODE_PHASES, Node};

const ARCHIVES: &str = "var/lib/fuel-mu/apt/cache/archives";

fn node() -> Node {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    node
}

/// What is in `ARCHIVES`.
fn downloaded(node: &Node) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(node.path(ARCHIVES)) else { return vec![] };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".deb")).collect();
    names.sort();
    names
}

/// The phase `download` fails; packages, services and state are as before.
#[track_caller]
fn ends_before_the_first_change(node: &Node) -> String {
    let before = node.read(".lab/installed");
    let reason = node.refusal("download");
    assert_eq!((node.read(".lab/installed"), node.state()), (before, None));
    let calls = node.calls("");
    assert!(!calls.iter().any(|call| call.contains("restart") || call.contains("stop")), "{calls:?}");
    node.assert_tidy();
    reason
}

#[test]
fn after_the_download_nothing_is_fetched() {
    let node = node();
    node.package("mcollective", "2.3", "2.4");
    node.pass(&["check", "download"]);
    assert_eq!(
        downloaded(&node),
        ["fuel-misc_9.0-2_amd64.deb", "mcollective_2.4_amd64.deb", "nova-common_1:2.0_amd64.deb"]
    );
    assert_eq!(node.installed("nova-common").as_deref(), Some("1:1.0"), "nothing is installed");
    assert_eq!(node.state(), None);
    node.fault("closed", "");
    node.calls("");
    node.pass(&["backup", "agents", "update", "verify", "commit"]);
    let calls = node.calls("apt-get");
    assert!(!calls.iter().any(|call| call.ends_with(" update")), "{calls:#?}");
    let installs: Vec<_> = calls.iter().filter(|call| call.contains("--no-remove")).collect();
    assert_eq!(installs.len(), 2, "{installs:?}");
    assert!(installs.iter().all(|call| call.contains(" --no-download ")), "{installs:?}");
    assert_eq!(node.phase(), "done");
    assert!(!node.exists("var/lib/fuel-mu/apt"), "lists and packages go with the commit");
}

#[test]
fn what_the_pre_check_reported_is_installed_whatever_the_mirror_offers_then() {
    let node = node();
    node.pass(&["check"]);
    assert_eq!(node.report()["packages"][1]["to"], "1:2.0");
    node.write(".lab/repo", "fuel-misc 9.0-3\nnova-common 1:3.0\n");
    node.pass(&NODE_PHASES[1..]);
    assert_eq!(node.installed("nova-common").as_deref(), Some("1:2.0"));
    // The pre-check of the same run, once more within the update: the lists stay.
    let other = self::node();
    other.pass(&["check"]);
    other.write(".lab/repo", "fuel-misc 9.0-3\nnova-common 1:3.0\n");
    other.pass(NODE_PHASES);
    assert_eq!(other.installed("nova-common").as_deref(), Some("1:2.0"));
    // A new run asks the mirror.
    let mut next = other;
    next.values.run = "20261124T000000Z-0002".into();
    next.values.target.id = 4;
    next.values.file = b"{\"id\": 4, \"title\": \"9.2-mu-4\", \"timestamp\": 1467647277}".to_vec();
    next.pass(NODE_PHASES);
    assert_eq!(next.installed("nova-common").as_deref(), Some("1:3.0"));
}

#[test]
fn a_pre_check_that_found_a_problem_asks_the_mirror_again() {
    let node = node();
    node.write(".lab/repo", "linux-image-4.4.0-57-generic 2\n");
    node.add(".lab/installed", "linux-image-4.4.0-57-generic 1\n");
    node.refusal("check");
    node.write(".lab/repo", "nova-common 1:2.0\n");
    node.pass(&["check"]);
}

#[test]
fn a_missing_or_damaged_package_ends_the_run_before_the_first_change() {
    for (fault, reason) in [("deb-missing", " 404  Not Found"), ("deb-damaged", " Hash Sum mismatch")] {
        let mut node = node();
        node.pass(&["check"]);
        node.fault(fault, "nova-common");
        node.calls("");
        assert_eq!(
            ends_before_the_first_change(&node),
            format!(
                "packages cannot be downloaded: E: Failed to fetch http://mirror/pool/nova-common_1:2.0_amd64.deb {reason}"
            )
        );
        // The next run keeps what it has and fetches the rest.
        node.repair(fault);
        node.values.run = "20261124T000000Z-0002".into();
        node.pass(&["check"]);
        let kept = node.path(ARCHIVES).join("fuel-misc_9.0-2_amd64.deb");
        assert!(kept.exists());
        node.pass(&NODE_PHASES[1..]);
        node.assert_tidy();
    }
}

#[test]
fn a_package_that_is_damaged_on_the_node_is_not_installed() {
    let mut node = node();
    node.pass(&["check", "download", "backup", "agents"]);
    // Of the same size: apt would take it.
    node.write(&format!("{ARCHIVES}/nova-common_1:2.0_amd64.deb"), "nova-common 1:9.9\n");
    assert_eq!(node.refusal("update"), "downloaded packages are missing or damaged: nova-common_1:2.0_amd64.deb");
    assert_eq!(node.installed("fuel-misc").as_deref(), Some("9.0-1"));
    // The next run notices it and fetches that one anew.
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(NODE_PHASES);
    assert_eq!(node.installed("nova-common").as_deref(), Some("1:2.0"));
}

#[test]
fn no_room_for_packages() {
    let node = node();
    node.pass(&["check"]);
    node.fault("disk-full", "");
    node.calls("");
    assert_eq!(ends_before_the_first_change(&node), "not enough space on /: 0 MB free, 208 MB needed");
}

#[test]
fn the_rate_is_the_operator_s() {
    let mut node = node();
    node.pass(&["check", "download"]);
    assert!(node.calls("apt-get").iter().all(|call| call.contains("Acquire::http::Dl-Limit=0 ")));
    let mut limited = self::node();
    limited.values.options.download_rate = 2048;
    limited.pass(&["check", "download"]);
    let calls = limited.calls("apt-get");
    let download = calls.iter().find(|call| call.contains(" -d ")).unwrap();
    assert!(download.contains("-o Acquire::http::Dl-Limit=2048 -o Acquire::https::Dl-Limit=2048 "), "{download}");
    node.values.run = "20261124T000000Z-0002".into();
    node.pass(NODE_PHASES);
}

#[test]
fn a_repository_in_a_folder_is_copied_too() {
    let node = node();
    node.write("etc/apt/sources.list.d/mos.list", "deb [trusted=yes] file:/srv/mos mos9.0 main\n");
    node.pass(&["check"]);
    assert_eq!(node.read("var/lib/fuel-mu/apt/sources/mos.list"), "deb [trusted=yes] copy:/srv/mos mos9.0 main\n");
    node.fault("unsigned", "");
    node.write("etc/apt/sources.list.d/mos.list", "deb file:/srv/mos mos9.0 main\n");
    let other = self::node();
    other.fault("unsigned", "");
    other.write("etc/apt/sources.list.d/mos.list", "deb file:/srv/mos mos9.0 main\n");
    assert_eq!(other.refusal("check"), "apt cannot verify the signature of: file:/srv/mos mos9.0");
}
