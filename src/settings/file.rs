//! `/etc/fuel-updates/config.yaml`. Every key may be absent, none may be misspelt.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::expand_home;
use crate::cli::HostKeys;
use crate::domain::mos_version::MosVersion;
use crate::error::AppError;
use crate::exit::Exit;
use crate::inventory::{Fault, of_ours};

/// Where it is unless `--config` says otherwise.
const USUAL: &str = "/etc/fuel-updates/config.yaml";
/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub(super) inventory: Option<PathBuf>,
    pub(super) mos_version: Option<MosVersion>,
    pub(super) mirror: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) ssh: SshSection,
    pub(super) nailgun: NailgunSection,
}

/// Who may use Nailgun where; the password has no place here.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NailgunSection {
    pub(super) url: Option<String>,
    pub(super) username: Option<String>,
    pub(super) tenant: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SshSection {
    pub(super) user: Option<String>,
    pub(super) keys: Vec<PathBuf>,
    pub(super) port: Option<u16>,
    pub(super) jump: Option<String>,
    pub(super) host_keys: Option<HostKeys>,
    pub(super) legacy_algorithms: Option<bool>,
    pub(super) connect_timeout: Option<f64>,
    pub(super) handshake_timeout: Option<f64>,
    pub(super) node_timeout: Option<f64>,
    pub(super) fanout: Option<u16>,
}

impl<'de> Deserialize<'de> for HostKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        clap::ValueEnum::from_str(&text, false)
            .map_err(|_| serde::de::Error::custom(format!("`{text}` is not accept-new, strict or off")))
    }
}

/// Reads the configuration file; the usual one may be missing. Returns its path as well.
pub(super) fn load(given: Option<&Path>, home: &Path) -> Result<(ConfigFile, PathBuf), AppError> {
    let path = given.unwrap_or(Path::new(USUAL));
    let failed = |what: String| AppError::new(Exit::Usage, format!("{}: {what}", path.display()));
    match path.metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && given.is_none() => {
            return Ok((ConfigFile::default(), path.to_owned()));
        }
        Err(e) => return Err(failed(e.to_string())),
        Ok(m) if !m.is_file() || m.len() > MAX_BYTES => {
            return Err(failed("not a configuration file of at most 256 KiB".to_owned()));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok((ConfigFile::default(), path.to_owned()));
    }
    let mut file: ConfigFile = of_ours(&text).map_err(|fault: Fault| {
        let line = fault.line.map_or_else(String::new, |l| format!("line {l}: "));
        failed(format!("{line}{}", fault.message))
    })?;
    file.check().map_err(failed)?;
    // Relative to the file: where the operator happens to stand has no say in which keys and nodes are used.
    let folder = path.parent().unwrap_or(Path::new("/"));
    let paths = file.inventory.iter_mut().chain(file.ca_file.iter_mut()).chain(file.ssh.keys.iter_mut());
    for named in paths {
        *named = folder.join(expand_home(named, home));
    }
    Ok((file, path.to_owned()))
}

impl ConfigFile {
    /// The same limits as for the options.
    fn check(&self) -> Result<(), String> {
        let ssh = &self.ssh;
        let times = [
            ("connect_timeout", ssh.connect_timeout),
            ("handshake_timeout", ssh.handshake_timeout),
            ("node_timeout", ssh.node_timeout),
        ];
        for (key, seconds) in times {
            if seconds.is_some_and(|s| !(0.1..=3600.0).contains(&s)) {
                return Err(format!("ssh.{key} is not a number of seconds between 0.1 and 3600"));
            }
        }
        if ssh.port == Some(0) {
            return Err("ssh.port must be at least 1".to_owned());
        }
        if ssh.fanout.is_some_and(|n| !(1..=2000).contains(&n)) {
            return Err("ssh.fanout is not between 1 and 2000".to_owned());
        }
        Ok(())
    }
}
