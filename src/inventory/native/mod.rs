//! The native form: short YAML, `schema: fuel-updates-inventory/1`.

mod merge;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

pub use merge::{Change, ChangeKind, merge};

use super::fault::Fault;
use super::unique::Unique;
use super::yaml;
use crate::domain::inventory::{Inventory, InventoryFormat, role_of};
use crate::domain::mos_version::MosVersion;
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::numbers::EnvId;
use crate::domain::text::one_line;

/// The value of `schema`.
pub const SCHEMA: &str = "fuel-updates-inventory/1";

/// A file of the native form as it is read, with the lines of its entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NativeContent {
    schema: Option<Spanned<String>>,
    env: Option<EnvId>,
    mos_version: Option<MosVersion>,
    ssh: Option<NativeSsh>,
    nodes: Vec<Spanned<NativeNode>>,
}

/// A file of the native form as it is written: with the values of `ssh` apart from those of each node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NativeFile {
    schema: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<EnvId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos_version: Option<MosVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh: Option<NativeSsh>,
    nodes: Vec<NativeNode>,
}

/// Defaults for all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NativeSsh {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jump: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy_algorithms: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NativeNode {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fqdn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    address: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jump: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy_algorithms: Option<bool>,
}

/// Reads the native format.
///
/// # Errors
/// [`Fault`] with the line of the first thing that is wrong.
pub(super) fn parse(text: &str) -> Result<Inventory, Fault> {
    inventory(yaml::of_ours(text)?)
}

impl NativeFile {
    /// Reads a file to be changed and written again; what cannot be used is refused here too.
    ///
    /// # Errors
    /// [`Fault`] with the line of the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        parse(text)?;
        let file: NativeContent = yaml::of_ours(text)?;
        Ok(Self {
            schema: Some(SCHEMA),
            env: file.env,
            mos_version: file.mos_version,
            ssh: file.ssh,
            nodes: file.nodes.into_iter().map(|entry| plain(entry.value)).collect(),
        })
    }

    /// The environment that it says it lists.
    pub fn env(&self) -> Option<EnvId> {
        self.env
    }

    /// How many nodes it lists.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it lists no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// An entry with its roles as they are compared and written.
fn plain(mut entry: NativeNode) -> NativeNode {
    entry.roles = entry.roles.iter().filter_map(|r| role_of(r)).map(|r| one_line(r, 60)).collect();
    entry
}

fn inventory(file: NativeContent) -> Result<Inventory, Fault> {
    if let Some(schema) = &file.schema
        && schema.value != SCHEMA
    {
        return Err(Fault::at(schema.referenced.line(), format!("schema `{}` is not `{SCHEMA}`", schema.value)));
    }
    if file.env == Some(EnvId(0)) {
        return Err(Fault::new("`env` must be at least 1"));
    }
    let ssh = file.ssh.unwrap_or_default();
    for (key, value) in [("user", &ssh.user), ("jump", &ssh.jump)] {
        if value.as_ref().is_some_and(String::is_empty) {
            return Err(Fault::new(format!("`ssh.{key}` must not be empty")));
        }
    }
    let mut nodes = Vec::with_capacity(file.nodes.len());
    let mut unique = Unique::default();
    for entry in file.nodes {
        let line = entry.referenced.line();
        let node = node(entry.value, &ssh).map_err(|message| Fault::at(line, message))?;
        unique.add(&node, line)?;
        nodes.push(node);
    }
    Ok(Inventory {
        format: InventoryFormat::Native,
        env: file.env,
        mos_version: file.mos_version,
        nodes,
        left_out: BTreeMap::new(),
        warnings: vec![],
    })
}

