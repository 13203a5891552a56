//! The environment to work on: its node list, and which of its nodes are selected.

use std::path::Path;

use crate::domain::mos_version::MosVersion;
use crate::domain::node::Node;
use crate::domain::numbers::EnvId;
use crate::domain::report::Source;
use crate::domain::select::Selection;
use crate::error::AppError;
use crate::exit::Exit;
use crate::inventory::{self, InventoryError, Loaded};
use crate::settings::{Settings, expand_home};
use crate::ui::Ui;

/// The environment to work on and its selected nodes.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The environment.
    pub(crate) env: EnvId,
    /// All nodes of the node list.
    pub(crate) listed: Vec<Node>,
    /// The selected nodes.
    pub(crate) nodes: Vec<Node>,
    /// The environment's MOS version and where it is known from, where option or node list tell.
    pub(crate) mos_version: Option<(MosVersion, &'static str)>,
    /// Where the node list came from.
    pub(crate) source: Source,
    /// What the operator should know about the choice of the node list.
    pub(crate) warnings: Vec<String>,
    /// Whether `--env` was left out.
    pub(crate) env_guessed: bool,
}

/// Finds the node list and selects.
pub(crate) fn site(settings: &Settings) -> Result<Site, AppError> {
    let loaded = inventory::find(settings.inventory.as_deref(), settings.env, Path::new("/"))?;
    let Loaded { mut inventory, path, age, mut warnings } = loaded;
    warnings.append(&mut inventory.warnings);
    let which = || InventoryError::WhichEnvironment { known: vec![], file: Some(path.clone()) };
    let env = settings.env.or(inventory.env).ok_or_else(which)?;
    for node in &mut inventory.nodes {
        node.port = node.port.or(settings.ssh.port);
        node.access.key = node.access.key.take().map(|key| expand_home(&key, &settings.home));
    }
    let listed = inventory.nodes.clone();
    let nodes = settings
        .selection
        .apply(inventory.nodes)
        .map_err(|e| AppError::from_error(Exit::Error, &e).hinted("see `inventory show`".to_owned()))?;
    let option = settings.mos_version.clone().map(|v| (v, "option"));
    Ok(Site {
        env,
        listed,
        nodes,
        mos_version: option.or(inventory.mos_version.map(|v| (v, "inventory"))),
        source: Source {
            path: path.display().to_string(),
            format: inventory.format.as_str(),
            age_s: age.map(|a| a.as_secs()),
            left_out: inventory.left_out,
        },
        warnings,
        env_guessed: settings.env.is_none(),
    })
}

impl Site {
    /// Says which node list is used, and what is unusual about it.
    pub(crate) fn announce(&self, ui: &Ui) {
        let age = self.source.age_s.map_or_else(String::new, |s| format!(", {} old", age(s)));
        let chosen = if self.env_guessed { ", the only one with a node list" } else { "" };
        ui.status(&format!("environment {}{chosen}: {} ({}{age})", self.env, self.source.path, self.source.format));
        for warning in &self.warnings {
            ui.warning(warning);
        }
    }

    /// The listed nodes that are not selected, each with the reason.
    pub(crate) fn unselected(&self, selection: &Selection) -> Vec<(&Node, &'static str)> {
        // Without the exclusions the same words match again: they matched before.
        let included =
            Selection { exclude: vec![], ..selection.clone() }.apply(self.listed.clone()).unwrap_or_default();
        let left_out = self.listed.iter().filter(|node| !self.nodes.contains(node));
        left_out.map(|node| (node, if included.contains(node) { "excluded" } else { "not selected" })).collect()
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
