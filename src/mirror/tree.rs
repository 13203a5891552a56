//! The files below a mirror, on a web server or in a folder of this host alike.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::mos_version::MosVersion;
use crate::domain::mu;
use crate::domain::repository::{FileDigest, RepositoryPath, Summing};
use crate::http::{Client, Reply, Request, Url};

use super::fetch::{announcement, file_of};
use super::location::shown;
use super::{AddressFault, Announcement, FileFault, Mirror, MirrorError, MirrorErrorKind, file};

/// What stays as it is in the path of an address (RFC 3986, `unreserved`), and the slash.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// How much of a file is read at once, in bytes.
const PIECE: usize = 256 * 1024;
/// The MOS versions that were ever released: a web server cannot be asked for the folders that it has.
const RELEASED: [&str; 10] = ["5.1.1", "6.0", "6.1", "7.0", "8.0", "9.0", "9.1", "9.2", "10.0", "11.0"];
/// The most folders of releases that are looked at.
const MAX_RELEASES: usize = 100;

/// The files below a mirror.
#[derive(Clone, Debug)]
pub struct MirrorTree {
    place: TreePlace,
    client: Client,
}

#[derive(Clone, Debug)]
enum TreePlace {
    Web(Url),
    Folder(PathBuf),
}

impl MirrorTree {
    /// The files below `mirror`, which must be a folder.
    ///
    /// # Errors
    /// [`MirrorError`] for the address of a file, and for a folder of this host that is not there.
    pub(super) fn new(mirror: &Mirror, client: Client) -> Result<Self, MirrorError> {
        let place = match mirror {
            Mirror::Web(url) => TreePlace::Web(url.clone()),
            Mirror::WebFile(url) => {
                return Err(MirrorError::Address { text: url.to_string(), fault: AddressFault::NoFolder });
            }
            Mirror::Path(path) => {
                let fault = match fs::metadata(path) {
                    Ok(found) if found.is_dir() => None,
                    Ok(_) => Some(FileFault::NotAFolder),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Some(FileFault::NoMirror),
                    Err(error) => Some(FileFault::Io(error)),
                };
                if let Some(fault) = fault {
                    return Err(MirrorError::File { at: shown(path), fault });
                }
                TreePlace::Folder(path.clone())
            }
        };
        Ok(Self { place, client })
    }

    /// Whether the files lie in a folder of this host.
    pub fn is_folder(&self) -> bool {
        matches!(self.place, TreePlace::Folder(_))
    }

    /// The files of a folder below this one.
    ///
    /// # Errors
    /// [`MirrorError`] where the address gets too long.
    pub fn below(&self, folder: &RepositoryPath) -> Result<Self, MirrorError> {
        let place = match &self.place {
            TreePlace::Web(url) => TreePlace::Web(address(url, folder)?),
            TreePlace::Folder(root) => TreePlace::Folder(root.join(folder.as_str())),
        };
        Ok(Self { place, client: self.client.clone() })
    }

    /// Where a file is, safe to show.
    pub fn shown(&self, path: &RepositoryPath) -> String {
        match &self.place {
            TreePlace::Web(url) => address(url, path).map_or_else(|_| path.to_string(), |url| url.to_string()),
            TreePlace::Folder(root) => shown(&root.join(path.as_str())),
        }
    }

