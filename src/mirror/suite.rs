//! Reading a suite of a package repository, and whether everything that it names is there.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::read::GzDecoder;

use crate::domain::repository::{
    FileDigest, IndexEntry, MAX_PACKAGES_TEXT, MAX_RELEASE, PackageEntry, ReleaseFile, RepositoryFault, RepositoryPath,
    Sha256, SuiteReport, packages,
};

use super::{MirrorError, MirrorErrorKind, MirrorTree, parallel};

/// How thoroughly the packages of a suite are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Only the indexes.
    Indexes,
    /// Whether every package is there and has its size.
    Sizes,
    /// Every package is read and its checksum compared.
    Checksums,
}

/// Reads a suite of the repository at `tree`; nothing where it has neither `Release` nor `InRelease`. Ends early, with what it
/// has by then, once `cancelled` is set.
///
/// # Errors
/// [`MirrorError`] where a file could not be asked for. What is wrong with the suite is in the report.
pub fn read_suite(
    tree: &MirrorTree,
    suite: &str,
    depth: Depth,
    cancelled: &AtomicBool,
) -> Result<Option<SuiteReport>, MirrorError> {
    let mut report = SuiteReport { repository: tree.root(), suite: suite.to_owned(), ..SuiteReport::default() };
    let Some(folder) = RepositoryPath::parse(&format!("dists/{suite}")) else { return Ok(None) };
    let release = match release(tree, &folder, &mut report)? {
        Some(Ok(release)) => release,
        Some(Err(fault)) => {
            report.faults.push(fault);
            return Ok(Some(report));
        }
        None => return Ok(None),
    };
    report.date = release.date;
    let mut found: BTreeMap<RepositoryPath, PackageEntry> = BTreeMap::new();
    for (name, forms) in release.forms() {
        if cancelled.load(Ordering::SeqCst) {
            return Ok(Some(report));
        }
        for entry in index(tree, &folder, name, &forms, &mut report.faults)? {
            found.entry(entry.file.clone()).or_insert(entry);
        }
    }
    report.packages = found.into_values().collect();
    if depth != Depth::Indexes {
        check_packages(tree, &mut report, depth, cancelled)?;
    }
    Ok(Some(report))
}

