//! `fuel-updates`: which Maintenance Update every node of a Fuel environment really runs, whether the
//! mirror has a newer one, and how to apply it.
//!
//! Data flows one way: command line → settings → command → domain → report → output.
//!
//! ```text
//! main → cli → settings → command → { inventory, fleet, mirror, nailgun, graph } → domain
//!                                 → ui → { domain, event }
//! ```
//!
//! `fleet` is the async island (russh, tokio), `http`, `mirror` and `nailgun` are the blocking one (ureq);
//! they do not know each other. `domain` knows nobody. Only `ui` writes to the terminal.
//! `tests/architecture.rs` holds the code to this picture.

mod app;
pub mod cli;
pub mod command;
pub mod domain;
pub mod error;
pub mod event;
pub mod exit;
pub mod files;
pub mod fleet;
pub mod graph;
pub mod http;
pub mod inventory;
pub mod mirror;
pub mod nailgun;
mod names;
mod packed;
pub mod schemas;
pub mod settings;
mod signals;
pub mod ui;

pub use app::run;
