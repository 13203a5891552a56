//! Fetching the announcement of a MOS version.

use std::path::Path;
use std::time::Duration;

use crate::domain::mos_version::MosVersion;
use crate::domain::mu::{self, Mu, MuError};
use crate::http::{Client, HttpError, Proxies, Request, Roots, Settings, Url};

use super::location::shown;
use super::{FILE_NAME, Mirror, MirrorError, MirrorErrorKind, file};

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
        let settings =
            Settings { connect_timeout: connect, total_timeout: total, max_redirects: 3, proxies, roots, verify: true };
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
                let url = url.append(&file_of(folder)).map_err(|e| MirrorError::from_http(&e, &url.to_string()))?;
                self.ask(&url, Some(folder))
            }),
            Mirror::Path(path) => match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => {
                    with_fallback(mos_version, |folder| from_disk(&path.join(file_of(folder)), Some(folder)))
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(no_such_path(path)),
                _ => from_disk(path, None),
            },
        }
    }

    fn ask(&self, url: &Url, folder: Option<&str>) -> Result<Announcement, MirrorError> {
        // The parser's own limit gives the better message, so one byte more is let through.
        let limit = mu::MAX_BYTES as u64;
        let request = Request::get(url, limit).header("accept", "application/json, */*");
        let reply = self.client.send(&request).map_err(|e| match e {
            HttpError::TooLarge { .. } => {
                MirrorError::new(MirrorErrorKind::TooLarge, format!("mirror {url}: its answer is larger than 64 KiB"))
                    .hinted("is this the right mirror? mu-version.json has a few hundred bytes")
            }
            other => MirrorError::from_http(&other, &url.to_string()),
        })?;
        let at = reply.url.to_string();
        if reply.status != 200 {
            return Err(status_error(&at, reply.status, reply.via.as_deref()));
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
        (Err(error), Some(other)) if error.kind == MirrorErrorKind::NotFound => match fetch(other) {
            Ok(found) => Ok(Announcement { fell_back: true, ..found }),
            Err(again) if again.kind == MirrorErrorKind::NotFound => {
                Err(MirrorError { message: format!("{} (nor in the folder of {other})", error.message), ..error })
            }
            Err(other) => Err(other),
        },
        (first, _) => first,
    }
}

/// The folder that also serves a version: 9.1 and 9.2 are 9.0 with updates.
fn fallback_of(mos_version: &str) -> Option<&'static str> {
    matches!(mos_version, "9.1" | "9.2").then_some("9.0")
}

fn file_of(folder: &str) -> String {
    format!("mcv/mos/{folder}/{FILE_NAME}")
}

fn from_disk(path: &Path, folder: Option<&str>) -> Result<Announcement, MirrorError> {
    announcement(file::read(path)?, shown(path), folder)
}

fn no_such_path(path: &Path) -> MirrorError {
    let error = MirrorError::new(MirrorErrorKind::NotFound, format!("mirror {}: no such file or folder", shown(path)));
    let text = path.to_string_lossy();
    if text.starts_with(['/', '.']) {
        error
    } else {
        error.hinted(format!("for a web server write http://{}", shown(path)))
    }
}

fn announcement(raw: Vec<u8>, url: String, folder: Option<&str>) -> Result<Announcement, MirrorError> {
    match Mu::parse(&raw) {
        Ok(mu) => Ok(Announcement { mu, raw, url, folder: folder.map(str::to_owned), fell_back: false }),
        Err(MuError::Html) => Err(MirrorError::new(
            MirrorErrorKind::Html,
            format!("mirror {url}: it answered with a web page, not with {FILE_NAME}"),
        )
        .hinted(
            "the web server may not be allowed to read the file: nginx on a Fuel master's port 8080 answers so; \
             make the file and the folders above it readable for everybody",
        )),
        Err(MuError::TooLarge) => {
            Err(MirrorError::new(MirrorErrorKind::TooLarge, format!("mirror {url}: it is larger than 64 KiB")))
        }
        Err(error) => {
            Err(MirrorError::new(MirrorErrorKind::Invalid, format!("mirror {url}: no valid {FILE_NAME}: {error}"))
                .hinted(format!("{FILE_NAME} needs `id` (integer from 1), `title` (text) and `timestamp` (integer)")))
        }
    }
}

fn status_error(url: &str, status: u16, via: Option<&str>) -> MirrorError {
    let via = via.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
    let of = |kind, what: &str| MirrorError::new(kind, format!("mirror {url}: {what} ({status}{via})"));
    match status {
        404 => of(MirrorErrorKind::NotFound, "no such file")
            .hinted("is the mirror's address the one above `mcv/`, and does it serve this MOS version?"),
        401 => of(MirrorErrorKind::Forbidden, "it wants a user and a password")
            .hinted("give them in the address: http://user:password@host/"),
        403 => of(MirrorErrorKind::Forbidden, "the web server refuses the file")
            .hinted("make the file and the folders above it readable for the web server"),
        500.. => of(MirrorErrorKind::Status, "the web server failed").hinted("try again; look at the server's log"),
        300..=399 => of(MirrorErrorKind::Redirect, "it redirects to nowhere"),
        _ => of(MirrorErrorKind::Status, "the web server did not answer with the file"),
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
