//! Nailgun's own lists of nodes: `GET /api/v1/nodes`, `fuel node list --json` (roles as text) and
//! `fuel2 node list -f json` (ten keys, no host name). Facts: domain facts, section 2.4.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fault::Fault;
use crate::domain::inventory::{Format, Inventory, LeftOut, role_of};
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::text::one_line;

/// Reads a list of nodes and keeps those of environment `env`.
///
/// # Errors
/// [`Fault`] names the node and key that is wrong.
pub fn parse(text: &str, env: u32) -> Result<Inventory, Fault> {
    from_value(&serde_json::from_str(text)?, env)
}

/// The same from a parsed answer of Nailgun.
///
/// # Errors
/// [`Fault`] names the node and key that is wrong.
pub fn from_value(value: &Value, env: u32) -> Result<Inventory, Fault> {
    let list = value.as_array().ok_or_else(|| Fault::new("not a list of nodes"))?;
    let format = if list.iter().any(|entry| entry.get("fqdn").is_some() || entry.get("hostname").is_some()) {
        Format::NailgunNodes
    } else {
        Format::Fuel2Nodes
    };
    let mut inventory =
        Inventory { format, env: Some(env), mos_version: None, nodes: vec![], left_out: BTreeMap::new() };
    for (position, entry) in list.iter().enumerate() {
        let entry = entry.as_object().ok_or_else(|| Fault::new(format!("entry {} is no object", position + 1)))?;
        match node(entry, env).map_err(|message| Fault::new(format!("entry {}: {message}", position + 1)))? {
            Ok(node) => inventory.nodes.push(node),
            Err(reason) => *inventory.left_out.entry(reason).or_default() += 1,
        }
    }
    unique(&inventory.nodes)?;
    Ok(inventory)
}

fn node(entry: &Map<String, Value>, env: u32) -> Result<Result<Node, LeftOut>, String> {
    let id = entry.get("id").ok_or("`id` is missing")?;
    let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).filter(|id| *id > 0).ok_or("`id` is no node number")?;
    let cluster = match entry.get("cluster") {
        None | Some(Value::Null) => None,
        Some(value) => Some(value.as_u64().ok_or_else(|| format!("node {id}: `cluster` is no number"))?),
    };
    if entry.get("pending_deletion").and_then(Value::as_bool) == Some(true) && cluster == Some(env.into()) {
        return Ok(Err(LeftOut::PendingDeletion));
    }
    let roles =
        roles(entry.get("roles").unwrap_or(&Value::Null)).ok_or_else(|| format!("node {id}: `roles` is no list"))?;
    let discovered = text(entry, "status").as_deref() == Some("discover");
    if cluster != Some(env.into()) {
        return Ok(Err(if cluster.is_none() && discovered { LeftOut::Bootstrap } else { LeftOut::OtherEnvironment }));
    }
    if discovered && roles.is_empty() {
        return Ok(Err(LeftOut::Bootstrap));
    }
    let Some(ip) = text(entry, "ip") else { return Ok(Err(LeftOut::NoAddress)) };
    let host = Host::parse(&ip).ok_or_else(|| format!("node {id}: `ip` {} is no address", one_line(&ip, 60)))?;
    let name = text(entry, "hostname").unwrap_or_else(|| format!("node-{id}"));
    if !matches!(Host::parse(&name), Some(Host::Name(_))) {
        return Err(format!("node {id}: `hostname` {} is no host name", one_line(&name, 60)));
    }
    Ok(Ok(Node {
        id: Some(NodeId(id)),
        name,
        fqdn: text(entry, "fqdn").map(|t| one_line(&t, 253)),
        label: text(entry, "name").map(|t| one_line(&t, 100)),
        roles,
        host,
        port: 22,
        access: Access::default(),
    }))
}

fn text(entry: &Map<String, Value>, key: &str) -> Option<String> {
    entry.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// A list, comma-joined text, or Python's text of a list such as `[u'compute', u'cinder']`.
fn roles(value: &Value) -> Option<Vec<String>> {
    let words: Vec<String> = match value {
        Value::Null => vec![],
        Value::Array(list) => list.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        Value::String(text) => text
            .trim_matches(['[', ']'])
            .split(',')
            .map(|word| {
                let word = word.trim();
                let word = word.strip_prefix('u').filter(|w| w.starts_with(['\'', '"'])).unwrap_or(word);
                word.trim_matches(['\'', '"']).to_owned()
            })
            .collect(),
        _ => return None,
    };
    Some(words.iter().filter_map(|w| role_of(w)).map(|w| one_line(w, 60)).collect())
}

/// A list in which an id or a name stands twice cannot be trusted.
pub(super) fn unique(nodes: &[Node]) -> Result<(), Fault> {
    let mut ids = BTreeMap::new();
    let mut names = BTreeMap::new();
    for node in nodes {
        if let Some(id) = node.id
            && ids.insert(id, ()).is_some()
        {
            return Err(Fault::new(format!("node {id} is listed twice")));
        }
        if names.insert(&node.name, ()).is_some() {
            return Err(Fault::new(format!("the name {} is listed twice", node.name)));
        }
    }
    Ok(())
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
        let inventory = parse(FUEL2, 2).unwrap();
        assert_eq!(inventory.format, Format::Fuel2Nodes);
        let nodes: Vec<_> = inventory.nodes.iter().map(|n| (n.name.as_str(), n.roles.join("+"))).collect();
        assert_eq!(nodes, [("node-5", "controller".to_owned()), ("node-6", "compute+cinder".to_owned())]);
        let left_out: Vec<_> = inventory.left_out.iter().map(|(r, n)| (r.as_str(), *n)).collect();
        assert_eq!(left_out, [("other-environment", 1), ("bootstrap", 1)]);
    }

    #[test]
    fn version_one_writes_roles_as_text() {
        let text = r#"[{"id": 7, "name": "storage a", "hostname": "store-7", "fqdn": "store-7.domain.tld", "status": "ready",
            "ip": "10.20.0.7", "cluster": 2, "roles": "ceph-osd, compute", "pending_deletion": false},
            {"id": 4, "hostname": "node-4", "roles": "", "cluster": 2, "pending_deletion": true, "ip": "10.20.0.4"},
            {"id": 3, "hostname": "node-3", "roles": "cinder", "cluster": 2, "ip": null}]"#;
        let inventory = parse(text, 2).unwrap();
        assert_eq!(inventory.format, Format::NailgunNodes);
        let node = &inventory.nodes[0];
        assert_eq!((node.name.as_str(), node.label.as_deref()), ("store-7", Some("storage a")));
        assert_eq!(node.roles, ["ceph-osd", "compute"]);
        assert_eq!(inventory.left_out.len(), 2);
    }

    #[test]
    fn faults_name_the_entry() {
        let fault = |from: &str, to: &str| parse(&FUEL2.replacen(from, to, 1), 2).unwrap_err().message;
        assert_eq!(fault("\"id\": 5", "\"id\": \"5\""), "entry 1: `id` is no node number");
        assert_eq!(fault("\"id\": 5", "\"id\": 6"), "node 6 is listed twice");
        assert_eq!(fault("10.20.0.5", "10.20.0.5; reboot"), "entry 1: node 5: `ip` 10.20.0.5; reboot is no address");
        assert_eq!(fault("[\"controller\"]", "7"), "entry 1: node 5: `roles` is no list");
        assert_eq!(parse("{}", 2).unwrap_err().message, "not a list of nodes");
        assert!(parse(&FUEL2[..200], 2).unwrap_err().line.is_some());
    }
}
