//! The client of Nailgun against servers that answer in Nailgun's shapes, faults included.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fuel_updates::domain::node::NodeId;
use fuel_updates::domain::numbers::{EnvId, TaskId};
use fuel_updates::domain::run::NodeRef;
use fuel_updates::error::Explain as _;
use fuel_updates::http::Roots;
use fuel_updates::nailgun::{
    Credentials, Nailgun, NailgunError, NailgunErrorKind as Kind, Options, PartialCredentials, StartApi,
};
use serde_json::json;

use super::server::{Seen, Server, Wire, closed_port, reply};
use super::tls;

const PASSWORD: &str = "s3cret-of-admin";

pub(crate) fn credentials(url: &str) -> Credentials {
    let variable = |name: &str| match name {
        "FUEL_UPDATES_NAILGUN_URL" => Some(url.to_owned()),
        "OS_USERNAME" => Some("admin".to_owned()),
        "OS_PASSWORD" => Some(PASSWORD.to_owned()),
        _ => None,
    };
    PartialCredentials::from_variables(variable).complete().unwrap()
}

pub(crate) fn options() -> Options {
    let second = Duration::from_secs(1);
    Options { connect_timeout: second, timeout: second * 2, long_timeout: second * 3, ..Options::default() }
}

pub(crate) fn client(server: &Server) -> Nailgun {
    Nailgun::new(credentials(&server.url()), options())
}

pub(crate) fn token(number: usize) -> String {
    json!({"access": {"token": {"id": format!("token-{number}"), "expires": "2012-07-10T14:37:58Z"}, "user": {}}})
        .to_string()
}

/// A Nailgun whose Keystone gives token-1, token-2, ... and whose answers are the handler's.
pub(crate) fn nailgun(handler: impl Fn(&Seen, &mut dyn Wire) + Send + Sync + 'static) -> Server {
    let logins = AtomicUsize::new(0);
    Server::start(move |seen, wire| {
        if seen.line == "POST /keystone/v2.0/tokens" {
            assert!(seen.body.contains(PASSWORD));
            let number = logins.fetch_add(1, Ordering::SeqCst) + 1;
            return reply(wire, 200, &[], token(number).as_bytes());
        }
        handler(seen, wire);
    })
}

/// The same with one fixed answer.
pub(crate) fn answering(status: u16, body: impl Into<String>) -> Server {
    let body = body.into();
    nailgun(move |_, wire| reply(wire, status, &[("Content-Type", "text/html")], body.as_bytes()))
}

pub(crate) fn fault<T: std::fmt::Debug>(result: Result<T, NailgunError>) -> NailgunError {
    let error = result.expect_err("it must fail");
    let all = format!("{error} {error:?}");
    assert!(!all.contains(PASSWORD) && !error.to_string().contains(['\n', '\x1b']), "{all}");
    error
}

pub(crate) fn task(
    id: u64,
    name: &str,
    status: &str,
    parent: Option<u64>,
    graph_type: Option<&str>,
) -> serde_json::Value {
    json!({"id": id, "uuid": "u", "name": name, "status": status, "parent_id": parent, "graph_type": graph_type,
           "cluster": 1, "progress": 40, "message": null, "result": {}, "dry_run": false,
           "time_start": "2026-01-02T03:04:05.000001", "time_end": null})
}

