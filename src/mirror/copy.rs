//! Copying a suite of a package repository into a folder of this host.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use crate::domain::repository::{
    MAX_RELEASE, PackageEntry, RepositoryFault, RepositoryPath, Sha256, SuiteReport, Summing,
};
use crate::error::Explain;
use crate::exit::Exit;

use super::location::shown;
use super::{MirrorError, MirrorErrorKind, MirrorTree, file, parallel, suite};

/// What must stay free beside the packages, in bytes.
const RESERVE: u64 = 64 * 1024 * 1024;

/// What a copy brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that were fetched.
    pub fetched: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were there already.
    pub kept: usize,
}

/// Why a suite could not be copied. What was fetched by then stays, and need not be fetched again.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The mirror failed.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The mirror's repository is not in order.
    #[error("{repository} {suite}: {fault}")]
    Repository {
        /// The repository.
        repository: String,
        /// The suite.
        suite: String,
        /// The first thing that is wrong with it.
        #[source]
        fault: RepositoryFault,
    },
    /// A file or folder here cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The path. Safe to show.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file system has not enough space.
    #[error("{path}: {needed} MB are needed and {free} MB are free")]
    Space {
        /// The folder. Safe to show.
        path: String,
        /// In megabytes.
        needed: u64,
        /// In megabytes.
        free: u64,
    },
}

impl Explain for CopyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Mirror(error) => error.hint(),
            Self::Repository { .. } => {
                Some("the mirror may be changing at this moment, or is damaged: try again later".to_owned())
            }
            Self::Write { .. } | Self::Space { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Mirror(error) => error.exit(),
            _ => Exit::Error,
        }
    }
}

/// A file that the mirror names with its size and checksum.
struct Wanted {
    path: RepositoryPath,
    size: u64,
    sha256: Sha256,
}

/// Copies a suite of the repository at `tree` into the repository at `target`: the packages first, then the indexes, and
/// the Release files last, so that a copy that ends early is never taken for a complete one. Files that are there already
/// are kept. Nothing where the mirror has no such suite. `tell` gets a line before the packages are fetched.
///
/// # Errors
/// [`CopyError`].
pub fn copy_suite(
    tree: &MirrorTree,
    target: &Path,
    suite: &str,
    cancelled: &AtomicBool,
    tell: &dyn Fn(&str),
) -> Result<Option<Copied>, CopyError> {
    let broken = |fault| CopyError::Repository { repository: tree.root(), suite: suite.to_owned(), fault };
    let Some(folder) = RepositoryPath::parse(&format!("dists/{suite}")) else { return Ok(None) };
    // What is written at the end is what was read at the beginning.
    let mut tops = Vec::new();
    for name in ["Release.gpg", "Release", "InRelease"] {
        let Some(path) = RepositoryPath::parse(name).map(|path| path.below(&folder)) else { continue };
        if let Some(bytes) = tree.read_if_there(&path, MAX_RELEASE)? {
            tops.push((path, bytes));
        }
    }
    let mut report = SuiteReport::default();
    let release = match suite::release(tree, &folder, &mut report)? {
        Some(release) => release.map_err(broken)?,
        None => return Ok(None),
    };
    let (mut packages, mut indexes) = (BTreeMap::<RepositoryPath, PackageEntry>::new(), Vec::new());
    for (name, forms) in release.forms() {
        for entry in suite::index(tree, &folder, name, &forms, &mut report.faults)? {
            packages.entry(entry.file.clone()).or_insert(entry);
        }
        for form in forms {
            let path = form.path.below(&folder);
            // A plain form that the mirror leaves out is no fault; any other is among the faults.
            if tree.size(&path)?.is_some() {
                indexes.push(Wanted { path, size: form.size, sha256: form.sha256 });
            }
        }
    }
    if let Some(fault) = report.faults.into_iter().next() {
        return Err(broken(fault));
    }
    let packages: Vec<Wanted> =
        packages.into_values().map(|p| Wanted { path: p.file, size: p.size, sha256: p.sha256 }).collect();
    let bytes: u64 = packages.iter().map(|wanted| wanted.size).sum();
    tell(&format!("{} {suite}: {} packages, {} MB", tree.root(), packages.len(), megabytes(bytes)));
    make_folder(target)?;
    has_room(target, &packages)?;
    let mut copied = Copied::default();
    for files in [&packages, &indexes] {
        for (fetched, size) in parallel::each(files, cancelled, |wanted| obtain(tree, target, wanted, &broken))? {
            if fetched {
                copied.fetched += 1;
                copied.bytes += size;
            } else {
                copied.kept += 1;
            }
        }
        if cancelled.load(Ordering::SeqCst) {
            return Ok(Some(copied));
        }
    }
    for (path, bytes) in tops {
        place(target, &path, |file| file.write_all(&bytes)).map_err(|source| failed(target, &path, source))?;
    }
    Ok(Some(copied))
}

