//! One file per command: each puts settings, nodes, mirror and Nailgun together and hands the result to `ui`.

pub(crate) mod ask;
pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod connect;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod install;
pub(crate) mod inventory;
pub(crate) mod mirror_client;
pub(crate) mod state_dir;
