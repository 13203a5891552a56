//! Updates a native file from a fresh list: the source decides what it knows; what the operator wrote about logging in to a
//! node stays.

use super::{NativeFile, NativeNode, SCHEMA};
use crate::domain::inventory::{Inventory, InventoryFormat};
use crate::domain::node::Node;
use crate::domain::numbers::EnvId;

/// What happened to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not in the file.
    Added,
    /// It is no longer in the list.
    Removed,
    /// Some of its values differ.
    Changed,
}

impl ChangeKind {
    /// Its name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One node that was added, removed or changed; or the environment itself, without id and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Its ID, if it is known.
    pub id: Option<u32>,
    /// Its name; None if the whole environment changed.
    pub name: Option<String>,
    /// Details: `address 10.20.0.5 → 10.20.0.9`. Safe to show.
    pub what: String,
}

/// Puts a fresh list into a file. Nodes are the same if their IDs are, or their names if one of the two has no ID.
///
/// Kept from the file: `ssh`, and of each node `user`, `port`, `key`, `jump`, `legacy_algorithms` (unless the list
/// has its own values) and `label`; also values that the form of the list cannot contain.
pub fn merge(file: Option<NativeFile>, fresh: &Inventory, env: EnvId) -> (NativeFile, Vec<Change>) {
    let old = file.unwrap_or_default();
    let mut changes = Vec::new();
    let version = fresh.mos_version.clone().or_else(|| old.mos_version.clone());
    if !old.nodes.is_empty() && version != old.mos_version {
        let what = difference("mos_version", old.mos_version.as_deref(), version.as_deref());
        changes.push(Change { kind: ChangeKind::Changed, id: None, name: None, what: what.unwrap_or_default() });
    }
    let mut left: Vec<(usize, NativeNode)> = old.nodes.into_iter().enumerate().collect();
    let mut nodes = Vec::with_capacity(fresh.nodes.len());
    for node in &fresh.nodes {
        let known = left.iter().position(|(_, entry)| same(entry, node)).map(|i| left.remove(i));
        // Known nodes keep the order of the file; new ones follow, sorted by ID.
        let place = known.as_ref().map_or(usize::MAX, |(place, _)| *place);
        let known = known.map(|(_, entry)| entry);
        let entry = updated(known.as_ref(), node, fresh.format);
        let kind = if known.is_some() { ChangeKind::Changed } else { ChangeKind::Added };
        let what = known.as_ref().map_or_else(|| summary(&entry), |known| differences(known, &entry));
        if !what.is_empty() {
            changes.push(Change { kind, id: entry.id, name: Some(entry.name.clone()), what });
        }
        nodes.push((place, entry));
    }
    changes.extend(left.iter().map(|(_, entry)| Change {
        kind: ChangeKind::Removed,
        id: entry.id,
        name: Some(entry.name.clone()),
        what: summary(entry),
    }));
    nodes.sort_by(|(a, x), (b, y)| (a, x.id.is_none(), x.id, &x.name).cmp(&(b, y.id.is_none(), y.id, &y.name)));
    let nodes = nodes.into_iter().map(|(_, entry)| entry).collect();
    changes.sort_by(|a, b| (a.kind, a.id, &a.name).cmp(&(b.kind, b.id, &b.name)));
    (NativeFile { schema: Some(SCHEMA), env: Some(env), mos_version: version, ssh: old.ssh, nodes }, changes)
}

fn same(entry: &NativeNode, node: &Node) -> bool {
    match (entry.id, node.id) {
        (Some(known), Some(id)) => known == id.0,
        _ => entry.name == node.name,
    }
}

fn updated(known: Option<&NativeNode>, node: &Node, format: InventoryFormat) -> NativeNode {
    let known = known.cloned().unwrap_or_default();
    // `fuel2 node list` has no host names: `node-ID` is a guess, and the name in the file may be the real one.
    let guessed = format == InventoryFormat::Fuel2Nodes && !known.name.is_empty();
    let access = &node.access;
    NativeNode {
        id: node.id.map(|id| id.0).or(known.id),
        name: if guessed { known.name } else { node.name.clone() },
        fqdn: node.fqdn.clone().or(known.fqdn),
        label: known.label.or_else(|| node.label.clone()),
        address: Some(node.host.to_string()),
        roles: node.roles.clone(),
        user: access.user.clone().or(known.user),
        port: node.port.or(known.port),
        key: access.key.clone().or(known.key),
        jump: access.jump.clone().or(known.jump),
        legacy_algorithms: access.legacy_algorithms.or(known.legacy_algorithms),
    }
}

fn summary(entry: &NativeNode) -> String {
    let roles = if entry.roles.is_empty() { "no role".to_owned() } else { entry.roles.join(", ") };
    format!("{}; {roles}", entry.address.as_deref().unwrap_or("-"))
}

