//! `graph show` and `graph check`.

use std::path::Path;

use jiff::Timestamp;

use super::mirror_client::MirrorClient;
use super::site;
use crate::cli::{GraphCheckOptions, GraphShowOptions};
use crate::domain::mos_version::MosVersion;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::{Graph, RunValues};
use crate::settings::Settings;
use crate::ui::{Table, Ui};

/// Prints the tasks of the built-in graph or of an operator's graph.
pub(crate) fn show(options: &GraphShowOptions, ui: &Ui) -> Result<Exit, AppError> {
    let graph = load(options.dir.as_deref())?;
    let mut table = Table::new(&["task", "type", "roles", "after", "before", "limit", "timeout"]);
    for row in graph.rows() {
        table.push(row.into());
    }
    ui.show(&table)?;
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
    Err(AppError::new(Exit::Error, format!("{} faults that Nailgun would accept silently", findings.len())))
}

/// Prints one file for `fuel2 graph upload`, with the mirror's announcement in it.
pub(crate) fn compiled(options: &GraphShowOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let dir = options.dir.as_deref();
    let batch = options.batch.into();
    let env = settings.env.ok_or_else(|| {
        AppError::new(Exit::Usage, "a compiled graph is for one environment; give --env ID".to_owned())
    })?;
    let graph = load(dir)?;
    let findings = graph.lint();
    if !findings.is_empty() {
        let mut error = AppError::new(Exit::Error, "the graph has faults that Nailgun would accept silently");
        error.causes = findings.iter().map(ToString::to_string).collect();
        return Err(error.hinted(Some("see `fuel-updates graph check DIR`".to_owned())));
    }
    let mirror = MirrorClient::new(settings)?;
    let version = mos_version(settings)?;
    let found = mirror.fetch(&version)?;
    if found.fell_back {
        ui.warning(&format!("the mirror has no folder for MOS {version}; that of 9.0 is used"));
    }
    for doubt in found.doubts(&version, Timestamp::now().as_second()) {
        ui.warning(&doubt);
    }
    let values = RunValues {
        run: format!("{}-compiled", Timestamp::now().strftime("%Y%m%dT%H%M%SZ")),
        env,
        target: found.mu,
        file: found.raw,
        repos: vec![],
        sources: vec![],
        roles: vec![],
        mos_version: Some(version),
        canary: None,
        restart_rabbitmq: false,
        restart_mysql: false,
        skip_cluster_checks: false,
    };
    let text = graph.upload_file(&values, batch)?;
    ui.status(&format!("compiled for {} from {}", values.target.title, found.url));
    ui.data(&text);
    Ok(Exit::Ok)
}

/// The environment's MOS version: from the option, else from the node list. Neither nodes nor Nailgun are asked.
fn mos_version(settings: &Settings) -> Result<MosVersion, AppError> {
    if let Some(version) = &settings.mos_version {
        return Ok(version.clone());
    }
    let known = site::site(settings).ok().and_then(|site| site.mos_version);
    known.map(|(version, _)| version).ok_or_else(|| {
        AppError::new(Exit::Usage, "the environment's MOS version is not known")
            .hinted(Some("give --mos-version X.Y, or mos_version in the inventory".to_owned()))
    })
}

fn load(dir: Option<&Path>) -> Result<Graph, AppError> {
    Ok(dir.map_or_else(Graph::builtin, Graph::load)?)
}
