//! Nailgun's API as fuel2 uses it, by plain HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use fuel_lab::Lab;
use serde_json::{Value, json};

/// Sends a request and returns the status and the answer.
pub(crate) fn ask(lab: &Lab, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let address = lab.nailgun_url().strip_prefix("http://").expect("http").to_owned();
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("Nailgun listens");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// `fuel2 graph upload`: replaces a graph that is there, else creates it. Returns the method.
pub(crate) fn upload(lab: &Lab, graph: &Value) -> &'static str {
    let path = "clusters/1/deployment_graphs/fuel-updates-mu";
    let method = if ask(lab, "GET", path, None).0 == 404 { "POST" } else { "PUT" };
    let (status, answer) = ask(lab, method, path, Some(graph));
    assert_eq!(status, 200, "{answer}");
    method
}

/// `fuel2 graph execute`, and a wait for the end of the run; its status and message.
pub(crate) fn execute(lab: &Lab, nodes: &[u32]) -> (String, String) {
    let body = json!({"cluster": 1, "graphs": [{"type": "fuel-updates-mu", "nodes": nodes}]});
    let (status, task) = ask(lab, "POST", "graphs/execute/", Some(&body));
    assert_eq!(status, 202, "{task}");
    assert!(lab.nailgun().wait_until_idle(Duration::from_secs(120)), "the run does not end");
    let (_, over) = ask(lab, "GET", &format!("transactions/{}/", task["id"]), None);
    let text = |key: &str| over[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"))
}
