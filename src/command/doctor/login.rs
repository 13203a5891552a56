//! One login, to the first of the selected nodes.

use std::fs;
use std::path::Path;

use crate::command::nodes::Nodes;
use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::node::Node;
use crate::domain::row::{Identity, Row, State};
use crate::error::AppError;
use crate::exit::Exit;

/// A folder with a copy of the recorded host keys: what the login learns is thrown away with it.
pub(super) fn scratch(state: &Path) -> Result<tempfile::TempDir, AppError> {
    let failed = |e: std::io::Error| AppError::new(Exit::Error, format!("no temporary folder can be made: {e}"));
    let dir = tempfile::tempdir().map_err(failed)?;
    // One that cannot be read is a finding of its own.
    let _ = fs::copy(state.join("known_hosts"), dir.path().join("known_hosts"));
    Ok(dir)
}

/// Asks the first node what it runs.
pub(super) fn look(nodes: &Nodes<'_>, listed: &[Node]) -> Result<(Option<Row>, Diagnosis), AppError> {
    let Some(node) = listed.first() else { return Ok((None, Diagnosis::skipped(Need::Login, Need::NodeList))) };
    let rows = nodes.ask(std::slice::from_ref(node))?;
    let Some(row) = rows.into_iter().next() else { return Ok((None, Diagnosis::skipped(Need::Login, Need::NodeList))) };
    let detail = row.detail.clone().unwrap_or_default();
    let found = match (row.state, row.identity) {
        (State::NotAsked(_) | State::WrongNode, _) => {
            let mend = row.hint.clone().or_else(|| Some("doctor --nodes NODE tries another node".to_owned()));
            Diagnosis::fault(Need::Login, format!("{}: {detail}", node.name), mend)
        }
        (_, Some(Identity::Unverified)) => Diagnosis::warning(
            Need::Login,
            format!(
                "{} answers; whether it is that node cannot be told (no id in the node list, or no /etc/nailgun_uid)",
                node.name
            ),
            "fuel-updates inventory sync writes the ids; install refuses nodes without".to_owned(),
        ),
        (state, _) => Diagnosis::ok(
            Need::Login,
            format!("{} ({}) answers in {} ms: {}", node.name, node.host, row.elapsed.as_millis(), state.as_str()),
        ),
    };
    Ok((Some(row), found))
}
