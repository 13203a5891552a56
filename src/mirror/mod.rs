//! The mirror: where the newest Maintenance Update of a MOS version is announced.
//!
//! `{mirror}/mcv/mos/{version}/mu-version.json`, over http, https, or in a folder of this host.

mod copy;
mod doubts;
mod error;
mod fetch;
mod file;
mod location;
mod parallel;
mod suite;
mod tree;

pub use copy::{Copied, CopyError, copy_suite};
pub use error::{AddressFault, FileFault, MirrorError, MirrorErrorKind};
pub use fetch::{Announcement, Fetcher, fallback_of};
pub use location::Mirror;
pub use suite::{Depth, read_suite};
pub use tree::MirrorTree;

/// The name of the file that announces an update.
pub const FILE_NAME: &str = "mu-version.json";
