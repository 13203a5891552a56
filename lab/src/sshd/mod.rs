//! The lab's SSH nodes: in-process servers, one per node, that run commands in the node's tree.

mod drip;
mod exec;
mod fault;
mod handler;
mod node;

pub use fault::SshFault;
pub(crate) use node::SshNode;
