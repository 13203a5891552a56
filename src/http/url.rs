//! The address of a web server. User and password are kept apart from it, so that no text shows them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{CONTROLS, percent_decode_str, percent_encode};
use thiserror::Error;
use url::{ParseError, Position};

use crate::domain::node::Host;
use crate::domain::text::one_line;

use super::HttpError;

/// The most characters of an address.
const MAX_CHARS: usize = 2000;

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum UrlFault {
    /// More than 2000 characters.
    #[error("it is longer than {MAX_CHARS} characters")]
    TooLong,
    /// A space, a line end, or another control character.
    #[error("it contains white space")]
    WhiteSpace,
    /// Nothing before `://`.
    #[error("it does not begin with http:// or https://")]
    NoScheme,
    /// Another scheme.
    #[error("its scheme is neither http nor https")]
    Scheme,
    /// A character in user or password that ends the host part of an address.
    #[error("its user name or password contains `{0}`")]
    Login(char),
    /// No host, or one that cannot exist.
    #[error("its host is neither a name nor an address")]
    Host,
    /// A port that cannot exist.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// Anything else.
    #[error("it cannot be read: {0}")]
    Syntax(#[source] ParseError),
}

impl UrlFault {
    /// What to write instead.
    pub fn hint(self) -> Option<String> {
        match self {
            Self::Login(c) => {
                Some(format!("write %{:02X} in place of `{c}` in the user name or password", u32::from(c)))
            }
            _ => None,
        }
    }
}

impl From<ParseError> for UrlFault {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::EmptyHost
            | ParseError::IdnaError
            | ParseError::InvalidIpv4Address
            | ParseError::InvalidIpv6Address
            | ParseError::InvalidDomainCharacter => Self::Host,
            ParseError::InvalidPort => Self::Port,
            ParseError::RelativeUrlWithoutBase => Self::NoScheme,
            other => Self::Syntax(other),
        }
    }
}

/// An http or https address. Its text (`Display`, `Debug`) has `***` in place of user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// The address without user, password and fragment.
    inner: url::Url,
    /// `user:password` as written, still percent-encoded.
    userinfo: Option<String>,
}

impl Url {
    /// Reads an absolute address.
    ///
    /// # Errors
    /// [`HttpError::BadUrl`] when it is not http or https, or has no host; the text in it is masked.
    pub fn parse(text: &str) -> Result<Self, HttpError> {
        Self::read(text).map_err(|fault| HttpError::BadUrl { url: mask(text), fault })
    }

