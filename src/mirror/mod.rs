//! The mirror: where the newest Maintenance Update of a MOS version is announced.
//!
//! `{mirror}/mcv/mos/{version}/mu-version.json`, over http, https, or in a folder of this host.

mod doubts;
mod error;
mod fetch;
mod file;
mod location;

pub use error::{AddressFault, FileFault, MirrorError, MirrorErrorKind};
pub use fetch::{Announcement, Fetcher};
pub use location::Mirror;

/// The name of the file that announces an update.
pub const FILE_NAME: &str = "mu-version.json";
