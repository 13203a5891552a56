//! The node list: which forms are read, and where one is looked for.
//!
//! At check time nothing asks Nailgun: this is where the nodes come from (product page, "The node list").

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
