//! `inventory show`: the node list that a check would use.

use serde_json::{Map, Value, json};

use super::ansible;
use crate::cli::Format;
use crate::command::site::{self, Site};
use crate::domain::node::Node;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::ui::{Table, Ui};

/// Prints the node list.
pub(super) fn run(settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let site = site::site(settings)?;
    site.announce(ui);
    match ui.format() {
        Format::Ansible => ui.document(&ansible::inventory(&site, &settings.ssh)?),
        Format::Json | Format::Yaml => ui.document(&document(&site)),
        Format::Table | Format::Csv | Format::Value => ui.table(&table(&site.nodes))?,
    }
    for (reason, count) in &site.source.left_out {
        ui.status(&format!("left out: {count} ({})", reason.as_str()));
    }
    Ok(Exit::Ok)
}

fn table(nodes: &[Node]) -> Table {
    let mut table = Table::new(&["id", "name", "roles", "address", "port", "fqdn", "label"]);
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    for node in nodes {
        table.push(vec![
            node.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            node.name.clone(),
            node.roles.join(", "),
            node.host.to_string(),
            node.port().to_string(),
            text(&node.fqdn),
            text(&node.label),
        ]);
    }
    table
}

/// The same keys as in the documents of the checks.
fn document(site: &Site) -> Value {
    let left_out: Map<String, Value> =
        site.source.left_out.iter().map(|(reason, n)| (reason.as_str().to_owned(), (*n).into())).collect();
    let nodes: Vec<Value> = site.nodes.iter().map(node).collect();
    json!({
        "schema": "fuel-updates/1",
        "tool": env!("CARGO_PKG_VERSION"),
        "command": "inventory show",
        "env": site.env,
        "mos_version": site.mos_version.as_ref().map(|(version, _)| version),
        "mos_version_source": site.mos_version.as_ref().map(|(_, source)| source),
        "inventory": {
            "source": site.source.path,
            "format": site.source.format,
            "age_s": site.source.age_s,
            "left_out": left_out,
        },
        "nodes": nodes,
    })
}

fn node(node: &Node) -> Value {
    json!({
        "id": node.id.map(|id| id.0),
        "name": node.name,
        "fqdn": node.fqdn,
        "label": node.label,
        "roles": node.roles,
        "address": node.host.to_string(),
        "port": node.port(),
        "user": node.access.user,
        "key": node.access.key.as_ref().map(|key| key.display().to_string()),
        "jump": node.access.jump,
        "legacy_algorithms": node.access.legacy_algorithms,
    })
}
