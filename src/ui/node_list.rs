//! The node list that a check would use.

use serde::Serialize;

use super::document::{self, Envelope, SourceDocument};
use super::show::Show;
use super::table::Table;
use crate::domain::mos_version::MosVersion;
use crate::domain::node::Node;
use crate::domain::numbers::EnvId;
use crate::domain::report::Source;

/// The selected nodes of an environment.
#[derive(Clone, Copy, Debug)]
pub struct ShownNodeList<'a> {
    /// The environment.
    pub env: EnvId,
    /// Its MOS version and where it is known from.
    pub mos_version: Option<(&'a MosVersion, &'static str)>,
    /// Where the node list came from.
    pub source: &'a Source,
    /// The nodes.
    pub nodes: &'a [Node],
    /// When it was read, RFC 3339 in UTC.
    pub taken_at: &'a str,
}

impl Show for ShownNodeList<'_> {
    fn document(&self) -> impl Serialize {
        let body = NodeListDocument {
            inventory: document::source(self.source),
            nodes: self.nodes.iter().map(listed_node).collect(),
        };
        let (version, source) = self.mos_version.unzip();
        Envelope::new("inventory show", self.env, self.taken_at, body).version(version, source)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["id", "name", "roles", "address", "port", "fqdn", "label"])
            .gives_way(&["label", "fqdn", "port", "id"])
            .flowing(&["roles"]);
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        for node in self.nodes {
            table.push(vec![
                node.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
                node.name.clone(),
                node.roles.join(", "),
                node.host.to_string(),
                node.port().to_string(),
                text(&node.fqdn),
                text(&node.label),
            ]);
        }
        table
    }
}

#[derive(Serialize)]
struct NodeListDocument<'a> {
    inventory: SourceDocument<'a>,
    nodes: Vec<ListedNodeDocument<'a>>,
}

/// A node with the keys that it has in the documents of the checks, and how to log in to it.
#[derive(Serialize)]
struct ListedNodeDocument<'a> {
    id: Option<u32>,
    name: &'a str,
    fqdn: Option<&'a str>,
    label: Option<&'a str>,
    roles: &'a [String],
    address: String,
    port: u16,
    user: Option<&'a str>,
    key: Option<String>,
    jump: Option<&'a str>,
    legacy_algorithms: Option<bool>,
}

fn listed_node(node: &Node) -> ListedNodeDocument<'_> {
    ListedNodeDocument {
        id: node.id.map(|id| id.0),
        name: &node.name,
        fqdn: node.fqdn.as_deref(),
        label: node.label.as_deref(),
        roles: &node.roles,
        address: node.host.to_string(),
        port: node.port(),
        user: node.access.user.as_deref(),
        key: node.access.key.as_ref().map(|key| key.display().to_string()),
        jump: node.access.jump.as_deref(),
        legacy_algorithms: node.access.legacy_algorithms,
    }
}
