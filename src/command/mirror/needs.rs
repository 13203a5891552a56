//! Asks the nodes of an environment what they would need of a mirror.

use crate::command::check::version_of_nodes;
use crate::command::nodes::Nodes;
use crate::command::{site, state_dir, unchecked};
use crate::domain::mos_version::MosVersion;
use crate::domain::mu::Mu;
use crate::domain::node_repositories::ReadRepositories;
use crate::domain::numbers::EnvId;
use crate::domain::repository::NodeNeeds;
use crate::domain::row::Verdict;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::Ui;

/// The nodes of an environment.
pub(super) struct EnvNeeds {
    pub(super) env: EnvId,
    /// The environment's MOS version.
    pub(super) version: MosVersion,
    /// What each of its nodes has.
    pub(super) nodes: Vec<NodeNeeds>,
}

/// Asks all nodes over SSH.
pub(super) fn ask(settings: &Settings, interrupt: &Interrupt, ui: &Ui) -> Result<EnvNeeds, AppError> {
    let site = site::site(settings)?;
    site.announce(ui);
    unchecked::warn_of_host_keys(settings, ui);
    let state = state_dir::open_if_possible(&settings.state_dir, ui)?;
    let asked = Nodes::new(&settings.ssh, &state, interrupt, ui);
    let rows = asked.ask(&site.nodes)?;
    let answers = asked.run::<ReadRepositories>(&site.nodes)?;
    let version = site.mos_version.map(|(version, _)| version).or_else(|| version_of_nodes(&rows));
    let version = version.ok_or_else(|| {
        AppError::new(Exit::Error, "the environment's MOS version is unknown: the nodes report none, or different ones")
            .hinted("give --mos-version X.Y, or mos_version in the inventory".to_owned())
    })?;
    let nodes = rows.into_iter().zip(answers).map(|(row, answer)| NodeNeeds {
        name: row.node.name.clone(),
        state: row.state,
        mu: row.mu.clone(),
        verdict: Verdict::Unknown,
        has: answer.ok().filter(|_| row.state.answered_properly()),
        newer: 0,
    });
    Ok(EnvNeeds { env: site.env, version, nodes: nodes.collect() })
}

/// Says what the signal means for each node that answered.
pub(super) fn judge(nodes: &mut [NodeNeeds], signal: Option<&Mu>) {
    for node in nodes {
        node.verdict = match signal {
            Some(signal) if node.state.answered_properly() => Verdict::of(node.mu.as_ref(), signal),
            _ => Verdict::Unknown,
        };
    }
}