fn differences(old: &NativeNode, new: &NativeNode) -> String {
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    let port = |p: Option<u16>| p.map(|p| p.to_string());
    let path = |p: &Option<std::path::PathBuf>| p.as_ref().map(|p| p.display().to_string());
    let (mut old_roles, mut new_roles) = (old.roles.clone(), new.roles.clone());
    old_roles.sort_unstable();
    new_roles.sort_unstable();
    let list = |roles: Vec<String>| (!roles.is_empty()).then(|| roles.join(", "));
    let all = [
        difference("id", number(old.id).as_deref(), number(new.id).as_deref()),
        difference("name", Some(&old.name), Some(&new.name)),
        difference("fqdn", old.fqdn.as_deref(), new.fqdn.as_deref()),
        difference("address", old.address.as_deref(), new.address.as_deref()),
        difference("roles", list(old_roles).as_deref(), list(new_roles).as_deref()),
        difference("label", old.label.as_deref(), new.label.as_deref()),
        difference("user", old.user.as_deref(), new.user.as_deref()),
        difference("port", port(old.port).as_deref(), port(new.port).as_deref()),
        difference("key", path(&old.key).as_deref(), path(&new.key).as_deref()),
        difference("jump", old.jump.as_deref(), new.jump.as_deref()),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn difference(key: &str, old: Option<&str>, new: Option<&str>) -> Option<String> {
    (old != new).then(|| format!("{key} {} → {}", old.unwrap_or("-"), new.unwrap_or("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "
env: 2
mos_version: '9.0'
ssh: {user: ops, port: 2222}
nodes:
- {id: 5, name: node-5, address: 10.20.0.5, roles: [controller], port: 22, label: rack 3, legacy_algorithms: true}
- {id: 6, name: node-6, address: 10.20.0.6, roles: [compute], key: /k, jump: j}
- {name: node-7, address: 10.20.0.7, user: stack}
";

    fn nailgun(text: &str) -> Inventory {
        super::super::super::nailgun_list::parse(text, EnvId(2)).unwrap()
    }

    fn lines(changes: &[Change]) -> Vec<String> {
        changes.iter().map(|c| format!("{} {} {}", c.kind.as_str(), c.name.as_deref().unwrap_or("-"), c.what)).collect()
    }

    #[test]
    fn the_operators_keys_stay_and_changes_are_told() {
        let mut fresh = nailgun(
            r#"[{"id": 9, "hostname": "node-9", "cluster": 2, "roles": ["cinder"], "ip": "10.20.0.9", "name": "new"},
                {"id": 5, "hostname": "ctl", "fqdn": "ctl.x", "cluster": 2, "roles": ["controller", "cinder"], "ip": "10.20.0.15", "name": "U"},
                {"id": 7, "hostname": "node-7", "cluster": 2, "roles": [], "ip": "10.20.0.7"}]"#,
        );
        fresh.mos_version = "9.1".parse().ok();
        let (file, changes) = merge(Some(NativeFile::parse(OLD).unwrap()), &fresh, EnvId(2));
        assert_eq!(
            lines(&changes),
            [
                "added node-9 10.20.0.9; cinder",
                "removed node-6 10.20.0.6; compute",
                "changed - mos_version 9.0 → 9.1",
                "changed ctl name node-5 → ctl; fqdn - → ctl.x; address 10.20.0.5 → 10.20.0.15; roles controller → cinder, controller",
                "changed node-7 id - → 7",
            ]
        );
        insta::assert_snapshot!(file.to_yaml().lines().skip(2).collect::<Vec<_>>().join("\n"), @r#"
        schema: fuel-updates-inventory/1
        env: 2
        mos_version: "9.1"
        ssh: {user: ops, port: 2222}
        nodes:
        - {id: 5, name: ctl, fqdn: ctl.x, label: rack 3, address: "10.20.0.15", roles: [controller, cinder], port: 22, legacy_algorithms: true}
        - {id: 7, name: node-7, address: "10.20.0.7", roles: [], user: stack}
        - {id: 9, name: node-9, label: new, address: "10.20.0.9", roles: [cinder]}
        "#);
        let (_, again) = merge(Some(file), &fresh, EnvId(2));
        assert_eq!(lines(&again), Vec::<String>::new());
    }

    #[test]
    fn a_form_that_knows_less_takes_nothing_away() {
        let fresh = nailgun(r#"[{"id": 5, "name": "U", "cluster": 2, "roles": ["controller"], "ip": "10.20.0.5"}]"#);
        let old = OLD.replace("name: node-5", "name: ctl, fqdn: ctl.x");
        let (file, changes) = merge(Some(NativeFile::parse(&old).unwrap()), &fresh, EnvId(2));
        assert_eq!(lines(&changes), ["removed node-7 10.20.0.7; no role", "removed node-6 10.20.0.6; compute"]);
        assert_eq!((file.nodes[0].name.as_str(), file.nodes[0].fqdn.as_deref()), ("ctl", Some("ctl.x")));
        assert_eq!(file.mos_version.as_deref(), Some("9.0"));
    }
}
