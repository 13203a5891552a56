//! What each node will do, predicted from the graph and the roles of the nodes. It is compared with Nailgun's preview.

use std::collections::BTreeMap;

use super::error::GraphError;
use super::run_values::RunValues;
use super::{Graph, GraphTask, id_of, switch};
use crate::domain::node::NodeId;
use crate::domain::run::{PlannedTask, TaskKind};

/// Roles of the releases 9.0 to 10.0, and the names of their primaries.
pub(super) const ROLES: &[&str] = &[
    "primary-controller",
    "controller",
    "primary-mongo",
    "mongo",
    "ceph-osd",
    "cinder",
    "cinder-block-device",
    "cinder-vmware",
    "ironic",
    "compute",
    "compute-vmware",
    "base-os",
    "virt",
];

/// A node as Nailgun sees it in the run: a node that is primary for a role carries `primary-ROLE` instead of `ROLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRoles {
    /// Nailgun's number.
    pub id: u32,
    /// Its roles, with `primary-` where it is the primary.
    pub roles: Vec<String>,
}

impl Graph {
    /// The planned tasks of every node, stages left out: those that the preview shows with a type other than `skipped`.
    ///
    /// # Errors
    /// As [`Graph::compile`].
    pub fn expected(
        &self,
        values: &RunValues,
        nodes: &[NodeRoles],
    ) -> Result<BTreeMap<u32, Vec<PlannedTask>>, GraphError> {
        let mut plan: BTreeMap<u32, Vec<PlannedTask>> = nodes.iter().map(|node| (node.id, Vec::new())).collect();
        for task in self.node_tasks() {
            let compiled = self.compile_task(task, values, 1)?;
            let arms = switch::arms(&compiled);
            for node in nodes.iter().filter(|node| is_for(&compiled, &node.roles)) {
                let passes = arms.as_ref().is_some_and(|arms| {
                    switch::choose(arms, &node.id.to_string(), &node.roles)
                        .is_none_or(|command| command == switch::PASS)
                });
                let kind = TaskKind::of(&task.kind, passes);
                let planned = PlannedTask { task: id_of(task), node: NodeId(node.id), kind };
                plan.entry(node.id).or_default().push(planned);
            }
        }
        Ok(plan)
    }

    /// The compute that goes first: the one with the lowest number whose packages are updated together with
    /// the other computes. `None` where there are fewer than two of them: then all are updated together.
    ///
    /// # Errors
    /// As [`Graph::compile`].
    pub fn canary(&self, values: &RunValues, nodes: &[NodeRoles]) -> Result<Option<u32>, GraphError> {
        let Some(task) = self.node_tasks().find(|task| waits_for_canary(task)) else { return Ok(None) };
        let nobody = RunValues { canary: None, ..values.clone() };
        let id = id_of(task);
        let plan = self.expected(&nobody, nodes)?;
        let mut ids = plan
            .iter()
            .filter(|(_, tasks)| tasks.iter().any(|t| t.task == id && t.kind == TaskKind::Work))
            .map(|(id, _)| *id);
        let first = ids.next();
        Ok(first.filter(|_| ids.next().is_some()))
    }
}

/// Whether this task updates all computes but the canary.
fn waits_for_canary(task: &GraphTask) -> bool {
    switch::arms(task).unwrap_or_default().iter().any(|(condition, command)| {
        *condition == switch::SwitchCondition::Uid(vec!["@canary".to_owned()]) && command == switch::PASS
    })
}

/// Whether Nailgun gives the task to a node with these roles.
pub(super) fn is_for(task: &GraphTask, roles: &[String]) -> bool {
    let wanted: Vec<&str> = task.roles.iter().collect();
    if wanted == ["*"] {
        return true;
    }
    wanted.iter().any(|wanted| roles.iter().any(|role| matches(wanted, role)))
}

/// Whether an entry of a role list means the role: the name itself, or `/pattern/` matched from its start. Of patterns
/// only those are understood that the field uses: `/.*/`, a plain beginning, `^`, `$`, `(primary-)?`, and `(?!a|b)`: no plain
/// beginning of these.
pub(super) fn matches(wanted: &str, role: &str) -> bool {
    let Some(pattern) = wanted.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) else { return wanted == role };
    let pattern = pattern.trim_start_matches('^');
    if pattern == ".*" || pattern == ".+" {
        return true;
    }
    if let Some(others) = none_of(pattern) {
        return !others.split('|').any(|other| role.starts_with(other));
    }
    let (pattern, role) = match pattern.strip_prefix("(primary-)?") {
        Some(rest) => (rest, role.strip_prefix("primary-").unwrap_or(role)),
        None => (pattern, role),
    };
    match pattern.strip_suffix('$') {
        Some(whole) => whole == role,
        None => role.starts_with(pattern.trim_end_matches(".*")),
    }
}

/// The beginnings in `(?!a|b)`.
fn none_of(pattern: &str) -> Option<&str> {
    pattern.strip_prefix("(?!")?.strip_suffix(')')
}