    /// Where these files are, safe to show.
    pub fn root(&self) -> String {
        match &self.place {
            TreePlace::Web(url) => url.to_string(),
            TreePlace::Folder(root) => shown(root),
        }
    }

    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// [`MirrorError`], also where it is larger.
    pub fn read(&self, path: &RepositoryPath, limit: u64) -> Result<Vec<u8>, MirrorError> {
        let mut bytes = Vec::new();
        self.pieces(path, limit, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// The same where the file may be missing.
    ///
    /// # Errors
    /// [`MirrorError`] for anything else than a file that is not there.
    pub fn read_if_there(&self, path: &RepositoryPath, limit: u64) -> Result<Option<Vec<u8>>, MirrorError> {
        if_there(self.read(path, limit))
    }

    /// The size of a file; nothing where it is not there.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn size(&self, path: &RepositoryPath) -> Result<Option<u64>, MirrorError> {
        match &self.place {
            TreePlace::Web(url) => {
                let url = address(url, path)?;
                let reply =
                    self.client.send(&Request::head(&url)).map_err(|e| MirrorError::http(url.to_string(), e))?;
                let size = match reply.status {
                    // A server that answers GET alone.
                    405 | 501 => None,
                    _ => match if_there(accepted(reply))? {
                        Some(reply) => reply.header("content-length").and_then(|size| size.parse().ok()),
                        None => return Ok(None),
                    },
                };
                match size {
                    Some(size) => Ok(Some(size)),
                    // What the server does not say beforehand is counted.
                    None => if_there(self.digest(path, u64::MAX).map(|digest| digest.size)),
                }
            }
            TreePlace::Folder(root) => if_there(in_folder(root, path, |file| Ok(file.metadata()?.len()))),
        }
    }

    /// Reads a file of at most `limit` bytes and sums it up.
    ///
    /// # Errors
    /// [`MirrorError`], also where it is larger.
    pub fn digest(&self, path: &RepositoryPath, limit: u64) -> Result<FileDigest, MirrorError> {
        let mut summing = Summing::new();
        self.pieces(path, limit, &mut |piece| {
            summing.add(piece);
            Ok(())
        })?;
        Ok(summing.finish())
    }

    /// Hands a file of at most `limit` bytes to `sink`, piece by piece.
    ///
    /// # Errors
    /// [`MirrorError`], also where it is larger or `sink` fails.
    pub fn pieces(
        &self,
        path: &RepositoryPath,
        limit: u64,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), MirrorError> {
        match &self.place {
            TreePlace::Web(url) => {
                let url = address(url, path)?;
                // A minute, and what 50 KiB a second take.
                let time = Duration::from_secs(60 + (limit / 51_200).min(6 * 3600));
                let request = Request::get(&url, limit).as_is().total_timeout(time);
                let reply = self.client.send_to(&request, sink).map_err(|e| MirrorError::http(url.to_string(), e))?;
                accepted(reply).map(|_| ())
            }
            TreePlace::Folder(root) => {
                let mut size: u64 = 0;
                let within = in_folder(root, path, |mut file| {
                    let mut piece = vec![0; PIECE];
                    loop {
                        let read = match file.read(&mut piece) {
                            Ok(0) => return Ok(true),
                            Ok(read) => read,
                            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                            Err(error) => return Err(error),
                        };
                        size = size.saturating_add(read as u64);
                        if size > limit {
                            return Ok(false);
                        }
                        sink(&piece[..read])?;
                    }
                })?;
                if within {
                    Ok(())
                } else {
                    Err(MirrorError::File { at: self.shown(path), fault: FileFault::TooLarge(limit) })
                }
            }
        }
    }

    /// The MOS versions whose folders may be there: those of a folder, or all that a web server may have.
    ///
    /// # Errors
    /// [`MirrorError`] where a folder cannot be listed.
    pub fn releases(&self) -> Result<Vec<MosVersion>, MirrorError> {
        let root = match &self.place {
            TreePlace::Web(_) => return Ok(RELEASED.iter().filter_map(|version| version.parse().ok()).collect()),
            TreePlace::Folder(root) => root.join("mcv/mos"),
        };
        let entries = match fs::read_dir(&root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(MirrorError::File { at: shown(&root), fault: FileFault::Io(error) }),
        };
        let names = entries.take(MAX_RELEASES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut versions: Vec<MosVersion> = names.filter_map(|name| name.parse().ok()).collect();
        versions.sort_by_key(|version| {
            version.split('.').map(|part| part.parse::<u32>().unwrap_or_default()).collect::<Vec<_>>()
        });
        Ok(versions)
    }

    /// What the folder of a MOS version announces; nothing where it has no file. No other folder stands in.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn announced(&self, version: &MosVersion) -> Result<Option<Announcement>, MirrorError> {
        let Some(path) = RepositoryPath::parse(&file_of(version)) else { return Ok(None) };
        let raw = self.read_if_there(&path, mu::MAX_BYTES as u64)?;
        raw.map(|raw| announcement(raw, self.shown(&path), Some(version))).transpose()
    }
}

fn address(url: &Url, path: &RepositoryPath) -> Result<Url, MirrorError> {
    let path = utf8_percent_encode(path.as_str(), KEPT).to_string();
    url.append(&path).map_err(|e| MirrorError::http(url.to_string(), e))
}

fn accepted(reply: Reply) -> Result<Reply, MirrorError> {
    match reply.status {
        200 => Ok(reply),
        status => Err(MirrorError::Status { at: reply.url.to_string(), status, via: reply.via }),
    }
}

fn if_there<T>(found: Result<T, MirrorError>) -> Result<Option<T>, MirrorError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == MirrorErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn in_folder<T>(
    root: &Path,
    path: &RepositoryPath,
    read: impl FnOnce(fs::File) -> io::Result<T>,
) -> Result<T, MirrorError> {
    let path = root.join(path.as_str());
    let read = file::open(&path).and_then(|file| read(file).map_err(FileFault::Io));
    read.map_err(|fault| MirrorError::File { at: shown(&path), fault })
}
