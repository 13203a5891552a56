//! The steps of an update, before each of which `install --step` asks.

/// A step: the nodes of one kind are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The primary controller.
    FirstController,
    /// The other controllers.
    Controllers,
    /// MongoDB, Ceph, Cinder, Ironic.
    Storage,
    /// One compute, before the others.
    FirstCompute,
    /// The other computes.
    Computes,
    /// All other nodes.
    Others,
}

impl Step {
    /// The step that this task of the built-in graph updates nodes in; nothing for tasks that update none.
    pub fn of(task: &str) -> Option<Self> {
        Some(match task {
            "mu_update_first" => Self::FirstController,
            "mu_update_controllers" => Self::Controllers,
            "mu_update_mongo"
            | "mu_update_mongo_primary"
            | "mu_update_ceph"
            | "mu_update_block"
            | "mu_update_ironic" => Self::Storage,
            "mu_update_canary" => Self::FirstCompute,
            "mu_update_computes" => Self::Computes,
            "mu_update_others" => Self::Others,
            _ => return None,
        })
    }

    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstController => "the first controller",
            Self::Controllers => "the other controllers",
            Self::Storage => "storage",
            Self::FirstCompute => "the first compute",
            Self::Computes => "the computes",
            Self::Others => "the other nodes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Graph;

    #[test]
    fn every_task_that_updates_nodes_has_a_step() {
        let graph = Graph::builtin().unwrap();
        let updates: Vec<String> =
            graph.tasks_in_order().into_iter().filter(|task| task.starts_with("mu_update_")).collect();
        assert!(updates.len() > 5 && updates.iter().all(|task| Step::of(task).is_some()), "{updates:?}");
        assert_eq!(Step::of("mu_commit"), None);
    }
}
