//! `mirror verify`: every release below a mirror, and what the nodes of an environment would need of it.

use jiff::Timestamp;

use super::{look, needs};
use crate::cli::MirrorVerifyOptions;
use crate::command::clock::now;
use crate::command::mirror_client::fetcher;
use crate::domain::mos_version::MosVersion;
use crate::domain::repository::{MirrorFinding, ReleaseReport, Severity, needs_findings};
use crate::error::AppError;
use crate::exit::Exit;
use crate::mirror::{Announcement, Fetcher, Mirror, MirrorError, MirrorErrorKind, MirrorTree, fallback_of};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::{ShownMirror, Ui};

/// Checks a mirror and prints what was found.
pub(super) fn run(options: &MirrorVerifyOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    ui.check_columns(&ShownMirror::columns())?;
    let mirror = Mirror::parse(&settings.mirror)?;
    let fetcher = fetcher(settings)?;
    let tree = fetcher.tree(&mirror)?;
    let interrupt = Interrupt::listen()?;
    let mut env = settings.env.map(|_| needs::ask(settings, &interrupt, ui)).transpose()?;
    stop_if_interrupted(&interrupt)?;
    let versions = match &settings.mos_version {
        Some(version) => vec![version.clone()],
        None => tree.releases()?,
    };
    let mut releases = Vec::new();
    for version in versions {
        if let Some(mut report) = signal(&tree, &version)? {
            if !options.signals_only {
                ui.status(&format!("MOS {version}: reading the package repositories"));
                packages(&fetcher, &tree, options, &interrupt, &mut report);
            }
            stop_if_interrupted(&interrupt)?;
            releases.push(report);
        }
    }
    if releases.is_empty() {
        let what = settings.mos_version.as_ref().map_or_else(|| "update".to_owned(), |v| format!("update of MOS {v}"));
        return Err(AppError::new(Exit::Error, format!("mirror {mirror} announces no {what}"))
            .hinted("the address is that of the folder that contains mcv/".to_owned()));
    }
    let mut of_env = Vec::new();
    if let Some(env) = &mut env {
        of_env = compare(env, &mut releases, options.signals_only);
    }
    let worst = releases.iter().filter_map(ReleaseReport::worst).chain(&of_env).map(|finding| finding.severity).max();
    let exit = match worst {
        Some(Severity::Broken) => Exit::Partial,
        Some(Severity::Differs) => Exit::Drift,
        Some(Severity::Note) | None => Exit::Ok,
    };
    let (env, nodes) = env.map(|env| (env.env, env.nodes)).unzip();
    let taken_at = now();
    let nodes = nodes.unwrap_or_default();
    let mirror = mirror.to_string();
    ui.show(&ShownMirror {
        mirror: &mirror,
        env,
        taken_at: &taken_at,
        releases: &releases,
        nodes: &nodes,
        of_env: &of_env,
        exit,
    })?;
    Ok(exit)
}

fn stop_if_interrupted(interrupt: &Interrupt) -> Result<(), AppError> {
    if interrupt.came() { Err(AppError::new(Exit::Interrupted, "interrupted; nothing was changed")) } else { Ok(()) }
}

/// What a release announces; nothing where it announces nothing.
fn signal(tree: &MirrorTree, version: &MosVersion) -> Result<Option<ReleaseReport>, MirrorError> {
    let mut report = ReleaseReport {
        version: version.clone(),
        url: String::new(),
        mu: None,
        age: None,
        suites: vec![],
        findings: vec![],
    };
    let now = Timestamp::now().as_second();
    match tree.announced(version) {
        Ok(None) => return Ok(None),
        Ok(Some(found)) => {
            report.findings = doubts(&found, version, now);
            report.age = Some(now.saturating_sub(found.mu.timestamp));
            (report.url, report.mu) = (found.url, Some(found.mu));
        }
        // The mirror is there, and this file is not as it should be.
        Err(error) => match error.kind() {
            MirrorErrorKind::Html
            | MirrorErrorKind::Invalid
            | MirrorErrorKind::TooLarge
            | MirrorErrorKind::Forbidden
            | MirrorErrorKind::Status
            | MirrorErrorKind::File => {
                report.findings.push(MirrorFinding::new(Severity::Broken, "signal", error.to_string()));
            }
            _ => return Err(error),
        },
    }
    Ok(Some(report))
}

fn doubts(found: &Announcement, version: &MosVersion, now: i64) -> Vec<MirrorFinding> {
    let doubts = found.doubts(version, now).into_iter();
    doubts.map(|doubt| MirrorFinding::new(Severity::Differs, "doubtful", doubt)).collect()
}

/// Reads the repositories of a release and judges them.
fn packages(
    fetcher: &Fetcher,
    tree: &MirrorTree,
    options: &MirrorVerifyOptions,
    interrupt: &Interrupt,
    report: &mut ReleaseReport,
) {
    let suites = look::places(fetcher, tree, &options.repository, &report.version)
        .and_then(|places| look::read(&places, &report.version, options.checksums, interrupt.flag()));
    match suites {
        Ok(suites) if suites.is_empty() => {
            let text = "no package repository of its updates here (--signals-only does not ask for one)";
            report.findings.push(MirrorFinding::new(Severity::Broken, "no-packages", text));
        }
        Ok(suites) => {
            report.suites = suites;
            report.judge_suites();
        }
        Err(error) => report.findings.push(MirrorFinding::new(Severity::Broken, "unread", error.to_string())),
    }
}

/// Compares the release of an environment with its nodes.
fn compare(env: &mut needs::EnvNeeds, releases: &mut [ReleaseReport], signals_only: bool) -> Vec<MirrorFinding> {
    let folder = |version: &str| releases.iter().position(|release| release.version.as_str() == version);
    let found = folder(&env.version).or_else(|| fallback_of(&env.version).and_then(folder));
    let Some(release) = found.and_then(|index| releases.get(index)) else {
        let text = format!("environment {} runs MOS {}, for which this mirror announces nothing", env.env, env.version);
        return vec![MirrorFinding::new(Severity::Broken, "no-signal", text)];
    };
    needs::judge(&mut env.nodes, release.mu.as_ref());
    env.nodes.iter_mut().for_each(|node| node.compare(&release.suites));
    let mut findings = needs_findings(&env.nodes, &release.suites, release.mu.as_ref());
    if signals_only {
        findings.retain(|finding| finding.kind != "not-served");
    }
    findings
}
