//! `mirror fetch`: copies announcements and repositories, to carry them to a site without internet.

use std::path::Path;

use super::look;
use super::publish::write_signal;
use crate::cli::MirrorFetchOptions;
use crate::command::mirror_client::fetcher;
use crate::domain::mos_version::MosVersion;
use crate::domain::repository::{RepositoryPath, SuiteKind, suites};
use crate::error::AppError;
use crate::exit::Exit;
use crate::mirror::{Announcement, Copied, FILE_NAME, Fetcher, Mirror, MirrorError, MirrorTree, copy_suite};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::Ui;

/// The public key of a repository lies beside its folder `dists`; it has a few kilobytes.
const MAX_KEY: u64 = 64 * 1024;

/// Copies from a mirror.
pub(super) fn run(options: &MirrorFetchOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let interrupt = Interrupt::listen()?;
    let fetcher = fetcher(settings)?;
    let mirror = Mirror::parse(&settings.mirror)?;
    let tree = fetcher.tree(&mirror)?;
    let versions = match &settings.mos_version {
        Some(version) => vec![version.clone()],
        None => tree.releases()?,
    };
    let mut end = Exit::Ok;
    let mut announced = 0;
    for version in versions {
        let Some(found) = tree.announced(&version)? else { continue };
        announced += 1;
        let copy = ReleaseCopy {
            fetcher: &fetcher,
            tree: &tree,
            version: &version,
            found: &found,
            options,
            interrupt: &interrupt,
        };
        match copy.run(ui) {
            Ok(Exit::Ok) => {}
            Ok(exit) => end = exit,
            Err(error) if error.exit == Exit::Interrupted => return Err(error),
            // The other releases may be in order.
            Err(error) => {
                ui.error(&error);
                end = Exit::Partial;
            }
        }
    }
    if announced == 0 {
        let what = settings.mos_version.as_ref().map_or_else(|| "update".to_owned(), |v| format!("update of MOS {v}"));
        return Err(AppError::new(Exit::Error, format!("mirror {mirror} announces no {what}"))
            .hinted("the address is that of the folder that contains mcv/".to_owned()));
    }
    Ok(end)
}

/// One release.
struct ReleaseCopy<'a> {
    fetcher: &'a Fetcher,
    tree: &'a MirrorTree,
    version: &'a MosVersion,
    found: &'a Announcement,
    options: &'a MirrorFetchOptions,
    interrupt: &'a Interrupt,
}

impl ReleaseCopy<'_> {
    /// Packages first, the signal last: a copy that ends early announces nothing that it does not have.
    fn run(&self, ui: &Ui) -> Result<Exit, AppError> {
        let (version, mu) = (self.version, &self.found.mu);
        let target = self.options.to.join("mcv/mos").join(version.as_str()).join(FILE_NAME);
        if let Some(there) = self.there()?
            && (there.mu.id, there.mu.timestamp) > (mu.id, mu.timestamp)
        {
            ui.warning(&format!("MOS {version}: {} is there already and is newer than {mu}: left alone", there.mu));
            return Ok(Exit::Drift);
        }
        if self.options.packages {
            self.packages(ui)?;
        }
        write_signal(&target, &self.found.raw, ui)?;
        ui.data(&format!("MOS {version}: {mu} (id {}) in {}", mu.id, target.display()));
        Ok(Exit::Ok)
    }

    /// What an earlier copy announces; a file that cannot be read is replaced.
    fn there(&self) -> Result<Option<Announcement>, MirrorError> {
        if !self.options.to.is_dir() {
            return Ok(None);
        }
        let here = self.fetcher.tree(&Mirror::Path(self.options.to.clone()))?;
        Ok(here.announced(self.version).unwrap_or_default())
    }

    fn packages(&self, ui: &Ui) -> Result<(), AppError> {
        let mut repositories = 0;
        for place in look::places(self.fetcher, self.tree, &[], self.version)? {
            let target = self.options.to.join(&place.folder);
            for (suite, kind) in suites(self.version) {
                let told = |line: &str| ui.status(line);
                let copied = copy_suite(&place.tree, &target, &suite, self.interrupt.flag(), &told)?;
                if self.interrupt.came() {
                    let message = "interrupted; what was copied stays";
                    return Err(AppError::new(Exit::Interrupted, message).hinted("run it again to go on".to_owned()));
                }
                match copied {
                    Some(copied) => ui.data(&summary(&place.folder, &suite, &copied)),
                    None if kind == SuiteKind::Optional => {}
                    // No repository of this release is here.
                    None => break,
                }
                if kind == SuiteKind::Updates {
                    repositories += 1;
                    self.keys(&place.tree, &target)?;
                }
            }
        }
        if repositories == 0 {
            let message = format!("MOS {}: the mirror has no package repository of its updates", self.version);
            return Err(AppError::new(Exit::Error, message)
                .hinted("without --packages the announcement alone is copied".to_owned()));
        }
        Ok(())
    }

    /// The key with which nodes verify the repository, where the mirror has it.
    fn keys(&self, tree: &MirrorTree, target: &Path) -> Result<(), AppError> {
        for (suite, _) in suites(self.version).into_iter().take(1) {
            let release = suite.strip_suffix("-updates").unwrap_or(&suite);
            let Some(path) = RepositoryPath::parse(&format!("archive-{release}.key")) else { continue };
            if let Some(key) = tree.read_if_there(&path, MAX_KEY)? {
                crate::files::write_atomically(&target.join(path.as_str()), &key, 0o644)?;
            }
        }
        Ok(())
    }
}

fn summary(folder: &str, suite: &str, copied: &Copied) -> String {
    let Copied { fetched, bytes, kept } = copied;
    format!("{folder} {suite}: {fetched} files copied ({} MB), {kept} there before", bytes.div_ceil(1024 * 1024))
}
