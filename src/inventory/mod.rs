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

pub use error::InventoryError;
pub use fault::Fault;
pub use find::{find, known};
pub use native::SCHEMA;
pub use read::{Loaded, parse, read};
