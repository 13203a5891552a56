//! Divides an update into parts, each started by a request of its own.
//!
//! Since Nailgun 9.1 a run stops at the first failure, and one part is enough. Before 9.1 it does not stop: it starts the
//! third controller although the second has failed. There every node of a phase that updates nodes one by one is a part of
//! its own, and the next part is started only if the one before ended well. With `--step` every phase begins a part.

use super::job::{Job, JobPart};
use crate::domain::node::NodeId;
use crate::domain::phase::Phase;
use crate::domain::run::TaskKind;
use crate::graph::Graph;
use crate::nailgun::StartApi;

/// The pre-checks as a part of their own.
pub(super) fn prechecks(graph: &Graph, job: &Job) -> JobPart {
    JobPart {
        tasks: Some(graph.precheck_tasks()),
        nodes: job.ids(),
        title: "pre-checks".to_owned(),
        precheck: true,
        phase: None,
    }
}

/// The parts of an update, in order; with `by_phase` each phase begins a part.
pub(super) fn update(graph: &Graph, job: &Job, by_phase: bool) -> Vec<JobPart> {
    let by_node = job.api == StartApi::Deploy;
    let mut parts = if by_node || by_phase { PartCutter::new(graph, job, by_node, by_phase).parts() } else { vec![] };
    let count = parts.len();
    if count < 2 {
        let phase = parts.pop().and_then(|part| part.phase);
        return vec![JobPart { tasks: None, nodes: job.ids(), title: "update".to_owned(), precheck: false, phase }];
    }
    for (number, part) in (1..).zip(&mut parts) {
        part.title = format!("update, part {number} of {count}");
    }
    parts
}

/// An update that is being cut, after its pre-checks.
struct PartCutter<'a> {
    graph: &'a Graph,
    job: &'a Job,
    by_node: bool,
    by_phase: bool,
    /// Every part has the uploads of the graph, so that each tells which update it belongs to, and the stages, which keep
    /// the order.
    always: Vec<String>,
    parts: Vec<JobPart>,
    /// Tasks that belong to one part.
    together: Vec<String>,
    phase: Option<Phase>,
}

impl<'a> PartCutter<'a> {
    fn new(graph: &'a Graph, job: &'a Job, by_node: bool, by_phase: bool) -> Self {
        let always = graph.stages().into_iter().chain(graph.uploads()).collect();
        Self { graph, job, by_node, by_phase, always, parts: vec![], together: vec![], phase: None }
    }

    fn parts(mut self) -> Vec<JobPart> {
        let checks = self.graph.precheck_tasks();
        for task in self.graph.tasks_in_order().into_iter().filter(|task| !checks.contains(task)) {
            let work = self.job.planned.iter().filter(|p| p.task == task && p.kind == TaskKind::Work);
            let mut on: Vec<NodeId> = work.map(|p| p.node).collect();
            on.sort_unstable();
            let phase = Phase::of_task(&task).filter(|_| self.by_phase && !on.is_empty());
            if phase.is_some() && self.phase.is_some() && phase != self.phase {
                self.end_part();
            }
            if self.by_node && self.graph.is_one_by_one(&task) && on.len() > 1 {
                self.end_part();
                self.phase = phase.or(self.phase);
                for node in on {
                    self.push(std::slice::from_ref(&task), vec![node]);
                }
                continue;
            }
            self.phase = phase.or(self.phase);
            self.together.push(task);
        }
        self.end_part();
        self.parts
    }

    /// Ends the part of the tasks that belong together, if there are any.
    fn end_part(&mut self) {
        let tasks = std::mem::take(&mut self.together);
        if !tasks.is_empty() {
            self.push(&tasks, self.job.ids());
        }
    }

    fn push(&mut self, tasks: &[String], nodes: Vec<NodeId>) {
        let tasks = Some([self.always.as_slice(), tasks].concat());
        self.parts.push(JobPart { tasks, nodes, title: String::new(), precheck: false, phase: self.phase });
    }
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
        let parts = update(&graph, &job, false);
        let has = |part: &JobPart, task: &str| part.tasks.iter().flatten().any(|t| t == task);
        let on: Vec<_> = parts.iter().map(|part| part.nodes.clone()).collect();
        let all = || job.ids();
        assert_eq!(on, [all(), vec![NodeId(2)], vec![NodeId(3)], all()]);
        assert!(has(&parts[0], "mu_download") && has(&parts[0], "mu_backup") && has(&parts[0], "mu_update_first"));
        assert!(parts.iter().map(|part| has(part, "mu_update_controllers")).eq([false, true, true, false]));
        assert!(has(&parts[3], "mu_update_block") && has(&parts[3], "mu_commit") && !has(&parts[3], "mu_backup"));
        assert!(parts.iter().all(|part| has(part, "mu_env") && has(part, "mu_checked") && !has(part, "mu_check")));

        let job = Job { api: StartApi::Execute, ..job };
        let whole = update(&graph, &job, false);
        assert_eq!((whole.len(), &whole[0].tasks, whole[0].title.as_str()), (1, &None, "update"));

        // Each phase is a part, with what belongs to it before and after; nothing is left out or done twice.
        let phases = update(&graph, &job, true);
        let named: Vec<_> = phases.iter().map(|part| part.phase.map(Phase::as_str)).collect();
        let names = ["first controller", "other controllers", "storage", "computes"].map(Some);
        assert_eq!(named, names);
        assert!(has(&phases[0], "mu_backup") && !has(&phases[0], "mu_commit") && has(&phases[1], "mu_ha"));
        assert!(has(&phases[2], "mu_update_block") && has(&phases[3], "mu_commit"));
        assert!(phases.iter().all(|part| part.nodes == job.ids() && has(part, "mu_env") && !has(part, "mu_check")));
        for task in graph.tasks_in_order().iter().filter(|task| task.starts_with("mu_update_")) {
            assert_eq!(phases.iter().filter(|part| has(part, task)).count(), 1, "{task}");
        }
        // Before 9.1 the nodes of a phase are still parts of their own.
        let both = update(&graph, &Job { api: StartApi::Deploy, ..job }, true);
        let named: Vec<_> = both.iter().map(|part| part.phase.map(Phase::as_str)).collect();
        let [first, controllers, storage, computes] = names;
        assert_eq!(named, [first, controllers, controllers, controllers, storage, computes]);
    }
}
