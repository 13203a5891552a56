//! The page as text, and in a browser where there is one: it is looked at by a script that clicks and types.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::domain::drift::ask::RawFact;
use crate::domain::drift::{Comparison, DriftNode, FactPool};
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::numbers::EnvId;
use crate::domain::report::Source;

/// An environment of so many nodes: every 20th lacks a package, every 30th has another version of 30 packages, every 50th did
/// not answer. `evil` is in every text.
fn environment(count: u32, evil: &str) -> DriftReport {
    let mut pool = FactPool::default();
    let nodes = (1..=count).map(|id| {
        let role = if id <= 3 {
            "controller"
        } else if id % 4 == 0 {
            "ceph-osd"
        } else {
            "compute"
        };
        let node = Node {
            id: Some(NodeId(id)),
            name: format!("node-{id}{evil}"),
            fqdn: None,
            label: None,
            roles: vec![format!("{role}{evil}")],
            host: Host::Name("x".into()),
            port: None,
            access: Access::default(),
        };
        let fact = |kind, key: &str, value: &str| RawFact {
            kind,
            key: format!("{key}{evil}"),
            value: format!("{value}{evil}"),
        };
        let version = |number: u32| if id % 30 == 0 && number < 30 { "2:13.1.0-1" } else { "2:13.1.1-7~u14.04+mos20" };
        let mut raw: Vec<RawFact> =
            (0..80).map(|n| fact(Kind::Package, &format!("python-package-{n}"), version(n))).collect();
        if id % 20 == 0 {
            raw.remove(40);
        }
        if id % 25 == 0 {
            raw.push(fact(Kind::Held, "python-package-5", "held"));
            raw.push(fact(Kind::Source, "deb http://mirror/ubuntu trusty-proposed main", "listed"));
        }
        raw.push(fact(Kind::Service, "nova-compute", if id % 40 == 7 { "runs old code" } else { "running" }));
        raw.push(fact(Kind::Zone, "time zone", if id == 17 { "Europe/Berlin" } else { "Etc/UTC" }));
        let compared = match id % 50 {
            49 => Compared::No("timeout", format!("connect timed out after 5 s{evil}")),
            _ => Compared::Yes,
        };
        let facts = if compared == Compared::Yes { pool.intern(&raw) } else { vec![] };
        let unknown = if id == 4 { vec![(Kind::Upgradable, format!("apt-cache failed{evil}"))] } else { vec![] };
        DriftNode { node, compared, hint: None, facts, unknown, clock: None }
    });
    let nodes: Vec<DriftNode> = nodes.collect();
    let mut report = DriftReport {
        env: EnvId(1),
        mos_version: None,
        taken_at: "2026-11-25T21:00:00Z".into(),
        source: Source { path: format!("/etc/list{evil}"), format: "native", age_s: None, left_out: BTreeMap::new() },
        nodes,
        pool,
        comparison: Comparison::default(),
        against: None,
        only: None,
        own_clock: None,
        interrupted: false,
    };
    report.compare();
    report
}

#[test]
fn whatever_comes_from_outside_is_text() {
    let evil = "<script>alert(1)</script>\"' onload='x&";
    let page = page(&environment(60, evil));
    assert_eq!(page.matches("<script").count(), 1, "only our own");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;' onload='x&amp;"));
    let body = page.split("</style>").nth(1).and_then(|body| body.split("<script>").next()).expect("a body");
    for tag in body.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends, and its values hold no bare `>`");
        let unquoted: String = tag.split('"').step_by(2).collect();
        assert!(tag.matches('"').count() % 2 == 0 && !unquoted.contains("onload"), "<{tag}>");
    }
}

#[test]
fn nothing_is_fetched() {
    let page = page(&environment(60, ""));
    for word in ["http://mirror\"", "https://", "src=", "url(", "@import", "<link", "<img"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("script-src 'sha256-"));
    assert!(!page.contains("href=\"h"), "links lead to places in the page alone");
}

#[test]
fn an_environment_without_drift_has_a_page_without_tables() {
    let page = page(&environment(3, ""));
    assert!(page.contains("no drift") && page.contains("all 3 nodes agree") && !page.contains("id=\"heat\""));
}

#[test]
fn the_majority_of_a_large_group_is_counted_and_not_listed() {
    let lines = super::super::lines::lines(&environment(200, ""));
    assert!(lines.iter().any(|line| line == "  node-[30,90,150] differ from 140 nodes (compute)"), "{lines:#?}");
}