    /// The same, with the fault alone.
    pub(super) fn read(text: &str) -> Result<Self, UrlFault> {
        if text.len() > MAX_CHARS {
            return Err(UrlFault::TooLong);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(UrlFault::WhiteSpace);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlFault::NoScheme)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(UrlFault::Scheme);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if let Some(c) = breaks_off_login(authority, path) {
            return Err(UrlFault::Login(c));
        }
        // Not left to the crate: it ends the host at a backslash, and users of Windows domains have one in their name.
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo.to_owned()), host),
            None => (None, authority),
        };
        // The crate would take the first word of the path.
        if host.is_empty() || !is_plain(host) {
            return Err(UrlFault::Host);
        }
        Self::checked(url::Url::parse(&format!("{scheme}://{host}{path}"))?, userinfo)
    }

    /// Resolves what a server said in `Location` against this address, as browsers do: what does not belong in an
    /// address (spaces, letters beyond ASCII) is percent-encoded.
    ///
    /// User and password stay only where scheme, host and port stay the same.
    ///
    /// # Errors
    /// [`UrlFault`] when the outcome is no http or https address.
    pub fn join(&self, location: impl AsRef<[u8]>) -> Result<Self, UrlFault> {
        let location = location.as_ref();
        let location = match std::str::from_utf8(location) {
            // As the parser of addresses does, wherever they stand.
            Ok(text) => text.replace(['\t', '\r', '\n'], ""),
            // Latin-1 and the like: the server knows its own bytes.
            Err(_) => percent_encode(location, CONTROLS).to_string(),
        };
        if location.len() > MAX_CHARS {
            return Err(UrlFault::TooLong);
        }
        if !is_plain(host_in(&location)) {
            return Err(UrlFault::Host);
        }
        let mut target = self.inner.join(location.trim())?;
        let userinfo = match (target.username(), target.password()) {
            ("", None) => self.userinfo.clone().filter(|_| target.origin() == self.inner.origin()),
            (user, password) => Some(format!("{user}:{}", password.unwrap_or_default())),
        };
        // These fail only for addresses without a host, which are refused next.
        let _ = target.set_username("");
        let _ = target.set_password(None);
        Self::checked(target, userinfo)
    }

    fn checked(mut inner: url::Url, userinfo: Option<String>) -> Result<Self, UrlFault> {
        inner.set_fragment(None);
        let url = Self { inner, userinfo };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlFault::Scheme);
        }
        if Host::parse(url.bare_host()).is_none() {
            return Err(UrlFault::Host);
        }
        if url.port() == 0 {
            return Err(UrlFault::Port);
        }
        Ok(url)
    }

    /// This address with a path appended; what stands behind `?` is dropped.
    ///
    /// # Errors
    /// [`HttpError::BadUrl`] when `path` does not fit in an address.
    pub fn append(&self, path: &str) -> Result<Self, HttpError> {
        let base = &self.inner[..Position::AfterPath];
        let mut url = Self::parse(&format!("{}/{path}", base.trim_end_matches('/')))?;
        url.userinfo.clone_from(&self.userinfo);
        Ok(url)
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.inner.scheme()
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.scheme() == "https"
    }

    /// The host, an IPv6 address without its brackets.
    pub fn bare_host(&self) -> &str {
        let host = self.host();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The host, an IPv6 address in brackets.
    pub(super) fn host(&self) -> &str {
        self.inner.host_str().unwrap_or_default()
    }

    /// The port, also where it is not written.
    pub fn port(&self) -> u16 {
        self.inner.port_or_known_default().unwrap_or_default()
    }

    /// The path, at least `/`.
    pub fn path(&self) -> &str {
        self.inner.path()
    }

    /// Path and query, as a request's first line has them.
    pub(super) fn path_and_query(&self) -> &str {
        &self.inner[Position::BeforePath..]
    }

    /// Whether something stands behind a `?`.
    pub fn has_query(&self) -> bool {
        self.inner.query().is_some()
    }

    /// Whether user or password stand in it.
    pub fn has_credentials(&self) -> bool {
        self.userinfo.is_some()
    }

    /// Whether both have the same scheme, host and port.
    pub(super) fn same_origin(&self, other: &Self) -> bool {
        self.inner.origin() == other.inner.origin()
    }

    /// Host and port, the port also where it is not written.
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", self.host(), self.port())
    }

    /// Host, and port where it is not the scheme's own, as the header `Host` wants them.
    pub(super) fn authority(&self) -> &str {
        &self.inner[Position::BeforeHost..Position::AfterPort]
    }

    /// The address without user and password.
    pub(super) fn as_str(&self) -> &str {
        self.inner.as_str()
    }

    /// The value of `Authorization` or `Proxy-Authorization`, where the address has user and password.
    pub(super) fn basic_authorization(&self) -> Option<String> {
        let (user, password) = self.split_userinfo()?;
        let mut login: Vec<u8> = percent_decode_str(user).collect();
        login.push(b':');
        login.extend(percent_decode_str(password));
        Some(format!("Basic {}", STANDARD.encode(login)))
    }

    /// User and password, percent-decoded.
    pub(super) fn user_and_password(&self) -> Option<(String, String)> {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        self.split_userinfo().map(|(user, password)| (decoded(user), decoded(password)))
    }

    fn split_userinfo(&self) -> Option<(&str, &str)> {
        self.userinfo.as_deref().map(|text| text.split_once(':').unwrap_or((text, "")))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stars = if self.userinfo.is_some() { "***@" } else { "" };
        write!(f, "{}://{stars}{}{}", self.scheme(), self.authority(), self.path_and_query())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Whether a host is written as DNS has it: names with other letters than ASCII stand there in their `xn--` form, also where
/// they come percent-encoded.
fn is_plain(host: &str) -> bool {
    host.is_ascii() && !host.contains('%')
}

/// The host that a redirect names; empty for a path. As the parser of addresses has it, `\\` counts as `/`, and a known scheme
/// needs no slashes.
fn host_in(location: &str) -> &str {
    let location = location.trim();
    let is_scheme =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let (scheme, rest) = match location.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (true, rest),
        _ => (false, location),
    };
    let slash = ['/', '\\'];
    let after = rest.trim_start_matches(slash);
    if !scheme && rest.len() - after.len() < 2 {
        return "";
    }
    let authority = after.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// The character of a password that was taken for the end of the host part, where the address shows one: an `@`
/// follows it, and it is a `#` (no address here has a fragment), or what stands before has a port that is not a number.
fn breaks_off_login(authority: &str, path: &str) -> Option<char> {
    let c = path.chars().next().filter(|_| path.contains('@'))?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let not_a_port = port.is_some_and(|port| !port.ends_with(']') && port.parse::<u16>().is_err());
    (c == '#' || not_a_port).then_some(c)
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

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
