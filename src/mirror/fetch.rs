//! Fetching the announcement of a MOS version.

use std::path::Path;
use std::time::Duration;

use crate::domain::mos_version::MosVersion;
use crate::domain::mu::{self, Mu};
use crate::http::{Client, HttpSettings, Proxies, Request, Roots, Url};

use super::location::shown;
use super::{FILE_NAME, FileFault, Mirror, MirrorError, MirrorErrorKind, MirrorTree, file};

/// What a mirror announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The newest update.
    pub mu: Mu,
    /// The file as the mirror has it, byte for byte: an install commits exactly this.
    pub raw: Vec<u8>,
    /// Where it was found: the address after redirects (masked), or the path.
    pub url: String,
    /// The folder of the MOS version that it was found in; none where the mirror named the file itself.
    pub folder: Option<String>,
    /// Whether that folder is another than the one of the version asked for (9.1 and 9.2: 9.0).
    pub fell_back: bool,
}

/// Asks mirrors.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
}

impl Fetcher {
    /// Connect 5 s, total 20 s, at most 3 redirects; proxies as given, certificates always verified.
    pub fn new(proxies: Proxies, roots: Roots) -> Self {
        Self::with_timeouts(proxies, roots, Duration::from_secs(5), Duration::from_secs(20))
    }

    /// The same with other deadlines.
    pub fn with_timeouts(proxies: Proxies, roots: Roots, connect: Duration, total: Duration) -> Self {
        let settings = HttpSettings {
            connect_timeout: connect,
            total_timeout: total,
            max_redirects: 3,
            proxies,
            roots,
            verify: true,
        };
        Self { client: Client::new(settings) }
    }

    /// Fetches what `mirror` announces for a MOS version such as `9.0`.
    ///
    /// For 9.1 and 9.2 a missing file (404, no such file, nothing else) leads to the folder of 9.0.
    ///
    /// # Errors
    /// [`MirrorError`]; the first folder's where the second one has no file either.
    pub fn fetch(&self, mirror: &Mirror, mos_version: &MosVersion) -> Result<Announcement, MirrorError> {
        match mirror {
            Mirror::WebFile(url) => self.ask(url, None),
            Mirror::Web(url) => with_fallback(mos_version, |folder| {
                let url = url.append(&file_of(folder)).map_err(|e| MirrorError::http(url.to_string(), e))?;
                self.ask(&url, Some(folder))
            }),
            Mirror::Path(path) => match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => {
                    with_fallback(mos_version, |folder| from_disk(&path.join(file_of(folder)), Some(folder)))
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    Err(MirrorError::File { at: shown(path), fault: FileFault::NoMirror })
                }
                _ => from_disk(path, None),
            },
        }
    }

    /// The files below `mirror`, with the same limits for connections.
    ///
    /// # Errors
    /// [`MirrorError`] where `mirror` is no folder.
    pub fn tree(&self, mirror: &Mirror) -> Result<MirrorTree, MirrorError> {
        MirrorTree::new(mirror, self.client.clone())
    }

    fn ask(&self, url: &Url, folder: Option<&str>) -> Result<Announcement, MirrorError> {
        let request = Request::get(url, mu::MAX_BYTES as u64).header("accept", "application/json, */*");
        let reply = self.client.send(&request).map_err(|e| MirrorError::http(url.to_string(), e))?;
        let at = reply.url.to_string();
        if reply.status != 200 {
            return Err(MirrorError::Status { at, status: reply.status, via: reply.via });
        }
        announcement(reply.body, at, folder)
    }
}

fn with_fallback(
    mos_version: &MosVersion,
    fetch: impl Fn(&str) -> Result<Announcement, MirrorError>,
) -> Result<Announcement, MirrorError> {
    let first = fetch(mos_version);
    match (first, fallback_of(mos_version)) {
        (Err(error), Some(other)) if error.kind() == MirrorErrorKind::NotFound => match fetch(other) {
            Ok(found) => Ok(Announcement { fell_back: true, ..found }),
            Err(again) if again.kind() == MirrorErrorKind::NotFound => {
                Err(MirrorError::InNeither { first: Box::new(error), folder: other })
            }
            Err(other) => Err(other),
        },
        (first, _) => first,
    }
}

/// The folder that also serves a version: 9.1 and 9.2 are 9.0 with updates.
pub fn fallback_of(mos_version: &str) -> Option<&'static str> {
    matches!(mos_version, "9.1" | "9.2").then_some("9.0")
}

pub(super) fn file_of(folder: &str) -> String {
    format!("mcv/mos/{folder}/{FILE_NAME}")
}

fn from_disk(path: &Path, folder: Option<&str>) -> Result<Announcement, MirrorError> {
    let raw = file::read(path).map_err(|fault| MirrorError::File { at: shown(path), fault })?;
    announcement(raw, shown(path), folder)
}

pub(super) fn announcement(raw: Vec<u8>, url: String, folder: Option<&str>) -> Result<Announcement, MirrorError> {
    match Mu::parse(&raw) {
        Ok(mu) => Ok(Announcement { mu, raw, url, folder: folder.map(str::to_owned), fell_back: false }),
        Err(fault) => Err(MirrorError::Content { at: url, fault }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_updated_nines_fall_back() {
        assert_eq!(["9.1", "9.2"].map(fallback_of), [Some("9.0"); 2]);
        assert_eq!(["9.0", "9.3", "8.0", "10.0"].map(fallback_of), [None; 4]);
    }
}
