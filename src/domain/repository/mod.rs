//! Package repositories as apt reads them: the file `Release` of a suite, its indexes, the packages in them.
//!
//! The formats are those of Debian's repository format (<https://wiki.debian.org/DebianRepository/Format>). All of it comes
//! from mirrors: every text is limited and validated. Signatures are not verified here; the nodes' own apt does that.

mod digest;
mod fault;
mod field;
mod needs;
mod package;
mod path;
mod place;
mod release;
mod report;
mod version;

pub use digest::{FileDigest, Sha256, Summing};
pub use fault::RepositoryFault;
pub use needs::{NodeNeeds, findings as needs_findings};
pub use package::{MAX_PACKAGES_TEXT, PackageEntry, packages};
pub use path::RepositoryPath;
pub use place::{SuiteKind, repository_folders, suites};
pub use release::{IndexEntry, MAX_RELEASE, ReleaseFile};
pub use report::{MirrorFinding, ReleaseReport, Severity, SuiteReport, newest_package, published};
pub use version::compare_versions;