/// The Release file of a suite, in one form or both.
pub(super) fn release(
    tree: &MirrorTree,
    folder: &RepositoryPath,
    report: &mut SuiteReport,
) -> Result<Option<Result<ReleaseFile, RepositoryFault>>, MirrorError> {
    let file = |name: &str| RepositoryPath::parse(name).map(|path| path.below(folder));
    let read = |name| file(name).map(|path| tree.read_if_there(&path, MAX_RELEASE)).transpose().map(Option::flatten);
    let parse = |name: &str, bytes: &[u8]| ReleaseFile::parse(bytes, &format!("{folder}/{name}"));
    let (inline, plain) = (read("InRelease")?, read("Release")?);
    let detached = file("Release.gpg").map(|path| tree.size(&path)).transpose()?.flatten();
    report.signed = inline.as_ref().is_some_and(|bytes| bytes.starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----"))
        || plain.is_some() && detached.is_some();
    Ok(match (inline, plain) {
        (None, None) => None,
        (Some(bytes), None) => Some(parse("InRelease", &bytes)),
        (None, Some(bytes)) => Some(parse("Release", &bytes)),
        (Some(inline), Some(plain)) => {
            let plain = parse("Release", &plain);
            // A copy that was interrupted between the two has one of either publication.
            if let (Ok(inline), Ok(plain)) = (parse("InRelease", &inline), &plain)
                && inline.indexes != plain.indexes
            {
                report.faults.push(RepositoryFault::Differ(folder.to_string()));
            }
            Some(plain)
        }
    })
}

/// Checks all forms of an index; of an index of packages, returns what it lists.
pub(super) fn index(
    tree: &MirrorTree,
    folder: &RepositoryPath,
    name: &str,
    forms: &[&IndexEntry],
    faults: &mut Vec<RepositoryFault>,
) -> Result<Vec<PackageEntry>, MirrorError> {
    let lists_packages = name.rsplit('/').next() == Some("Packages");
    let mut good: Vec<(&IndexEntry, RepositoryPath)> = Vec::new();
    let mut missing = Vec::new();
    for entry in forms {
        let path = entry.path.below(folder);
        // Indexes of packages are small, and everything depends on them.
        match check(tree, &path, entry.size, entry.sha256, lists_packages || tree.is_folder())? {
            Checked { fault: None, .. } => good.push((entry, path)),
            Checked { fault: Some(RepositoryFault::Missing(path)), .. } => missing.push((entry, path)),
            Checked { fault: Some(fault), .. } => faults.push(fault),
        }
    }
    // Repositories name the plain form of an index also where they have only compressed ones.
    let usual = |entry: &IndexEntry| !entry.is_compressed() && !good.is_empty();
    // One line for an index that is missing in every form.
    let all = good.is_empty() && missing.len() == forms.len();
    let named = missing.into_iter().filter(|(entry, _)| !usual(entry)).take(if all { 1 } else { usize::MAX });
    faults.extend(named.map(|(_, path)| RepositoryFault::Missing(path)));
    if !lists_packages || good.is_empty() {
        return Ok(vec![]);
    }
    let readable = good.iter().find(|(entry, _)| entry.path.as_str().ends_with(".gz"));
    let Some((entry, path)) = readable.or_else(|| good.iter().find(|(entry, _)| !entry.is_compressed())) else {
        let what = "it is there only in forms that this program cannot decompress; publish it as .gz, too".to_owned();
        faults.push(RepositoryFault::Invalid { path: format!("{folder}/{name}"), what });
        return Ok(vec![]);
    };
    let bytes = tree.read(path, entry.size)?;
    let text = if entry.is_compressed() { decompressed(&bytes) } else { Some(bytes) };
    let read = match text {
        Some(text) => packages(&text, path.as_str()),
        None => Err(RepositoryFault::Invalid { path: path.to_string(), what: "it cannot be decompressed".to_owned() }),
    };
    Ok(read.unwrap_or_else(|fault| {
        faults.push(fault);
        vec![]
    }))
}

/// The text of a gzip file; nothing where it is damaged, or larger than such a text can be.
fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    GzDecoder::new(bytes).take(MAX_PACKAGES_TEXT + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= MAX_PACKAGES_TEXT).then_some(text)
}

/// What became of looking at a file.
struct Checked {
    fault: Option<RepositoryFault>,
    digest: Option<FileDigest>,
}

/// Whether a file is there and has its size, and where it is to be `read` its checksum.
fn check(
    tree: &MirrorTree,
    path: &RepositoryPath,
    size: u64,
    sha256: Sha256,
    read: bool,
) -> Result<Checked, MirrorError> {
    let fault = |fault| Ok(Checked { fault: Some(fault), digest: None });
    match tree.size(path)? {
        None => return fault(RepositoryFault::Missing(path.clone())),
        Some(found) if found != size => {
            return fault(RepositoryFault::Size { path: path.clone(), found, wanted: size });
        }
        Some(_) if !read => return Ok(Checked { fault: None, digest: None }),
        Some(_) => {}
    }
    match tree.digest(path, size) {
        Ok(digest) if digest.size != size => {
            fault(RepositoryFault::Size { path: path.clone(), found: digest.size, wanted: size })
        }
        Ok(digest) if digest.sha256 != sha256 => fault(RepositoryFault::Checksum(path.clone())),
        Ok(digest) => Ok(Checked { fault: None, digest: Some(digest) }),
        // It grew since its size was asked for.
        Err(error) if error.kind() == MirrorErrorKind::TooLarge => fault(RepositoryFault::Checksum(path.clone())),
        Err(error) => Err(error),
    }
}

/// Looks at every package, several at the same time.
fn check_packages(
    tree: &MirrorTree,
    report: &mut SuiteReport,
    depth: Depth,
    cancelled: &AtomicBool,
) -> Result<(), MirrorError> {
    let read = depth == Depth::Checksums;
    let found = parallel::each(&report.packages, cancelled, |p| check(tree, &p.file, p.size, p.sha256, read))?;
    report.newest = found.iter().filter_map(|checked| checked.digest.as_ref()?.built).max();
    let mut faults: Vec<RepositoryFault> = found.into_iter().filter_map(|checked| checked.fault).collect();
    faults.sort_by_key(ToString::to_string);
    report.faults.append(&mut faults);
    Ok(())
}
