//! `inventory show` and `inventory forget-host-key`.

use super::{ask, check, state_dir};
use crate::cli::Inventory;
use crate::domain::select::Selection;
use crate::error::AppError;
use crate::exit::Exit;
use crate::fleet;
use crate::settings::Settings;
use crate::ui::{Table, Ui};

/// Runs an action on the node list.
pub(crate) fn run(action: Inventory, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    match action {
        Inventory::Show => show(settings, ui),
        Inventory::ForgetHostKey { which } => forget(which, settings, ui),
    }
}

fn show(settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let site = ask::site(settings)?;
    check::announce(&site, ui);
    let mut table = Table::new(&["id", "name", "roles", "address", "port", "fqdn", "label"]);
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    for node in &site.nodes {
        table.push(vec![
            node.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
            node.name.clone(),
            node.roles.join(", "),
            node.host.to_string(),
            node.port.to_string(),
            text(&node.fqdn),
            text(&node.label),
        ]);
    }
    ui.table(&table)?;
    for (reason, count) in &site.source.left_out {
        ui.status(&format!("left out: {count} ({})", reason.as_str()));
    }
    Ok(Exit::Ok)
}

/// Forgets the host keys of nodes that were reinstalled.
fn forget(which: Vec<String>, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let mut settings = settings.clone();
    settings.selection = Selection { nodes: which, ..settings.selection };
    let site = ask::site(&settings)?;
    let state = state_dir::open(&settings.state_dir)?;
    let hosts: Vec<_> = site.nodes.iter().map(|n| (n.host.clone(), n.port)).collect();
    let forgotten = fleet::forget(&state.join("known_hosts"), &hosts)
        .map_err(|e| AppError::from_error(Exit::Error, &e).hinted(e.hint()))?;
    for (node, host) in site.nodes.iter().zip(&forgotten) {
        ui.data(&format!("{}: {} host keys forgotten", node.name, host.keys));
    }
    Ok(Exit::Ok)
}
