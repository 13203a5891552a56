//! What `--mirror` names.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::http::{Url, mask};

use super::{AddressFault, MirrorError};

/// A mirror: a web server's folder, a folder of this host, or the file itself. Its text is masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// A folder of a web server, above `mcv/`.
    Web(Url),
    /// The file itself on a web server.
    WebFile(Url),
    /// A path of this host: a folder above `mcv/`, or the file itself. Which one, only the disk knows.
    Path(PathBuf),
}

impl Mirror {
    /// Reads an http or https address, a `file://` address or a path. What ends in `.json` is the file itself.
    ///
    /// # Errors
    /// [`MirrorError::Address`] or [`MirrorError::Http`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MirrorError> {
        let text = text.trim();
        let bad = |fault| MirrorError::Address { text: mask(text), fault };
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text {
                "" => Err(bad(AddressFault::Empty)),
                _ if text.starts_with("file:") => Err(bad(AddressFault::FileForm)),
                _ if text.contains('\0') => Err(bad(AddressFault::NoPath)),
                _ => Ok(Self::Path(PathBuf::from(text))),
            };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => {
                let url = Url::parse(text).map_err(|e| MirrorError::http(mask(text), e))?;
                let file = url.path().ends_with(".json");
                if url.has_query() && !file {
                    return Err(bad(AddressFault::Query));
                }
                Ok(if file { Self::WebFile(url) } else { Self::Web(url) })
            }
            "file" => {
                let path = rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest);
                if !path.starts_with('/') {
                    return Err(bad(AddressFault::FileForm));
                }
                let path: Vec<u8> = percent_decode_str(path).collect();
                if path.contains(&0) {
                    return Err(bad(AddressFault::NoPath));
                }
                Ok(Self::Path(OsString::from_vec(path).into()))
            }
            _ => Err(bad(AddressFault::Scheme)),
        }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(url) | Self::WebFile(url) => write!(f, "{url}"),
            Self::Path(path) => f.write_str(&shown(path)),
        }
    }
}

/// A path as one line that is safe to show.
pub(super) fn shown(path: &Path) -> String {
    crate::domain::text::one_line(&path.display().to_string(), 400)
}

#[cfg(test)]
mod tests {
    use super::super::MirrorErrorKind;
    use super::*;

    #[test]
    fn every_form() {
        let parsed = |text: &str| Mirror::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(matches!(parsed("http://mirror.example"), Mirror::Web(_)));
        assert!(matches!(parsed(" HTTPS://m:8443/x/ "), Mirror::Web(_)));
        assert!(matches!(parsed("http://m/x/mu-version.json"), Mirror::WebFile(_)));
        assert_eq!(parsed("file:///srv/my%20mirror"), Mirror::Path("/srv/my mirror".into()));
        let latin1 = PathBuf::from(OsString::from_vec(b"/srv/\xe9".to_vec()));
        assert_eq!(parsed("file:///srv/%e9"), Mirror::Path(latin1), "a path is bytes, not text");
        assert_eq!(parsed("file://localhost/srv"), Mirror::Path("/srv".into()));
        assert_eq!(parsed("./mirror"), Mirror::Path("./mirror".into()));
        assert_eq!(parsed("/srv/mu-version.json"), Mirror::Path("/srv/mu-version.json".into()));
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_shows_no_password() {
        for bad in ["", "ftp://m/", "file:x", "file://host/x", "http://", "http://u:s3cret@m m/", "http://m/?a=1"] {
            let error = Mirror::parse(bad).expect_err(bad);
            assert_eq!(error.kind(), MirrorErrorKind::Address, "{bad}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