fn node(entry: NativeNode, ssh: &NativeSsh) -> Result<Node, String> {
    let name = entry.name;
    if !matches!(Host::parse(&name), Some(Host::Name(_))) {
        return Err(format!("`{name}` is not a node name"));
    }
    let address = entry.address.ok_or_else(|| format!("{name} has no `address`"))?;
    let host =
        Host::parse(&address).ok_or_else(|| format!("{name}: `{address}` is neither an address nor a host name"))?;
    if entry.id == Some(0) {
        return Err(format!("{name}: `id` must be at least 1"));
    }
    let port = entry.port.or(ssh.port);
    if port == Some(0) {
        return Err(format!("{name}: `port` must be at least 1"));
    }
    for (key, value) in [("user", &entry.user), ("jump", &entry.jump)] {
        if value.as_ref().is_some_and(String::is_empty) {
            return Err(format!("{name}: `{key}` must not be empty"));
        }
    }
    Ok(Node {
        id: entry.id.map(NodeId),
        fqdn: entry.fqdn.map(|f| one_line(&f, 253)),
        label: entry.label.map(|l| one_line(&l, 100)),
        roles: entry.roles.iter().filter_map(|r| role_of(r)).map(|r| one_line(r, 60)).collect(),
        host,
        port,
        access: Access {
            user: entry.user.or_else(|| ssh.user.clone()),
            key: entry.key.or_else(|| ssh.key.clone()),
            jump: entry.jump.or_else(|| ssh.jump.clone()),
            legacy_algorithms: entry.legacy_algorithms.or(ssh.legacy_algorithms),
        },
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
schema: fuel-updates-inventory/1
env: 1
mos_version: "9.0"
ssh: {user: root, port: 22}              # defaults for all nodes
nodes:
  - {id: 5, name: node-5, fqdn: node-5.domain.tld, address: 10.20.0.5, roles: [primary-controller]}
  - {id: 7, name: node-7, address: 10.20.0.7, roles: [compute, ceph-osd], port: 2222, label: storage a}
"#;

    fn fault(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        let fault = parse(&GOOD.replace(from, to)).unwrap_err();
        format!("{}: {}", fault.line.unwrap_or(0), fault.message)
    }

    #[test]
    fn the_example_of_the_product_page() {
        let inventory = parse(GOOD).unwrap();
        assert_eq!((inventory.env, inventory.mos_version.as_deref()), (Some(EnvId(1)), Some("9.0")));
        let nodes: Vec<_> = inventory.nodes.iter().map(|n| (n.id.unwrap().0, n.port(), n.roles.join("+"))).collect();
        assert_eq!(nodes, [(5, 22, "controller".to_owned()), (7, 2222, "compute+ceph-osd".to_owned())]);
        assert_eq!(inventory.nodes[1].access.user.as_deref(), Some("root"));
        assert_eq!(inventory.nodes[1].label.as_deref(), Some("storage a"));
    }

    #[test]
    fn json_is_yaml() {
        let json = r#"{"env": 2, "nodes": [{"name": "node-1", "address": "fe80::1"}]}"#;
        let inventory = parse(json).unwrap();
        assert_eq!((inventory.env, inventory.nodes[0].id), (Some(EnvId(2)), None));
    }

    #[test]
    fn each_fault_names_line_and_key() {
        assert_eq!(fault("fuel-updates-inventory/1", "x/2"), "2: schema `x/2` is not `fuel-updates-inventory/1`");
        assert_eq!(fault("\"9.0\"", "\"9.0/..\""), "4: mos_version: not a MOS version such as 9.0");
        assert_eq!(fault("id: 7", "id: 5"), "8: node-7: id 5 is already in line 7");
        assert_eq!(fault("name: node-7", "name: node-5"), "8: the name node-5 is already in line 7");
        assert_eq!(
            fault("10.20.0.7, roles: [compute, ceph-osd], port: 2222", "10.20.0.5"),
            "8: node-7: address 10.20.0.5 with port 22 is already in line 7"
        );
        assert_eq!(fault("10.20.0.7", "10.20.0.700"), "8: node-7: `10.20.0.700` is neither an address nor a host name");
        assert_eq!(fault("address: 10.20.0.7, ", ""), "8: node-7 has no `address`");
        assert_eq!(fault("name: node-7", "name: node 7"), "8: `node 7` is not a node name");
        assert_eq!(fault("port: 2222", "user: ''"), "8: node-7: `user` must not be empty");
        assert_eq!(fault("user: root, ", "jump: '', "), "0: `ssh.jump` must not be empty");
        assert!(
            fault("port: 2222", "prot: 2222").starts_with("8: unknown field `prot`"),
            "{}",
            fault("port: 2222", "prot: 2222")
        );
        assert!(fault("env: 1", "evn: 1").starts_with("3: unknown field `evn`"), "{}", fault("env: 1", "evn: 1"));
        assert!(fault("id: 5", "id: five").starts_with("7: "), "{}", fault("id: 5", "id: five"));
        assert!(fault("env: 1", "env: 1\nenv: 2").starts_with("4: "), "{}", fault("env: 1", "env: 1\nenv: 2"));
    }

    #[test]
    fn the_example_that_is_shipped() {
        let inventory = parse(include_str!("../../../inventory/example.yaml")).unwrap();
        assert_eq!((inventory.env, inventory.nodes.len(), inventory.nodes[4].port()), (Some(EnvId(1)), 5, 2222));
    }

    /// The schema's keys are the parser's: each is accepted, and nothing else is.
    #[test]
    fn the_schema_lists_the_parsers_keys() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../../inventory/schema.json")).unwrap();
        let keys = |pointer: &str| -> Vec<String> {
            schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect()
        };
        let expected = |line: &str| -> Vec<String> {
            let message = parse(line).unwrap_err().message;
            let (_, list) = message.split_once("expected one of ").expect(&message);
            let mut keys: Vec<String> = list.split(", ").map(|key| key.trim().to_owned()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys("/properties"), expected("x: 1\nnodes: []\n"));
        assert_eq!(keys("/properties/ssh/properties"), expected("ssh: {x: 1}\nnodes: []\n"));
        assert_eq!(keys("/properties/nodes/items/properties"), expected("nodes: [{x: 1}]\n"));
    }
}
