//! Options that say which nodes a command works on.
//!
//! The structs of options that several commands share have no doc comments: clap would take them for the help text of
//! the command.

use std::path::PathBuf;

use clap::Args;

use crate::domain::mos_version::MosVersion;

// Where the node list is.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Nodes")]
pub(crate) struct InventoryOption {
    /// Use this node list, or the file env-ID.yaml in this folder.
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_INVENTORY", value_name = "FILE|DIR")]
    pub(crate) inventory: Option<PathBuf>,
}

// Which nodes of the list.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Nodes")]
pub(crate) struct NodeOptions {
    /// Use only these nodes, e.g. 1,3-5,node-[9-12].
    ///
    /// IDs, ranges, names or folded names. Several selections intersect.
    #[arg(long, value_name = "LIST")]
    pub(crate) nodes: Vec<String>,

    /// Use only nodes with one of these roles.
    ///
    /// `controller` includes `primary-controller`.
    #[arg(long, value_name = "LIST")]
    pub(crate) roles: Vec<String>,

    /// Leave out these nodes.
    ///
    /// They are named as for --nodes.
    #[arg(long, value_name = "LIST")]
    pub(crate) exclude: Vec<String>,
}

// The version of the environment.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Nodes")]
pub(crate) struct VersionOption {
    /// MOS version, if neither the node list nor the nodes report it.
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_MOS_VERSION", value_name = "X.Y")]
    pub(crate) mos_version: Option<MosVersion>,
}
