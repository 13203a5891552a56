//! Divides an update into parts, each started by a request of its own.
//!
//! Since Nailgun 9.1 a run stops at the first failure, and one part is enough. Before 9.1 it does not stop: it starts the
//! third controller although the second has failed. There every node of a phase that updates nodes one by one is a part of
//! its own, and the next part is started only if the one before ended well.

use super::job::{Job, JobPart};
use crate::domain::node::NodeId;
use crate::domain::run::TaskKind;
use crate::graph::Graph;
use crate::nailgun::StartApi;

/// The pre-checks as a part of their own.
pub(super) fn prechecks(graph: &Graph, job: &Job) -> JobPart {
    JobPart { tasks: Some(graph.precheck_tasks()), nodes: job.ids(), title: "pre-checks".to_owned(), precheck: true }
}

/// The parts of an update, in order.
pub(super) fn update(graph: &Graph, job: &Job) -> Vec<JobPart> {
    let mut parts = if job.api == StartApi::Deploy { cut(graph, job) } else { vec![] };
    let count = parts.len();
    if count < 2 {
        return vec![JobPart { tasks: None, nodes: job.ids(), title: "update".to_owned(), precheck: false }];
    }
    for (number, part) in (1..).zip(&mut parts) {
        part.title = format!("update, part {number} of {count}");
    }
    parts
}

/// The parts of an update after its pre-checks, in order. Every part has the uploads of the graph, so that each tells
/// which update it belongs to, and the stages, which keep the order.
fn cut(graph: &Graph, job: &Job) -> Vec<JobPart> {
    let nodes = &job.ids();
    let checks = graph.precheck_tasks();
    let always: Vec<String> = graph.stages().into_iter().chain(graph.uploads()).collect();
    let part = |tasks: &[String], nodes: &[NodeId]| JobPart {
        tasks: Some([always.as_slice(), tasks].concat()),
        nodes: nodes.to_vec(),
        title: String::new(),
        precheck: false,
    };
    let mut parts = Vec::new();
    let mut together: Vec<String> = Vec::new();
    for task in graph.tasks_in_order().into_iter().filter(|task| !checks.contains(task)) {
        let mut on: Vec<NodeId> =
            job.planned.iter().filter(|p| p.task == task && p.kind == TaskKind::Work).map(|p| p.node).collect();
        on.sort_unstable();
        if !graph.is_one_by_one(&task) || on.len() < 2 {
            together.push(task);
            continue;
        }
        if !together.is_empty() {
            parts.push(part(&std::mem::take(&mut together), nodes));
        }
        parts.extend(on.iter().map(|node| part(std::slice::from_ref(&task), &[*node])));
    }
    if !together.is_empty() {
        parts.push(part(&together, nodes));
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::command::install::job::RunNode;
    use crate::domain::mu::Mu;
    use crate::domain::node::{Access, Host, Node};
    use crate::domain::numbers::EnvId;
    use crate::domain::run::PlannedTask;
    use crate::graph::{RunOptions, RunValues};

    fn run_node(id: u32) -> RunNode {
        let node = Node {
            id: Some(NodeId(id)),
            name: format!("node-{id}"),
            fqdn: None,
            label: None,
            roles: vec![],
            host: Host::parse("10.20.0.5").unwrap(),
            port: Some(22),
            access: Access::default(),
        };
        RunNode { id: NodeId(id), node, before: None, target: true }
    }

    #[test]
    fn nodes_that_go_one_by_one_are_a_part_each() {
        let graph = Graph::builtin().unwrap();
        let planned =
            |task: &str, node: u32| PlannedTask { task: task.into(), node: NodeId(node), kind: TaskKind::Work };
        let values = RunValues {
            run: "r".into(),
            env: Some(EnvId(1)),
            target: Mu::parse(br#"{"id": 1, "title": "t", "timestamp": 1}"#).unwrap(),
            file: vec![],
            repos: vec![],
            sources: vec![],
            before: vec![],
            roles: vec![],
            mos_version: None,
            canary: None,
            restart_rabbitmq: false,
            restart_mysql: false,
            skip_cluster_checks: false,
            options: RunOptions::default(),
        };
        let job = Job {
            body: graph.run_body(&values, 5).unwrap(),
            values,
            graph_type: String::new(),
            api: StartApi::Deploy,
            nodes: [1, 2, 3, 4].map(run_node).to_vec(),
            names: BTreeMap::new(),
            planned: vec![
                planned("mu_download", 1),
                planned("mu_backup", 1),
                planned("mu_update_first", 1),
                planned("mu_update_controllers", 3),
                planned("mu_update_controllers", 2),
                // Node 2 was updated as a controller and only passes by here.
                PlannedTask { kind: TaskKind::PassesBy, ..planned("mu_update_block", 2) },
                planned("mu_update_block", 4),
                planned("mu_update_computes", 4),
                planned("mu_commit", 1),
            ],
            first_controller: None,
            phases: vec![],
            left_out: vec![],
        };
        let parts = update(&graph, &job);
        let has = |part: &JobPart, task: &str| part.tasks.iter().flatten().any(|t| t == task);
        let on: Vec<_> = parts.iter().map(|part| part.nodes.clone()).collect();
        let all = || job.ids();
        assert_eq!(on, [all(), vec![NodeId(2)], vec![NodeId(3)], all()]);
        assert!(has(&parts[0], "mu_download") && has(&parts[0], "mu_backup") && has(&parts[0], "mu_update_first"));
        assert!(parts.iter().map(|part| has(part, "mu_update_controllers")).eq([false, true, true, false]));
        assert!(has(&parts[3], "mu_update_block") && has(&parts[3], "mu_commit") && !has(&parts[3], "mu_backup"));
        assert!(parts.iter().all(|part| has(part, "mu_env") && has(part, "mu_checked") && !has(part, "mu_check")));

        let whole = update(&graph, &Job { api: StartApi::Execute, ..job });
        assert_eq!((whole.len(), &whole[0].tasks, whole[0].title.as_str()), (1, &None, "update"));
    }
}
