//! `inventory sync` and `inventory import`: merge a fresh list into the existing file, print what changed, and replace
//! the file atomically.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::fetch;
use crate::command::clock::now;
use crate::command::{connect, unchecked};
use crate::domain::inventory::Inventory;
use crate::domain::numbers::EnvId;
use crate::domain::text::counted;
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::write_atomically;
use crate::inventory::{self, Change, InventoryError, NativeFile, merge};
use crate::settings::Settings;
use crate::ui::{Show as _, ShownChange, ShownChanges, Ui};

/// Brings the node list up to date from Nailgun.
pub(super) fn sync(to: Option<PathBuf>, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let env = match settings.env {
        Some(env) => env,
        None => match inventory::known(Path::new("/")).as_slice() {
            [env] => *env,
            known => {
                return Err(InventoryError::WhichEnvironment { known: known.to_vec(), file: None }.into());
            }
        },
    };
    unchecked::warn_of_certificate(settings, ui);
    let nailgun = connect::nailgun(settings)?;
    let cluster = nailgun.cluster(env)?;
    let list = nailgun.node_list(env)?;
    let source = PathBuf::from(format!("{}api/v1/nodes", nailgun.url()));
    let text = list.to_string().into_bytes();
    let mut fresh = inventory::from_bytes(text, &source, Some(env))?;
    fresh.mos_version = cluster.fuel_version.parse().ok();
    write("inventory sync", env, &fresh, &source, to, settings, ui)
}

/// Converts a node list of any form.
pub(super) fn import(file: &Path, to: Option<PathBuf>, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let (fresh, source) = if file == Path::new("-") {
        let source = PathBuf::from("standard input");
        (inventory::from_reader(io::stdin().lock(), &source, settings.env)?, source)
    } else {
        let loaded = inventory::read(file, settings.env)?;
        for warning in &loaded.warnings {
            ui.warning(warning);
        }
        (loaded.inventory, loaded.path)
    };
    for warning in &fresh.warnings {
        ui.warning(warning);
    }
    let env = environment(&fresh, &source, settings)?;
    write("inventory import", env, &fresh, &source, to, settings, ui)
}

/// Converts the list that a node has of its environment.
pub(super) fn import_from(node: &str, to: Option<PathBuf>, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let (fresh, source) = fetch::fetch(node, settings, ui)?;
    let env = environment(&fresh, &source, settings)?;
    write("inventory import", env, &fresh, &source, to, settings, ui)
}

fn environment(fresh: &Inventory, source: &Path, settings: &Settings) -> Result<EnvId, AppError> {
    let unknown = || InventoryError::WhichEnvironment { known: vec![], file: Some(source.to_owned()) };
    Ok(settings.env.or(fresh.env).ok_or_else(unknown)?)
}

/// Merges, prints and writes.
fn write(
    command: &'static str,
    env: EnvId,
    fresh: &Inventory,
    source: &Path,
    to: Option<PathBuf>,
    settings: &Settings,
    ui: &Ui,
) -> Result<Exit, AppError> {
    if to.as_deref() == Some(Path::new("-")) {
        let (file, _) = merge(None, fresh, env);
        ui.data(&file.to_yaml());
        left_out(fresh, ui);
        return Ok(Exit::Ok);
    }
    ui.check_columns(&shown(command, env, "", &[]).table())?;
    let target = to.unwrap_or_else(|| inventory::place(settings.inventory.as_deref(), env, Path::new("/")));
    let old = existing(&target, env)?;
    let new = old.is_none();
    let (file, changes) = merge(old.clone(), fresh, env);
    if old.as_ref() == Some(&file) {
        ui.status(&format!(
            "{}: up to date with {}, {}",
            target.display(),
            source.display(),
            counted(file.len(), "node")
        ));
    } else {
        replace(&target, &file)?;
        let done = if new { "written" } else { "brought up to date" };
        ui.status(&format!("{}: {done} from {}, {}", target.display(), source.display(), counted(file.len(), "node")));
    }
    left_out(fresh, ui);
    if !changes.is_empty() || ui.format() != crate::cli::Format::Table {
        ui.show(&shown(command, env, &target.display().to_string(), &changes))?;
    }
    Ok(Exit::Ok)
}

fn left_out(fresh: &Inventory, ui: &Ui) {
    for (reason, count) in &fresh.left_out {
        ui.status(&format!("left out: {count} ({})", reason.as_str()));
    }
}

fn shown(command: &'static str, env: EnvId, file: &str, changes: &[Change]) -> ShownChanges {
    let change = |change: &Change| ShownChange {
        change: change.kind.as_str(),
        id: change.id,
        name: change.name.clone(),
        what: change.what.clone(),
    };
    ShownChanges { command, env, taken_at: now(), file: file.to_owned(), changes: changes.iter().map(change).collect() }
}

/// The existing file. One that cannot be read as a node list is refused: the operator's settings in it would be lost.
fn existing(target: &Path, env: EnvId) -> Result<Option<NativeFile>, AppError> {
    let refused = |what: String| {
        AppError::new(Exit::Error, format!("{} is left as it is: {what}", target.display()))
            .hinted(Some("correct or remove it, or name another file with --to".to_owned()))
    };
    let text = match fs::metadata(target) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(refused(e.to_string())),
        Ok(m) if !m.is_file() || m.len() > inventory::MAX_BYTES => {
            return Err(refused("it is no node list".to_owned()));
        }
        Ok(_) => fs::read_to_string(target).map_err(|e| refused(e.to_string()))?,
    };
    let file = NativeFile::parse(&text).map_err(|fault| {
        let line = fault.line.map_or_else(String::new, |l| format!("line {l}: "));
        refused(format!("it is not in the native form ({line}{})", fault.message))
    })?;
    match file.env() {
        Some(found) if found != env => Err(refused(format!("it lists environment {found}, not {env}"))),
        _ => Ok(Some(file)),
    }
}

/// Replaces the file atomically. The previous one stays beside it as `NAME.old`, with the operator's comments.
fn replace(target: &Path, file: &NativeFile) -> Result<(), AppError> {
    let failed = |e: io::Error| AppError::new(Exit::Error, format!("{}: {e}", target.display()));
    let json = target.extension().is_some_and(|e| e == "json");
    let text = if json { file.to_json() } else { file.to_yaml() };
    // A file that this program could not read again is not written.
    NativeFile::parse(&text).map_err(|fault| failed(io::Error::other(fault.message)))?;
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o755).create(folder).map_err(failed)?;
    keep_old(target).map_err(failed)?;
    Ok(write_atomically(target, text.as_bytes(), 0o600)?)
}

/// Keeps the file that is going to be replaced as `NAME.old`, beside the file itself where `target` is a link.
fn keep_old(target: &Path) -> io::Result<()> {
    let target = match target.canonicalize() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".old");
    let kept = target.with_file_name(name);
    match fs::remove_file(&kept) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    // Some file systems have no hard links.
    fs::hard_link(&target, &kept).or_else(|_| fs::copy(&target, &kept).map(|_| ()))
}