#[test]
fn it_logs_in_once_and_reads_an_environment() {
    let server = nailgun(|seen, wire| {
        let body = match seen.line.as_str() {
            "GET /api/v1/version/" => json!({"release": "9.2", "api": "1", "auth_required": true, "x": 1}),
            "GET /api/v1/clusters/1/" => json!({"id": 1, "name": "prod", "status": "operational", "release_id": 2,
                "fuel_version": "9.0", "mode": "ha_compact", "changes": [{"name": "x", "node_id": null}]}),
            "GET /api/v1/nodes/?cluster_id=1" => json!([
                {"id": 3, "name": "Untitled", "hostname": "node-3", "fqdn": "node-3.domain.tld", "ip": "10.20.0.3",
                 "status": "ready", "online": true, "roles": ["compute"], "pending_roles": [], "cluster": 1, "meta": {}},
                {"id": 4, "hostname": "node-4", "ip": null, "status": "discover", "online": false, "roles": [],
                 "pending_addition": true, "pending_deletion": false, "error_type": null}]),
            "GET /api/v1/clusters/1/attributes/" => {
                json!({"generated": {}, "editable": {"repo_setup": {"repos": {"value": [
                {"name": "ubuntu", "type": "deb", "uri": "http://u/", "suite": "trusty", "section": "main", "priority": null},
                {"name": "mos9.2-updates", "type": "deb", "uri": "http://m/", "suite": "mos9.0-updates", "priority": 1050}]}}}})
            }
            _ => return reply(wire, 404, &[], b"not found"),
        };
        reply(wire, 200, &[], body.to_string().as_bytes());
    });
    let client = client(&server);
    assert_eq!(client.version().unwrap().release, "9.2");
    let environment = client.environment(EnvId(1)).unwrap();
    assert_eq!((environment.mos_version.as_deref(), environment.nodes.len()), (Some("9.0"), 2));
    assert!(
        environment.nodes[0].online && environment.nodes[1].pending_addition && environment.nodes[1].host.is_none()
    );
    let repositories = client.repositories(EnvId(1)).unwrap();
    let mos: Vec<_> = repositories.iter().filter(|r| r.is_mos()).map(|r| r.name.as_str()).collect();
    assert_eq!(mos, ["mos9.2-updates"]);
    assert_eq!(client.node_list(EnvId(1)).unwrap().as_array().unwrap().len(), 2);
    let seen = server.seen();
    let logins = seen.iter().filter(|seen| seen.line.contains("keystone")).count();
    assert_eq!(logins, 1);
    assert!(seen[1..].iter().all(|seen| seen.header("x-auth-token") == Some("token-1")));
}

#[test]
fn a_token_that_is_refused_is_renewed_once() {
    let server = nailgun(|seen, wire| match seen.header("x-auth-token") {
        Some("token-2") => reply(wire, 200, &[], b"[]"),
        _ => reply(wire, 401, &[("WWW-Authenticate", "Keystone uri='http://m:35357'")], b"Authentication required"),
    });
    let client = client(&server);
    assert!(client.clusters().unwrap().is_empty());
    assert!(client.clusters().unwrap().is_empty(), "the new token is kept");
    assert_eq!(server.seen().len(), 5);

    let never = answering(401, "");
    let error = fault(super::nailgun::client(&never).clusters());
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert!(error.hint().unwrap().contains("/etc/fuel/astute.yaml"));
    assert_eq!(never.seen().len(), 4, "once and no more");
}

