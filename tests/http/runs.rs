//! Starting, watching and stopping runs, and above all: a lost answer never starts a second one.

use fuel_updates::domain::node::NodeId;
use fuel_updates::domain::numbers::{EnvId, TaskId};
use fuel_updates::domain::run::{NodeRef, TaskStatus};
use fuel_updates::error::Explain as _;
use fuel_updates::nailgun::{ExecuteError, HistoryFilter, Nailgun, NailgunErrorKind as Kind, StartApi, TaskState};
use serde_json::json;

use super::nailgun::{answering, client, credentials, fault, nailgun, options, task};
use super::server::{Server, Wire, closed_port, reply};
use super::tls;

fn execute(server: &Server) -> Result<fuel_updates::nailgun::Task, ExecuteError> {
    client(server).execute(StartApi::Execute, EnvId(1), "t", &[NodeId(3)], None)
}

#[test]
fn a_run_that_is_accepted() {
    let server = nailgun(|seen, wire| {
        assert_eq!(seen.body, r#"{"cluster":1,"graphs":[{"nodes":[3],"type":"t"}]}"#);
        reply(wire, 202, &[], task(17, "deploy", "running", None, None).to_string().as_bytes());
    });
    let started = execute(&server).unwrap();
    assert_eq!((started.id, started.status), (TaskId(17), TaskState::Running));
}

#[test]
fn a_run_that_certainly_did_not_start() {
    let conflict = answering(409, r#"{"message": "Deployment already started", "errors": []}"#);
    let Err(ExecuteError::Refused(error)) = execute(&conflict) else { panic!("refused") };
    assert_eq!(error.kind(), Kind::Conflict);
    let schema = "{\"message\": \"u'1' is not of type 'integer'\\n\\nFailed validating\"}";
    let Err(ExecuteError::Refused(error)) = execute(&answering(400, schema)) else { panic!("refused") };
    assert!(error.to_string().ends_with("u'1' is not of type 'integer'"), "{error}");
    let Err(ExecuteError::Refused(error)) = execute(&answering(401, "")) else { panic!("refused") };
    assert_eq!(error.kind(), Kind::Unauthorized);

    let down = Nailgun::new(credentials(&format!("http://{}", closed_port())), options());
    let result = down.execute(StartApi::Execute, EnvId(1), "t", &[NodeId(3)], None);
    assert!(matches!(result, Err(ExecuteError::NotSent(_))), "{result:?}");
    let refused_login = Server::fixed(401, "{}");
    assert!(matches!(execute(&refused_login), Err(ExecuteError::NotSent(_))));
    let lost_login = Server::start(|_, _| {});
    assert!(matches!(execute(&lost_login), Err(ExecuteError::NotSent(_))));
    let ca = tls::authority();
    let untrusted = tls::serve(tls::identity(&ca, &["127.0.0.1"], |_| {}), |_, _| {});
    let untrusted = Nailgun::new(credentials(&format!("https://{}", untrusted.address)), options());
    let result = untrusted.execute(StartApi::Execute, EnvId(1), "t", &[NodeId(3)], None);
    let Err(ExecuteError::NotSent(error)) = result else { panic!("not sent") };
    assert!(error.kind() == Kind::Tls && error.hint().unwrap().contains("--insecure-tls"));
}

#[test]
fn a_lost_answer_is_unclear_and_never_repeated() {
    let faults: [fn(&mut dyn Wire); 6] = [
        |_| {},
        |wire| {
            let _ = wire.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 300\r\n\r\n{\"id\":");
        },
        |wire| {
            let _ = wire.read(&mut [0u8; 1]);
        },
        |wire| reply(wire, 500, &[], b"{\"message\": \"Traceback (most recent call last):\\nX: y\"}"),
        |wire| reply(wire, 504, &[], b"<html><title>504 Gateway Time-out</title>"),
        |wire| reply(wire, 202, &[], b"<html>"),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let server = nailgun(move |_, wire| fault(wire));
        let result = execute(&server);
        assert!(matches!(result, Err(ExecuteError::Unclear(_))), "{number}: {result:?}");
        let posts = server.lines().iter().filter(|line| line.contains("graphs/execute")).count();
        assert_eq!(posts, 1, "{number}");
    }
}

#[test]
fn an_expired_token_does_not_hide_an_execution() {
    let server = nailgun(|seen, wire| match seen.header("x-auth-token") {
        Some("token-1") => reply(wire, 401, &[], b""),
        _ => reply(wire, 202, &[], task(17, "deploy", "running", None, None).to_string().as_bytes()),
    });
    assert_eq!(execute(&server).unwrap().id, TaskId(17));
}

#[test]
fn the_child_is_found_while_it_runs_and_afterwards() {
    let parent: fuel_updates::nailgun::Task =
        serde_json::from_value(task(17, "deploy", "running", None, None)).unwrap();
    let early = nailgun(|_, wire| {
        reply(wire, 200, &[], json!([task(17, "deploy", "running", None, None)]).to_string().as_bytes());
    });
    assert_eq!(client(&early).child(EnvId(1), &parent, "t").unwrap(), None);
    let running = nailgun(|seen, wire| {
        assert_eq!(seen.line, "GET /api/v1/tasks/?cluster_id=1");
        let list =
            json!([task(18, "deployment", "pending", Some(17), Some("t")), task(17, "deploy", "running", None, None)]);
        reply(wire, 200, &[], list.to_string().as_bytes());
    });
    let child = client(&running).child(EnvId(1), &parent, "t").unwrap().unwrap();
    assert_eq!((child.id, child.status.is_over()), (TaskId(18), false));
    let over = nailgun(|seen, wire| {
        let list = if seen.line.contains("/tasks/") {
            json!([])
        } else {
            json!([
                task(20, "deployment", "running", None, Some("t")),
                task(19, "deploy", "running", None, None),
                task(18, "deployment", "ready", None, Some("t")),
                task(17, "deploy", "ready", None, None)
            ])
        };
        reply(wire, 200, &[], list.to_string().as_bytes());
    });
    assert_eq!(client(&over).child(EnvId(1), &parent, "t").unwrap().unwrap().id, TaskId(18), "not a later run's");
    assert_eq!(client(&over).child(EnvId(1), &parent, "other").unwrap(), None);
}

#[test]
fn a_history_with_its_filters() {
    let server = nailgun(|seen, wire| {
        assert_eq!(
            seen.line,
            "GET /api/v1/transactions/18/deployment_history/?nodes=3&statuses=running,error&tasks_names=a,b"
        );
        let body = json!([
            {"task_name": "a", "node_id": "3", "status": "running", "time_start": "2026-11-22T22:05:50.581946", "time_end": null,
             "type": "shell", "parameters": {"cmd": "x"}, "roles": ["/.*/"], "role": ["/.*/"], "custom": {}},
            {"task_name": "s", "node_id": null, "status": "skipped", "time_start": null, "time_end": null}]);
        reply(wire, 200, &[], body.to_string().as_bytes());
    });
    let filter = HistoryFilter {
        nodes: vec![NodeId(3)],
        statuses: vec![TaskStatus::Running, TaskStatus::Error],
        tasks: vec!["a".into(), "b".into()],
    };
    let records = client(&server).history(TaskId(18), &filter).unwrap();
    assert_eq!(
        (records[0].status.clone(), records[0].began.map(|at| at.as_millisecond())),
        (TaskStatus::Running, Some(1_795_385_150_581))
    );
    assert_eq!(records[1].node, NodeRef::Virtual);
    let nameless = answering(200, r#"[{"node_id": "3", "status": "ready"}]"#);
    assert_eq!(fault(client(&nameless).history(TaskId(18), &HistoryFilter::default())).kind(), Kind::Protocol);
}

#[test]
fn what_an_upload_task_carries_is_read_from_the_run_itself() {
    let server = nailgun(|seen, wire| {
        assert_eq!(seen.line, "GET /api/v1/transactions/18/deployment_history/?tasks_names=env");
        let body = json!([{"task_name": "env", "node_id": "-", "status": "skipped"},
                          {"task_name": "env", "node_id": "3", "status": "ready", "parameters": {"data": "MU_ENV='1'"}}]);
        reply(wire, 200, &[], body.to_string().as_bytes());
    });
    assert_eq!(client(&server).task_data(TaskId(18), "env").unwrap().as_deref(), Some("MU_ENV='1'"));
    assert_eq!(client(&answering(200, "[]")).task_data(TaskId(18), "env").unwrap(), None);
}

#[test]
fn a_history_of_200_nodes_is_read_in_time() {
    let script = "x".repeat(40_000);
    let records: Vec<_> = (1..=200)
        .flat_map(|node| {
            [("upload", script.as_str()), ("run", "y")].map(|(name, data)| {
                json!({"task_name": name, "node_id": node.to_string(), "status": "ready", "parameters": {"data": data},
                   "time_start": "2026-11-22T22:05:50.581946", "time_end": "2026-11-22T22:05:51.581946"})
            })
        })
        .collect();
    let body = serde_json::to_vec(&records).unwrap();
    assert!(body.len() > 8_000_000, "larger than what ureq reads by default");
    let server = nailgun(move |_, wire| reply(wire, 200, &[], &body));
    assert_eq!(client(&server).history(TaskId(18), &HistoryFilter::default()).unwrap().len(), 400);
}

#[test]
fn stopping_and_forgetting() {
    let server = nailgun(|seen, wire| match seen.line.as_str() {
        "PUT /api/v1/clusters/1/stop_deployment/" => {
            assert_eq!(seen.body, "{}");
            reply(wire, 202, &[], task(21, "stop_deployment", "running", None, None).to_string().as_bytes());
        }
        _ => reply(wire, 404, &[], b"not found"),
    });
    let at_work = client(&server);
    assert_eq!(at_work.stop(EnvId(1)).unwrap().id, TaskId(21));
    let twice = answering(400, "Stopping deployment task is already launched");
    let error = fault(client(&twice).stop(EnvId(1)));
    assert!(error.kind() == Kind::Refused && error.to_string().contains("already launched"), "{error}");
}
