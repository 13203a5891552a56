//! `doctor`: is everything in order that checks and installations need? It changes nothing: host keys that a node shows are
//! recorded in a folder that is thrown away.

mod clock;
mod host_keys;
mod keys;
mod login;
mod mirror;
mod nailgun;
mod node_list;
mod open_files;
mod state_folder;

use super::clock::now;
use super::nodes::Nodes;
use crate::domain::doctor::{Diagnosis, DoctorReport, Health, Need};
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::{ShownDoctor, Ui};

/// Looks at everything and prints what was found.
pub(crate) fn run(settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    ui.check_columns(&ShownDoctor::columns())?;
    let interrupt = Interrupt::listen()?;
    let (site, list) = node_list::look(settings);
    let mut findings = vec![list];
    let mut version = settings.mos_version.clone();
    let scratch = login::scratch(&settings.state_dir)?;
    match &site {
        Some(site) => {
            let nodes = Nodes::new(&settings.ssh, scratch.path(), &interrupt, ui);
            let found = keys::look(&nodes, &site.nodes);
            let usable = found.health != Health::Fault;
            findings.extend([
                found,
                host_keys::look(settings, &site.nodes),
                open_files::look(settings, &nodes, &site.nodes),
            ]);
            if usable {
                let (row, found) = login::look(&nodes, &site.nodes)?;
                let answered = found.health == Health::Ok || found.health == Health::Warning;
                findings.push(found);
                findings.push(match site.nodes.first() {
                    Some(node) if answered => clock::look(&nodes, node)?,
                    _ => Diagnosis::skipped(Need::Clock, Need::Login),
                });
                version = version
                    .or(site.mos_version.clone().map(|(version, _)| version))
                    .or(row.and_then(|row| row.mos_version));
            } else {
                findings.push(Diagnosis::skipped(Need::Login, Need::Keys));
                findings.push(Diagnosis::skipped(Need::Clock, Need::Login));
            }
        }
        None => {
            for need in [Need::Keys, Need::HostKeys, Need::OpenFiles, Need::Login, Need::Clock] {
                findings.push(Diagnosis::skipped(need, Need::NodeList));
            }
        }
    }
    go_on(&interrupt)?;
    findings.push(state_folder::look(&settings.state_dir));
    findings.push(mirror::look(settings, version.as_ref(), &interrupt));
    go_on(&interrupt)?;
    let env = settings.env.or(site.as_ref().map(|site| site.env));
    findings.push(nailgun::look(settings, env, &interrupt));
    go_on(&interrupt)?;
    let report = DoctorReport { env, findings };
    let exit = match (report.in_order(), report.checks_work()) {
        (true, _) => Exit::Ok,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Error,
    };
    ui.show(&ShownDoctor { report: &report, taken_at: &now(), exit })?;
    Ok(exit)
}

fn go_on(interrupt: &Interrupt) -> Result<(), AppError> {
    if interrupt.came() { Err(AppError::new(Exit::Interrupted, "interrupted; nothing was changed")) } else { Ok(()) }
}

/// A fault with the message of an error, its causes, and its hint.
fn fault(need: Need, error: &AppError) -> Diagnosis {
    let found = std::iter::once(&error.message).chain(&error.causes).cloned().collect::<Vec<_>>().join(": ");
    Diagnosis::fault(need, found, error.hint.clone())
}