#[test]
fn a_wrong_password_is_said_without_the_password() {
    let server = Server::fixed(401, r#"{"message": "", "errors": []}"#);
    let error = fault(client(&server).clusters());
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert_eq!(error.to_string(), "Nailgun, logging in: user admin or the password is refused (401)");
}

#[test]
fn keystone_v3_is_used_where_v2_is_gone() {
    let server = Server::start(|seen, wire| match seen.line.as_str() {
        "POST /keystone/v2.0/tokens" => reply(wire, 404, &[], b"not found"),
        "POST /keystone/v3/auth/tokens" if seen.body.contains(r#""name":"fuel"#) => {
            reply(wire, 201, &[("X-Subject-Token", "t3")], br#"{"token": {"methods": ["password"]}}"#);
        }
        "POST /keystone/v3/auth/tokens" => reply(wire, 401, &[], b"{}"),
        _ if seen.header("x-auth-token") == Some("t3") => reply(wire, 200, &[], b"[]"),
        _ => reply(wire, 500, &[], b""),
    });
    assert!(client(&server).clusters().unwrap().is_empty());
    let neither = Server::fixed(404, "not found");
    let error = fault(client(&neither).clusters());
    assert_eq!(error.kind(), Kind::Address);
    assert!(error.to_string().contains("no Keystone behind http://127.0.0.1"), "{error}");
}

#[test]
fn each_status_has_its_kind() {
    let trace = json!({"message": "Traceback (most recent call last):\n  File \"/usr/lib/x.py\", line 3, in f\n    g()\nAttributeError: 'NoneType' object", "errors": []});
    for (status, body, kind, text) in [
        (
            400,
            r#"{"message": "Statuses parameter could only be one of", "errors": []}"#,
            Kind::Refused,
            "could only be",
        ),
        (403, "Forbidden for you", Kind::Forbidden, "Forbidden for you"),
        (404, r#"{"message": "Transaction not found", "errors": []}"#, Kind::NotFound, "(404): Transaction not found"),
        (405, "None", Kind::NotFound, "cannot do that (405)"),
        (
            409,
            r#"{"message": "Deployment already started", "errors": []}"#,
            Kind::Conflict,
            "Deployment already started",
        ),
        (500, &trace.to_string(), Kind::Server, "(500): AttributeError: 'NoneType' object"),
        (500, "Unexpected exception, please check logs", Kind::Server, "please check logs"),
        (502, "<html><head><title>502 Bad Gateway</title></head>", Kind::Server, "502 Bad Gateway"),
        (503, "503 Service Unavailable\n\nThe server is", Kind::Server, "503 Service Unavailable"),
        (200, "<html>", Kind::Protocol, "it is a web page"),
        (200, "", Kind::Protocol, "it is empty"),
        (200, r#"{"id": 5, "#, Kind::Protocol, "EOF"),
        (200, "[]", Kind::Protocol, "cannot be understood"),
    ] {
        let error = fault(client(&answering(status, body)).transaction(TaskId(5)));
        assert_eq!(error.kind(), kind, "{status} {body}");
        assert!(error.to_string().contains(text) && error.to_string().contains("transaction 5"), "{error}");
        assert!(!error.to_string().contains("Traceback") && !error.to_string().contains("x.py"), "{error}");
    }
}

#[test]
fn a_redirect_is_not_followed_with_the_password() {
    let elsewhere = Server::fixed(200, token(1));
    let to = elsewhere.url();
    let server = Server::start(move |_, wire| reply(wire, 301, &[("Location", &to)], b""));
    let error = fault(client(&server).clusters());
    assert_eq!(error.kind(), Kind::Address);
    assert!(error.hint().unwrap().contains("FUEL_UPDATES_NAILGUN_URL"));
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn a_server_that_is_down_or_slow_or_gone() {
    let started = Instant::now();
    let error = fault(Nailgun::new(credentials(&format!("http://{}", closed_port())), options()).clusters());
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(started.elapsed() < Duration::from_secs(1));

    let silent = nailgun(|_, wire| {
        let _ = wire.read(&mut [0u8; 1]);
    });
    let error = fault(client(&silent).clusters());
    assert!(error.kind() == Kind::Timeout, "{error}");
    assert!(error.to_string().ends_with("within 2 s"), "{error}");
}

#[test]
fn reading_is_repeated_once_when_the_connection_breaks() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let server = nailgun(move |_, wire| {
        if count.fetch_add(1, Ordering::SeqCst) == 1 {
            reply(wire, 200, &[], b"[]");
        }
    });
    let client = client(&server);
    assert!(client.clusters().unwrap().is_empty());
    let error = fault(client.clusters());
    assert!(error.kind() == Kind::Unreachable, "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[test]
fn uploading_and_deleting_are_not_repeated() {
    let server = nailgun(|_, _| {});
    let client = client(&server);
    fault(client.create_graph(EnvId(1), "t", &json!({"tasks": []})));
    fault(client.delete_graph(EnvId(1), "t"));
    assert_eq!(
        server.lines()[1..],
        ["POST /api/v1/clusters/1/deployment_graphs/t/", "DELETE /api/v1/clusters/1/deployment_graphs/t/"]
    );
}

#[test]
fn graphs_come_and_go() {
    let missing = r#"{"message": "Graph with type: t is not defined", "errors": []}"#;
    let gone = answering(404, missing);
    assert_eq!(client(&gone).graph(EnvId(1), "t").unwrap(), None);
    assert!(!client(&gone).delete_graph(EnvId(1), "t").unwrap());
    let no_cluster = answering(404, r#"{"message": "Cluster not found", "errors": []}"#);
    assert_eq!(fault(client(&no_cluster).delete_graph(EnvId(1), "t")).kind(), Kind::NotFound);
    assert_eq!(fault(client(&no_cluster).graph(EnvId(1), "t")).kind(), Kind::NotFound);
    assert!(client(&answering(204, "")).delete_graph(EnvId(1), "t").unwrap());

    let server = nailgun(|seen, wire| {
        let graph = json!({"id": 6, "name": null, "relations": [{"model": "release", "model_id": 2, "type": "t"}],
                           "tasks": [{"id": "a", "task_name": "a", "roles": "*"}], "node_filter": null});
        let body = match seen.line.as_str() {
            "POST /api/v1/clusters/1/deployment_graphs/t/" => {
                assert_eq!(seen.body, r#"{"name":"x","tasks":[]}"#);
                graph
            }
            "GET /api/v1/clusters/1/deployment_graphs/" => {
                let own = json!({"id": 7, "relations": [{"model": "cluster", "model_id": 1, "type": "u"}]});
                json!([graph, own])
            }
            _ => return reply(wire, 404, &[], b"not found"),
        };
        reply(wire, 200, &[], body.to_string().as_bytes());
    });
    let client = client(&server);
    assert_eq!(client.create_graph(EnvId(1), "t", &json!({"name": "x", "tasks": []})).unwrap().tasks.len(), 1);
    assert_eq!(client.graph_types(EnvId(1)).unwrap(), ["u"], "its own alone");
    let error = fault(client.graph(EnvId(1), "../../nodes"));
    assert_eq!(error.kind(), Kind::Refused);
}

#[test]
fn a_preview_tells_what_would_run_where() {
    let server = nailgun(|seen, wire| {
        assert_eq!(seen.line, "GET /api/v1/clusters/1/serialized_tasks/?graph_type=t&nodes=3,7&tasks=a,b");
        let body = json!({"tasks_directory": {}, "tasks_metadata": {"fault_tolerance_groups": []}, "dry_run": false,
            "tasks_graph": {"3": [{"id": "a", "type": "shell", "parameters": {"cmd": "x", "cwd": "/"}, "fail_on_error": true,
                                   "requires": [{"name": "s", "node_id": null}]},
                                  {"id": "b", "type": "skipped"}],
                            "master": [{"id": "c", "type": "shell"}], "null": [{"id": "s", "type": "skipped"}]}});
        reply(wire, 200, &[], body.to_string().as_bytes());
    });
    let tasks = ["a".to_owned(), "b".to_owned()];
    let preview = client(&server).serialized_tasks(EnvId(1), "t", &[NodeId(3), NodeId(7)], Some(&tasks)).unwrap();
    let kinds: Vec<_> =
        preview.tasks[&NodeRef::Node(NodeId(3))].iter().map(|t| (t.id.as_str(), t.kind.as_str())).collect();
    assert_eq!(kinds, [("a", "shell"), ("b", "skipped")]);
    assert_eq!(preview.tasks[&NodeRef::Master][0].id, "c");
    assert_eq!(preview.tasks[&NodeRef::Virtual][0].id, "s");
    assert_eq!(preview.tasks[&NodeRef::Node(NodeId(3))][0].parameters["cmd"], "x");
}

#[test]
fn the_way_is_probed() {
    assert_eq!(client(&answering(405, "None")).start_api().unwrap(), StartApi::Execute);
    assert_eq!(client(&answering(404, "not found")).start_api().unwrap(), StartApi::Deploy);
    assert_eq!(fault(client(&answering(500, "")).start_api()).kind(), Kind::Server);
}

#[test]
fn an_https_master_needs_its_ca_or_the_operators_word() {
    let ca = tls::authority();
    let serve = || {
        tls::serve(tls::identity(&ca, &["127.0.0.1"], |_| {}), |seen, wire| {
            let body = if seen.line.contains("keystone") { token(1) } else { "[]".to_owned() };
            reply(wire, 200, &[], body.as_bytes());
        })
    };
    let at =
        |server: &Server, options: Options| Nailgun::new(credentials(&format!("https://{}", server.address)), options);
    let roots = Roots::from_pem(ca.pem().as_bytes()).unwrap();
    assert!(at(&serve(), Options { roots, ..options() }).clusters().is_ok());
    assert!(at(&serve(), Options { insecure_tls: true, ..options() }).clusters().is_ok());
    let error = fault(at(&serve(), options()).clusters());
    assert!(error.kind() == Kind::Tls);
}

#[test]
fn text_of_the_server_cannot_write_on_the_terminal() {
    let evil = json!({"id": 1, "name": "a\x1b]0;x\x07\nb", "status": "operational"}).to_string();
    let cluster = client(&answering(200, evil)).cluster(EnvId(1)).unwrap();
    assert!(!cluster.name.contains(['\x1b', '\n', '\x07']), "{:?}", cluster.name);
    fault(client(&answering(500, "\x1b[2J\x1b]0;owned\x07")).cluster(EnvId(1)));
}
