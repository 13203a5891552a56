//! Reading one HTTP/1.1 request.

use std::io::{self, BufRead, Read};

/// The most that a request's body may hold, in bytes: a compiled graph is some hundred KB.
const MAX_BODY: u64 = 32 * 1024 * 1024;
/// The most that the request line or a header may hold, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// One request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, percent-decoded, without the query.
    pub path: String,
    /// The query's pairs in order, decoded.
    pub query: Vec<(String, String)>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads one request; `None` at the end of the connection.
    pub(super) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first) = line(stream)? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err(bad("request line")) };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request =
            Self { method: method.to_owned(), path: decode(path, false), query: pairs(query), ..Self::default() };
        loop {
            let header = line(stream)?.ok_or_else(|| bad("headers"))?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').ok_or_else(|| bad("header"))?;
            request.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        if request.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            request.body = chunks(stream)?;
        } else if let Some(length) = request.header("content-length") {
            let length: u64 = length.parse().map_err(|_| bad("content-length"))?;
            if length > MAX_BODY {
                return Err(bad("body too large"));
            }
            let read = stream.take(length).read_to_end(&mut request.body)?;
            if (read as u64) < length {
                return Err(bad("body cut short"));
            }
        }
        Ok(Some(request))
    }

    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a query's key.
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a query's flag is set, as Nailgun reads it: there, and not `0` or `false`.
    pub fn flag(&self, name: &str) -> bool {
        self.arg(name).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false"))
    }

    /// Whether the client wants the connection closed afterwards.
    pub(super) fn wants_close(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// One line without its end; `None` at the end of the stream.
fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    stream.take(MAX_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(bad("line cut short or too long"));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(stream)?.ok_or_else(|| bad("chunk"))?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad("chunk size"))?;
        if body.len() as u64 + size > MAX_BODY {
            return Err(bad("body too large"));
        }
        if size == 0 {
            while line(stream)?.is_some_and(|trailer| !trailer.is_empty()) {}
            return Ok(body);
        }
        if stream.take(size).read_to_end(&mut body)? as u64 != size {
            return Err(bad("chunk cut short"));
        }
        line(stream)?;
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' if plus_is_space => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let pair = [ahead.next().unwrap_or_default(), ahead.next().unwrap_or_default()];
                match std::str::from_utf8(&pair).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    Some(decoded) => {
                        bytes.push(decoded);
                        rest = ahead;
                    }
                    None => bytes.push(byte),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_chunks_give_the_same_body() {
        let plain = b"POST /a%20b?x=1%2C3&y=&z HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET";
        let chunked =
            b"POST /a%20b?x=1%2C3&y=&z HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
        for bytes in [&plain[..], &chunked[..]] {
            let request = Request::read(&mut &bytes[..]).unwrap().unwrap();
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/a b"));
            assert_eq!((request.arg("x"), request.arg("y"), request.arg("z")), (Some("1,3"), Some(""), Some("")));
            assert_eq!(request.body, b"hello");
        }
        assert!(Request::read(&mut &b""[..]).unwrap().is_none());
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        for bad in ["GET / HTTP/1.1\r\n", "GET /", "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell"] {
            assert!(Request::read(&mut bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
