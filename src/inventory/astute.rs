//! `astute.yaml` of 7.0 to 9.x (a slave's, or the 9.1+ master's) and `cluster.yaml` of 10.0: both carry the
//! whole environment in `network_metadata.nodes`. Facts: domain facts, section 1.4.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fault::Fault;
use crate::domain::inventory::{Format, Inventory, LeftOut, role_of};
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::probe::is_mos_version;
use crate::domain::text::one_line;

/// Reads the environment's nodes out of `astute.yaml`.
///
/// # Errors
/// [`Fault`] names what is missing; for 6.1, whose file has no addresses of the admin network, it says so.
pub(super) fn parse(text: &str) -> Result<Inventory, Fault> {
    let root: Value = serde_saphyr::from_str(text)?;
    let root = root.as_object().ok_or_else(|| Fault::new("not a map"))?;
    let Some(metadata) = root.get("network_metadata") else {
        return Err(Fault::new(
            "this astute.yaml has no `network_metadata`: MOS 6.1 and older do not list the other nodes' addresses \
             in the admin network; write an inventory, or import one of Nailgun's node lists",
        ));
    };
    let listed = metadata.get("nodes").and_then(Value::as_object);
    let listed = listed.ok_or_else(|| Fault::new("`network_metadata.nodes` is no map"))?;
    let labels = labels(root);
    let mut inventory = Inventory {
        format: Format::Astute,
        env: environment(root),
        mos_version: mos_version(root),
        nodes: vec![],
        left_out: BTreeMap::new(),
    };
    for (key, entry) in listed {
        let entry = entry.as_object().ok_or_else(|| Fault::new(format!("network_metadata.nodes.{key} is no map")))?;
        match node(key, entry, &labels).map_err(|m| Fault::new(format!("network_metadata.nodes.{key}: {m}")))? {
            Ok(node) => inventory.nodes.push(node),
            Err(reason) => *inventory.left_out.entry(reason).or_default() += 1,
        }
    }
    inventory.nodes.sort_by_key(|n| n.id);
    super::nailgun_list::unique(&inventory.nodes)?;
    Ok(inventory)
}

fn node(
    key: &str,
    entry: &Map<String, Value>,
    labels: &BTreeMap<String, String>,
) -> Result<Result<Node, LeftOut>, String> {
    let uid = entry.get("uid").and_then(scalar).ok_or("`uid` is missing")?;
    if uid == "master" {
        return Ok(Err(LeftOut::Master));
    }
    let id: u32 = uid.parse().ok().filter(|id| *id > 0).ok_or_else(|| format!("`uid` {uid} is no node number"))?;
    let roles = entry.get("network_roles").and_then(Value::as_object);
    let address = roles.and_then(|r| ["admin/pxe", "fw-admin"].iter().find_map(|k| r.get(*k).and_then(Value::as_str)));
    let Some(address) = address else { return Ok(Err(LeftOut::NoAddress)) };
    let host = Host::parse(address).ok_or_else(|| format!("admin/pxe {} is no address", one_line(address, 60)))?;
    let name = entry.get("name").and_then(Value::as_str).unwrap_or(key);
    if !matches!(Host::parse(name), Some(Host::Name(_))) {
        return Err(format!("`name` {} is no host name", one_line(name, 60)));
    }
    let list = entry.get("node_roles").and_then(Value::as_array);
    let list = list.map(|l| l.iter().filter_map(Value::as_str).filter_map(role_of).map(|r| one_line(r, 60)).collect());
    let mut roles: Vec<String> = list.unwrap_or_default();
    roles.dedup();
    let label =
        entry.get("user_node_name").and_then(Value::as_str).map(str::to_owned).or_else(|| labels.get(&uid).cloned());
    Ok(Ok(Node {
        id: Some(NodeId(id)),
        name: name.to_owned(),
        fqdn: entry.get("fqdn").and_then(Value::as_str).map(|f| one_line(f, 253)),
        label: label.map(|l| one_line(&l, 100)),
        roles,
        host,
        port: 22,
        access: Access::default(),
    }))
}

/// The names of the web interface, from the list `nodes` with its one entry a node and role.
fn labels(root: &Map<String, Value>) -> BTreeMap<String, String> {
    let list = root.get("nodes").and_then(Value::as_array);
    let entries = list.into_iter().flatten();
    entries
        .filter_map(|e| Some((e.get("uid").and_then(scalar)?, e.get("user_node_name")?.as_str()?.to_owned())))
        .collect()
}

/// The environment's number: `cluster.id` of 9.x, `deployment_id` of all.
fn environment(root: &Map<String, Value>) -> Option<u32> {
    let id = root.get("cluster").and_then(|c| c.get("id")).or_else(|| root.get("deployment_id"));
    id.and_then(scalar)?.parse().ok()
}

fn mos_version(root: &Map<String, Value>) -> Option<String> {
    let version = root.get("fuel_version").or_else(|| root.get("cluster").and_then(|c| c.get("fuel_version")));
    version.and_then(scalar).filter(|v| is_mos_version(v))
}

/// Numbers stand as text or as numbers, as the writer's YAML library pleased.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASTUTE: &str = "
uid: '5'
deployment_id: 2
fuel_version: '9.0'
cluster: {id: 2, name: prod, fuel_version: '9.0'}
nodes:
- &id001 {uid: '5', name: node-5, role: primary-controller, user_node_name: 'Untitled (4d:4d)'}
- {uid: '7', name: store, role: compute, user_node_name: storage a}
other: *id001
network_metadata:
  nodes:
    node-7:
      uid: '7'
      name: store
      fqdn: store.domain.tld
      node_roles: [compute, ceph-osd, primary-database]
      network_roles: {admin/pxe: 10.20.0.7, ex: null}
    node-5:
      uid: '5'
      name: node-5
      node_roles: [primary-controller]
      network_roles: {fw-admin: 10.20.0.5, admin/pxe: 10.20.0.5}
    node-8: {uid: '8', name: node-8, node_roles: [cinder], network_roles: {admin/pxe: null}}
    master: {uid: master, name: fuel, node_roles: [master], network_roles: {}}
";

    #[test]
    fn the_whole_environment_is_in_one_slaves_file() {
        let inventory = parse(ASTUTE).unwrap();
        assert_eq!((inventory.env, inventory.mos_version.as_deref()), (Some(2), Some("9.0")));
        let nodes: Vec<_> =
            inventory.nodes.iter().map(|n| (n.id.unwrap().0, n.name.as_str(), n.roles.join("+"))).collect();
        assert_eq!(nodes, [(5, "node-5", "controller".to_owned()), (7, "store", "compute+ceph-osd".to_owned())]);
        assert_eq!(inventory.nodes[1].label.as_deref(), Some("storage a"));
        let left_out: Vec<_> = inventory.left_out.iter().map(|(r, n)| (r.as_str(), *n)).collect();
        assert_eq!(left_out, [("master", 1), ("no-address", 1)]);
    }

    #[test]
    fn six_one_says_what_it_lacks() {
        let fault = parse("uid: '1'\nnodes: []\n").unwrap_err();
        assert!(fault.message.contains("MOS 6.1 and older"), "{}", fault.message);
    }
}
