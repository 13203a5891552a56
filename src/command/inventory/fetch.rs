//! Fetches a node's own list of its environment over SSH: one login, one exec of a constant command.

use std::path::PathBuf;

use crate::command::nodes::Nodes;
use crate::command::{site, state_dir, unchecked};
use crate::domain::inventory::Inventory;
use crate::domain::node::{Access, Host, Node};
use crate::error::AppError;
use crate::exit::Exit;
use crate::inventory::{self, FetchNodeFile};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::Ui;

/// The list that `name` has: a node of the node list, or any address.
pub(super) fn fetch(name: &str, settings: &Settings, ui: &Ui) -> Result<(Inventory, PathBuf), AppError> {
    let node = node(name, settings)?;
    let state = state_dir::open(&settings.state_dir)?;
    unchecked::warn_of_host_keys(settings, ui);
    let interrupt = Interrupt::listen()?;
    let mut answers = Nodes::new(&settings.ssh, &state, &interrupt, ui).run::<FetchNodeFile>(&[node])?;
    if interrupt.came() {
        return Err(AppError::new(Exit::Interrupted, "interrupted; nothing was changed"));
    }
    let answer = answers.pop().ok_or_else(|| AppError::new(Exit::Error, format!("{name} was not asked")))?;
    let file = answer.map_err(|failure| {
        let message = format!("{name}: {} ({})", failure.kind.as_str(), failure.cause);
        AppError::new(Exit::Error, message).hinted(failure.hint)
    })?;
    let file = file.map_err(|e| AppError::new(Exit::Error, format!("{name}: {e}")))?;
    let path = PathBuf::from(format!("{name}:{}", file.path));
    let found = inventory::from_bytes(file.bytes, &path, settings.env)?;
    Ok((found, path))
}

/// A node of the node list by its name, or any host by its address: before the first import there is no list.
fn node(name: &str, settings: &Settings) -> Result<Node, AppError> {
    let mut everything = settings.clone();
    everything.selection = Default::default();
    if let Ok(site) = site::site(&everything)
        && let Some(known) = site.listed.into_iter().find(|n| n.name == name || n.fqdn.as_deref() == Some(name))
    {
        return Ok(known);
    }
    let host = Host::parse(name)
        .ok_or_else(|| AppError::new(Exit::Usage, format!("`{name}` is no address and no name of a node")))?;
    Ok(Node {
        id: None,
        name: name.to_owned(),
        fqdn: None,
        label: None,
        roles: vec![],
        host,
        port: settings.ssh.port,
        access: Access::default(),
    })
}
