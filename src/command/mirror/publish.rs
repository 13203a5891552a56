//! `mirror publish`: announces an update. The announcement tells every operator that the update is out, so its packages must
//! be there before.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::look;
use crate::cli::MirrorPublishOptions;
use crate::command::mirror_client::fetcher;
use crate::domain::mu::Mu;
use crate::domain::publication::objections;
use crate::domain::repository::{SuiteReport, published};
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::write_atomically;
use crate::mirror::{Announcement, FILE_NAME, Fetcher, Mirror, MirrorTree};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::Ui;

/// How many faults of the repositories are named.
const NAMED: usize = 10;

/// Publishes an update.
pub(super) fn run(options: &MirrorPublishOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let interrupt = Interrupt::listen()?;
    let fetcher = fetcher(settings)?;
    let tree = fetcher.tree(&Mirror::Path(options.dir.clone()))?;
    let _alone = lock(&options.dir)?;
    let previous = previous(&tree, options, ui)?;
    let suites = suites(&fetcher, &tree, options, &interrupt)?;
    let now = Timestamp::now().as_second();
    let timestamp = options.timestamp.or_else(|| published(&suites)).unwrap_or(now);
    let announcement = announcement(options, timestamp)?;
    let mut against = objections(&announcement.mu, previous.as_ref(), &suites);
    against.extend(announcement.doubts(&options.mos, now));
    if against.is_empty() || options.force {
        against.iter().for_each(|objection| ui.warning(objection));
    } else {
        let mut error = AppError::new(Exit::Error, "nothing was published");
        error.causes = against;
        return Err(error.hinted("--force publishes all the same".to_owned()));
    }
    let mu = &announcement.mu;
    let told = format!("{} (id {}, timestamp {})", mu.title, mu.id, mu.timestamp);
    let target = options.dir.join("mcv/mos").join(options.mos.as_str()).join(FILE_NAME);
    let packages: usize = suites.iter().map(|suite| suite.packages.len()).sum();
    ui.status(&format!("{packages} packages for MOS {} are complete", options.mos));
    if options.dry_run {
        ui.data(&format!("would publish {told} in {}", target.display()));
        return Ok(Exit::Ok);
    }
    if let Some(library) = &options.fuel_library {
        let file = library_file(library)?;
        write_atomically(&file, &announcement.raw, 0o644)?;
        ui.data(&format!("wrote {told} to {}", file.display()));
    }
    // The signal comes last.
    write_signal(&target, &announcement.raw, ui)?;
    ui.data(&format!("published {told} in {}", target.display()));
    Ok(Exit::Ok)
}

/// Keeps two publishers of one mirror apart, until it is dropped.
fn lock(dir: &Path) -> Result<File, AppError> {
    let failed = |error: std::io::Error| {
        AppError::from_error(Exit::Error, &error).hinted(format!("the lock of {} cannot be taken", dir.display()))
    };
    let folder = File::open(dir).map_err(failed)?;
    folder.lock().map_err(failed)?;
    Ok(folder)
}

/// What is announced now. A file that cannot be read could be newer.
fn previous(tree: &MirrorTree, options: &MirrorPublishOptions, ui: &Ui) -> Result<Option<Mu>, AppError> {
    match tree.announced(&options.mos) {
        Ok(found) => Ok(found.map(|found| found.mu)),
        Err(error) if options.force => {
            ui.warning(&format!("{error}: it is replaced"));
            Ok(None)
        }
        Err(error) => {
            let error = AppError::from(error);
            Err(error.hinted("what is published now cannot be read; --force replaces it".to_owned()))
        }
    }
}

/// The suites of the release, all complete.
fn suites(
    fetcher: &Fetcher,
    tree: &MirrorTree,
    options: &MirrorPublishOptions,
    interrupt: &Interrupt,
) -> Result<Vec<SuiteReport>, AppError> {
    let places = look::places(fetcher, tree, &options.repository, &options.mos)?;
    let suites = look::read(&places, &options.mos, true, interrupt.flag())?;
    if interrupt.came() {
        return Err(AppError::new(Exit::Interrupted, "interrupted; nothing was published"));
    }
    if suites.is_empty() {
        let looked: Vec<String> = places.iter().map(|place| place.tree.root()).collect();
        let message = format!("no package repository for MOS {}: looked in {}", options.mos, looked.join(", "));
        return Err(AppError::new(Exit::Error, message).hinted("--repository names another place".to_owned()));
    }
    let faults: Vec<String> = suites
        .iter()
        .flat_map(|suite| suite.faults.iter().map(move |f| format!("{} {}: {f}", suite.repository, suite.suite)))
        .collect();
    if faults.is_empty() {
        return Ok(suites);
    }
    let mut error = AppError::new(Exit::Error, "the packages are not complete; nothing was published");
    let more = faults.len().saturating_sub(NAMED);
    error.causes = faults.into_iter().take(NAMED).collect();
    if more > 0 {
        error.causes.push(format!("and {more} more"));
    }
    Err(error.hinted("publish the packages first; `mirror verify` names everything".to_owned()))
}

#[derive(serde::Serialize)]
struct SignalDocument<'a> {
    id: u64,
    title: &'a str,
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    doc_link: Option<&'a str>,
}

/// The announcement, read back as every reader will read it.
fn announcement(options: &MirrorPublishOptions, timestamp: i64) -> Result<Announcement, AppError> {
    let document =
        SignalDocument { id: options.id, title: &options.title, timestamp, doc_link: options.doc_link.as_deref() };
    let mut raw = Vec::new();
    let unusable = |text: String| AppError::new(Exit::Usage, format!("this cannot be announced: {text}"));
    document
        .serialize(&mut Serializer::with_formatter(&mut raw, PrettyFormatter::with_indent(b"    ")))
        .map_err(|error| unusable(error.to_string()))?;
    raw.push(b'\n');
    let mu = Mu::parse(&raw).map_err(|error| unusable(error.to_string()))?;
    if mu.title != options.title || mu.doc_link != options.doc_link {
        return Err(unusable("title or link is too long, or has characters that cannot be shown".to_owned()));
    }
    Ok(Announcement { mu, raw, url: options.dir.display().to_string(), folder: None, fell_back: false })
}

/// The file in a tree of fuel-library.
fn library_file(tree: &Path) -> Result<PathBuf, AppError> {
    let folder = tree.join("files/fuel-misc");
    if folder.is_dir() {
        return Ok(folder.join(FILE_NAME));
    }
    let message = format!("{} is no folder: is {} a tree of fuel-library?", folder.display(), tree.display());
    Err(AppError::new(Exit::Error, message))
}

/// Writes the signal with the folders above it, and says so if the web server may not read it.
pub(super) fn write_signal(path: &Path, bytes: &[u8], ui: &Ui) -> Result<(), AppError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder)
        .map_err(|error| AppError::new(Exit::Error, format!("cannot make {}: {error}", folder.display())))?;
    write_atomically(path, bytes, 0o644)?;
    let public = |path: &Path, bits: u32| fs::metadata(path).is_ok_and(|m| m.permissions().mode() & bits == bits);
    if !public(path, 0o004) || !public(folder, 0o005) {
        let text = "is not readable for everybody: a web server may answer with an error page";
        ui.warning(&format!("{} {text}", path.display()));
    }
    Ok(())
}
