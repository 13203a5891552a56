//! The phases in which an update goes from node to node.

/// A phase, in the order of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The primary controller.
    FirstController,
    /// The other controllers, one by one.
    Controllers,
    /// MongoDB, Ceph, Cinder, Ironic: one by one.
    Storage,
    /// One compute, before the others.
    FirstCompute,
    /// The other computes, some at a time.
    Computes,
    /// Everything else.
    Others,
}

impl Phase {
    /// The phase that this task of the built-in graph updates nodes in; nothing for tasks that update none.
    pub fn of_task(task: &str) -> Option<Self> {
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

    /// The phase of a node with these roles that is not the first of its kind.
    pub fn of_roles(roles: &[impl AsRef<str>]) -> Self {
        let has = |kind: &[&str]| roles.iter().any(|role| kind.contains(&role.as_ref()));
        if has(&["controller"]) {
            Self::Controllers
        } else if has(&["mongo", "ceph-osd", "cinder", "cinder-block-device", "cinder-vmware", "ironic"]) {
            Self::Storage
        } else if has(&["compute", "compute-vmware"]) {
            Self::Computes
        } else {
            Self::Others
        }
    }

    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstController => "first controller",
            Self::Controllers => "other controllers",
            Self::Storage => "storage",
            Self::FirstCompute => "first compute",
            Self::Computes => "computes",
            Self::Others => "other nodes",
        }
    }

    /// Its name in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::FirstController => "first-controller",
            Self::Controllers => "controllers",
            Self::Storage => "storage",
            Self::FirstCompute => "first-compute",
            Self::Computes => "computes",
            Self::Others => "others",
        }
    }
}