#[test]
fn several_values_that_do_not_fit_on_a_line_have_one_each() {
    let mut report = environment(4, "");
    let versions = ["2:13.1.1-7~u14.04+mos20", "2:13.1.0-1~u14.04+mos1", "", "2:13.1.1-7~u14.04+mos20"];
    for (node, version) in report.nodes.iter_mut().zip(versions) {
        let value = version.to_owned();
        let raw = RawFact { kind: Kind::Update, key: "a-name-of-some-length".into(), value };
        node.facts = if version.is_empty() { vec![] } else { report.pool.intern(&[raw]) };
        node.node.roles = vec!["compute".into()];
    }
    report.compare();
    let lines = super::super::lines::lines(&report);
    let at = lines.iter().position(|line| line == "    a-name-of-some-length").expect("a line for the name");
    assert_eq!(
        lines[at + 1..at + 4],
        ["      2:13.1.0-1~u14.04+mos1 on node-2", "      not there on node-3", "      most: 2:13.1.1-7~u14.04+mos20"]
    );
}

/// Chromium, if this machine has it.
fn browser() -> Option<PathBuf> {
    let names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.exists())
}

/// Opens a page and returns its elements after its scripts ran.
fn open(browser: &Path, page: &str, options: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("page.html");
    std::fs::write(&file, page).expect("a page");
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
        .args(options)
        .arg(format!("file://{}", file.display()))
        .env("HOME", home.path())
        .output()
        .expect("a browser");
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).expect("text")
}

/// Clicks on headings and types into the filters; each finding is a line of the title.
const VISITOR: &str = r##"
var found = [];
function rows(id) { return Array.from(document.getElementById(id).tBodies[0].rows).filter(function (row) { return !row.hidden; }); }
function first(id, column) { return rows(id)[0].cells[column].textContent.trim(); }
function heading(id, column) { return document.getElementById(id).tHead.rows[0].cells[column]; }
function type(id, text) {
  var input = document.querySelector("input[data-filter=" + id + "]");
  input.value = text; input.dispatchEvent(new Event("input"));
}
found.push("rows " + rows("heat").length);
heading("heat", 2).click(); found.push("most " + first("heat", 0) + " " + first("heat", 2));
heading("heat", 2).click(); found.push("least " + first("heat", 2));
heading("heat", 0).click(); found.push("name " + rows("heat").slice(0, 3).map(function (row) { return row.cells[0].textContent; }).join(" "));
heading("heat", 0).click(); found.push("last " + first("heat", 0));
heading("heat", 3).click(); found.push("cell " + (rows("heat")[0].cells[3].className || "none"));
type("heat", "ceph-osd"); found.push("storage " + rows("heat").length + " " + document.getElementById("heat-count").textContent);
type("heat", ""); found.push("again " + rows("heat").length);
type("differences", "held NODE-25"); found.push("held " + rows("differences").length + " " + first("differences", 1));
type("differences", "no such thing"); found.push("none " + rows("differences").length);
location.hash = "#n29";
window.addEventListener("hashchange", function () { setTimeout(function () {
  found.push("sheet " + document.getElementById("n29").open);
  found.push("wide " + (document.documentElement.scrollWidth <= window.innerWidth));
  document.title = found.join("; "); }); });
"##;

#[test]
fn the_page_sorts_and_filters_in_a_browser() {
    let Some(browser) = browser() else {
        println!("SKIPPED: no Chromium here; scripts/prepare.sh installs it where the system's packages have it");
        return;
    };
    let page = page(&environment(200, ""));
    // As it is: its own script runs under its own policy, and no other would.
    let own =
        open(&browser, &page.replace("</main>", "</main><script>document.title = 'foreign'</script>"), &["--dump-dom"]);
    assert!(own.contains(">28 of 28</output>") && !own.contains("<title>foreign"), "the policy");
    // A visitor is a foreign script, so the policy has to go.
    let (before, after) = page.split_once("<meta http-equiv").expect("a policy");
    let after = after.split_once('>').expect("its end").1;
    let visited = format!("{before}{after}").replace("</body>", &format!("<script>{VISITOR}</script></body>"));
    let seen = open(&browser, &visited, &["--dump-dom", "--virtual-time-budget=2000", "--window-size=1200,800"]);
    let title = seen.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).expect("a title").0;
    assert_eq!(
        title,
        "rows 28; most node-150 32; least timeout; name node-7 node-17 node-20; last node-200; cell o; storage 10 10 of 28; again 28; \
         held 1 python-package-5; none 0; sheet true; wide true"
    );
    // Those that agree are named, and take no room.
    assert!(page.contains("Without a row: 172 that agree, node-[1-6,8-16,18-19,") && !page.contains("id=\"n0\""));
    // In a narrow window only the tables scroll.
    let narrow = open(&browser, &visited, &["--dump-dom", "--virtual-time-budget=2000", "--window-size=390,844"]);
    assert!(narrow.contains("sheet true; wide true</title>"), "the page is wider than the window");
}
