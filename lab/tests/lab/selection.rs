//! Which nodes get which tasks.

use serde_json::json;

use super::api::{Site, graph, plain, recorded, shell};

#[test]
fn roles_are_lists_and_the_primary_is_no_controller() {
    let site = Site::new(recorded());
    let mut text = shell("text", &[], "true");
    text["roles"] = json!("compute");
    let mut old = shell("old", &[], "true");
    old.as_object_mut().unwrap().remove("roles");
    old["role"] = json!("compute");
    let mut grouped = old.clone();
    grouped["id"] = json!("grouped");
    grouped.as_object_mut().unwrap().remove("role");
    grouped["groups"] = json!(["compute"]);
    let tasks = [
        shell("controller", &["controller"], "true"),
        shell("primary", &["primary-controller"], "true"),
        shell("both", &["controller", "primary-controller"], "true"),
        shell("regexp", &["/(primary-)?controller/"], "true"),
        shell("from-the-start", &["/roller/"], "true"),
        shell("prefix", &["/comp/"], "true"),
        shell("star", &["*"], "true"),
        shell("star-in-a-list", &["/nobody/", "*"], "true"),
        shell("by-name", &["node-4", "4"], "true"),
        shell("tag", &["primary-database", "rabbitmq"], "true"),
        shell("master", &["master"], "touch $FUEL_MU_ROOT/here"),
        text,
        old,
        grouped,
    ];
    site.upload("g", &graph(&tasks));
    let run = site.run(&json!({"type": "g"}));
    let nodes = |id: &str| run.of(id).iter().map(|r| r.split('=').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(nodes("controller"), ["2"]);
    assert_eq!(nodes("primary"), ["1"]);
    assert_eq!(nodes("both"), ["1", "2"]);
    assert_eq!(nodes("regexp"), ["1", "2"]);
    assert_eq!(nodes("prefix"), ["3", "4"]);
    assert_eq!(nodes("star"), ["1", "2", "3", "4", "5"]);
    assert_eq!(nodes("tag"), ["1", "2"]);
    assert_eq!(nodes("master"), ["master"]);
    assert_eq!(nodes("old"), ["3", "4"]);
    assert_eq!(nodes("grouped"), ["3", "4"]);
    for nobody in ["from-the-start", "star-in-a-list", "by-name", "text"] {
        assert_eq!(run.of(nobody), ["-=skipped"], "{nobody}");
    }
    assert!(site.lab.dir().join("nodes/.master/here").exists());
}

#[test]
fn what_is_accepted_and_does_nothing_ends_ready() {
    let site = Site::new(recorded());
    site.upload("plain", &plain());
    for order in [
        json!({"type": "nosuch"}),
        json!({"type": "plain", "nodes": [6]}),
        json!({"type": "plain", "nodes": []}),
        json!({"type": "plain", "tasks": ["zzz"]}),
    ] {
        let run = site.run(&order);
        assert_eq!(run.status(), ("ready", "ready"), "{order}");
        assert!(run.records().iter().all(|record| record.ends_with("=skipped")), "{order}: {:?}", run.records());
    }
    let mixed = site.run(&json!({"type": "plain", "nodes": [3, 6]}));
    assert_eq!(mixed.of("prep"), ["3=ready"], "the offline node is left out without a word");
    let unknown = site.ask(
        "POST",
        "/api/v1/graphs/execute/",
        Some(&json!({"cluster": 1, "graphs": [{"type": "plain", "nodes": [99]}]})),
    );
    assert_eq!(unknown.status, 500);
    assert!(unknown.message().starts_with("Traceback"), "{}", unknown.text);
}

#[test]
fn filters_and_defaults_choose_nodes() {
    let site = Site::new(recorded());
    let nodes = |filter: Option<&str>| {
        let mut graph = graph(&[shell("t", &["/.*/"], "true")]);
        if let Some(filter) = filter {
            graph["node_filter"] = json!(filter);
        }
        site.upload("g", &graph);
        let run = site.run(&json!({"type": "g"}));
        let nodes: Vec<String> = run.of("t").iter().map(|r| r.split('=').next().unwrap().to_owned()).collect();
        (nodes.join(","), run.message().to_owned())
    };
    let chosen = |filter: &str| nodes(Some(filter)).0;
    assert_eq!(chosen("$.status = ready"), "1,2,3,4,5");
    assert_eq!(chosen("compute in $.roles"), "3,4");
    assert_eq!(chosen("$.id in [1, 2]"), "1,2");
    assert_eq!(chosen("$.hostname = 'node-1'"), "1");
    assert_eq!(chosen("true"), "1,2,3,4,5");
    assert_eq!(chosen(""), "1,2,3,4,5");
    assert_eq!(chosen("'/comp/' in $.roles"), "-");
    assert_eq!(nodes(Some("$.nosuch = 1")).1, "'nosuch'");
    assert_eq!(
        nodes(Some("syntax error here ((")).1,
        "Parse error: unexpected 'error' at position 15 of expression '$.where(syntax error here (().select($.id)'"
    );
    let nailgun = site.lab.nailgun();
    nailgun.set_node_status(4, "error");
    nailgun.set_node_status(5, "discover");
    nailgun.set_pending_deletion(2, true);
    assert_eq!(nodes(None).0, "1,3");
}

#[test]
fn the_primary_is_promoted_once_among_the_nodes_of_the_run_and_a_preview_does_it_too() {
    let site = Site::new(recorded().never_deployed());
    let tasks = [shell("first", &["primary-controller"], "true"), shell("rest", &["controller"], "true")];
    site.upload("g", &graph(&tasks));
    site.get("/api/v1/clusters/1/serialized_tasks/?graph_type=g&nodes=2,3");
    let run = site.run(&json!({"type": "g"}));
    assert_eq!((run.of("first"), run.of("rest")), (vec!["2=ready".to_owned()], vec!["1=ready".to_owned()]));
    // The primary is elsewhere: nobody is promoted, and the primary's task runs nowhere.
    let run = site.run(&json!({"type": "g", "nodes": [1]}));
    assert_eq!(run.of("first"), ["-=skipped"]);
    // Its holder is to be deleted: another one is promoted, for good. Then there are two.
    site.lab.nailgun().set_pending_deletion(2, true);
    assert_eq!(site.run(&json!({"type": "g", "nodes": [1, 2]})).of("first"), ["1=ready", "2=ready"]);
}

#[test]
fn a_release_or_plugin_graph_of_the_type_is_merged_in() {
    let site = Site::new(recorded());
    site.upload("g", &graph(&[shell("ours", &["compute"], "true")]));
    site.lab.nailgun().add_release_graph("g", &[shell("theirs", &["compute"], "true")]);
    site.lab.nailgun().add_plugin_graph(7, "g", &[shell("plugins", &["compute"], "true")]);
    let ids: Vec<String> = site
        .get("/api/v1/clusters/1/deployment_tasks/?graph_type=g")
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["theirs", "plugins", "ours"]);
    assert_eq!(
        site.run(&json!({"type": "g", "nodes": [3]})).records(),
        ["ours@3=ready", "plugins@3=ready", "theirs@3=ready"]
    );
}
