//! The page is looked at here as text; what it looks like was looked at in a browser.

use std::collections::BTreeMap;

use super::*;
use crate::domain::history::{HistoryEntry, Landmarks, RunSummary};
use crate::domain::mu::Mu;
use crate::domain::node::NodeId;
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::{NodeRef, TaskKind, TaskRecord, TaskStatus};

/// So many seconds after the beginning of the run.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_385_150 + seconds).unwrap()
}

fn seen(task: &str, node: u32, status: &str, times: Option<(i64, i64)>, stage: &str) -> HistoryEntry {
    HistoryEntry {
        record: TaskRecord {
            task: task.into(),
            node: NodeRef::Node(NodeId(node)),
            status: TaskStatus::parse(status),
            began: times.map(|(began, _)| at(began)),
            ended: times.map(|(_, ended)| at(ended)).filter(|_| status != "running"),
        },
        kind: if task == "mu_env" { TaskKind::Upload } else { TaskKind::Work },
        chosen: Some(true),
        requires: vec![],
        required_for: vec![stage.into()],
    }
}

fn rendered(status: &'static str, tasks: &[HistoryEntry], name: &str) -> String {
    let over = status != "running";
    let summary = RunSummary {
        task: TaskId(3),
        child: TaskId(4),
        status,
        over,
        error: status == "error",
        dry_run: false,
        message: (status == "error").then(|| format!("it failed {name}")),
        began: Some(at(0)),
        ended: over.then_some(at(100)),
        run: Some(format!("r{name}")),
        target: Some(Mu { id: 2, title: format!("mu {name}"), timestamp: 1, doc_link: None }),
    };
    let run = RunReport {
        history: RunHistory::new(
            summary,
            tasks,
            Landmarks { commit: "mu_commit", checks: &["mu_env".to_owned(), "mu_check".to_owned()] },
        ),
        roles: BTreeMap::from([(NodeId(1), vec![format!("controller{name}")])]),
    };
    let report = HistoryReport {
        env: EnvId(1),
        env_name: format!("env {name}"),
        taken_at: "2026-11-22T22:10:00Z".into(),
        names: BTreeMap::from([(NodeId(1), format!("node-1{name}"))]),
        runs: vec![run.clone()],
        tasks: false,
        timeline: None,
    };
    page(&run, &report, at(200))
}

/// The bars of tasks, without those of the legend.
fn bars(page: &str) -> Vec<&str> {
    page.split("<i class=\"bar").skip(1).filter(|bar| bar.contains("title=")).collect()
}

#[test]
fn every_task_is_there_and_where_it_belongs() {
    let page = rendered(
        "error",
        &[
            seen("mu_env", 1, "ready", Some((0, 1)), "mu_checked"),
            seen("mu_check", 1, "ready", Some((10, 35)), "mu_checked"),
            seen("mu_check", 2, "error", Some((10, 60)), "mu_checked"),
            seen("mu_commit", 1, "pending", None, "mu_end"),
        ],
        "",
    );
    let bars = bars(&page);
    assert_eq!(bars.len(), 3, "what never began has no bar");
    assert!(bars[1].contains("done says\" style=\"left:10.000%;width:25.000%\""), "{}", bars[1]);
    assert!(bars[2].contains("failed says\" style=\"left:10.000%;width:50.000%\""), "{}", bars[2]);
    assert!(bars[0].contains(" minor") && bars[1].contains("22:06:00 to 22:06:25, 25 s"), "{}", bars[1]);
    assert_eq!(page.matches("<tr class=\"done").count() + page.matches("<tr class=\"failed").count(), 3);
    assert_eq!(page.matches("<tr class=\"not-executed").count(), 1);
    assert!(page.contains("<li><b>node 2</b>: check at 22:06:00"), "a node that Nailgun has no more has its number");
    assert!(page.contains("<td>mu_checked</td>") && page.contains("<td>mu_end</td>"), "phases are listed");
    assert!(page.contains("Maintenance update to mu ") && page.contains("badge failed"));
}

#[test]
fn a_run_that_goes_on_is_drawn_to_now() {
    let page = rendered("running", &[seen("mu_check", 1, "running", Some((100, 0)), "mu_checked")], "");
    let bars = bars(&page);
    assert!(bars[0].contains("running says\" style=\"left:50.000%;width:50.000%\""), "{}", bars[0]);
    assert!(bars[0].contains("since "), "{}", bars[0]);
    let nothing = rendered("running", &[seen("mu_check", 1, "pending", None, "mu_checked")], "");
    assert!(nothing.contains("Nothing has begun in this run."));
}

#[test]
fn whatever_comes_from_outside_is_text() {
    let evil = "<script>alert(1)</script>\"' onload='x&";
    let work = |task: &str, status| seen(&format!("{task}{evil}"), 1, status, Some((1, 90)), &format!("s{evil}"));
    let page = rendered("error", &[work("a", "ready"), work("b", "error"), work("c", "running")], evil);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;' onload='x&amp;"));
    // Every tag is one of ours, and outside of its quoted values it holds nothing that came from outside.
    let known = [
        "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "main", "header", "div", "h1", "span", "p", "dl",
        "dt",
    ];
    let more = [
        "dd", "section", "h2", "ul", "li", "b", "i", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
        "footer",
    ];
    let body = page.split("</style>").nth(1).expect("a body");
    for tag in body.split('<').skip(1) {
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric() || *c == '!').collect();
        assert!(known.contains(&name.as_str()) || more.contains(&name.as_str()), "<{tag}");
        let (tag, _) = tag.split_once('>').expect("a tag ends, and its values hold no bare `>`");
        let unquoted: String = tag.split('"').step_by(2).collect();
        assert!(tag.matches('"').count() % 2 == 0 && !unquoted.contains("onload"), "<{tag}>");
    }
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let page = rendered("ready", &[seen("mu_check", 1, "ready", Some((0, 1)), "mu_checked")], "");
    for word in ["http://", "https://", "src=", "href=", "url(", "@import", "<script", "<link", "<img"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
}
