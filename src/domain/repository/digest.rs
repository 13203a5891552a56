//! Checksums of files.

use std::fmt;

use ring::digest::{Context, SHA256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut sum = [0; 32];
        if text.len() != 2 * sum.len() {
            return None;
        }
        for (byte, pair) in sum.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? * 16 + digit(pair[1])?;
        }
        Some(Self(sum))
    }
}

impl Sha256 {
    /// The sum of all pieces together.
    pub fn of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut summing = Summing::new();
        pieces.into_iter().for_each(|piece| summing.add(piece));
        summing.finish().sha256
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What a file holds, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// Its size in bytes.
    pub size: u64,
    /// Its checksum.
    pub sha256: Sha256,
    /// For a Debian package, when it was built: seconds since 1970.
    pub built: Option<i64>,
}

/// Sums up a file piece by piece.
pub struct Summing {
    context: Context,
    size: u64,
    head: Vec<u8>,
}

/// The magic of an archive of `ar` and the header of its first member.
const AR_HEAD: usize = 8 + 60;

impl Summing {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self { context: Context::new(&SHA256), size: 0, head: Vec::new() }
    }

    /// Adds the next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.context.update(piece);
        self.size = self.size.saturating_add(piece.len() as u64);
        let wanted = AR_HEAD.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..wanted]);
    }

    /// How many bytes were added.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The digest of all pieces.
    pub fn finish(self) -> FileDigest {
        let mut sum = [0; 32];
        for (to, from) in sum.iter_mut().zip(self.context.finish().as_ref()) {
            *to = *from;
        }
        FileDigest { size: self.size, sha256: Sha256(sum), built: built(&self.head) }
    }
}

impl Default for Summing {
    fn default() -> Self {
        Self::new()
    }
}

/// The time of the first member of a Debian package (deb(5)): `debian-binary` is written when the package is built.
fn built(head: &[u8]) -> Option<i64> {
    let member = head.strip_prefix(b"!<arch>\n")?;
    let time = member.starts_with(b"debian-binary").then(|| member.get(16..28)).flatten()?;
    std::str::from_utf8(time).ok()?.trim().parse().ok().filter(|time| *time > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(pieces: &[&[u8]]) -> FileDigest {
        let mut summing = Summing::new();
        pieces.iter().for_each(|piece| summing.add(piece));
        summing.finish()
    }

    #[test]
    fn the_sum_of_abc() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(&[b"a", b"", b"bc"]).sha256.to_string(), abc);
        assert_eq!(Sha256::parse(&abc.to_uppercase()), Some(digest(&[b"abc"]).sha256));
        for bad in ["", "ba78", &abc[1..], &format!("{abc}0"), &abc.replace('b', "g"), &"é".repeat(32)] {
            assert_eq!(Sha256::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_package_tells_when_it_was_built() {
        let package =
            |name: &str, time: &str| format!("!<arch>\n{name:<16}{time:<12}0     0     100644  4         `\n2.0\n");
        let time = |text: &str| digest(&[&text.as_bytes()[..9], &text.as_bytes()[9..]]).built;
        assert_eq!(time(&package("debian-binary", "1467647277")), Some(1_467_647_277));
        assert_eq!(time(&package("debian-binary/", "1467647277")), Some(1_467_647_277));
        for other in [
            package("debian-binary", "0"),
            package("debian-binary", "x"),
            package("control", "5"),
            "!<arch>\ndebian-binary".into(),
        ] {
            assert_eq!(time(&other), None, "{other}");
        }
    }
}
