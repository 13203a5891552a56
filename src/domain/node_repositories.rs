//! Which repositories a node gets its packages from, and which packages it has.

use std::collections::{BTreeMap, BTreeSet};

use super::remote::{Garbled, RemoteCommand};

/// The command that asks a node for its repositories and packages.
#[derive(Clone, Copy, Debug)]
pub enum ReadRepositories {}

/// A suite that a node gets packages from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AptSource {
    /// The address of the repository, without a final slash. Safe to show.
    pub uri: String,
    /// The suite. Safe to show.
    pub suite: String,
}

/// What a node answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRepositories {
    /// The suites of its MOS repositories.
    pub sources: BTreeSet<AptSource>,
    /// Its packages with their versions.
    pub packages: BTreeMap<String, String>,
}

impl RemoteCommand for ReadRepositories {
    const SCRIPT: &'static [&'static str] = &[include_str!("node_repositories.sh")];
    const PROGRAMS: &'static str = "sed dpkg-query";
    const LIMIT: usize = 2 * 1024 * 1024;
    type Answer = NodeRepositories;

    fn parse(answer: &str) -> Result<NodeRepositories, Garbled> {
        let mut found = NodeRepositories::default();
        for line in answer.lines().filter(|line| !line.is_empty()) {
            if let Some(source) = line.strip_prefix("source ") {
                // Options of the source come first: `[trusted=yes arch=amd64]`.
                let source = source.strip_prefix('[').and_then(|s| s.split_once(']')).map_or(source, |(_, rest)| rest);
                let mut words = source.split_whitespace();
                let (Some(uri), Some(suite)) = (words.next(), words.next()) else { continue };
                let harmless = |word: &str| word.len() <= 500 && word.bytes().all(|b| b.is_ascii_graphic());
                if !harmless(uri) || !harmless(suite) {
                    return Err(Garbled("source"));
                }
                // A password in the address is for the node alone.
                let uri = match (uri.split_once("://"), uri.rsplit_once('@')) {
                    (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
                    _ => uri.to_owned(),
                };
                let uri = uri.trim_end_matches('/').to_owned();
                found.sources.insert(AptSource { uri, suite: suite.to_owned() });
            } else if let Some(package) = line.strip_prefix("package ") {
                let (name, version) = package.split_once(' ').ok_or(Garbled("package"))?;
                found.packages.insert(name.to_owned(), version.to_owned());
            } else {
                return Err(Garbled("line"));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::remote::testing;
    use super::*;

    #[test]
    fn the_sources_of_a_tree() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("etc/apt/sources.list.d");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("mos.list"), "# deb x y\ndeb http://10.20.0.2:8080/mos/ mos9.0 main restricted\n")
            .unwrap();
        fs::write(
            folder.join("mos-updates.list"),
            "deb [trusted=yes a=b] http://u:p@m/mos-repos/ubuntu/9.0 mos9.0-updates main\n",
        )
        .unwrap();
        fs::write(folder.join("other.list"), "deb http://x y main\n").unwrap();
        let found = testing::ask::<ReadRepositories>(dir.path()).unwrap();
        let sources: Vec<String> = found.sources.iter().map(|s| format!("{} {}", s.uri, s.suite)).collect();
        assert_eq!(sources, ["http://***@m/mos-repos/ubuntu/9.0 mos9.0-updates", "http://10.20.0.2:8080/mos mos9.0"]);
    }

    #[test]
    fn packages_and_garbled_lines() {
        let found = ReadRepositories::parse("package nova-api 2:13.1\n\npackage g++ 1\n").unwrap();
        assert_eq!(found.packages["nova-api"], "2:13.1");
        for (answer, what) in [("package x\n", "package"), ("what\n", "line"), ("source \u{7} x\n", "source")] {
            assert_eq!(ReadRepositories::parse(answer), Err(Garbled(what)), "{answer:?}");
        }
    }
}
