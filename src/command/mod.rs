//! One file per command: each puts settings, nodes, mirror and Nailgun together and hands the result to `ui`.

pub(crate) mod check;
pub(crate) mod clock;
pub(crate) mod config;
mod connect;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod install;
pub(crate) mod inventory;
pub(crate) mod manual;
pub(crate) mod mirror;
mod mirror_client;
mod nodes;
mod pending;
mod runs;
pub(crate) mod schema;
mod site;
mod state_dir;
mod unchecked;
