//! The lab's node list in the native form.

use std::net::Ipv4Addr;
use std::path::Path;

use super::scenario::{NodeSpec, Scenario};

/// Writes the inventory of `nodes`; `port` is the SSH port of all, `key` the private key.
pub(super) fn native(scenario: &Scenario, nodes: &[(&NodeSpec, Ipv4Addr)], port: u16, key: &Path) -> String {
    let mut text = format!(
        "# The nodes of a lab on loopback.\nschema: fuel-updates-inventory/1\nenv: {}\nmos_version: \"{}\"\n\
         ssh: {{user: root, port: {port}, key: {}}}\nnodes:\n",
        scenario.env,
        scenario.mos_version,
        quoted(&key.display().to_string()),
    );
    for (node, address) in nodes {
        let label = node.label.as_deref().map(|label| format!(", label: {}", quoted(label))).unwrap_or_default();
        text += &format!(
            "  - {{id: {}, name: {name}, fqdn: {name}.domain.tld, address: {address}, roles: [{}]{label}}}\n",
            node.id,
            node.roles.join(", "),
            name = node.name,
        );
    }
    text
}

/// Double quotes as YAML and JSON read them.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
