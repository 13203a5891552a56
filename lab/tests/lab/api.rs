//! A client of the embedded Nailgun, as plain as a client can be.

use std::time::Duration;

use fuel_lab::{Lab, NodeSpec, Scenario};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Request;

/// How long a run of the lab may take before a test gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What was answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The type alone, without parameters.
    pub(super) content_type: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: String,
}

impl Answer {
    /// The body as JSON, whatever its label says; text where it is none.
    pub(super) fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| Value::from(self.text.clone()))
    }

    pub(super) fn message(&self) -> String {
        self.body()["message"].as_str().unwrap_or(&self.text).to_owned()
    }
}

/// A lab and a token of its Nailgun.
pub(super) struct Site {
    pub(super) lab: Lab,
    pub(super) token: Option<String>,
    agent: Agent,
}

impl Site {
    pub(super) fn new(scenario: Scenario) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).proxy(None).timeout_global(Some(PATIENCE));
        let mut site = Self { lab: Lab::start(scenario).unwrap(), token: None, agent: config.build().new_agent() };
        site.log_in();
        site
    }

    pub(super) fn log_in(&mut self) {
        let body =
            json!({"auth": {"tenantName": "admin", "passwordCredentials": {"username": "admin", "password": "admin"}}});
        let answer = self.ask("POST", "/keystone/v2.0/tokens", Some(&body));
        self.token = answer.body()["access"]["token"]["id"].as_str().map(str::to_owned);
    }

    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send(method, path, body.map(Value::to_string).as_deref(), None).unwrap()
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        accept: Option<&str>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.lab.nailgun_url()));
        if let Some(token) = &self.token {
            request = request.header("X-Auth-Token", token);
        }
        request = request.header("Accept", accept.unwrap_or("*/*"));
        let mut response = match body {
            Some(body) => self.agent.run(request.body(body.to_owned()).unwrap())?,
            None => self.agent.run(request.body(()).unwrap())?,
        };
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let content_type = headers.iter().find(|(name, _)| name == "content-type");
        let content_type = content_type.map(|(_, value)| value.split(';').next().unwrap_or_default().to_owned());
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        Ok(Answer { status, content_type, headers, text })
    }

    pub(super) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, None);
        assert_eq!(answer.status, 200, "GET {path}: {}", answer.text);
        answer.body()
    }

    /// Uploads a graph of the environment 1.
    pub(super) fn upload(&self, kind: &str, graph: &Value) {
        let path = format!("/api/v1/clusters/1/deployment_graphs/{kind}/");
        self.ask("DELETE", &path, None);
        let answer = self.ask("POST", &path, Some(graph));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Starts a graph and returns parent and children.
    pub(super) fn execute(&self, order: &Value) -> (u64, Vec<u64>) {
        let answer = self.ask("POST", "/api/v1/graphs/execute/", Some(order));
        assert_eq!(answer.status, 202, "{}", answer.text);
        let parent = answer.body()["id"].as_u64().unwrap();
        let tasks = self.get("/api/v1/tasks/?cluster_id=1");
        let of_parent = tasks.as_array().unwrap().iter().filter(|task| task["parent_id"] == parent);
        let mut children: Vec<u64> = of_parent.map(|task| task["id"].as_u64().unwrap()).collect();
        children.sort_unstable();
        (parent, children)
    }

    /// Runs a graph of this type to its end and returns the result.
    pub(super) fn run(&self, graph: &Value) -> Run {
        let (parent, children) = self.execute(&json!({"cluster": 1, "graphs": [graph]}));
        assert!(self.lab.nailgun().wait_until_idle(PATIENCE), "the run did not end");
        self.result(parent, children[0])
    }

    pub(super) fn result(&self, parent: u64, child: u64) -> Run {
        let history = self.get(&format!("/api/v1/transactions/{child}/deployment_history/"));
        Run {
            parent: self.get(&format!("/api/v1/transactions/{parent}/")),
            child: self.get(&format!("/api/v1/transactions/{child}/")),
            history: history.as_array().unwrap().clone(),
        }
    }

    /// Status of a node and its error type, as `error/deploy`.
    pub(super) fn node_status(&self, id: u32) -> String {
        let node = self.get(&format!("/api/v1/nodes/{id}/"));
        let status = node["status"].as_str().unwrap().to_owned();
        node["error_type"].as_str().map_or(status.clone(), |kind| format!("{status}/{kind}"))
    }

    pub(super) fn cluster_status(&self) -> String {
        self.get("/api/v1/clusters/1/")["status"].as_str().unwrap().to_owned()
    }
}

/// A run that is over.
pub(super) struct Run {
    pub(super) parent: Value,
    pub(super) child: Value,
    pub(super) history: Vec<Value>,
}

impl Run {
    pub(super) fn status(&self) -> (&str, &str) {
        (self.parent["status"].as_str().unwrap(), self.child["status"].as_str().unwrap())
    }

    pub(super) fn message(&self) -> &str {
        self.parent["message"].as_str().unwrap_or_default()
    }

    /// `task@node=status`, sorted.
    pub(super) fn records(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
        let mut records: Vec<String> = self
            .history
            .iter()
            .map(|r| format!("{}@{}={}", text(&r["task_name"]), text(&r["node_id"]), text(&r["status"])))
            .collect();
        records.sort();
        records
    }

    pub(super) fn of(&self, task: &str) -> Vec<String> {
        let start = format!("{task}@");
        let of_task = self.records().into_iter().filter(|record| record.starts_with(&start));
        of_task.map(|record| record[start.len()..].to_owned()).collect()
    }
}

/// The environment of the recordings: two controllers, two computes (one with cinder), ceph-osd, and one
/// compute that is offline.
pub(super) fn recorded() -> Scenario {
    Scenario::new()
        .node(NodeSpec::new(1, &["controller"]))
        .node(NodeSpec::new(2, &["controller"]))
        .node(NodeSpec::new(3, &["compute"]))
        .node(NodeSpec::new(4, &["cinder", "compute"]))
        .node(NodeSpec::new(5, &["ceph-osd"]))
        .node(NodeSpec::new(6, &["compute"]).offline())
}

/// A shell task for these roles.
pub(super) fn shell(id: &str, roles: &[&str], cmd: &str) -> Value {
    json!({"id": id, "type": "shell", "version": "2.1.0", "roles": roles, "parameters": {"cmd": cmd, "timeout": 20, "retries": 0}})
}

/// The same with what it requires.
pub(super) fn after(mut task: Value, requires: &[&str]) -> Value {
    task["requires"] = json!(requires);
    task
}

/// A stage.
pub(super) fn stage(id: &str, requires: &[&str]) -> Value {
    json!({"id": id, "type": "stage", "version": "2.1.0", "requires": requires})
}

/// A graph of these tasks and nothing else.
pub(super) fn graph(tasks: &[Value]) -> Value {
    json!({"tasks": tasks})
}

/// The graph of most recordings.
pub(super) fn plain() -> Value {
    graph(&[
        shell("prep", &["/.*/"], "echo prep"),
        after(shell("work", &["compute", "controller"], "echo work"), &["prep"]),
        after(shell("fin", &["/.*/"], "echo fin"), &["work"]),
    ])
}
