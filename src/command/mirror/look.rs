//! Finds and reads the package repositories behind an announcement.

use std::sync::atomic::AtomicBool;

use crate::domain::mos_version::MosVersion;
use crate::domain::repository::{RepositoryFault, RepositoryPath, SuiteKind, SuiteReport, repository_folders, suites};
use crate::mirror::{Depth, Fetcher, Mirror, MirrorError, MirrorTree, read_suite};

/// A place that may have the repository of a release.
pub(super) struct RepositoryPlace {
    /// The folder below the mirror, or the whole address where it was given.
    pub(super) folder: String,
    pub(super) tree: MirrorTree,
    /// Whether it was given, so that it must be there.
    pub(super) given: bool,
}

/// The places with the packages of a MOS version: those given, else the usual ones below the mirror.
pub(super) fn places(
    fetcher: &Fetcher,
    mirror: &MirrorTree,
    given: &[String],
    version: &MosVersion,
) -> Result<Vec<RepositoryPlace>, MirrorError> {
    if given.is_empty() {
        let folders = repository_folders(version).into_iter().filter_map(|f| RepositoryPath::parse(&f));
        return folders
            .map(|folder| {
                Ok(RepositoryPlace { folder: folder.to_string(), tree: mirror.below(&folder)?, given: false })
            })
            .collect();
    }
    given
        .iter()
        .map(|text| {
            let tree = fetcher.tree(&Mirror::parse(text)?)?;
            Ok(RepositoryPlace { folder: tree.root(), tree, given: true })
        })
        .collect()
}

/// Reads the suites with the updates of a MOS version in all places that have any. `checksums` over HTTP, too.
pub(super) fn read(
    places: &[RepositoryPlace],
    version: &MosVersion,
    checksums: bool,
    cancelled: &AtomicBool,
) -> Result<Vec<SuiteReport>, MirrorError> {
    let mut found = Vec::new();
    for RepositoryPlace { folder, tree, given } in places {
        let depth = if checksums || tree.is_folder() { Depth::Checksums } else { Depth::Sizes };
        for (suite, kind) in suites(version) {
            match read_suite(tree, &suite, depth, cancelled)? {
                Some(report) => found.push(SuiteReport { repository: folder.clone(), ..report }),
                None if kind == SuiteKind::Optional => {}
                None if *given => {
                    let faults = vec![RepositoryFault::NoRelease(format!("dists/{suite}"))];
                    found.push(SuiteReport { repository: folder.clone(), suite, faults, ..SuiteReport::default() });
                }
                // No repository of this release is here.
                None => break,
            }
        }
    }
    Ok(found)
}
