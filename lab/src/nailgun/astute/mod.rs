//! What Astute does with a message: runs its tasks in the order of their dependencies, on the nodes' trees.
//!
//! One task at a time on a node, fifty nodes at most, limits per task id, and a brake: the first failed node
//! that nobody tolerates lets running tasks end and starts no new ones. 9.0 has no brake, and its stages fail
//! with what they wait for; that was only read, never observed.

mod engine;
mod plan;
mod work;

pub(super) use engine::{Event, Orders, Outcome, Reporter, run};
pub(super) use work::Site;
pub use work::TaskFault;
