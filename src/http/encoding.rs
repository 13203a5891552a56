//! Undoes the compression of an answer (`Content-Encoding`).
//!
//! ureq would do it for the exact word `gzip` alone; names of codings are case-insensitive, and servers also say
//! `x-gzip` and `deflate`.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use thiserror::Error;

use crate::domain::text::one_line;

/// What a request accepts.
pub(super) const ACCEPTED: &str = "gzip, deflate";

/// Layers of compression that are undone. One is usual.
const MAX_LAYERS: usize = 3;

/// Why a body cannot be decompressed.
#[derive(Debug, Error)]
pub enum EncodingFault {
    /// A coding that was not asked for.
    #[error("it is encoded as `{0}`, which is not supported")]
    Unknown(String),
    /// More layers than anybody needs.
    #[error("it is compressed more than {MAX_LAYERS} times")]
    TooDeep,
    /// What came is not what its header says.
    #[error("it is damaged")]
    Damaged(#[source] std::io::Error),
}

/// A coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

/// The body in the clear; `header` holds the values of `Content-Encoding`, in the order in which they were applied.
pub(super) fn decoded<'a>(body: impl Read + 'a, header: &[&[u8]]) -> Result<Box<dyn Read + 'a>, EncodingFault> {
    let mut codings = Vec::new();
    for name in header.iter().flat_map(|value| value.split(|byte| *byte == b',')) {
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => {}
            b"gzip" | b"x-gzip" => codings.push(Coding::Gzip),
            b"deflate" => codings.push(Coding::Deflate),
            other => return Err(EncodingFault::Unknown(one_line(&String::from_utf8_lossy(other), 40))),
        }
    }
    if codings.len() > MAX_LAYERS {
        return Err(EncodingFault::TooDeep);
    }
    let mut reader: Box<dyn Read + 'a> = Box::new(body);
    // The one that was applied last comes off first.
    for coding in codings.into_iter().rev() {
        reader = Box::new(Layer::Unread(coding, reader));
    }
    Ok(reader)
}

/// One layer of compression. Its form is known when its first bytes are there.
enum Layer<R: Read> {
    Unread(Coding, R),
    Gzip(MultiGzDecoder<WithStart<R>>),
    Zlib(ZlibDecoder<WithStart<R>>),
    Bare(DeflateDecoder<WithStart<R>>),
    /// Nothing came at all: an empty body, whatever its header says.
    Empty,
}

/// The first bytes, which were read to tell the forms apart, and the rest.
type WithStart<R> = std::io::Chain<std::io::Cursor<Vec<u8>>, R>;

impl<R: Read> Layer<R> {
    fn open(coding: Coding, mut reader: R) -> std::io::Result<Self> {
        let mut start = Vec::new();
        reader.by_ref().take(2).read_to_end(&mut start)?;
        let zlib = is_zlib(&start);
        if start.is_empty() {
            return Ok(Self::Empty);
        }
        let all = std::io::Cursor::new(start).chain(reader);
        Ok(match coding {
            Coding::Gzip => Self::Gzip(MultiGzDecoder::new(all)),
            // The zlib format (RFC 9110); some servers send the bare stream of RFC 1951.
            Coding::Deflate if zlib => Self::Zlib(ZlibDecoder::new(all)),
            Coding::Deflate => Self::Bare(DeflateDecoder::new(all)),
        })
    }
}

impl<R: Read> Read for Layer<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Self::Unread(..) = self
            && let Self::Unread(coding, reader) = std::mem::replace(self, Self::Empty)
        {
            *self = Self::open(coding, reader)?;
        }
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zlib(decoder) => decoder.read(buffer),
            Self::Bare(decoder) => decoder.read(buffer),
            Self::Unread(..) | Self::Empty => Ok(0),
        }
    }
}

/// Method 8, and the check of RFC 1950: both bytes as one number are a multiple of 31.
fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [method, flags] if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bare(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(body: &[u8], header: &[&str]) -> String {
        let header: Vec<&[u8]> = header.iter().map(|value| value.as_bytes()).collect();
        let mut text = String::new();
        match decoded(body, &header).map(|mut reader| reader.read_to_string(&mut text)) {
            Ok(Ok(_)) => text,
            Ok(Err(e)) => format!("error: {e}"),
            Err(e) => format!("error: {e}"),
        }
    }

    #[test]
    fn names_of_codings_have_no_case_and_more_than_one_form() {
        for name in ["gzip", "GZIP", "Gzip", "x-gzip", "X-GZip", " gzip ", "identity, gzip", "gzip,"] {
            assert_eq!(read(&gzip(b"text"), &[name]), "text", "{name}");
        }
        for name in ["deflate", "Deflate"] {
            assert_eq!(read(&zlib(b"text"), &[name]), "text", "{name}");
            assert_eq!(read(&bare(b"text"), &[name]), "text", "bare {name}");
        }
        for name in ["identity", "Identity", ""] {
            assert_eq!(read(b"text", &[name]), "text", "{name}");
        }
        assert_eq!(read(b"text", &[]), "text");
        assert_eq!(read(b"", &["gzip"]) + &read(b"", &["deflate"]), "", "an empty body");
        assert!(read(&gzip(b"text")[..12], &["gzip"]).starts_with("error: "), "cut");
    }

    #[test]
    fn several_codings_come_off_in_turn() {
        assert_eq!(read(&gzip(&zlib(b"text")), &["deflate, gzip"]), "text");
        assert_eq!(read(&gzip(&zlib(b"text")), &["deflate", "x-gzip"]), "text");
        assert_eq!(read(&[], &["gzip, gzip, gzip, gzip"]), "error: it is compressed more than 3 times");
        let members = [gzip(b"te"), gzip(b"xt")].concat();
        assert_eq!(read(&members, &["gzip"]), "text", "gzip of several members");
    }

    #[test]
    fn what_was_not_asked_for_is_named() {
        assert_eq!(read(b"x", &["BR"]), "error: it is encoded as `br`, which is not supported");
        assert_eq!(read(b"x", &["gzip, zstd\x1b"]), "error: it is encoded as `zstd`, which is not supported");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            for name in ["gzip", "deflate"] {
                let _ = read(&bytes, &[name]);
            }
        }
    }
}
