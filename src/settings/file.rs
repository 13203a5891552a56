//! `/etc/fuel-updates/config.yaml`. Every key may be absent, none may be misspelt.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::HostKeys;
use crate::error::AppError;
use crate::exit::Exit;
use crate::inventory::Fault;

/// Where it is unless `--config` says otherwise.
const USUAL: &str = "/etc/fuel-updates/config.yaml";
/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub(super) inventory: Option<PathBuf>,
    pub(super) mos_version: Option<String>,
    pub(super) mirror: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) ssh: SshSection,
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

/// Reads the configuration file; the usual one may be missing.
pub(super) fn load(given: Option<&Path>) -> Result<ConfigFile, AppError> {
    let path = given.unwrap_or(Path::new(USUAL));
    let failed = |what: String| AppError::new(Exit::Usage, format!("{}: {what}", path.display()));
    match path.metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && given.is_none() => return Ok(ConfigFile::default()),
        Err(e) => return Err(failed(e.to_string())),
        Ok(m) if !m.is_file() || m.len() > MAX_BYTES => {
            return Err(failed("not a configuration file of at most 256 KiB".to_owned()));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(ConfigFile::default());
    }
    serde_saphyr::from_str(&text).map_err(|e| {
        let fault = Fault::from(e);
        let line = fault.line.map_or_else(String::new, |l| format!("line {l}: "));
        failed(format!("{line}{}", fault.message))
    })
}
