//! `check installed` and `check available`.

use std::thread;

use jiff::Timestamp;

use super::ask::{self, Site};
use super::state_dir;
use crate::domain::mos_version::MosVersion;
use crate::domain::mu::Mu;
use crate::domain::report::{Check, Condition, MirrorReport, Problem, Report};
use crate::domain::row::{Identity, Row, Verdict};
use crate::error::{AppError, Explain as _};
use crate::exit::Exit;
use crate::http::{Proxies, Roots};
use crate::mirror::{Announcement, Fetcher, Mirror, MirrorError};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::Ui;

/// Runs a check and prints its report.
pub(crate) fn run(check: Check, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let mirror = match check {
        Check::Installed => None,
        Check::Available => Some(Asked::new(settings)?),
    };
    let site = ask::site(settings)?;
    announce(&site, ui);
    let state = state_dir::open(&settings.state_dir)?;
    let interrupt = Interrupt::listen()?;
    // Nodes and mirror are asked at the same time where the version is known beforehand.
    let (rows, fetched) = thread::scope(|scope| {
        let early = mirror.as_ref().zip(site.mos_version.as_ref());
        let early = early.map(|(mirror, (version, _))| scope.spawn(|| mirror.fetch(version)));
        let mut progress = ui.progress();
        let known_hosts = state.join("known_hosts");
        let rows = ask::ask(&site.nodes, &settings.ssh, &known_hosts, &mut progress, interrupt.flag());
        (rows, early.and_then(|thread| thread.join().ok()))
    });
    let rows = rows?;
    if interrupt.came() {
        return Err(AppError::new(Exit::Interrupted, "interrupted; nothing was changed"));
    }
    let report = report(check, site, rows, mirror.as_ref(), fetched);
    let exit = exit(&report);
    finish(&report, exit, ui)
}

/// Says which node list is used, and what is remarkable about it.
pub(crate) fn announce(site: &Site, ui: &Ui) {
    let age = site.source.age_s.map_or_else(String::new, |s| format!(", {} old", age(s)));
    let chosen = if site.env_guessed { ", the only one known" } else { "" };
    ui.status(&format!("environment {}{chosen}: {} ({}{age})", site.env, site.source.path, site.source.format));
    for warning in &site.warnings {
        ui.warning(warning);
    }
}

/// The mirror of the settings, ready to be asked.
pub(crate) struct Asked {
    mirror: Mirror,
    fetcher: Fetcher,
}

impl Asked {
    /// Reads the mirror's address and the certificates to trust.
    pub(crate) fn new(settings: &Settings) -> Result<Self, AppError> {
        let mirror = Mirror::parse(&settings.mirror)?;
        let roots = match &settings.ca_file {
            None => Roots::bundled(),
            Some(path) => Roots::from_file(path)?,
        };
        let proxies = Proxies::from_variables(|name| std::env::var(name).ok());
        Ok(Self { mirror, fetcher: Fetcher::new(proxies, roots) })
    }

    /// Asks the mirror what it has for a MOS version.
    pub(crate) fn fetch(&self, mos_version: &MosVersion) -> Result<Announcement, MirrorError> {
        self.fetcher.fetch(&self.mirror, mos_version)
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.mirror.fmt(f)
    }
}

/// Puts rows and mirror together: pure but for the time of day.
fn report(
    check: Check,
    site: Site,
    mut rows: Vec<Row>,
    mirror: Option<&Asked>,
    fetched: Option<Result<Announcement, MirrorError>>,
) -> Report {
    let (mos_version, mos_version_source) = match site.mos_version {
        Some((version, source)) => (Some(version), Some(source)),
        None => match version_of_nodes(&rows) {
            Some(version) => (Some(version), Some("nodes")),
            None => (None, None),
        },
    };
    let mirror = mirror.map(|mirror| {
        let answer = match (fetched, &mos_version) {
            (Some(fetched), _) => fetched.map_err(|e| problem(&e)),
            (None, Some(version)) => mirror.fetch(version).map_err(|e| problem(&e)),
            (None, None) => Err(unknown_version()),
        };
        let folder = answer.as_ref().ok().and_then(|a| a.folder.clone());
        let url = answer.as_ref().map_or_else(|_| mirror.to_string(), |a| a.url.clone());
        let fell_back = answer.as_ref().is_ok_and(|a| a.fell_back);
        MirrorReport { url, folder, fell_back, mu: answer.map(|a| a.mu) }
    });
    if let Some(MirrorReport { mu, .. }) = &mirror {
        judge(&mut rows, mu.as_ref().ok(), mos_version.as_ref());
    }
    Report { check, env: site.env, mos_version, mos_version_source, taken_at: now(), source: site.source, mirror, rows }
}

fn judge(rows: &mut [Row], mirror: Option<&Mu>, mos_version: Option<&MosVersion>) {
    for row in rows {
        match (mirror, mos_version) {
            (Some(mirror), Some(version)) => row.judge(mirror, version),
            _ => row.verdict = Some(Verdict::Unknown),
        }
    }
}

/// What all nodes that tell their version agree on. What answers at another node's address has no say.
pub(crate) fn version_of_nodes(rows: &[Row]) -> Option<MosVersion> {
    let own = rows.iter().filter(|r| r.identity != Some(Identity::Wrong));
    let mut versions = own.filter_map(|r| r.mos_version.as_ref());
    let first = versions.next()?;
    versions.all(|v| v == first).then(|| first.clone())
}

pub(crate) fn unknown_version() -> Problem {
    Problem {
        kind: "mos-version".to_owned(),
        message: "the environment's MOS version is not known: the nodes tell none, or different ones".to_owned(),
        hint: Some("give --mos-version X.Y, or mos_version in the inventory".to_owned()),
    }
}

pub(crate) fn problem(error: &MirrorError) -> Problem {
    Problem { kind: error.kind().as_str().to_owned(), message: error.to_string(), hint: error.hint() }
}

/// One status wins (product page, "Exit status").
fn exit(report: &Report) -> Exit {
    let conditions = report.conditions();
    let order: &[(Condition, Exit)] = match report.check {
        Check::Installed => {
            &[(Condition::Error, Exit::Error), (Condition::Partial, Exit::Partial), (Condition::Drift, Exit::Drift)]
        }
        Check::Available => &[
            (Condition::Error, Exit::Error),
            (Condition::UpdateAvailable, Exit::UpdateAvailable),
            (Condition::Partial, Exit::Partial),
            (Condition::Drift, Exit::Drift),
        ],
    };
    order.iter().find(|(condition, _)| conditions.contains(condition)).map_or(Exit::Ok, |(_, exit)| *exit)
}

/// Prints the report, then what the operator should know, then why there is nothing to compare with.
fn finish(report: &Report, exit: Exit, ui: &Ui) -> Result<Exit, AppError> {
    ui.report(report, exit as u8)?;
    for warning in report.warnings() {
        ui.warning(&warning);
    }
    for hint in report.hints() {
        ui.hint(&hint);
    }
    if let Some(MirrorReport { mu: Err(problem), .. }) = &report.mirror {
        return Err(AppError::new(exit, problem.message.clone()).hinted(problem.hint.clone()));
    }
    if exit == Exit::Error {
        return Err(AppError::new(exit, "no node could be asked"));
    }
    Ok(exit)
}

/// Now, to the second, RFC 3339 in UTC.
pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
