//! `astute.yaml` of 7.0 to 9.x (from a node, or from a master of 9.1 and newer) and `cluster.yaml` of 10.0: both list
//! the whole environment in `network_metadata.nodes`.
//!
//! The file is full of passwords: only the keys that are named here are read.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::fault::Fault;
use super::unique::Unique;
use super::yaml::{self, Text};
use crate::domain::inventory::{Inventory, InventoryFormat, LeftOut, role_of};
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::text::one_line;

#[derive(Deserialize)]
struct AstuteFile {
    deployment_id: Option<Text>,
    fuel_version: Option<Text>,
    cluster: Option<AstuteCluster>,
    nodes: Option<Vec<Listed>>,
    network_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct AstuteCluster {
    id: Option<Text>,
    fuel_version: Option<Text>,
}

/// An entry for each node and role.
#[derive(Deserialize)]
struct Listed {
    uid: Option<Text>,
    role: Option<Text>,
    user_node_name: Option<Text>,
}

#[derive(Deserialize)]
struct Metadata {
    nodes: Option<Entries>,
}

/// The nodes by their keys. A repeated key is kept, so that it cannot hide a node.
struct Entries(Vec<(String, Spanned<AstuteNode>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of nodes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[derive(Deserialize)]
struct AstuteNode {
    uid: Option<Text>,
    name: Option<Text>,
    fqdn: Option<Text>,
    user_node_name: Option<Text>,
    node_roles: Option<Vec<Text>>,
    network_roles: Option<NetworkRoles>,
}

/// The address in the admin network under both of its names. Addresses in other networks are never used.
#[derive(Deserialize)]
struct NetworkRoles {
    #[serde(rename = "admin/pxe")]
    pxe: Option<Text>,
    #[serde(rename = "fw-admin")]
    admin: Option<Text>,
}

/// What the list `nodes` of the same file says about a node: its roles and its name in the web interface.
#[derive(Default)]
struct Said {
    roles: Vec<String>,
    label: Option<String>,
}

/// Reads the environment's nodes out of `astute.yaml`.
///
/// # Errors
/// [`Fault`] names line and key; for 6.1, whose file has no addresses of the admin network, it says so.
pub(super) fn parse(text: &str) -> Result<Inventory, Fault> {
    let file: AstuteFile = yaml::of_fuel(text)?;
    let Some(metadata) = file.network_metadata else {
        let message = if file.nodes.is_some() {
            "this astute.yaml has no `network_metadata`: MOS 6.1 and older do not list the other nodes' addresses \
             in the admin network; write an inventory, or import one of Nailgun's node lists"
        } else {
            "this lists no nodes: `network_metadata` is missing; on MOS 10.0 it is in /etc/hiera/cluster.yaml"
        };
        return Err(Fault::new(message));
    };
    let Entries(listed) = metadata.nodes.ok_or_else(|| Fault::new("`network_metadata.nodes` is missing"))?;
    let mut said = said(file.nodes.unwrap_or_default());
    let version = taken(file.fuel_version).or_else(|| taken(file.cluster.as_ref()?.fuel_version.clone()));
    let env = file.cluster.and_then(|c| taken(c.id)).or_else(|| taken(file.deployment_id));
    let mut inventory = Inventory {
        format: InventoryFormat::Astute,
        env: env.and_then(|id| id.parse().ok()),
        mos_version: version.and_then(|v| v.parse().ok()),
        nodes: vec![],
        left_out: BTreeMap::new(),
        warnings: vec![],
    };
    let mut placed = Vec::with_capacity(listed.len());
    let mut keys = HashMap::with_capacity(listed.len());
    for (key, entry) in listed {
        let line = entry.referenced.line();
        if let Some(first) = keys.insert(key.clone(), line) {
            let key = one_line(&key, 60);
            return Err(Fault::at(line, format!("network_metadata.nodes: {key} is already in line {first}")));
        }
        let key = one_line(&key, 60);
        match node(&key, entry.value, &mut said)
            .map_err(|message| Fault::at(line, format!("network_metadata.nodes.{key}: {message}")))?
        {
            Ok(node) => placed.push((node, line)),
            Err(reason) => *inventory.left_out.entry(reason).or_default() += 1,
        }
    }
    placed.sort_by_key(|(_, line)| *line);
    let mut unique = Unique::default();
    for (node, line) in &placed {
        unique.add(node, *line)?;
    }
    placed.sort_by_key(|(node, _)| node.id);
    inventory.nodes = placed.into_iter().map(|(node, _)| node).collect();
    Ok(inventory)
}

fn node(key: &str, entry: AstuteNode, said: &mut BTreeMap<String, Said>) -> Result<Result<Node, LeftOut>, String> {
    let uid = taken(entry.uid).ok_or("`uid` is missing")?;
    if uid == "master" {
        return Ok(Err(LeftOut::Master));
    }
    let number = uid.parse::<u32>().ok().filter(|id| *id > 0);
    let id = number.ok_or_else(|| format!("`uid` {} is not a node ID", one_line(&uid, 60)))?;
    let address = entry.network_roles.and_then(|roles| taken(roles.pxe).or_else(|| taken(roles.admin)));
    let Some(address) = address else { return Ok(Err(LeftOut::NoAddress)) };
    let host =
        Host::parse(&address).ok_or_else(|| format!("`admin/pxe` {} is not an address", one_line(&address, 60)))?;
    let name = taken(entry.name).unwrap_or_else(|| key.to_owned());
    if !matches!(Host::parse(&name), Some(Host::Name(_))) {
        return Err(format!("`name` {} is not a host name", one_line(&name, 60)));
    }
    let said = said.remove(&uid).unwrap_or_default();
    let mut roles = Vec::new();
    for role in entry.node_roles.unwrap_or_default().into_iter().filter_map(taken) {
        add_role(&mut roles, &role);
    }
    Ok(Ok(Node {
        id: Some(NodeId(id)),
        name,
        fqdn: taken(entry.fqdn).map(|f| one_line(&f, 253)),
        label: taken(entry.user_node_name).or(said.label).map(|l| one_line(&l, 100)),
        roles: if roles.is_empty() { said.roles } else { roles },
        host,
        port: None,
        access: Access::default(),
    }))
}

fn said(listed: Vec<Listed>) -> BTreeMap<String, Said> {
    let mut all: BTreeMap<String, Said> = BTreeMap::new();
    for entry in listed {
        let Some(uid) = taken(entry.uid) else { continue };
        let said = all.entry(uid).or_default();
        said.label = said.label.take().or(taken(entry.user_node_name));
        if let Some(role) = taken(entry.role) {
            add_role(&mut said.roles, &role);
        }
    }
    all
}

/// Adds a role once, without `primary-`; tags of 9.2 are not roles.
pub(super) fn add_role(roles: &mut Vec<String>, name: &str) {
    if let Some(role) = role_of(name).map(|role| one_line(role, 60))
        && !roles.contains(&role)
    {
        roles.push(role);
    }
}

fn taken(text: impl Into<Option<Text>>) -> Option<String> {
    text.into().and_then(|text| text.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::numbers::EnvId;

    const ASTUTE: &str = "
uid: '5'
deployment_id: 2
fuel_version: '9.0'
cluster: {id: 2, name: prod, fuel_version: '9.0'}
nodes:
- &id001 {uid: '5', name: node-5, role: primary-controller, user_node_name: 'Untitled (4d:4d)'}
- {uid: '7', name: store, role: compute, user_node_name: storage a}
- {uid: '9', role: primary-mongo}
- {uid: '9', role: mongo}
- {uid: '9', role: cinder}
other: *id001
network_metadata:
  nodes:
    node-7:
      uid: '7'
      name: store
      fqdn: store.domain.tld
      node_roles: [compute, ceph-osd, primary-database, compute]
      network_roles: {admin/pxe: 10.20.0.7, ex: null, management: 192.168.0.7}
    node-5:
      uid: 5
      name: node-5
      node_roles: [primary-controller]
      network_roles: {fw-admin: 10.20.0.5, admin/pxe: 10.20.0.5}
    node-8: {uid: '8', name: node-8, node_roles: [cinder], network_roles: {admin/pxe: null, management: 192.168.0.8}}
    node-9: {uid: '9', network_roles: {admin/pxe: null, fw-admin: 10.20.0.9}}
    master: {uid: master, name: fuel, node_roles: [master], network_roles: {}}
";

    #[test]
    fn the_whole_environment_is_in_one_slaves_file() {
        let inventory = parse(ASTUTE).unwrap();
        assert_eq!((inventory.env, inventory.mos_version.as_deref()), (Some(EnvId(2)), Some("9.0")));
        let nodes: Vec<_> =
            inventory.nodes.iter().map(|n| (n.id.unwrap().0, n.name.as_str(), n.roles.join("+"))).collect();
        assert_eq!(
            nodes,
            [
                (5, "node-5", "controller".to_owned()),
                (7, "store", "compute+ceph-osd".to_owned()),
                (9, "node-9", "mongo+cinder".to_owned())
            ]
        );
        assert_eq!(inventory.nodes[1].label.as_deref(), Some("storage a"));
        let left_out: Vec<_> = inventory.left_out.iter().map(|(r, n)| (r.as_str(), *n)).collect();
        assert_eq!(left_out, [("master", 1), ("no-address", 1)]);
    }

    #[test]
    fn six_one_says_what_it_lacks() {
        let fault = parse("uid: '1'\nnodes: []\n").unwrap_err();
        assert!(fault.message.contains("MOS 6.1 and older"), "{}", fault.message);
        let fault = parse("uid: '1'\nroles: [compute]\n").unwrap_err();
        assert!(fault.message.contains("/etc/hiera/cluster.yaml"), "{}", fault.message);
    }

    #[test]
    fn faults_name_line_and_key() {
        let fault = |from: &str, to: &str| {
            assert!(ASTUTE.contains(from), "{from}");
            let fault = parse(&ASTUTE.replacen(from, to, 1)).unwrap_err();
            format!("{}: {}", fault.line.unwrap_or(0), fault.message)
        };
        assert_eq!(fault("uid: 5\n", "uid: five\n"), "22: network_metadata.nodes.node-5: `uid` five is not a node ID");
        assert_eq!(fault("uid: 5\n", "uid: 7\n"), "22: node-5: id 7 is already in line 16");
        assert_eq!(
            fault("admin/pxe: 10.20.0.7", "admin/pxe: 10.20.0.5"),
            "22: node-5: address 10.20.0.5 with port 22 is already in line 16"
        );
        assert_eq!(
            fault("name: store\n      fqdn", "name: node-5\n      fqdn"),
            "22: the name node-5 is already in line 16"
        );
        assert_eq!(
            fault("admin/pxe: 10.20.0.7", "admin/pxe: 10.20.0.7 ; reboot"),
            "16: network_metadata.nodes.node-7: `admin/pxe` 10.20.0.7 ; reboot is not an address"
        );
        assert_eq!(
            fault("name: store\n      fqdn", "name: a b\n      fqdn"),
            "16: network_metadata.nodes.node-7: `name` a b is not a host name"
        );
        assert!(fault("node-8: {", "node-7: {").starts_with("26: "), "{}", fault("node-8: {", "node-7: {"));
        assert!(fault("[primary-controller]\n      n", "{a: b}\n      n").starts_with("24: "));
        assert_eq!(fault("  nodes:\n    node-7:", "  nides:\n    node-7:"), "0: `network_metadata.nodes` is missing");
    }
}
