//! The mirror of the settings, asked while other work goes on.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::pending::Pending;
use crate::domain::mos_version::MosVersion;
use crate::error::AppError;
use crate::http::{Proxies, Roots};
use crate::mirror::{Announcement, Fetcher, Mirror, MirrorError};
use crate::settings::Settings;

/// The mirror of the settings.
pub(crate) struct MirrorClient {
    mirror: Mirror,
    fetcher: Fetcher,
}

impl MirrorClient {
    /// Reads the mirror's address and the certificates to trust.
    pub(crate) fn new(settings: &Settings) -> Result<Self, AppError> {
        let mirror = Mirror::parse(&settings.mirror)?;
        Ok(Self { mirror, fetcher: fetcher(settings)? })
    }

    /// Asks the mirror which update it has for a MOS version, and waits for the answer.
    pub(crate) fn fetch(&self, mos_version: &MosVersion) -> Result<Announcement, MirrorError> {
        self.fetcher.fetch(&self.mirror, mos_version)
    }

    /// Asks the mirror in the background.
    pub(crate) fn start(self: &Arc<Self>, mos_version: &MosVersion) -> io::Result<PendingAnnouncement> {
        let (client, version) = (Arc::clone(self), mos_version.clone());
        Pending::start("mirror", move || client.fetch(&version))
    }
}

/// What asks mirrors, with the certificates of the settings and the proxies of the environment.
pub(crate) fn fetcher(settings: &Settings) -> Result<Fetcher, AppError> {
    let roots = match &settings.ca_file {
        None => Roots::bundled(),
        Some(path) => Roots::from_file(path)?,
    };
    let proxies = Proxies::from_variables(|name| std::env::var(name).ok());
    Ok(Fetcher::new(proxies, roots))
}

/// The mirror's answer, on its way.
pub(crate) type PendingAnnouncement = Pending<Result<Announcement, MirrorError>>;

impl fmt::Display for MirrorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mirror.fmt(f)
    }
}
