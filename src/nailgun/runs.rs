//! Starting, watching and stopping runs.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::domain::node::NodeId;
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::run::{TaskRecord, TaskStatus};

use super::client::{ApiCall, CallError, parse};
use super::graphs::{check_type, ids, names};
use super::wire::HistoryRecord;
use super::{ExecuteError, Nailgun, NailgunError, Task};

/// The API that starts a run; see [`Nailgun::start_api`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartApi {
    /// 9.1 and later: `graphs/execute`. The answer is a parent; its child has the history.
    Execute,
    /// 9.0 and 9.0.1: `deploy`. The answer is the run itself, and it runs the whole graph: on 9.0 the request for some
    /// of its tasks (`deploy_tasks`) is about the default graph, whatever type it names.
    Deploy,
}

/// The part of a history to read. An empty list means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only these nodes; stages are of no node.
    pub nodes: Vec<NodeId>,
    /// Only these statuses.
    pub statuses: Vec<TaskStatus>,
    /// Only these tasks. 9.0 does not know this filter and answers with all.
    pub tasks: Vec<String>,
}

impl Nailgun {
    /// Which API this Nailgun has for starting runs. It is probed, because reported versions are unreliable.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn start_api(&self) -> Result<StartApi, NailgunError> {
        let what = "asking how runs are started";
        let reply = self.send(&ApiCall::get("graphs/execute/", what))?;
        match reply.status {
            405 => Ok(StartApi::Execute),
            404 => Ok(StartApi::Deploy),
            _ => Err(NailgunError::from_reply(&reply, what)),
        }
    }

    /// Starts a run of the graph of a type on exactly these nodes, with some of its tasks or all. Before 9.1 it is always all:
    /// upload what is to be run.
    ///
    /// The request is only repeated if its token was refused. Nailgun accepts unknown types and offline nodes: check them
    /// first.
    ///
    /// # Errors
    /// [`ExecuteError`] tells whether a run may have started.
    pub fn execute(
        &self,
        api: StartApi,
        cluster: EnvId,
        graph_type: &str,
        nodes: &[NodeId],
        tasks: Option<&[String]>,
    ) -> Result<Task, ExecuteError> {
        let what = format!("starting the run in environment {cluster}");
        let (method, path, body) =
            start_request(api, cluster, graph_type, nodes, tasks).map_err(ExecuteError::NotSent)?;
        let reply = match self.send(&ApiCall::with_body(method, &path, body, &what)) {
            Ok(reply) => reply,
            Err(CallError::NotSent(error)) => return Err(ExecuteError::NotSent(error)),
            Err(CallError::MaybeSent(error)) => return Err(ExecuteError::Unclear(error)),
        };
        match reply.status {
            200..=299 => parse(&reply, &what).map_err(ExecuteError::Unclear),
            // 408 is a proxy's word for an answer that did not come; 5xx may come after the work was done.
            408 | 500.. => Err(ExecuteError::Unclear(NailgunError::from_reply(&reply, &what))),
            _ => Err(ExecuteError::Refused(NailgunError::from_reply(&reply, &what))),
        }
    }

    /// The tasks of an environment. Nailgun removes those of earlier runs from this list.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn tasks(&self, cluster: EnvId) -> Result<Vec<Task>, NailgunError> {
        self.read(&format!("tasks/?cluster_id={cluster}"), &format!("reading the tasks of environment {cluster}"))
    }

    /// All transactions of an environment, including earlier runs. They do not name their parents.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn transactions(&self, cluster: EnvId) -> Result<Vec<Task>, NailgunError> {
        let what = format!("reading the transactions of environment {cluster}");
        self.read(&format!("transactions/?cluster_id={cluster}"), &what)
    }

    /// One transaction, parent or child.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind not-found where there is none with this number.
    pub fn transaction(&self, id: TaskId) -> Result<Task, NailgunError> {
        self.read(&format!("transactions/{id}/"), &format!("reading transaction {id}"))
    }

    /// The child of a run, which has the history; none if Nailgun has not created it yet. Before 9.1 it is the run itself.
    /// `graph_type` is the type of its graph, or the beginning of it.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn child(&self, cluster: EnvId, parent: &Task, graph_type: &str) -> Result<Option<Task>, NailgunError> {
        if parent.name == "deployment" {
            return Ok(Some(parent.clone()));
        }
        let listed = self.tasks(cluster)?;
        if let Some(child) = listed.into_iter().find(|task| task.parent_id == Some(parent.id)) {
            return Ok(Some(child));
        }
        // The list of tasks forgets runs that are over. Transactions do not name their parent, but a child
        // is made right after it, and no other run can be in between.
        let mut later: Vec<Task> = self.transactions(cluster)?.into_iter().filter(|task| task.id > parent.id).collect();
        later.sort_by_key(|task| task.id);
        let next_run = later.iter().find(|task| task.name == "deploy").map_or(TaskId(u64::MAX), |task| task.id);
        Ok(later
            .into_iter()
            .find(|task| task.id < next_run && task.name == "deployment" && task.graph_type.starts_with(graph_type)))
    }

    /// The history of a run's child. The parent's is always empty.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind not-found where there is no such transaction.
    pub fn history(&self, child: TaskId, filter: &HistoryFilter) -> Result<Vec<TaskRecord>, NailgunError> {
        let mut query = Vec::new();
        if !filter.nodes.is_empty() {
            query.push(format!("nodes={}", ids(&filter.nodes)));
        }
        if !filter.statuses.is_empty() {
            let words: Vec<String> = filter.statuses.iter().map(|status| status.as_str().to_owned()).collect();
            query.push(format!("statuses={}", names(&words)?));
        }
        if !filter.tasks.is_empty() {
            query.push(format!("tasks_names={}", names(&filter.tasks)?));
        }
        let question = if query.is_empty() { "" } else { "?" };
        let path = format!("transactions/{child}/deployment_history/{question}{}", query.join("&"));
        let what = format!("reading the history of transaction {child}");
        let reply = self.ask(&ApiCall { long: true, ..ApiCall::get(&path, &what) })?;
        let records: Vec<HistoryRecord> = parse(&reply, &what)?;
        records
            .into_iter()
            .map(|record| {
                record.into_record().ok_or_else(|| NailgunError::protocol(&what, "a record does not name its task"))
            })
            .collect()
    }

    /// What an upload task of a run puts on its nodes (`parameters.data`); none where the run has no such task. Untrusted.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind not-found where there is no such transaction.
    pub fn task_data(&self, child: TaskId, task: &str) -> Result<Option<String>, NailgunError> {
        let task = names(&[task.to_owned()])?;
        let what = format!("reading the history of transaction {child}");
        let records: Vec<Value> =
            self.read(&format!("transactions/{child}/deployment_history/?tasks_names={task}"), &what)?;
        let data = records.iter().find_map(|r| r.get("parameters")?.get("data")?.as_str());
        Ok(data.map(str::to_owned))
    }

    /// Asks Nailgun to stop the run of an environment. Call it only while the child of the run is `running`: at any other
    /// time Nailgun creates a task that never ends and blocks the environment.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind refused where a stop is under way already.
    pub fn stop(&self, cluster: EnvId) -> Result<Task, NailgunError> {
        let what = format!("stopping the run in environment {cluster}");
        let path = format!("clusters/{cluster}/stop_deployment/");
        let reply = self.ask(&ApiCall::with_body(Method::PUT, &path, json!({}), &what))?;
        parse(&reply, &what)
    }
}

