//! The version of a Mirantis OpenStack release.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A MOS version such as `9.0`: two to four numbers of at most three digits with dots between them.
///
/// It names a folder on the mirror and may come from a node or from Nailgun, so no other text can become one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MosVersion(String);

/// A text that is not a MOS version. The text is not repeated: it may be long, or contain control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a MOS version such as 9.0")]
pub struct NotAMosVersion;

impl MosVersion {
    /// The version as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first number: 9 of `9.2`.
    pub fn major(&self) -> u32 {
        // Three digits fit.
        self.0.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default()
    }
}

impl FromStr for MosVersion {
    type Err = NotAMosVersion;

    fn from_str(text: &str) -> Result<Self, NotAMosVersion> {
        let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let valid = (2..=4).contains(&text.split('.').count()) && text.split('.').all(number);
        if valid { Ok(Self(text.to_owned())) } else { Err(NotAMosVersion) }
    }
}

impl TryFrom<String> for MosVersion {
    type Error = NotAMosVersion;

    fn try_from(text: String) -> Result<Self, NotAMosVersion> {
        text.parse()
    }
}

impl From<MosVersion> for String {
    fn from(version: MosVersion) -> Self {
        version.0
    }
}

impl Deref for MosVersion {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MosVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dots_alone_make_a_version() {
        for good in ["6.1", "8.0", "9.0", "9.2", "10.0", "9.0.1", "999.999.999.999"] {
            assert_eq!(good.parse::<MosVersion>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "9",
            "9.",
            ".0",
            "..",
            "9..0",
            "9.0/..",
            "../9.0",
            "9.0 ",
            "9.0\n",
            "9.x",
            "a.b",
            "9999.0",
            "9.0.0.0.0",
            "٩.٠",
        ] {
            assert_eq!(bad.parse::<MosVersion>(), Err(NotAMosVersion), "{bad:?}");
        }
    }

    #[test]
    fn the_major_number() {
        let major = |text: &str| text.parse::<MosVersion>().unwrap().major();
        assert_eq!((major("8.0"), major("10.0"), major("009.2")), (8, 10, 9));
    }
}
