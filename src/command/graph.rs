//! `graph show` and `graph check`.

use std::path::Path;

use jiff::Timestamp;

use super::clock::now;
use super::mirror_client::MirrorClient;
use super::site;
use crate::cli::{GraphCheckOptions, GraphShowOptions, Origin};
use crate::domain::mos_version::MosVersion;
use crate::domain::numbers::EnvId;
use crate::domain::text::counted;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{Graph, RunValues};
use crate::settings::Settings;
use crate::ui::{ShownGraph, ShownGraphTask, Ui};

/// Prints the tasks of the built-in graph or of an operator's graph.
pub(crate) fn show(options: &GraphShowOptions, ui: &Ui) -> Result<Exit, AppError> {
    let graph = load(options.dir.as_deref())?;
    let tasks = graph.rows().into_iter().map(|row| ShownGraphTask {
        task: row.id,
        kind: row.kind,
        roles: row.roles,
        after: row.after,
        before: row.before,
        limit: row.limit,
        timeout: row.timeout,
    });
    ui.show(&ShownGraph { taken_at: now(), tasks: tasks.collect() })?;
    Ok(Exit::Ok)
}

/// Checks a graph for mistakes that Nailgun does not report.
pub(crate) fn check(options: &GraphCheckOptions, ui: &Ui) -> Result<Exit, AppError> {
    let findings = load(options.dir.as_deref())?.lint();
    if findings.is_empty() {
        ui.status("graph OK: no problems found");
        return Ok(Exit::Ok);
    }
    for finding in &findings {
        ui.data(&finding.to_string());
    }
    Err(AppError::new(Exit::Error, format!("{} that Nailgun would accept silently", counted(findings.len(), "fault"))))
}

/// Prints one file for `fuel2 graph upload`, with the mirror's announcement in it.
pub(crate) fn compiled(options: &GraphShowOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let dir = options.dir.as_deref();
    let batch = options.batch.into();
    let env = env(options, settings)?;
    let graph = load(dir)?;
    let findings = graph.lint();
    if !findings.is_empty() {
        let mut error = AppError::new(Exit::Error, "the graph has faults that Nailgun would accept silently");
        error.causes = findings.iter().map(ToString::to_string).collect();
        return Err(error.hinted(Some("see `fuel-updates graph check DIR`".to_owned())));
    }
    let mirror = MirrorClient::new(settings)?;
    let version = match (&settings.mos_version, env) {
        (Some(version), _) => version.clone(),
        (None, Some(_)) => mos_version_of_env(settings)?,
        (None, None) => {
            return Err(AppError::new(Exit::Usage, "a graph for any environment is for one MOS version")
                .hinted("give --mos-version X.Y".to_owned()));
        }
    };
    let found = mirror.fetch(&version)?;
    for doubt in found.doubts(&version, Timestamp::now().as_second()) {
        ui.warning(&doubt);
    }
    let mut values = RunValues::for_any_run(found.mu, found.raw, version);
    if env.is_some() {
        let run = format!("{}-compiled", Timestamp::now().strftime("%Y%m%dT%H%M%SZ"));
        values = RunValues { run, env, ..values };
    }
    let text = graph.upload_file(&values, batch)?;
    ui.status(&format!("compiled for {} from {}", values.target.title, found.url));
    ui.data(&text);
    Ok(Exit::Ok)
}

/// The environment that the graph is compiled for; none: any.
fn env(options: &GraphShowOptions, settings: &Settings) -> Result<Option<EnvId>, AppError> {
    let given = settings.explained.iter().any(|s| s.name == "env" && matches!(s.origin, Origin::Option(_)));
    match (options.env_neutral, settings.env) {
        (true, _) if given => Err(AppError::new(Exit::Usage, "--env has no effect with --env-neutral")),
        (true, _) => Ok(None),
        (false, Some(env)) => Ok(Some(env)),
        (false, None) => Err(AppError::new(Exit::Usage, "a compiled graph is for one environment; give --env ID")
            .hinted("for all environments of a MOS version give --env-neutral".to_owned())),
    }
}

/// The environment's MOS version as the node list has it. Neither nodes nor Nailgun are asked.
fn mos_version_of_env(settings: &Settings) -> Result<MosVersion, AppError> {
    let known = site::site(settings).ok().and_then(|site| site.mos_version);
    known.map(|(version, _)| version).ok_or_else(|| {
        AppError::new(Exit::Usage, "the environment's MOS version is not known")
            .hinted(Some("give --mos-version X.Y, or mos_version in the inventory".to_owned()))
    })
}

fn load(dir: Option<&Path>) -> Result<Graph, AppError> {
    Ok(dir.map_or_else(Graph::builtin, Graph::load)?)
}
