//! An Ansible inventory as `fuel2 node ansible-inventory` writes it: a section for each role, in it lines such as
//! `node-5 ansible_host=10.20.0.5`. It has no node IDs; each node reports its own.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::astute::add_role;
use super::fault::Fault;
use super::unique::Unique;
use crate::domain::inventory::{Inventory, InventoryFormat};
use crate::domain::node::{Access, Host, Node};
use crate::domain::text::one_line;

/// Reads an Ansible inventory.
///
/// # Errors
/// [`Fault`] with the line of the first mistake.
pub(super) fn parse(text: &str) -> Result<Inventory, Fault> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut unique = Unique::default();
    let mut warnings = Vec::new();
    let mut role: Option<String> = None;
    for (number, line) in (1u64..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with('[') {
            role = Some(section(line).map_err(|message| Fault::at(number, message))?);
            continue;
        }
        let host_line = HostLine::parse(line).map_err(|message| Fault::at(number, message))?;
        warnings.extend(host_line.unused.iter().map(|what| format!("line {number}: {what} is not used")));
        let HostLine { name, host, port, access, .. } = host_line;
        let known = positions.get(&name).and_then(|i| nodes.get_mut(*i));
        match known {
            Some(known) if known.host != host => {
                return Err(Fault::at(number, format!("{name} has two addresses: {} and {host}", known.host)));
            }
            Some(known) if (known.port, &known.access) != (port, &access) => {
                return Err(Fault::at(number, format!("{name} has two ports, users, keys or jump hosts")));
            }
            Some(known) => {
                if let Some(role) = &role {
                    add_role(&mut known.roles, role);
                }
            }
            None => {
                let mut roles = Vec::new();
                if let Some(role) = &role {
                    add_role(&mut roles, role);
                }
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
    Ok(Inventory {
        format: InventoryFormat::AnsibleIni,
        env: None,
        mos_version: None,
        nodes,
        left_out: BTreeMap::new(),
        warnings,
    })
}

/// The role out of `[role]`; a comment may follow.
fn section(line: &str) -> Result<String, String> {
    let words = words(line)?;
    let [section] = words.as_slice() else { return Err(format!("`{}` is not one section", one_line(line, 60))) };
    let section = section.strip_prefix('[').and_then(|s| s.strip_suffix(']')).ok_or("`]` is missing")?;
    if section.contains(':') {
        return Err(format!("section `{section}`: only sections of roles are read"));
    }
    Ok(section.to_owned())
}

/// The words of a line, split as Ansible does: as a shell would, with quotes and comments.
fn words(line: &str) -> Result<Vec<String>, String> {
    shlex::split(line).ok_or_else(|| "a quote is not closed".to_owned())
}

/// One node's line.
struct HostLine {
    name: String,
    host: Host,
    port: Option<u16>,
    access: Access,
    /// What it says about the login and is not used. Safe to show.
    unused: Vec<String>,
}

impl HostLine {
    fn parse(line: &str) -> Result<Self, String> {
        let mut words = words(line)?.into_iter();
        let name = words.next().unwrap_or_default();
        if !matches!(Host::parse(&name), Some(Host::Name(_))) {
            return Err(format!("`{name}` is not a node name"));
        }
        let (mut host, mut port) = (None, None);
        let mut access = Access::default();
        let mut unused = Vec::new();
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is not key=value"))?;
            match key {
                "ansible_host" | "ansible_ssh_host" => host = Host::parse(value),
                "ansible_port" | "ansible_ssh_port" => {
                    let number = value.parse().ok().filter(|port| *port > 0);
                    port = Some(number.ok_or_else(|| format!("`{value}` is not a port"))?);
                }
                _ if value.is_empty() => {}
                "ansible_user" | "ansible_ssh_user" => access.user = Some(value.to_owned()),
                "ansible_private_key_file" | "ansible_ssh_private_key_file" => access.key = Some(PathBuf::from(value)),
                "ansible_ssh_common_args" | "ansible_ssh_extra_args" => {
                    let (jump, others) = ssh_options(value)?;
                    access.jump = jump.or(access.jump);
                    unused.extend(others.into_iter().map(|option| format!("{key} {}", one_line(&option, 60))));
                }
                // It may hold a password, so its value is never shown.
                _ if key.starts_with("ansible_") => unused.push(one_line(key, 60)),
                // A login does not need the operator's own variables.
                _ => {}
            }
        }
        let host = host.ok_or_else(|| format!("{name} has no valid ansible_host"))?;
        Ok(Self { name, host, port, access, unused })
    }
}

/// The jump host among options of `ssh`, and the options that we do not use.
fn ssh_options(text: &str) -> Result<(Option<String>, Vec<String>), String> {
    let mut jump = None;
    let mut unused = Vec::new();
    let mut words = words(text)?.into_iter();
    while let Some(word) = words.next() {
        if let Some(host) = word.strip_prefix("-J") {
            jump = if host.is_empty() { words.next() } else { Some(host.to_owned()) };
        } else if let Some(option) = word.strip_prefix("-o") {
            let option = if option.is_empty() { words.next().unwrap_or_default() } else { option.to_owned() };
            // ssh accepts `Key=value`, `Key value` and any case.
            let (key, value) = option.split_once(['=', ' ']).unwrap_or((&option, ""));
            if key.trim().eq_ignore_ascii_case("ProxyJump") && !value.trim().is_empty() {
                jump = Some(value.trim().to_owned());
            } else {
                unused.push(format!("-o {option}"));
            }
        } else {
            unused.push(word);
        }
    }
    Ok((jump, unused))
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
    fn quotes_and_comments_are_read_as_ansible_reads_them() {
        let text = "[compute] # racks\nnode-1 ansible_host=\"10.20.0.3\" ansible_user='ops' # rack 1\n\
                    node-2 \"ansible_host=10.20.0.4\" rack='a b'   ; \n";
        let fault = parse(text).unwrap_err();
        assert_eq!((fault.line, fault.message.as_str()), (Some(3), "`;` is not key=value"));
        let inventory = parse(&text.replace(';', "")).unwrap();
        let nodes: Vec<_> = inventory.nodes.iter().map(|n| (n.host.to_string(), n.access.user.as_deref())).collect();
        assert_eq!(nodes, [("10.20.0.3".to_owned(), Some("ops")), ("10.20.0.4".to_owned(), None)]);
        assert_eq!((inventory.nodes[0].roles.join("+"), inventory.warnings.len()), ("compute".to_owned(), 0));
    }

    #[test]
    fn how_to_log_in_is_read_or_named() {
        let node = |line: &str| {
            let inventory = parse(&format!("node-1 ansible_host=10.0.0.1 {line}")).unwrap();
            (inventory.nodes.into_iter().next().unwrap(), inventory.warnings)
        };
        let (found, warnings) = node("ansible_ssh_private_key_file=~/k ansible_port=22");
        assert_eq!((found.access.key, found.port, warnings.len()), (Some("~/k".into()), Some(22), 0));
        for jump in [
            "ansible_ssh_common_args='-o ProxyJump=root@10.20.0.2:22'",
            "ansible_ssh_common_args='-oproxyjump=root@10.20.0.2:22'",
            "ansible_ssh_extra_args=\"-o 'ProxyJump root@10.20.0.2:22'\"",
            "ansible_ssh_common_args='-J root@10.20.0.2:22'",
            "ansible_ssh_common_args=-Jroot@10.20.0.2:22",
        ] {
            let (found, warnings) = node(jump);
            assert_eq!((found.access.jump.as_deref(), warnings.len()), (Some("root@10.20.0.2:22"), 0), "{jump}");
        }
        let (found, warnings) = node(
            "ansible_ssh_common_args='-C -o ProxyCommand=\"ssh -W %h:%p gw\"' ansible_ssh_pass=s3cret rack=7 ansible_user=",
        );
        assert_eq!((found.access.jump, found.access.user), (None, None));
        assert_eq!(
            warnings,
            [
                "line 1: ansible_ssh_common_args -C is not used",
                "line 1: ansible_ssh_common_args -o ProxyCommand=ssh -W %h:%p gw is not used",
                "line 1: ansible_ssh_pass is not used"
            ]
        );
    }

    #[test]
    fn faults_name_the_line() {
        let fault = |text: &str| parse(text).map_err(|f| (f.line.unwrap_or(0), f.message)).unwrap_err();
        assert_eq!(fault("[a\n"), (1, "`]` is missing".into()));
        assert_eq!(fault("[a] b\n"), (1, "`[a] b` is not one section".into()));
        assert_eq!(fault("[a]\nnode-1\n"), (2, "node-1 has no valid ansible_host".into()));
        assert_eq!(fault("n ansible_host='10.0.0.1"), (1, "a quote is not closed".into()));
        assert_eq!(
            fault("[a]\nn ansible_host=10.0.0.1\nn ansible_host=10.0.0.2"),
            (3, "n has two addresses: 10.0.0.1 and 10.0.0.2".into())
        );
        assert_eq!(
            fault("[a]\nn ansible_host=10.0.0.1\nm ansible_host=10.0.0.1"),
            (3, "m: address 10.0.0.1 with port 22 is already in line 2".into())
        );
        assert_eq!(
            fault("[a]\nn ansible_host=10.0.0.1\n[b]\nn ansible_host=10.0.0.1 ansible_port=2222"),
            (4, "n has two ports, users, keys or jump hosts".into())
        );
        assert_eq!(fault("n ansible_host=10.0.0.1 ansible_port=0"), (1, "`0` is not a port".into()));
        assert_eq!(fault("[all:vars]\nx=1"), (1, "section `all:vars`: only sections of roles are read".into()));
        assert_eq!(fault(""), (0, "lists no node".into()));
    }
}
