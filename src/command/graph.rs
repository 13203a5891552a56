//! `graph show` and `graph check`.

use crate::cli;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::Graph;
use crate::ui::{Table, Ui};

/// Runs an action on the built-in graph or an operator's.
pub(crate) fn run(action: cli::Graph, ui: &Ui) -> Result<Exit, AppError> {
    match action {
        cli::Graph::Show { dir } => {
            let graph = load(dir.as_deref())?;
            let mut table = Table::new(&["task", "type", "roles", "after", "before", "limit", "timeout"]);
            for row in graph.rows() {
                table.push(row.into());
            }
            ui.table(&table)?;
            Ok(Exit::Ok)
        }
        cli::Graph::Check { dir } => {
            let findings = load(dir.as_deref())?.lint();
            if findings.is_empty() {
                ui.status("the graph holds every rule");
                return Ok(Exit::Ok);
            }
            for finding in &findings {
                ui.data(&finding.to_string());
            }
            Err(AppError::new(Exit::Error, format!("{} faults that Nailgun would accept silently", findings.len())))
        }
    }
}

fn load(dir: Option<&std::path::Path>) -> Result<Graph, AppError> {
    let graph = dir.map_or_else(Graph::builtin, Graph::load);
    graph.map_err(|e| AppError::from_error(Exit::Error, &e))
}
