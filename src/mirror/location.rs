//! What `--mirror` names.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::http::{Url, mask, percent_decode};

use super::{MirrorError, MirrorErrorKind};

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
    /// [`MirrorErrorKind::Address`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MirrorError> {
        let text = text.trim();
        let bad = |cause: &str| MirrorError::new(MirrorErrorKind::Address, format!("mirror `{}`: {cause}", mask(text)));
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text {
                "" => Err(bad("it is empty").hinted("give an http:// or https:// address, or a path")),
                _ if text.starts_with("file:") => Err(bad("a file address is written file:///path")),
                _ if text.contains('\0') => Err(bad("it is no path")),
                _ => Ok(Self::Path(PathBuf::from(text))),
            };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => {
                let url = Url::parse(text).map_err(|e| MirrorError::from_http(&e, &mask(text)))?;
                let file = url.path().ends_with(".json");
                if url.has_query() && !file {
                    return Err(bad("`?` has no place in a mirror's address"));
                }
                Ok(if file { Self::WebFile(url) } else { Self::Web(url) })
            }
            "file" => {
                let path = rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest);
                if !path.starts_with('/') {
                    return Err(bad("a file address is written file:///path"));
                }
                let path = percent_decode(path);
                if path.contains('\0') {
                    return Err(bad("it is no path"));
                }
                Ok(Self::Path(PathBuf::from(path)))
            }
            _ => Err(bad("its scheme is none of http, https, file")),
        }
    }

    /// Whether reading it needs the network.
    pub fn is_remote(&self) -> bool {
        !matches!(self, Self::Path(_))
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
    use super::*;

    #[test]
    fn every_form() {
        let parsed = |text: &str| Mirror::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(matches!(parsed("http://mirror.example"), Mirror::Web(_)));
        assert!(matches!(parsed(" HTTPS://m:8443/x/ "), Mirror::Web(_)));
        assert!(matches!(parsed("http://m/x/mu-version.json"), Mirror::WebFile(_)));
        assert_eq!(parsed("file:///srv/my%20mirror"), Mirror::Path("/srv/my mirror".into()));
        assert_eq!(parsed("file://localhost/srv"), Mirror::Path("/srv".into()));
        assert_eq!(parsed("./mirror"), Mirror::Path("./mirror".into()));
        assert_eq!(parsed("/srv/mu-version.json"), Mirror::Path("/srv/mu-version.json".into()));
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_shows_no_password() {
        for bad in ["", "ftp://m/", "file:x", "file://host/x", "http://", "http://u:s3cret@m m/", "http://m/?a=1"] {
            let error = Mirror::parse(bad).expect_err(bad);
            assert_eq!(error.kind, MirrorErrorKind::Address, "{bad}");
            assert!(!error.message.contains("s3cret"), "{error}");
        }
    }
}
