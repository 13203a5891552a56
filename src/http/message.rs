//! What is sent and what comes back.

use std::fmt;
use std::time::Duration;

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{Peer, Url};

/// One request.
pub struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) limit: u64,
    pub(super) total_timeout: Option<Duration>,
    pub(super) as_is: bool,
}

impl<'a> Request<'a> {
    /// A request whose answer may have `limit` bytes, decompressed.
    pub fn new(method: Method, url: &'a Url, limit: u64) -> Self {
        Self { method, url, headers: Vec::new(), body: None, limit, total_timeout: None, as_is: false }
    }

    /// A GET.
    pub fn get(url: &'a Url, limit: u64) -> Self {
        Self::new(Method::GET, url, limit)
    }

    /// The same with a header; one that cannot be written is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            // No text that ureq writes shows it then.
            value.set_sensitive(true);
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// The same with a JSON body.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("content-type", "application/json")
    }

    /// A HEAD: the answer has no body.
    pub fn head(url: &'a Url) -> Self {
        Self::new(Method::HEAD, url, 0).as_is()
    }

    /// The same for a file whose bytes count: no coding is asked for, and none is undone. Some servers call a compressed file
    /// `Content-Encoding: gzip`.
    #[must_use]
    pub fn as_is(mut self) -> Self {
        self.as_is = true;
        self
    }

    /// The same with a limit of time of its own.
    #[must_use]
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = Some(limit);
        self
    }
}

/// What a server answered, whatever its status.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The address that answered in the end.
    pub url: Url,
    /// The proxy that it came through.
    pub via: Option<Peer>,
    /// The body, decompressed and within the limit; of an error status only its beginning.
    pub body: Vec<u8>,
    pub(super) headers: HeaderMap,
}

impl Reply {
    /// A header's value, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where a redirect leads, byte for byte as the server said it: it may be no text.
    pub fn location(&self) -> Option<&[u8]> {
        self.headers.get(header::LOCATION).map(HeaderValue::as_bytes)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies and headers may hold tokens.
        write!(f, "Reply {{ status: {}, url: {}, body: {} bytes }}", self.status, self.url, self.body.len())
    }
}
