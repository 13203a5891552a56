//! ID, name, and address with port must be unique in a node list of any form. If two nodes had the same address, one
//! would be reported under the name of the other.

use std::collections::HashMap;

use super::fault::Fault;
use crate::domain::node::{Host, Node, NodeId};

/// What was seen so far, and in which line.
#[derive(Default)]
pub(super) struct Unique {
    ids: HashMap<NodeId, u64>,
    names: HashMap<String, u64>,
    places: HashMap<(Host, u16), u64>,
}

impl Unique {
    /// Adds the node of a line.
    ///
    /// # Errors
    /// [`Fault`] names what is there twice and where it stands first.
    pub(super) fn add(&mut self, node: &Node, line: u64) -> Result<(), Fault> {
        let twice = |what: String, first: u64| Err(Fault::at(line, format!("{what} is already in line {first}")));
        if let Some(id) = node.id
            && let Some(first) = self.ids.insert(id, line)
        {
            return twice(format!("{}: id {id}", node.name), first);
        }
        if let Some(first) = self.names.insert(node.name.clone(), line) {
            return twice(format!("the name {}", node.name), first);
        }
        if let Some(first) = self.places.insert((node.host.clone(), node.port()), line) {
            return twice(format!("{}: address {} with port {}", node.name, node.host, node.port()), first);
        }
        Ok(())
    }
}
