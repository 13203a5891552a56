//! What Astute does with a message: runs its tasks in the order of their dependencies, on the nodes' trees.
//!
//! One task at a time on a node, fifty nodes at most, limits per task id. After the first failed node that no group
//! tolerates, running tasks end and no new ones start. Before 9.1 they do start, and a stage fails with the
//! tasks that it waits for.

mod engine;
mod plan;
mod work;

pub(super) use engine::{Event, Orders, Outcome, Reporter, run};
pub(super) use work::Site;
pub use work::TaskFault;
