//! The lab: an embedded Nailgun, SSH nodes and a mirror on loopback. Only the tests depend on it, not the shipped binary.
//!
//! [`Lab::start`] makes a whole Fuel site in this process from a [`Scenario`]: for every node a file tree
//! and an SSH server on an address of its own, a mirror over HTTP, and a Nailgun that runs graphs on the
//! trees as Astute does. Dropping the [`Lab`] ends all of it and removes its folder.
//!
//! While it runs, lab code never writes `mu-version.json` or the state file of a node: only the graph's
//! scripts do. They run unchanged with `/bin/sh`, `FUEL_MU_ROOT` and the recording [`stubs`].

mod error;
mod inventory;
pub mod keys;
mod mirror;
mod nailgun;
mod nailgun_mode;
mod network;
mod node;
pub mod sample;
mod scenario;
mod seed;
mod shell;
mod site;
mod sshd;
pub mod stubs;
pub mod web;

pub use error::LabError;
pub use mirror::MirrorFault;
pub use nailgun::{AuthMode, NailgunControl, NailgunFault, TaskFault, Trace};
pub use nailgun_mode::NailgunMode;
pub use node::LabNode;
pub use scenario::{Membership, NodeSpec, RealNode, Scenario};
pub use site::Lab;
pub use sshd::SshFault;
