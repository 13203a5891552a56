//! How an update is cut into calls where Nailgun has no brake.
//!
//! Since 9.1 a run stops at the first failure. The engine of 9.0 does not: the third controller is begun although the
//! second has failed. So there every node of a phase that takes them one by one gets a call of its own, and the next call
//! is only made when the one before ended well.

use super::submit::Job;
use crate::domain::node::NodeId;
use crate::domain::run::PlannedTask;
use crate::graph::Graph;

/// One call to Nailgun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The graph's tasks to run.
    pub(super) tasks: Vec<String>,
    /// The nodes to run them on.
    pub(super) nodes: Vec<NodeId>,
}

/// The calls of an update after its pre-checks, in order. Every call brings the graph's uploads, so that each tells what
/// it belongs to, and its stages, which keep the order.
pub(super) fn cut(graph: &Graph, job: &Job) -> Vec<Call> {
    let nodes = &job.nodes;
    let works = |p: &&PlannedTask| !job.dull.contains(&(p.node, p.task.clone()));
    let checks = graph.precheck_tasks();
    let always: Vec<String> = graph.stages().into_iter().chain(graph.uploads()).collect();
    let call =
        |tasks: &[String], nodes: &[NodeId]| Call { tasks: [always.as_slice(), tasks].concat(), nodes: nodes.to_vec() };
    let mut calls = Vec::new();
    let mut together: Vec<String> = Vec::new();
    for task in graph.tasks_in_order().into_iter().filter(|task| !checks.contains(task)) {
        let mut on: Vec<NodeId> = job.planned.iter().filter(|p| p.task == task).filter(works).map(|p| p.node).collect();
        on.sort_unstable();
        if !graph.is_one_by_one(&task) || on.len() < 2 {
            together.push(task);
            continue;
        }
        if !together.is_empty() {
            calls.push(call(&std::mem::take(&mut together), nodes));
        }
        calls.extend(on.iter().map(|node| call(std::slice::from_ref(&task), &[*node])));
    }
    if !together.is_empty() {
        calls.push(call(&together, nodes));
    }
    calls
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::mu::Mu;
    use crate::graph::RunValues;
    use crate::nailgun::StartApi;

    #[test]
    fn nodes_that_go_one_by_one_get_a_call_each() {
        let graph = Graph::builtin().unwrap();
        let planned =
            |task: &str, node: u32| PlannedTask { phase: String::new(), task: task.into(), node: NodeId(node) };
        let job = Job {
            values: RunValues {
                run: "r".into(),
                env: 1,
                target: Mu::parse(br#"{"id": 1, "title": "t", "timestamp": 1}"#).unwrap(),
                file: vec![],
                repos: vec![],
                sources: vec![],
                roles: vec![],
                mos_version: None,
                canary: None,
                restart_rabbitmq: false,
                restart_mysql: false,
                skip_cluster_checks: false,
            },
            api: StartApi::Deploy,
            nodes: [1, 2, 3, 4].map(NodeId).to_vec(),
            names: BTreeMap::new(),
            planned: vec![
                planned("mu_backup", 1),
                planned("mu_update_first", 1),
                planned("mu_update_controllers", 3),
                planned("mu_update_controllers", 2),
                planned("mu_update_block", 2),
                planned("mu_update_block", 4),
                planned("mu_update_computes", 4),
                planned("mu_commit", 1),
            ],
            // Node 2 was updated as a controller and only passes by here.
            dull: BTreeSet::from([(NodeId(2), "mu_update_block".to_owned())]),
            target_nodes: vec![],
        };
        let calls = cut(&graph, &job);
        let has = |call: &Call, task: &str| call.tasks.iter().any(|t| t == task);
        let on: Vec<_> = calls.iter().map(|call| call.nodes.clone()).collect();
        let all = || job.nodes.clone();
        assert_eq!(on, [all(), vec![NodeId(2)], vec![NodeId(3)], all()]);
        assert!(has(&calls[0], "mu_backup") && has(&calls[0], "mu_update_first"));
        assert!(calls.iter().map(|call| has(call, "mu_update_controllers")).eq([false, true, true, false]));
        assert!(has(&calls[3], "mu_update_block") && has(&calls[3], "mu_commit") && !has(&calls[3], "mu_backup"));
        assert!(calls.iter().all(|call| has(call, "mu_env") && has(call, "mu_checked") && !has(call, "mu_check")));
    }
}
