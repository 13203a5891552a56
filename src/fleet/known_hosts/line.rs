//! One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::HostKey;

/// A line that records or revokes a key.
#[derive(Debug)]
pub(super) struct KeyLine {
    /// What the line does instead of recording.
    pub(super) marker: Option<Marker>,
    /// For whom.
    pub(super) names: LineNames,
    /// The key.
    pub(super) key: HostKey,
    /// Its place in the file, from 1.
    pub(super) number: usize,
}

/// The word with `@` in front.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// The key must never be accepted.
    Revoked,
    /// The key signs certificates.
    CertAuthority,
}

/// The first field.
#[derive(Debug)]
pub(super) enum LineNames {
    /// Names without wildcards, in lower case.
    Plain(Vec<String>),
    /// One hashed name.
    Hashed {
        /// The key of the HMAC.
        salt: Vec<u8>,
        /// HMAC-SHA1 of the name.
        digest: Vec<u8>,
    },
    /// Names of which at least one has a wildcard or an exclamation mark, in lower case.
    Patterns(Vec<String>),
}

/// The line is not in the format of known_hosts.
#[derive(Debug)]
pub(super) struct BadLine;

impl KeyLine {
    /// Reads one line; `None` for an empty one or a comment.
    pub(super) fn parse(raw: &str, number: usize) -> Result<Option<Self>, BadLine> {
        let mut fields = raw.split_ascii_whitespace();
        let Some(first) = fields.next().filter(|first| !first.starts_with('#')) else { return Ok(None) };
        let (marker, names) = match first.strip_prefix('@') {
            None => (None, first),
            Some("revoked") => (Some(Marker::Revoked), fields.next().ok_or(BadLine)?),
            Some("cert-authority") => (Some(Marker::CertAuthority), fields.next().ok_or(BadLine)?),
            Some(_) => return Err(BadLine),
        };
        let names = LineNames::parse(names).ok_or(BadLine)?;
        let kind = fields.next().ok_or(BadLine)?.to_owned();
        let blob = STANDARD.decode(fields.next().ok_or(BadLine)?).map_err(|_| BadLine)?;
        // The key repeats its type; a line where the two differ would be recorded under the wrong one.
        if kind_in(&blob) != Some(kind.as_bytes()) {
            return Err(BadLine);
        }
        Ok(Some(Self { marker, names, key: HostKey { kind, blob }, number }))
    }
}

impl LineNames {
    fn parse(field: &str) -> Option<Self> {
        if let Some(hashed) = field.strip_prefix("|1|") {
            let (salt, digest) = hashed.split_once('|')?;
            return Some(Self::Hashed { salt: STANDARD.decode(salt).ok()?, digest: STANDARD.decode(digest).ok()? });
        }
        let names: Vec<_> = field.split(',').map(str::to_ascii_lowercase).filter(|name| !name.is_empty()).collect();
        let a_pattern = |name: &String| name.starts_with('!') || name.contains(['*', '?']);
        match names {
            names if names.is_empty() => None,
            names if names.iter().any(a_pattern) => Some(Self::Patterns(names)),
            names => Some(Self::Plain(names)),
        }
    }

    /// Whether the line is about this name (lower case).
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Plain(names) => names.iter().any(|n| n == name),
            Self::Hashed { salt, digest } => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                hmac::verify(&key, name.as_bytes(), digest).is_ok()
            }
            Self::Patterns(patterns) => {
                let excluded = patterns.iter().filter_map(|p| p.strip_prefix('!')).any(|p| glob(p, name));
                !excluded && patterns.iter().filter(|p| !p.starts_with('!')).any(|p| glob(p, name))
            }
        }
    }
}

/// The type that a key's bytes begin with.
fn kind_in(blob: &[u8]) -> Option<&[u8]> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    rest.get(..u32::from_be_bytes(*length) as usize)
}

/// `*` for any characters, `?` for one. Goes back to the last `*` on a mismatch, so its time is bounded by
/// the product of the lengths.
fn glob(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((after_star, from)) = retry else { return false };
                p = after_star;
                n = from + 1;
                retry = Some((after_star, n));
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn wildcards() {
        assert!(glob("*", "") && glob("*", "abc") && glob("a*c", "abbbc") && glob("*.tld", "node.domain.tld"));
        assert!(glob("a*b*c", "a1b2b3c") && glob("node-?", "node-5"));
        assert!(!glob("a*c", "abd") && !glob("node-?", "node-12") && !glob("", "a") && !glob("abc", "ab"));
    }
}
