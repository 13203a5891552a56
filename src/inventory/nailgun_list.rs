//! Nailgun's own lists of nodes: `GET /api/v1/nodes`, `fuel node list --json` (roles as text) and
//! `fuel2 node list -f json` (ten keys, no host name).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::astute::add_role;
use super::fault::Fault;
use super::unique::Unique;
use crate::domain::inventory::{Inventory, InventoryFormat, LeftOut};
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::numbers::EnvId;
use crate::domain::text::one_line;

/// An entry. Keys that a node list does not need are skipped; `meta`, the largest, is one of them.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct ListedNode {
    id: u32,
    #[serde(default)]
    cluster: Option<EnvId>,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default)]
    fqdn: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    ip: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    pending_deletion: Option<bool>,
    #[serde(default)]
    roles: Roles,
}

/// Roles: a list, comma-separated text, or a list as Python prints it, such as `[u'compute', u'cinder']`.
#[derive(Default)]
struct Roles(Vec<String>);

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "neither a list of names nor text")]
        enum RolesForm {
            None(()),
            List(Vec<String>),
            Text(String),
        }
        let mut roles = Vec::new();
        match RolesForm::deserialize(deserializer)? {
            RolesForm::None(()) => {}
            RolesForm::List(list) => list.iter().for_each(|name| add_role(&mut roles, name)),
            RolesForm::Text(text) => {
                for word in text.trim().trim_start_matches('[').trim_end_matches(']').split(',') {
                    let word = word.trim();
                    let word = word.strip_prefix('u').filter(|w| w.starts_with(['\'', '"'])).unwrap_or(word);
                    add_role(&mut roles, word.trim_matches(['\'', '"']));
                }
            }
        }
        Ok(Self(roles))
    }
}

/// Reads a list of nodes and keeps those of environment `env`.
///
/// # Errors
/// [`Fault`] names line, node and key.
pub fn parse(text: &str, env: EnvId) -> Result<Inventory, Fault> {
    let entries = entries(text)?;
    // The key counts even with null: `fuel2` does not print it at all.
    let full = |raw: &RawValue| raw.get().contains("\"hostname\"") || raw.get().contains("\"fqdn\"");
    let format = if entries.iter().any(|(_, _, raw)| full(raw)) {
        InventoryFormat::NailgunNodes
    } else {
        InventoryFormat::Fuel2Nodes
    };
    let mut inventory = Inventory {
        format,
        env: Some(env),
        mos_version: None,
        nodes: vec![],
        left_out: BTreeMap::new(),
        warnings: vec![],
    };
    let mut unique = Unique::default();
    for (position, (line, entry, _)) in entries.into_iter().enumerate() {
        match node(entry, env).map_err(|message| Fault::at(line, format!("entry {}: {message}", position + 1)))? {
            Ok(node) => {
                unique.add(&node, line)?;
                inventory.nodes.push(node);
            }
            Err(reason) => *inventory.left_out.entry(reason).or_default() += 1,
        }
    }
    Ok(inventory)
}

/// The environments whose nodes are in the list.
///
/// # Errors
/// [`Fault`], as [`parse`].
pub(super) fn environments(text: &str) -> Result<BTreeSet<EnvId>, Fault> {
    Ok(entries(text)?.into_iter().filter_map(|(_, entry, _)| entry.cluster).collect())
}

/// The entries with the lines in which they begin. Each is parsed separately: errors can name the line, and only one
/// entry at a time is in memory as a value.
fn entries(text: &str) -> Result<Vec<(u64, ListedNode, &RawValue)>, Fault> {
    let list: Vec<&RawValue> = serde_json::from_str(text)?;
    let mut entries = Vec::with_capacity(list.len());
    let (mut line, mut counted) = (1, 0);
    for (position, raw) in (1..).zip(list) {
        // An entry is a part of `text`, and entries come in the order of the text.
        let offset = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
        line += newlines(text.as_bytes().get(counted..offset));
        counted = offset;
        let mut json = serde_json::Deserializer::from_str(raw.get());
        let entry: ListedNode = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let key = error.path().to_string();
            let fault = Fault::from(error.into_inner()).in_key(Some(&key));
            Fault::at(line + fault.line.unwrap_or(1).max(1) - 1, format!("entry {position}: {}", fault.message))
        })?;
        entries.push((line, entry, raw));
    }
    Ok(entries)
}

fn newlines(bytes: Option<&[u8]>) -> u64 {
    bytes.map_or(0, |bytes| bytes.iter().filter(|b| **b == b'\n').count() as u64)
}

