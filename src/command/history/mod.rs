//! `history`: the installations of an environment, or every task of one of them, or its timeline as an HTML page.

mod read;

use std::path::Path;

use jiff::Timestamp;

use super::runs::{self, FoundRun, NumberedRun};
use super::{clock, connect, site, unchecked};
use crate::cli::HistoryOptions;
use crate::domain::numbers::{EnvId, TaskId};
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::{look_for_room, write_atomically};
use crate::nailgun::{Nailgun, NailgunErrorKind};
use crate::settings::Settings;
use crate::ui::{HistoryReport, RunReport, Ui, timeline};

/// Prints the runs of an environment, or the tasks of one of them, or writes its page.
pub(crate) fn run(options: &HistoryOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    ui.check_columns(&HistoryReport::columns(options.task.is_some() && options.timeline.is_none()))?;
    options.timeline.as_deref().map_or(Ok(()), look_for_room)?;
    let env = environment(settings, ui)?;
    unchecked::warn_of_certificate(settings, ui);
    let nailgun = connect::nailgun(settings)?;
    let named = nailgun.environment(env).map_err(|e| match e.kind() {
        NailgunErrorKind::NotFound => AppError::from(e)
            .hinted(Some("`fuel2 env list` on the master shows the environments that Nailgun has".to_owned())),
        _ => AppError::from(e),
    })?;
    let mut report = HistoryReport {
        env,
        env_name: named.name,
        taken_at: clock::now(),
        names: named.nodes.into_iter().map(|n| (n.id, n.name)).collect(),
        runs: vec![],
        tasks: false,
        timeline: None,
    };
    match options.task {
        Some(task) => {
            report.runs = vec![one(&nailgun, env, task)?];
        }
        None if options.timeline.is_some() => {
            // A page is about one run: the newest.
            let newest = newest(&nailgun, env)?;
            let newest = newest.ok_or_else(|| {
                AppError::new(Exit::Error, format!("no installations recorded for environment {env}"))
                    .hinted(Some(format!("`fuel-updates --env {env} install` makes one")))
            })?;
            report.runs = vec![newest];
        }
        None => report.runs = read_all(&nailgun, runs::runs(&nailgun, env)?, ui)?,
    }
    if let Some(path) = &options.timeline {
        write_page(&mut report, path, ui)?;
    } else {
        report.tasks = options.task.is_some();
        if report.runs.is_empty() {
            ui.status(&format!("no installations recorded for environment {env}"));
        }
    }
    for note in report.notes() {
        ui.status(&note);
    }
    ui.show(&report)?;
    Ok(Exit::Ok)
}

/// The environment: as named, or the only one that has an inventory.
fn environment(settings: &Settings, ui: &Ui) -> Result<EnvId, AppError> {
    if let Some(env) = settings.env {
        return Ok(env);
    }
    let site = site::site(settings)?;
    ui.status(&format!("environment {}, the only one with a node list", site.env));
    Ok(site.env)
}

/// Reads runs, the newest first. Runs of other graphs are left out.
fn read_all(nailgun: &Nailgun, found: Vec<FoundRun>, ui: &Ui) -> Result<Vec<RunReport>, AppError> {
    let count = found.len();
    let mut runs = Vec::with_capacity(count);
    for (number, found) in (1..).zip(found) {
        if count > 5 {
            ui.status(&format!("reading run {number} of {count} (task {})", found.task()));
        }
        runs.extend(read::run(nailgun, &found)?);
    }
    Ok(runs)
}

/// The run with this number, parent's or child's.
fn one(nailgun: &Nailgun, env: EnvId, task: TaskId) -> Result<RunReport, AppError> {
    let found = match runs::by_number(nailgun, env, task)? {
        NumberedRun::Run(found) => found,
        NumberedRun::Preparing(_) => {
            let message = format!("task {task} has no run yet: Nailgun is still preparing it");
            return Err(AppError::new(Exit::Error, message).hinted("try again in a minute".to_owned()));
        }
    };
    Ok(read::run(nailgun, &found)?.ok_or_else(|| runs::not_ours(env, task, &found.child))?)
}

fn newest(nailgun: &Nailgun, env: EnvId) -> Result<Option<RunReport>, AppError> {
    for found in runs::runs(nailgun, env)? {
        if let Some(run) = read::run(nailgun, &found)? {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

fn write_page(report: &mut HistoryReport, path: &Path, ui: &Ui) -> Result<(), AppError> {
    let Some(run) = report.runs.first() else { return Ok(()) };
    let page = timeline::page(run, report, Timestamp::now());
    write_atomically(path, page.as_bytes(), 0o666)?;
    ui.status(&format!("the timeline of task {} is in {}", run.history.summary.task, path.display()));
    report.timeline = Some(path.display().to_string());
    Ok(())
}
