//! Nailgun's address and credentials, from the same places where fuelclient looks for them. A password is never the
//! value of an option.

use std::path::{Path, PathBuf};

use crate::cli::Origin;
use crate::error::{AppError, Explain as _};
use crate::exit::Exit;
use crate::http::Roots;
use crate::nailgun::{CredentialsError, Nailgun, Options, PartialCredentials};
use crate::settings::Settings;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// A client for the Nailgun that variables, the configuration file, fuelclient's files or the master's own file
/// name, in this order.
pub(crate) fn nailgun(settings: &Settings) -> Result<Nailgun, AppError> {
    let found = sources(settings)?.into_iter().fold(PartialCredentials::default(), |found, (_, lower)| found.or(lower));
    let credentials = found.complete()?;
    let roots = match &settings.ca_file {
        None => Roots::bundled(),
        Some(path) => Roots::from_file(path)?,
    };
    let options = Options { roots, insecure_tls: settings.insecure_tls, ..Options::default() };
    Ok(Nailgun::new(credentials, options))
}

/// What each source knows of Nailgun and its user, the highest first.
pub(crate) fn sources(settings: &Settings) -> Result<Vec<(Origin, PartialCredentials)>, AppError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let mut sources: Vec<_> = PartialCredentials::VARIABLES
        .iter()
        .map(|name| {
            let alone = PartialCredentials::from_variables(|asked| if asked == *name { variable(name) } else { None });
            (Origin::Variable((*name).to_owned()), alone)
        })
        .collect();
    let login = &settings.nailgun;
    let configured = PartialCredentials {
        url: login.url.clone(),
        username: login.username.clone(),
        tenant: login.tenant.clone(),
        ..PartialCredentials::default()
    };
    sources.push((Origin::File(login.file.clone()), configured));
    let home = variable("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
    let config = variable("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let client_files = [
        variable("FUELCLIENT_CUSTOM_SETTINGS").map(PathBuf::from),
        Some(config.join("fuel/fuel_client.yaml")),
        Some(PathBuf::from("/etc/fuel/client/config.yaml")),
    ];
    for path in client_files.into_iter().flatten() {
        if let Some(text) = read(&path)? {
            let found = PartialCredentials::from_client_file(&text).map_err(|e| in_file(&path, &e))?;
            sources.push((Origin::File(path), found));
        }
    }
    let master = Path::new("/etc/fuel/astute.yaml");
    if let Some(text) = read(master)? {
        let found = PartialCredentials::from_master_file(&text).map_err(|e| in_file(master, &e))?;
        sources.push((Origin::File(master.to_owned()), found));
    }
    Ok(sources)
}

/// A file's text; nothing where it is missing or not ours to read.
fn read(path: &Path) -> Result<Option<String>, AppError> {
    let usable = path.metadata().is_ok_and(|m| m.is_file() && m.len() <= MAX_BYTES);
    if !usable {
        return Ok(None);
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Ok(None),
        Err(e) => Err(AppError::new(Exit::Error, format!("{}: {e}", path.display()))),
    }
}

fn in_file(path: &Path, error: &CredentialsError) -> AppError {
    let message = format!("{}: {error}", path.display());
    AppError::new(Exit::Error, message).hinted(error.hint())
}