/// Whether [`matches`] understands a pattern.
pub(super) fn understood(wanted: &str) -> bool {
    let Some(pattern) = wanted.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) else { return true };
    let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
    if let Some(others) = none_of(pattern) {
        return others.chars().all(|c| c.is_ascii_alphanumeric() || "-_|".contains(c));
    }
    let pattern = pattern.strip_prefix("(primary-)?").unwrap_or(pattern);
    let pattern = pattern.strip_suffix(".*").unwrap_or(pattern);
    pattern == ".+" || pattern.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::super::run_values::tests::values;
    use super::*;
    use crate::domain::inventory::role_of;
    use crate::domain::phase::Phase;

    fn node(id: u32, roles: &[&str]) -> NodeRoles {
        NodeRoles { id, roles: roles.iter().map(|role| (*role).to_owned()).collect() }
    }

    fn updates(tasks: &[PlannedTask]) -> Vec<&str> {
        let real = |t: &&PlannedTask| t.kind == TaskKind::Work && t.task.starts_with("mu_update");
        tasks.iter().filter(real).map(|t| t.task.as_str()).collect()
    }

    #[test]
    fn every_node_updates_its_packages_exactly_once_in_the_phase_of_its_highest_role() {
        let nodes = [
            node(1, &["primary-controller"]),
            node(2, &["controller", "cinder"]),
            node(3, &["compute", "ceph-osd"]),
            node(4, &["ceph-osd"]),
            node(5, &["compute"]),
            node(6, &["compute", "cinder"]),
            node(7, &["compute"]),
            node(8, &["primary-mongo"]),
            node(9, &["mongo"]),
            node(10, &["base-os"]),
            node(11, &["ironic"]),
            node(12, &["virt", "compute"]),
            node(13, &["plugin-role"]),
        ];
        let graph = Graph::builtin().unwrap();
        let plan = graph.expected(&values(), &nodes).unwrap();
        let of = |id: u32| updates(&plan[&id]);
        assert_eq!(of(1), ["mu_update_first"]);
        assert_eq!(of(2), ["mu_update_controllers"]);
        assert_eq!(of(3), ["mu_update_ceph"]);
        assert_eq!(of(4), ["mu_update_ceph"]);
        assert_eq!(of(5), ["mu_update_computes"]);
        assert_eq!(of(6), ["mu_update_block"]);
        assert_eq!(of(7), ["mu_update_canary"]);
        assert_eq!(of(8), ["mu_update_mongo_primary"]);
        assert_eq!(of(9), ["mu_update_mongo"]);
        assert_eq!(of(10), ["mu_update_others"]);
        assert_eq!(of(11), ["mu_update_ironic"]);
        assert_eq!(of(12), ["mu_update_computes"]);
        assert_eq!(of(13), ["mu_update_others"]);
        for (id, tasks) in &plan {
            let commits: Vec<&PlannedTask> = tasks.iter().filter(|t| t.task == super::super::COMMIT).collect();
            assert_eq!(commits.len(), 1, "node {id}");
        }
        assert_eq!(graph.canary(&values(), &nodes).unwrap(), Some(5));
        assert_eq!(graph.canary(&values(), &nodes[..5]).unwrap(), None, "one compute need not go first");
    }

    proptest! {
        /// A vCenter compute with the lowest number went first and was given to no task.
        #[test]
        fn any_nodes_are_updated_once_and_as_the_plan_foresees(
            roles in vec(subsequence(ROLES.to_vec(), 1..4), 1..8)
        ) {
            // A node that is primary for a role does not have the role itself.
            let plain = |role: &&str, all: &[&str]| !all.iter().any(|other| other.strip_prefix("primary-") == Some(*role));
            let roles = roles.iter().map(|all| all.iter().copied().filter(|role| plain(role, all)).collect::<Vec<_>>());
            let nodes: Vec<NodeRoles> = (1..).zip(roles).map(|(id, roles)| node(id, &roles)).collect();
            let graph = Graph::builtin().unwrap();
            let values = RunValues { canary: graph.canary(&values(), &nodes).unwrap(), ..values() };
            let plan = graph.expected(&values, &nodes).unwrap();
            for node in &nodes {
                let [task] = updates(&plan[&node.id])[..] else {
                    panic!("{node:?} is updated by {:?}", updates(&plan[&node.id]))
                };
                let phase = Phase::of_task(task).unwrap();
                let roles: Vec<&str> = node.roles.iter().filter_map(|role| role_of(role)).collect();
                let foreseen = Phase::of_roles(&roles);
                match phase {
                    Phase::FirstController => prop_assert!(node.roles.iter().any(|role| role == "primary-controller")),
                    Phase::FirstCompute => prop_assert_eq!((values.canary, foreseen), (Some(node.id), Phase::Computes)),
                    phase => prop_assert_eq!(phase, foreseen, "{:?}", node),
                }
            }
        }
    }

    #[test]
    fn every_task_that_updates_nodes_has_a_phase() {
        let graph = Graph::builtin().unwrap();
        let updates: Vec<String> =
            graph.tasks_in_order().into_iter().filter(|task| task.starts_with("mu_update_")).collect();
        assert!(updates.len() > 5 && updates.iter().all(|task| Phase::of_task(task).is_some()), "{updates:?}");
        assert_eq!(Phase::of_task("mu_commit"), None);
    }

    #[test]
    fn role_lists_as_nailgun_matches_them() {
        assert!(matches("controller", "controller"));
        assert!(!matches("controller", "primary-controller"));
        assert!(matches("/comp/", "compute"), "a pattern matches from the start");
        assert!(!matches("/compute$/", "compute-vmware"));
        assert!(matches("/^(primary-)?controller$/", "primary-controller"));
        assert!(matches("/(primary-)?mongo/", "mongo"));
        assert!(matches("/.*/", "anything"));
        assert!(!matches("*", "compute"), "a star counts only alone");
        assert!(understood("/^(primary-)?controller$/") && !understood("/a|b/"));
        assert!(matches("/(?!compute|mongo)/", "controller") && matches("/(?!compute|mongo)/", "standalone-database"));
        assert!(!matches("/(?!compute|mongo)/", "mongo") && !matches("/(?!compute|mongo)/", "compute-vmware"));
        assert!(understood("/(?!compute|mongo)/") && !understood("/(?!compute|.*)/") && !understood("/(?!compute)x/"));
    }
}
