//! The node list: finds it, and reads it in each of its forms.
//!
//! Checks take the nodes from here and never ask Nailgun.

mod ansible_ini;
mod astute;
pub mod error;
mod fault;
mod find;
pub mod nailgun_list;
mod native;
mod read;
mod remote;
mod unique;
mod yaml;

pub use error::InventoryError;
pub use fault::Fault;
pub use find::{find, known, place};
pub use native::{Change, ChangeKind, NativeFile, SCHEMA, merge};
pub use read::{Loaded, MAX_BYTES, ParseError, from_bytes, from_reader, parse, read};
pub use remote::{FetchNodeFile, NodeFile, NodeFileError};
pub use yaml::of_ours;

/// A commented node list to begin with.
pub const EXAMPLE: &str = include_str!("../../inventory/example.yaml");