fn node(entry: ListedNode, env: EnvId) -> Result<Result<Node, LeftOut>, String> {
    let id = entry.id;
    if id == 0 {
        return Err("`id` must be at least 1".to_owned());
    }
    let discovered = entry.status.as_deref() == Some("discover");
    if entry.cluster != Some(env) {
        let bootstrap = entry.cluster.is_none() && discovered;
        return Ok(Err(if bootstrap { LeftOut::Bootstrap } else { LeftOut::OtherEnvironment }));
    }
    if entry.pending_deletion == Some(true) {
        return Ok(Err(LeftOut::PendingDeletion));
    }
    let Roles(roles) = entry.roles;
    if discovered && roles.is_empty() {
        return Ok(Err(LeftOut::Bootstrap));
    }
    let filled = |text: Option<String>| text.filter(|t| !t.is_empty());
    let Some(ip) = filled(entry.ip) else { return Ok(Err(LeftOut::NoAddress)) };
    let host = Host::parse(&ip).ok_or_else(|| format!("node {id}: `ip` {} is not an address", one_line(&ip, 60)))?;
    let name = filled(entry.hostname).unwrap_or_else(|| format!("node-{id}"));
    if !matches!(Host::parse(&name), Some(Host::Name(_))) {
        return Err(format!("node {id}: `hostname` {} is not a host name", one_line(&name, 60)));
    }
    Ok(Ok(Node {
        id: Some(NodeId(id)),
        name,
        fqdn: filled(entry.fqdn).map(|t| one_line(&t, 253)),
        label: filled(entry.name).map(|t| one_line(&t, 100)),
        roles,
        host,
        port: None,
        access: Access::default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUEL2: &str = r#"[
      {"id": 5, "name": "Untitled (4d:4d)", "status": "ready", "os_platform": "ubuntu", "roles": ["controller"],
       "ip": "10.20.0.5", "mac": "52:54:00:aa:4d:4d", "cluster": 2, "platform_name": null, "online": true},
      {"id": 6, "name": "x", "status": "ready", "roles": "[u'compute', u'cinder']", "ip": "10.20.0.6", "cluster": 2},
      {"id": 8, "name": "x", "status": "ready", "roles": [], "ip": "10.20.0.8", "cluster": 3},
      {"id": 9, "name": "x", "status": "discover", "roles": [], "ip": "10.20.0.9", "cluster": null}]"#;

    #[test]
    fn fuel2_has_neither_host_name_nor_fqdn() {
        let inventory = parse(FUEL2, EnvId(2)).unwrap();
        assert_eq!(inventory.format, InventoryFormat::Fuel2Nodes);
        let nodes: Vec<_> = inventory.nodes.iter().map(|n| (n.name.as_str(), n.roles.join("+"))).collect();
        assert_eq!(nodes, [("node-5", "controller".to_owned()), ("node-6", "compute+cinder".to_owned())]);
        let left_out: Vec<_> = inventory.left_out.iter().map(|(r, n)| (r.as_str(), *n)).collect();
        assert_eq!(left_out, [("other-environment", 1), ("bootstrap", 1)]);
        assert_eq!(environments(FUEL2).unwrap().into_iter().collect::<Vec<_>>(), [EnvId(2), EnvId(3)]);
    }

    #[test]
    fn version_one_writes_roles_as_text() {
        let text = r#"[{"id": 7, "name": "storage a", "hostname": "store-7", "fqdn": "store-7.domain.tld", "status": "ready",
            "ip": "10.20.0.7", "cluster": 2, "roles": "ceph-osd, compute", "pending_deletion": false},
            {"id": 4, "hostname": "node-4", "roles": "", "cluster": 2, "pending_deletion": true, "ip": "10.20.0.4"},
            {"id": 3, "hostname": "node-3", "roles": "cinder", "cluster": 2, "ip": null}]"#;
        let inventory = parse(text, EnvId(2)).unwrap();
        assert_eq!(inventory.format, InventoryFormat::NailgunNodes);
        let node = &inventory.nodes[0];
        assert_eq!((node.name.as_str(), node.label.as_deref()), ("store-7", Some("storage a")));
        assert_eq!(node.roles, ["ceph-osd", "compute"]);
        let left_out: Vec<_> = inventory.left_out.iter().map(|(r, n)| (r.as_str(), *n)).collect();
        assert_eq!(left_out, [("pending-deletion", 1), ("no-address", 1)]);
    }

    #[test]
    fn faults_name_line_and_entry() {
        let fault = |from: &str, to: &str| {
            let fault = parse(&FUEL2.replacen(from, to, 1), EnvId(2)).unwrap_err();
            format!("{}: {}", fault.line.unwrap_or(0), fault.message)
        };
        assert_eq!(
            fault("\"id\": 5", "\"id\": \"5\""),
            "2: entry 1: id: invalid type: string \"5\", expected a whole number"
        );
        assert_eq!(fault("\"id\": 5", "\"id\": 6"), "4: node-6: id 6 is already in line 2");
        assert_eq!(fault("10.20.0.6", "10.20.0.5"), "4: node-6: address 10.20.0.5 with port 22 is already in line 2");
        assert_eq!(
            fault("10.20.0.5", "10.20.0.5; reboot"),
            "2: entry 1: node 5: `ip` 10.20.0.5; reboot is not an address"
        );
        assert_eq!(fault("[\"controller\"]", "7"), "2: entry 1: roles: neither a list of names nor text");
        assert_eq!(fault("\"ip\": \"10.20.0.5\"", "\"id\": 5"), "3: entry 1: duplicate field `id`");
        assert_eq!(fault("{\"id\": 6", "{\"key\": 6"), "4: entry 2: missing field `id`");
        assert_eq!(
            fault("\"cluster\": 3", "\"cluster\": \"a\""),
            "5: entry 3: cluster: invalid type: string \"a\", expected a whole number"
        );
        assert!(parse("{}", EnvId(2)).is_err());
        assert!(parse(&FUEL2[..200], EnvId(2)).unwrap_err().line.is_some());
    }
}