/// Fetches a file unless the right one is there; returns whether it was fetched, and its size.
fn obtain(
    tree: &MirrorTree,
    target: &Path,
    wanted: &Wanted,
    broken: &(dyn Fn(RepositoryFault) -> CopyError + Sync),
) -> Result<(bool, u64), CopyError> {
    let Wanted { path, size, sha256 } = wanted;
    if is_right(&target.join(path.as_str()), wanted) {
        return Ok((false, *size));
    }
    let (mut summing, mut outcome) = (Summing::new(), Ok(()));
    let written = place(target, path, |file| {
        let mut unwritten = None;
        outcome = tree.pieces(path, *size, &mut |piece| {
            summing.add(piece);
            file.write_all(piece).map_err(|error| {
                let kind = error.kind();
                unwritten = Some(error);
                kind.into()
            })
        });
        if let Some(error) = unwritten {
            outcome = Ok(());
            return Err(error);
        }
        let digest = std::mem::take(&mut summing).finish();
        let right = outcome.is_ok() && digest.size == *size && digest.sha256 == *sha256;
        // Whatever is not right does not get the file's name.
        if right { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    });
    match (outcome, written) {
        (Err(error), _) => Err(match error.kind() {
            MirrorErrorKind::NotFound => broken(RepositoryFault::Missing(path.clone())),
            MirrorErrorKind::TooLarge => broken(RepositoryFault::Checksum(path.clone())),
            _ => error.into(),
        }),
        (Ok(()), Ok(())) => Ok((true, *size)),
        (Ok(()), Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Err(broken(RepositoryFault::Checksum(path.clone())))
        }
        (Ok(()), Err(error)) => Err(failed(target, path, error)),
    }
}

/// Whether the file is there, complete and undamaged.
fn is_right(path: &Path, wanted: &Wanted) -> bool {
    let sum = || {
        let mut file = file::open(path).ok()?;
        if file.metadata().ok()?.len() != wanted.size {
            return None;
        }
        let mut summing = Summing::new();
        io::copy(&mut file, &mut Sink(&mut summing)).ok()?;
        Some(summing.finish())
    };
    sum().is_some_and(|digest| digest.size == wanted.size && digest.sha256 == wanted.sha256)
}

struct Sink<'a>(&'a mut Summing);

impl io::Write for Sink<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.add(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a file below `target` under another name, and renames it when it is complete.
fn place(target: &Path, path: &RepositoryPath, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let path = target.join(path.as_str());
    let folder = path.parent().unwrap_or(target);
    fs::DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    // Readable for the web server that serves the copy, less the umask.
    let builder_mode = Permissions::from_mode(0o644);
    let mut new = tempfile::Builder::new().prefix(".fuel-updates-").permissions(builder_mode).tempfile_in(folder)?;
    write(new.as_file_mut())?;
    new.as_file().sync_all()?;
    new.persist(&path)?;
    Ok(())
}

fn failed(target: &Path, path: &RepositoryPath, source: io::Error) -> CopyError {
    CopyError::Write { path: shown(&target.join(path.as_str())), source }
}

fn make_folder(folder: &Path) -> Result<(), CopyError> {
    fs::create_dir_all(folder).map_err(|source| CopyError::Write { path: shown(folder), source })
}

/// Whether the packages that are not there yet fit into the file system.
fn has_room(target: &Path, packages: &[Wanted]) -> Result<(), CopyError> {
    let there = |wanted: &Wanted| {
        let path: PathBuf = target.join(wanted.path.as_str());
        fs::metadata(path).is_ok_and(|found| found.len() == wanted.size)
    };
    let missing: u64 = packages.iter().filter(|wanted| !there(wanted)).map(|wanted| wanted.size).sum();
    let Ok(space) = rustix::fs::statvfs(target) else { return Ok(()) };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    if missing > 0 && missing.saturating_add(RESERVE) > free {
        let (needed, free) = (megabytes(missing.saturating_add(RESERVE)), megabytes(free));
        return Err(CopyError::Space { path: shown(target), needed, free });
    }
    Ok(())
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}
