//! Where a task of a run is executed.

use crate::domain::node::NodeId;

/// Where a task is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeRef {
    /// On a node.
    Node(NodeId),
    /// On the Fuel master.
    Master,
    /// Nowhere: a stage.
    Virtual,
    /// Nowhere: it matched no node.
    Nobody,
}

impl NodeRef {
    /// Reads the `node_id` of a history, or a key of a serialized graph: `"3"`, `"master"`, null, `"null"`, `"-"`.
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            None | Some("null") => Self::Virtual,
            Some("master") => Self::Master,
            Some(text) => text.parse().map_or(Self::Nobody, |id| Self::Node(NodeId(id))),
        }
    }

    /// The node's number, if it is a node.
    pub fn id(self) -> Option<NodeId> {
        match self {
            Self::Node(id) => Some(id),
            Self::Master | Self::Virtual | Self::Nobody => None,
        }
    }
}