impl Nailgun {
    /// Removes a task that never ends, so that the environment is free again. Nothing on nodes is stopped by that.
    ///
    /// # Errors
    /// [`NailgunError`]; of kind not-found where it is gone already.
    pub fn delete_task(&self, task: TaskId) -> Result<(), NailgunError> {
        let what = format!("deleting task {task}");
        self.ask(&ApiCall::delete(&format!("tasks/{task}/?force=1"), &what)).map(drop)
    }
}

fn start_request(
    api: StartApi,
    cluster: EnvId,
    graph_type: &str,
    nodes: &[NodeId],
    tasks: Option<&[String]>,
) -> Result<(Method, String, Value), NailgunError> {
    check_type(graph_type)?;
    let query = format!("?graph_type={graph_type}&nodes={}", ids(nodes));
    Ok(match (api, tasks) {
        (StartApi::Execute, _) => {
            let numbers: Vec<u32> = nodes.iter().map(|node| node.0).collect();
            let mut graph = json!({"type": graph_type, "nodes": numbers});
            if let Some(tasks) = tasks {
                names(tasks)?;
                graph["tasks"] = json!(tasks);
            }
            (Method::POST, "graphs/execute/".to_owned(), json!({"cluster": cluster, "graphs": [graph]}))
        }
        (StartApi::Deploy, _) => (Method::PUT, format!("clusters/{cluster}/deploy/{query}"), json!({})),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(api: StartApi, tasks: Option<&[String]>) -> (String, String, String) {
        let (method, path, body) =
            start_request(api, EnvId(1), "fuel-updates-mu", &[NodeId(3), NodeId(7)], tasks).unwrap();
        (method.to_string(), path, body.to_string())
    }

    #[test]
    fn nodes_are_always_named() {
        let tasks = ["mu_check".to_owned()];
        assert_eq!(
            start(StartApi::Execute, None),
            (
                "POST".into(),
                "graphs/execute/".into(),
                r#"{"cluster":1,"graphs":[{"nodes":[3,7],"type":"fuel-updates-mu"}]}"#.into()
            )
        );
        assert!(start(StartApi::Execute, Some(&tasks)).2.contains(r#""tasks":["mu_check"]"#));
        assert_eq!(
            start(StartApi::Deploy, None),
            ("PUT".into(), "clusters/1/deploy/?graph_type=fuel-updates-mu&nodes=3,7".into(), "{}".into())
        );
        assert_eq!(start(StartApi::Deploy, Some(&tasks)), start(StartApi::Deploy, None), "the graph holds them alone");
    }

    #[test]
    fn names_that_would_change_the_path_are_refused() {
        for bad in ["", "a/b", "a?b", "a b", "a&tasks=x", "ä", &"x".repeat(101)] {
            assert!(start_request(StartApi::Execute, EnvId(1), bad, &[], None).is_err(), "{bad}");
            assert!(start_request(StartApi::Execute, EnvId(1), "t", &[], Some(&[bad.to_owned()])).is_err(), "{bad}");
        }
    }
}
