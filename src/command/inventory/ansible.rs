//! Ansible's dynamic inventory (`--list`): a group for each role, named as in `fuel2 node ansible-inventory`, and
//! `_meta.hostvars`, so that Ansible need not ask for each host.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::command::nodes::{LoginError, login};
use crate::command::site::Site;
use crate::domain::node::{Host, Node};
use crate::settings::SshSettings;

/// The nodes of an environment, with the login that this program itself would use.
pub(super) fn inventory(site: &Site, ssh: &SshSettings) -> Result<Value, LoginError> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in &site.nodes {
        for role in &node.roles {
            groups.entry(role).or_default().push(&node.name);
        }
        if node.roles.is_empty() {
            groups.entry("ungrouped").or_default().push(&node.name);
        }
    }
    let hostvars = site.nodes.iter().map(|node| Ok((node.name.clone(), hostvars(node, ssh)?.into())));
    let hostvars: Map<String, Value> = hostvars.collect::<Result<_, LoginError>>()?;
    let mut children: Vec<&str> = groups.keys().copied().collect();
    if !children.contains(&"ungrouped") {
        children.push("ungrouped");
    }
    let mut list = Map::new();
    list.insert("_meta".to_owned(), json!({"hostvars": hostvars}));
    let mut vars = Map::new();
    vars.insert("fuel_env".to_owned(), site.env.0.into());
    if let Some((version, _)) = &site.mos_version {
        vars.insert("fuel_mos_version".to_owned(), version.as_str().into());
    }
    list.insert("all".to_owned(), json!({"children": children, "vars": vars}));
    for (group, hosts) in groups {
        list.insert(group.to_owned(), json!({"hosts": hosts}));
    }
    Ok(list.into())
}

/// How to log in to a node, and what else is known of it.
fn hostvars(node: &Node, ssh: &SshSettings) -> Result<Map<String, Value>, LoginError> {
    let target = login(node, ssh)?;
    let mut vars = Map::new();
    let mut put = |name: &str, value: Value| vars.insert(name.to_owned(), value);
    put("ansible_host", node.host.to_string().into());
    put("ansible_port", target.port.into());
    put("ansible_user", target.user.into());
    if let Some(key) = target.keys.first() {
        put("ansible_ssh_private_key_file", key.display().to_string().into());
    }
    if let Some(jump) = target.jump {
        let via = match (&jump.host, jump.port) {
            (Host::Name(name), 22) => format!("{}@{name}", jump.user),
            (Host::Ip(ip), 22) if ip.is_ipv4() => format!("{}@{ip}", jump.user),
            _ => jump.to_string(),
        };
        put("ansible_ssh_common_args", format!("-o ProxyJump={via}").into());
    }
    if let Some(id) = node.id {
        put("fuel_id", id.0.into());
    }
    if let Some(fqdn) = &node.fqdn {
        put("fuel_fqdn", fqdn.as_str().into());
    }
    if let Some(label) = &node.label {
        put("fuel_label", label.as_str().into());
    }
    put("fuel_roles", node.roles.clone().into());
    Ok(vars)
}
