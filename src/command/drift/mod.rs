//! `check drift`: in what do nodes differ that should be alike?
//!
//! ```text
//! collect        asks every node once and takes its answer apart
//! snapshot_file  snapshots as files
//! ```

pub(crate) mod collect;
pub(crate) mod snapshot_file;

use collect::{Collected, collect, login_settings};

use super::check::version_of_nodes;
use super::clock::now;
use super::nodes::Nodes;
use super::{site, state_dir, unchecked};
use crate::cli::CheckDriftOptions;
use crate::domain::drift::ask::{AskNode, AskNodeAll, AskNodeConfig, AskNodeFiles};
use crate::domain::drift::{Changes, Comparison, DriftReport};
use crate::domain::failure::FailureKind;
use crate::domain::report::Condition;
use crate::domain::row::State;
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::{look_for_room, write_atomically};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::{ShownDrift, Ui, drift_page};

/// Runs the check and prints its report.
pub(crate) fn run(options: &CheckDriftOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    ui.check_columns(&ShownDrift::columns())?;
    for path in options.save.iter().chain(&options.html) {
        look_for_room(path)?;
    }
    let snapshot = options.against.as_deref().map(snapshot_file::read).transpose()?;
    let site = site::site(settings)?;
    site.announce(ui);
    unchecked::warn_of_host_keys(settings, ui);
    let state = state_dir::open_if_possible(&settings.state_dir, ui)?;
    let interrupt = Interrupt::listen()?;
    let ssh = login_settings(settings, options.files);
    let asker = Nodes::new(&ssh, &state, &interrupt, ui);
    let found = match (options.files, options.config_files) {
        (false, false) => collect::<AskNode>(&asker, &site.nodes),
        (true, false) => collect::<AskNodeFiles>(&asker, &site.nodes),
        (false, true) => collect::<AskNodeConfig>(&asker, &site.nodes),
        (true, true) => collect::<AskNodeAll>(&asker, &site.nodes),
    }?;
    let taken_at = now();
    if let Some(path) = &options.save {
        snapshot_file::write(path, site.env, &taken_at, &found.nodes, &found.pool)?;
    }
    let Collected { rows, nodes, pool } = found;
    let mut report = DriftReport {
        env: site.env,
        mos_version: site.mos_version.or_else(|| version_of_nodes(&rows).map(|version| (version, "nodes"))),
        taken_at,
        source: site.source,
        interrupted: interrupt.came() && rows.iter().any(|row| row.state == State::NotAsked(FailureKind::Interrupted)),
        against: None,
        comparison: Comparison::default(),
        only: options.package.clone(),
        own_clock: None,
        nodes,
        pool,
    };
    drop(rows);
    report.compare();
    report.against = snapshot
        .map(|snapshot| Changes::since(&snapshot, site.env, &report.nodes, &report.pool, report.only.as_deref()));
    if let Some(path) = &options.html {
        write_atomically(path, drift_page(&report).as_bytes(), 0o644)?;
    }
    finish(&report, options, ui)
}

/// Prints the report, then what the operator should know, then what ended the check early.
fn finish(report: &DriftReport, options: &CheckDriftOptions, ui: &Ui) -> Result<Exit, AppError> {
    let exit = match report.conditions().first() {
        None => Exit::Ok,
        Some(Condition::Interrupted) => Exit::Interrupted,
        Some(Condition::Error) => Exit::Error,
        Some(Condition::Partial) => Exit::Partial,
        Some(Condition::Drift | Condition::UpdateAvailable) => Exit::Drift,
    };
    ui.show(&ShownDrift { report, exit })?;
    for warning in report.warnings() {
        ui.warning(&warning);
    }
    for hint in report.hints() {
        ui.hint(&hint);
    }
    for (what, path) in [("snapshot", &options.save), ("page", &options.html)] {
        if let Some(path) = path {
            ui.status(&format!("{what}: {}", path.display()));
        }
    }
    match exit {
        Exit::Interrupted => Err(AppError::new(exit, "interrupted; nothing was changed")),
        Exit::Error => Err(AppError::new(exit, "no node could be compared")),
        _ => Ok(exit),
    }
}
