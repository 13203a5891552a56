//! An address of a web server. The password that may stand in it is kept apart, so it cannot be shown.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Uri;

use crate::domain::node::Host;
use crate::domain::text::one_line;

use super::HttpError;

/// The most characters of an address; what is longer is no address but an attack.
const MAX_CHARS: usize = 2000;

/// An http or https address. Its text (`Display`, `Debug`) has `***` in place of user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// The address without user and password.
    uri: Uri,
    /// `user:password` as written, still percent-encoded.
    userinfo: Option<String>,
}

impl Url {
    /// Reads an absolute address.
    ///
    /// # Errors
    /// [`HttpError::BadUrl`] when it is not http or https, or has no host; the text in it is masked.
    pub fn parse(text: &str) -> Result<Self, HttpError> {
        let bad = |cause: &str| HttpError::BadUrl { url: mask(text), cause: cause.to_owned() };
        if text.len() > MAX_CHARS {
            return Err(bad("it is too long"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad("it contains white space"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("it has no scheme (http://, https://)"))?;
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(bad("its scheme is neither http nor https"));
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split_once('#').map_or(path, |(before, _)| before);
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo.to_owned()), host),
            None => (None, authority),
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        let uri: Uri = format!("{scheme}://{host}{slash}{path}").parse().map_err(|_| bad("it is no valid address"))?;
        let url = Self { uri, userinfo };
        if Host::parse(url.bare_host()).is_none() {
            return Err(bad("its host is neither a name nor an address"));
        }
        let port = host.rsplit_once(']').map_or(host, |(_, after)| after).rsplit_once(':').map(|(_, port)| port);
        if port.is_some_and(|port| !matches!(port.parse::<u16>(), Ok(1..))) {
            return Err(bad("its port is no number from 1 to 65535"));
        }
        Ok(url)
    }

    /// Resolves what a server said in `Location` against this address.
    ///
    /// User and password stay only where scheme, host and port stay the same.
    ///
    /// # Errors
    /// [`HttpError::BadUrl`] when the outcome is no http or https address.
    pub fn join(&self, location: &str) -> Result<Self, HttpError> {
        let location = location.trim();
        let origin = format!("{}://{}", self.scheme(), self.authority());
        let mut target = if location.contains("://") && !location.starts_with('/') {
            Self::parse(location)?
        } else if let Some(rest) = location.strip_prefix("//") {
            Self::parse(&format!("{}://{rest}", self.scheme()))?
        } else if location.starts_with('/') {
            Self::parse(&format!("{origin}{location}"))?
        } else {
            let folder = self.uri.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            Self::parse(&format!("{origin}{folder}/{location}"))?
        };
        if target.userinfo.is_none()
            && (target.scheme(), target.bare_host(), target.port()) == (self.scheme(), self.bare_host(), self.port())
        {
            target.userinfo.clone_from(&self.userinfo);
        }
        Ok(target)
    }

    /// This address with a path appended; what stands behind `?` is dropped.
    ///
    /// # Errors
    /// [`HttpError::BadUrl`] when `path` does not fit in an address.
    pub fn append(&self, path: &str) -> Result<Self, HttpError> {
        let base = self.uri.path().trim_end_matches('/');
        let mut url = Self::parse(&format!("{}://{}{base}/{path}", self.scheme(), self.authority()))?;
        url.userinfo.clone_from(&self.userinfo);
        Ok(url)
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or("http")
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.scheme() == "https"
    }

    /// The host, an IPv6 address without its brackets.
    pub fn bare_host(&self) -> &str {
        bare(self.uri.host().unwrap_or(""))
    }

    /// The port, also where it is not written.
    pub fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// The path, at least `/`.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Whether something stands behind a `?`.
    pub fn has_query(&self) -> bool {
        self.uri.query().is_some()
    }

    /// Whether user or password stand in it.
    pub fn has_credentials(&self) -> bool {
        self.userinfo.is_some()
    }

    /// Host and port as a person would say them.
    pub fn host_and_port(&self) -> String {
        let host = self.uri.host().unwrap_or("");
        format!("{host}:{}", self.port())
    }

    /// Host, and port where it is written, as the header `Host` wants them.
    pub(super) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// The address as ureq wants it, without user and password.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The value of `Authorization` or `Proxy-Authorization`, where the address has user and password.
    pub(super) fn basic_authorization(&self) -> Option<String> {
        let (user, password) = self.user_and_password()?;
        Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    /// User and password, percent-decoded.
    pub(super) fn user_and_password(&self) -> Option<(String, String)> {
        let (user, password) = self.userinfo.as_deref().map(|text| text.split_once(':').unwrap_or((text, "")))?;
        Some((percent_decode(user), percent_decode(password)))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stars = if self.userinfo.is_some() { "***@" } else { "" };
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        write!(f, "{}://{stars}{}{path}", self.scheme(), self.authority())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Makes text that may be an address safe to show: one line, with `***` in place of user and password.
pub fn mask(text: &str) -> String {
    let masked = match text.split_once("://") {
        // Up to the last `@` of all: a password with a slash in it must not survive a mistyped address.
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://***@{host}"),
            None => text.to_owned(),
        },
        None => match text.rsplit_once('@') {
            Some((before, host)) if before.contains(':') => format!("***@{host}"),
            _ => text.to_owned(),
        },
    };
    one_line(&masked, 300)
}

/// Undoes percent-encoding; what is no valid encoding stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn parts() {
        let parsed = url("HTTPS://u:p%40ss@Mirror.example:8443/a/b?x=1#frag");
        assert_eq!((parsed.scheme(), parsed.port(), parsed.path()), ("https", 8443, "/a/b"));
        assert_eq!(parsed.user_and_password(), Some(("u".into(), "p@ss".into())));
        assert_eq!(url("http://[::1]/").bare_host(), "::1");
        assert_eq!((url("http://m").port(), url("https://m").port(), url("http://m").path()), (80, 443, "/"));
    }

    #[test]
    fn no_text_of_an_address_holds_its_password() {
        let parsed = url("http://user:s3cret@mirror:8080/x");
        for text in [format!("{parsed}"), format!("{parsed:?}")] {
            assert_eq!(text, "http://***@mirror:8080/x");
        }
        for bad in ["ftp://u:s3cret@m/", "http://u:s3cret@", "http://u:s3c/ret@host with space/", "u:s3cret@host"] {
            let error = Url::parse(bad).expect_err(bad).to_string();
            assert!(!error.contains("s3c") && error.contains("***@"), "{error}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "mirror",
            "ftp://m/",
            "http://",
            "http:///x",
            "http://10.20.0.500/",
            "http://m:0/",
            "http://m:99999/",
            "http://m:x/",
            "http://m/a b",
            "http://m/\r\nX: y",
            "http://m\u{202e}/",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn redirects_are_resolved_and_credentials_stay_with_their_host() {
        let base = url("http://u:p@m:8080/a/b.json");
        let to = |location: &str| base.join(location).unwrap().to_string();
        assert_eq!(to("c.json"), "http://***@m:8080/a/c.json");
        assert_eq!(to("/c.json"), "http://***@m:8080/c.json");
        assert_eq!(to("http://m:8080/c"), "http://***@m:8080/c");
        assert_eq!(to("http://other/c"), "http://other/c");
        assert_eq!(to("http://m/c"), "http://m/c");
        assert_eq!(to("//other/c"), "http://other/c");
        assert_eq!(to("https://m:8080/c"), "https://m:8080/c");
        assert!(base.join("file:///etc/passwd").is_err());
    }

    #[test]
    fn a_path_is_appended() {
        assert_eq!(url("http://m/x/").append("a/b.json").unwrap().to_string(), "http://m/x/a/b.json");
        assert_eq!(url("http://u:p@m").append("a").unwrap().to_string(), "http://***@m/a");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,60}") {
            let _ = Url::parse(&text);
            let _ = mask(&text);
            let _ = percent_decode(&text);
            let _ = url("http://m/a/b").join(&text);
        }
    }
}
