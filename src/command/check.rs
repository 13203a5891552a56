//! `check`, `check installed` and `check available`.

use std::sync::Arc;
use std::time::Duration;

use super::clock::now;
use super::mirror_client::{MirrorClient, PendingAnnouncement};
use super::nodes::Nodes;
use super::site::{self, Site};
use super::{state_dir, unchecked};
use crate::cli::{Format, RowOptions};
use crate::domain::failure::FailureKind;
use crate::domain::monitoring::PluginStatus;
use crate::domain::mos_version::MosVersion;
use crate::domain::mu::Mu;
use crate::domain::report::{Check, CheckReport, Condition, MirrorReport, Problem};
use crate::domain::row::{Identity, Row, State, Verdict};
use crate::domain::text::counted;
use crate::error::{AppError, Explain as _};
use crate::exit::Exit;
use crate::mirror::{Announcement, MirrorError};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::{ShownCheck, ShownRows, Ui};

/// Runs a check and prints its report, once or again and again.
pub(crate) fn run(check: Check, shown: RowOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    ui.check_columns(&ShownCheck::columns(check))?;
    if shown.watch.is_some() && !ui.can_replace() {
        let error = AppError::new(
            Exit::Usage,
            "--watch needs a terminal on which an answer can take the place of the last one",
        );
        return Err(error.hinted("run the check without --watch, from cron or a loop of the shell".to_owned()));
    }
    let interrupt = Interrupt::listen()?;
    if let Some(seconds) = shown.watch {
        return watch(check, shown, Duration::from_secs(seconds.into()), settings, ui, &interrupt);
    }
    let site = site::site(settings)?;
    site.announce(ui);
    unchecked::warn_of_host_keys(settings, ui);
    finish(&look(check, &site, settings, ui, &interrupt)?, shown, ui)
}

/// Shows the newest answer until a signal comes. The last whole answer stays on the screen.
fn watch(
    check: Check,
    shown: RowOptions,
    every: Duration,
    settings: &Settings,
    ui: &Ui,
    interrupt: &Interrupt,
) -> Result<Exit, AppError> {
    let mut last = None;
    loop {
        let site = site::site(settings)?;
        let report = look(check, &site, settings, ui, interrupt)?;
        if interrupt.came() {
            break;
        }
        ui.clear_screen();
        site.announce(ui);
        unchecked::warn_of_host_keys(settings, ui);
        let ended = finish(&report, shown, ui);
        let exit = match &ended {
            Ok(exit) => *exit,
            Err(error) => {
                ui.error(error);
                error.exit
            }
        };
        last = Some(exit);
        let again = counted(usize::try_from(every.as_secs()).unwrap_or(usize::MAX), "second");
        ui.status(&format!("asked at {}, again in {again}; Ctrl-C ends", report.taken_at));
        if interrupt.wait(every) {
            break;
        }
    }
    last.ok_or_else(|| AppError::new(Exit::Interrupted, "interrupted; nothing was changed"))
}

/// Asks nodes and mirror once.
fn look(
    check: Check,
    site: &Site,
    settings: &Settings,
    ui: &Ui,
    interrupt: &Interrupt,
) -> Result<CheckReport, AppError> {
    let mirror = match check {
        Check::Installed => None,
        Check::Available | Check::Both => Some(Arc::new(MirrorClient::new(settings)?)),
    };
    let state = state_dir::open_if_possible(&settings.state_dir, ui)?;
    let started = |mirror: &Arc<MirrorClient>, version: &MosVersion| {
        mirror.start(version).map_err(|e| AppError::new(Exit::Error, format!("cannot ask the mirror: {e}")))
    };
    // If the version is known beforehand, nodes and mirror are asked at the same time.
    let early = match (&mirror, &site.mos_version) {
        (Some(mirror), Some((version, _))) => Some(started(mirror, version)?),
        _ => None,
    };
    let mut rows = Nodes::new(&settings.ssh, &state, interrupt, ui).ask(&site.nodes)?;
    let version = site.mos_version.clone().or_else(|| version_of_nodes(&rows).map(|version| (version, "nodes")));
    let (mos_version, mos_version_source) = version.unzip();
    let mirror = match mirror {
        None => None,
        Some(mirror) => {
            let pending = match (early, &mos_version) {
                (Some(early), _) => Some(early),
                (None, Some(version)) => Some(started(&mirror, version)?),
                (None, None) => None,
            };
            let report = mirror_report(&mirror, mos_version.as_ref(), pending, interrupt);
            if report.mu.is_ok() || check == Check::Available {
                judge(&mut rows, report.mu.as_ref().ok(), mos_version.as_ref());
            }
            Some(report)
        }
    };
    let unasked = |row: &Row| row.state == State::NotAsked(FailureKind::Interrupted);
    let no_mirror = mirror.as_ref().is_some_and(|m| m.mu.is_err());
    Ok(CheckReport {
        interrupted: interrupt.came() && (no_mirror || rows.iter().any(unasked)),
        check,
        env: site.env,
        mos_version,
        mos_version_source,
        taken_at: now(),
        source: site.source.clone(),
        mirror,
        rows,
    })
}

