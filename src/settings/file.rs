//! The configuration file. Every key may be absent; an unknown key is an error.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{SettingsError, expand_home};
use crate::cli::HostKeys;
use crate::domain::mos_version::MosVersion;
use crate::inventory::of_ours;

/// A file with every key, each as a comment with its default or an example.
pub const TEMPLATE: &str = include_str!("config.yaml");
/// Where it is unless `--config` names another one.
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

/// Nailgun's address and user. A password cannot stand here.
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

/// Reads the configuration file and returns it with its path. Without `--config` the file may be missing.
pub(super) fn load(given: Option<&Path>, home: &Path) -> Result<(ConfigFile, PathBuf), SettingsError> {
    let path = given.unwrap_or(Path::new(USUAL));
    let unreadable = |source| SettingsError::Read { path: path.to_owned(), source };
    match path.metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && given.is_none() => {
            return Ok((ConfigFile::default(), path.to_owned()));
        }
        Err(e) => return Err(unreadable(e)),
        Ok(m) if !m.is_file() || m.len() > MAX_BYTES => return Err(SettingsError::NotAFile(path.to_owned())),
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok((ConfigFile::default(), path.to_owned()));
    }
    let mut file: ConfigFile =
        of_ours(&text).map_err(|fault| SettingsError::Invalid { path: path.to_owned(), fault })?;
    file.check().map_err(|(key, what)| SettingsError::Value { path: path.to_owned(), key, what })?;
    // Relative to the file, never to the current directory: a stray file must not decide which keys and nodes are used.
    let folder = path.parent().unwrap_or(Path::new("/"));
    let paths = file.inventory.iter_mut().chain(file.ca_file.iter_mut()).chain(file.ssh.keys.iter_mut());
    for named in paths {
        *named = folder.join(expand_home(named, home));
    }
    Ok((file, path.to_owned()))
}

impl ConfigFile {
    /// Checks the same limits as for the options. An error is the key and what is wrong with its value.
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let ssh = &self.ssh;
        let times = [
            ("ssh.connect_timeout", ssh.connect_timeout),
            ("ssh.handshake_timeout", ssh.handshake_timeout),
            ("ssh.node_timeout", ssh.node_timeout),
        ];
        for (key, seconds) in times {
            if seconds.is_some_and(|s| !(0.1..=3600.0).contains(&s)) {
                return Err((key, "is not a number of seconds between 0.1 and 3600"));
            }
        }
        let texts = [("ssh.user", &ssh.user), ("ssh.jump", &ssh.jump), ("mirror", &self.mirror)];
        for (key, text) in texts {
            if text.as_ref().is_some_and(String::is_empty) {
                return Err((key, "must not be empty"));
            }
        }
        if ssh.port == Some(0) {
            return Err(("ssh.port", "must be at least 1"));
        }
        if ssh.fanout.is_some_and(|n| !(1..=2000).contains(&n)) {
            return Err(("ssh.fanout", "is not between 1 and 2000"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template's keys, with the comments taken away in front of them.
    fn uncommented() -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') || key.starts_with("  ") => key.to_owned(),
            _ => line.to_owned(),
        };
        TEMPLATE.lines().map(|text| line(text) + "\n").collect()
    }

    #[test]
    fn the_template_is_a_configuration_file_with_every_key() {
        let text = uncommented();
        let file: ConfigFile = of_ours(&text).map_err(|fault| format!("{fault:?}\n{text}")).unwrap();
        assert_eq!(file.check(), Ok(()));
        let ConfigFile { inventory, mos_version, mirror, ca_file, ssh, nailgun } = file;
        assert!(inventory.is_some() && mos_version.is_some() && mirror.is_some() && ca_file.is_some());
        let SshSection {
            user,
            keys,
            port,
            jump,
            host_keys,
            legacy_algorithms,
            connect_timeout,
            handshake_timeout,
            node_timeout,
            fanout,
        } = ssh;
        assert!(user.is_some() && !keys.is_empty() && port.is_some() && jump.is_some() && host_keys.is_some());
        assert!(legacy_algorithms.is_some() && connect_timeout.is_some() && handshake_timeout.is_some());
        assert!(node_timeout.is_some() && fanout.is_some());
        assert!(nailgun.url.is_some() && nailgun.username.is_some() && nailgun.tenant.is_some());
    }

    #[test]
    fn the_template_changes_nothing_as_it_is() {
        assert!(TEMPLATE.lines().all(|line| line.is_empty() || line.starts_with('#')));
    }
}
