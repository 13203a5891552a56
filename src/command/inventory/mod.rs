//! `inventory show`, `sync`, `import`, `init` and `forget-host-key`.

mod ansible;
mod fetch;
mod show;
mod update;

use super::{site, state_dir};
use crate::cli::InventoryCommand;
use crate::domain::select::Selection;
use crate::domain::text::counted;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::ui::Ui;
use crate::{fleet, inventory};

/// Runs an action on the node list.
pub(crate) fn run(command: InventoryCommand, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    match command {
        InventoryCommand::Show(_) => show::run(settings, ui),
        InventoryCommand::Sync(options) => update::sync(options.to, settings, ui),
        InventoryCommand::Import(options) => match (options.file, options.from) {
            (_, Some(node)) => update::import_from(&node, options.to, settings, ui),
            (Some(file), None) => update::import(&file, options.to, settings, ui),
            // clap does not accept a command line without either.
            (None, None) => Err(AppError::new(Exit::Usage, "name a file, or a node with --from")),
        },
        InventoryCommand::Init => {
            ui.data(inventory::EXAMPLE);
            Ok(Exit::Ok)
        }
        InventoryCommand::ForgetHostKey(options) => forget(options.which, settings, ui),
    }
}

/// Forgets the host keys of nodes that were reinstalled.
fn forget(which: Vec<String>, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let mut settings = settings.clone();
    settings.selection = Selection { nodes: which, ..Selection::default() };
    let site = site::site(&settings)?;
    let state = state_dir::open(&settings.state_dir)?;
    let hosts: Vec<_> = site.nodes.iter().map(|n| (n.host.clone(), n.port())).collect();
    let forgotten = fleet::forget(&state.join("known_hosts"), &hosts)?;
    for (node, host) in site.nodes.iter().zip(&forgotten) {
        ui.data(&format!("{}: {} forgotten", node.name, counted(host.keys, "host key")));
    }
    Ok(Exit::Ok)
}