/// Waits for the mirror's answer. The mirror is not asked when the MOS version is unknown.
fn mirror_report(
    mirror: &MirrorClient,
    version: Option<&MosVersion>,
    pending: Option<PendingAnnouncement>,
    interrupt: &Interrupt,
) -> MirrorReport {
    let failed = |problem| MirrorReport { url: mirror.to_string(), folder: None, mu: Err(problem), doubts: Vec::new() };
    match pending.map(|pending| pending.wait(interrupt)) {
        Some(Some(Ok(found))) => {
            let now = jiff::Timestamp::now().as_second();
            let doubts = version.map(|version| found.doubts(version, now)).unwrap_or_default();
            let Announcement { url, folder, mu, .. } = found;
            MirrorReport { url, folder, mu: Ok(mu), doubts }
        }
        Some(Some(Err(error))) => failed(problem(&error)),
        Some(None) => failed(not_asked()),
        None if interrupt.came() => failed(not_asked()),
        None => failed(unknown_version()),
    }
}

fn judge(rows: &mut [Row], mirror: Option<&Mu>, mos_version: Option<&MosVersion>) {
    for row in rows {
        match (mirror, mos_version) {
            (Some(mirror), Some(version)) => row.judge(mirror, version),
            _ => row.verdict = Some(Verdict::Unknown),
        }
    }
}

/// The version that all nodes report that report one. A machine at another node's address does not count.
pub(crate) fn version_of_nodes(rows: &[Row]) -> Option<MosVersion> {
    let own = rows.iter().filter(|r| r.identity != Some(Identity::Wrong));
    let mut versions = own.filter_map(|r| r.mos_version.as_ref());
    let first = versions.next()?;
    versions.all(|v| v == first).then(|| first.clone())
}

pub(crate) fn unknown_version() -> Problem {
    Problem {
        kind: "mos-version".to_owned(),
        message: "the environment's MOS version is unknown: the nodes report none, or different ones".to_owned(),
        hint: Some("give --mos-version X.Y, or mos_version in the inventory".to_owned()),
    }
}

pub(crate) fn problem(error: &MirrorError) -> Problem {
    Problem { kind: error.kind().as_str().to_owned(), message: error.to_string(), hint: error.hint() }
}

fn not_asked() -> Problem {
    Problem { kind: "interrupted".to_owned(), message: "interrupted before the mirror answered".to_owned(), hint: None }
}

/// Prints the report, then what the operator should know, then what ended the check early.
fn finish(report: &CheckReport, shown: RowOptions, ui: &Ui) -> Result<Exit, AppError> {
    let exit = match ui.format() {
        Format::Nagios => of_plugin(PluginStatus::of(report)),
        _ => exit(report.decisive()),
    };
    if shown.summary {
        ui.data(&report.one_line());
    } else {
        let rows = ShownRows { all: shown.all, problems: shown.problems };
        ui.show(&ShownCheck { report, exit, rows })?;
    }
    for warning in report.warnings() {
        ui.warning(&warning);
    }
    for hint in report.hints() {
        ui.hint(&hint);
    }
    match &report.mirror {
        _ if report.interrupted => Err(AppError::new(exit, "interrupted; nothing was changed")),
        Some(MirrorReport { mu: Err(problem), .. }) if report.check == Check::Both => {
            ui.warning(&format!("what is installed is shown alone: {}", problem.message));
            if let Some(hint) = &problem.hint {
                ui.hint(hint);
            }
            if exit == Exit::Error { Err(nobody()) } else { Ok(exit) }
        }
        Some(MirrorReport { mu: Err(problem), .. }) => {
            Err(AppError::new(exit, problem.message.clone()).hinted(problem.hint.clone()))
        }
        _ if exit == Exit::Error => Err(nobody()),
        _ => Ok(exit),
    }
}

fn nobody() -> AppError {
    AppError::new(Exit::Error, "no node could be asked")
}

/// The exit status that becomes the plugin's.
fn of_plugin(status: PluginStatus) -> Exit {
    match status {
        PluginStatus::Ok => Exit::Ok,
        PluginStatus::Warning => Exit::Drift,
        PluginStatus::Critical => Exit::Partial,
        PluginStatus::Unknown => Exit::Error,
    }
}

/// The exit status for the condition that decides.
fn exit(decisive: Option<Condition>) -> Exit {
    match decisive {
        None => Exit::Ok,
        Some(Condition::Interrupted) => Exit::Interrupted,
        Some(Condition::Error) => Exit::Error,
        Some(Condition::UpdateAvailable) => Exit::UpdateAvailable,
        Some(Condition::Partial) => Exit::Partial,
        Some(Condition::Drift) => Exit::Drift,
    }
}
