//! `inventory show`: the node list that a check would use.

use super::ansible;
use crate::cli::Format;
use crate::command::{clock, site};
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::ui::{ShownNodeList, Ui};

/// Prints the node list.
pub(super) fn run(settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let site = site::site(settings)?;
    site.announce(ui);
    if ui.format() == Format::Ansible {
        ui.document(&ansible::inventory(&site, &settings.ssh)?);
    } else {
        ui.show(&ShownNodeList {
            env: site.env,
            mos_version: site.mos_version.as_ref().map(|(version, source)| (version, *source)),
            source: &site.source,
            nodes: &site.nodes,
            taken_at: &clock::now(),
        })?;
    }
    for (reason, count) in &site.source.left_out {
        ui.status(&format!("left out: {count} ({})", reason.as_str()));
    }
    Ok(Exit::Ok)
}
