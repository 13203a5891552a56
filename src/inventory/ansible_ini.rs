//! `fuel2 node ansible-inventory`: a section for each role, `<name> ansible_host=<address>` in it.
//! It has no ids; the nodes tell theirs. Facts: domain facts, section 2.4.

use std::collections::{BTreeMap, HashMap};

use super::astute::add_role;
use super::fault::Fault;
use super::unique::Unique;
use crate::domain::inventory::{Format, Inventory};
use crate::domain::node::{Access, Host, Node};

/// Reads an Ansible inventory as `fuel2` writes it.
///
/// # Errors
/// [`Fault`] with the line of the first thing that is wrong.
pub(super) fn parse(text: &str) -> Result<Inventory, Fault> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut unique = Unique::default();
    let mut role: Option<&str> = None;
    for (number, line) in (1u64..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            let section = section.strip_suffix(']').ok_or_else(|| Fault::at(number, "`]` is missing"))?;
            if section.contains(':') {
                return Err(Fault::at(number, format!("section `{section}`: only sections of roles are read")));
            }
            role = Some(section);
            continue;
        }
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        if !matches!(Host::parse(name), Some(Host::Name(_))) {
            return Err(Fault::at(number, format!("`{name}` is no node name")));
        }
        let mut host = None;
        let mut port = 22;
        let mut access = Access::default();
        for word in words {
            let (key, value) =
                word.split_once('=').ok_or_else(|| Fault::at(number, format!("`{word}` is no key=value")))?;
            match key {
                "ansible_host" | "ansible_ssh_host" => host = Host::parse(value),
                "ansible_port" | "ansible_ssh_port" => {
                    port = value.parse().map_err(|_| Fault::at(number, format!("`{value}` is no port")))?;
                }
                "ansible_user" | "ansible_ssh_user" => access.user = Some(value.to_owned()),
                _ => {}
            }
        }
        let host = host.ok_or_else(|| Fault::at(number, format!("{name} has no valid ansible_host")))?;
        if port == 0 {
            return Err(Fault::at(number, "`0` is no port"));
        }
        let known = positions.get(name).and_then(|i| nodes.get_mut(*i));
        match known {
            Some(known) if known.host != host => {
                return Err(Fault::at(number, format!("{name} has two addresses: {} and {host}", known.host)));
            }
            Some(known) if (known.port, &known.access) != (port, &access) => {
                return Err(Fault::at(number, format!("{name} has two ports or users")));
            }
            Some(known) => {
                if let Some(role) = role {
                    add_role(&mut known.roles, role);
                }
            }
            None => {
                let mut roles = Vec::new();
                if let Some(role) = role {
                    add_role(&mut roles, role);
                }
                let name = name.to_owned();
                let node = Node { id: None, name, fqdn: None, label: None, roles, host, port, access };
                unique.add(&node, number)?;
                positions.insert(node.name.clone(), nodes.len());
                nodes.push(node);
            }
        }
    }
    if nodes.is_empty() {
        return Err(Fault::new("lists no node"));
    }
    Ok(Inventory { format: Format::AnsibleIni, env: None, mos_version: None, nodes, left_out: BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_with_two_roles_is_one_node() {
        let text = "[compute]\nnode-7 ansible_host=10.20.0.7\n\n[controller]\nnode-5 ansible_host=10.20.0.5\n[cinder]\nnode-7 ansible_host=10.20.0.7\n[cinder]\nnode-7 ansible_host=10.20.0.7\n";
        let inventory = parse(text).unwrap();
        let nodes: Vec<_> = inventory.nodes.iter().map(|n| (n.name.as_str(), n.roles.join("+"))).collect();
        assert_eq!(nodes, [("node-7", "compute+cinder".to_owned()), ("node-5", "controller".to_owned())]);
    }

    #[test]
    fn faults_name_the_line() {
        let fault = |text: &str| parse(text).map_err(|f| (f.line.unwrap_or(0), f.message)).unwrap_err();
        assert_eq!(fault("[a\n"), (1, "`]` is missing".into()));
        assert_eq!(fault("[a]\nnode-1\n"), (2, "node-1 has no valid ansible_host".into()));
        assert_eq!(
            fault("[a]\nn ansible_host=10.0.0.1\nn ansible_host=10.0.0.2"),
            (3, "n has two addresses: 10.0.0.1 and 10.0.0.2".into())
        );
        assert_eq!(
            fault("[a]\nn ansible_host=10.0.0.1\nm ansible_host=10.0.0.1"),
            (3, "m: address 10.0.0.1 with port 22 stands in line 2 already".into())
        );
        assert_eq!(
            fault("[a]\nn ansible_host=10.0.0.1\n[b]\nn ansible_host=10.0.0.1 ansible_port=2222"),
            (4, "n has two ports or users".into())
        );
        assert_eq!(fault("[all:vars]\nx=1"), (1, "section `all:vars`: only sections of roles are read".into()));
        assert_eq!(fault(""), (0, "lists no node".into()));
    }
}
