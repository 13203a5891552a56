//! Responses, and the faults in sending them.

use std::io::{self, Write};
use std::time::Duration;

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers beyond the length.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// The body of a response.
#[derive(Clone, Debug)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The letter `x` this many times, generated while it is sent: a body too big for memory.
    Filler(u64),
}

/// How a response is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Without a fault.
    Whole,
    /// After a pause.
    After(Duration),
    /// One byte of the body at a time, with a pause between them.
    Drip(Duration),
    /// The headers and this many bytes of the body, then a reset.
    CutAfter(usize),
    /// A reset in place of the response.
    Reset,
    /// Nothing, until the client or the lab gives up.
    Silence,
}

/// A response and how it is sent.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The response.
    pub response: Response,
    /// How it is sent.
    pub manner: Manner,
}

impl Response {
    /// A response with a body of the given type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type".into(), content_type.into())], body: Body::Bytes(body.into()) }
    }

    /// A response without a body and without a type.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The bytes before the body.
    pub(super) fn head(&self, close: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.status != 204 {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        head += if close { "Connection: close\r\n\r\n" } else { "\r\n" };
        head.into_bytes()
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self { response, manner: Manner::Whole }
    }
}

impl Body {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Filler(length) => *length,
        }
    }

    /// Writes at most `limit` bytes of it.
    pub(super) fn write_to(&self, stream: &mut impl Write, limit: u64) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => {
                let end = usize::try_from(limit).unwrap_or(usize::MAX).min(bytes.len());
                stream.write_all(&bytes[..end])
            }
            Self::Filler(length) => {
                let block = [b'x'; 64 * 1024];
                let mut left = (*length).min(limit);
                while left > 0 {
                    let part = left.min(block.len() as u64);
                    stream.write_all(&block[..part as usize])?;
                    left -= part;
                }
                Ok(())
            }
        }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        415 => "Unsupported Media Type",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
