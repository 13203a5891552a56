//! Paths below a repository.

use std::fmt;

/// A path below a repository that cannot leave it: no empty part, no `.` and no `..`, only printable ASCII without spaces
/// and backslashes, at most 500 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryPath(String);

impl RepositoryPath {
    /// Reads a relative path, as `Release` and the field `Filename` have it. A leading `./` is dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("./").unwrap_or(text);
        let harmless =
            |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        (text.len() <= 500 && text.split('/').all(harmless)).then(|| Self(text.to_owned()))
    }

    /// The same path below a folder of the repository.
    pub fn below(&self, folder: &Self) -> Self {
        Self(format!("{}/{}", folder.0, self.0))
    }

    /// The path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_leaves_its_repository() {
        for good in ["a", "pool/main/n/nova/nova_2%3a1.0~u14.04+mos1_all.deb", "./a/b", "a/..b", "a/b.."] {
            assert!(RepositoryPath::parse(good).is_some(), "{good}");
        }
        let long = "a".repeat(501);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "a//b",
            "a/",
            ".",
            "a/./b",
            "a b",
            "a\nb",
            "a\\b",
            "é",
            &long,
        ] {
            assert_eq!(RepositoryPath::parse(bad), None, "{bad}");
        }
    }
}
