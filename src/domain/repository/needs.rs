//! Whether repositories have what the nodes of an environment need.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::{MirrorFinding, Severity, SuiteReport, compare_versions};
use crate::domain::mu::Mu;
use crate::domain::node_repositories::NodeRepositories;
use crate::domain::nodeset::fold;
use crate::domain::row::{State, Verdict};

/// The ends of the names of suites that bring updates.
const UPDATING: [&str; 3] = ["-updates", "-security", "-holdback"];

/// A node that may need something of the mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeNeeds {
    /// Its name. Safe to show.
    pub name: String,
    /// Its state.
    pub state: State,
    /// Which update it has.
    pub mu: Option<Mu>,
    /// What the mirror's update means for it.
    pub verdict: Verdict,
    /// Its repositories and packages; none where it did not tell.
    pub has: Option<NodeRepositories>,
    /// How many of its packages the mirror has newer.
    pub newer: usize,
}

impl NodeNeeds {
    /// Compares its packages with those of the suites; `newer` is the result.
    pub fn compare(&mut self, suites: &[SuiteReport]) {
        let Some(has) = &self.has else { return };
        let mut best: BTreeMap<&str, &str> = BTreeMap::new();
        for package in suites.iter().flat_map(|suite| &suite.packages) {
            let version = best.entry(&package.name).or_insert(&package.version);
            if compare_versions(&package.version, version) == Ordering::Greater {
                *version = &package.version;
            }
        }
        let newer = |(name, version): &(&String, &String)| {
            best.get(name.as_str()).is_some_and(|best| compare_versions(best, version) == Ordering::Greater)
        };
        self.newer = has.packages.iter().filter(newer).count();
    }
}

/// What the nodes need and the mirror does not have. `signal` is the update that it announces for them.
pub fn findings(nodes: &[NodeNeeds], suites: &[SuiteReport], signal: Option<&Mu>) -> Vec<MirrorFinding> {
    let mut findings = Vec::new();
    let mut add = |severity, kind, text: String, names: &[&str]| {
        if !names.is_empty() {
            findings.push(MirrorFinding::new(severity, kind, format!("{text}{}", fold(names.iter().copied()))));
        }
    };
    let names = |wanted: &dyn Fn(&NodeNeeds) -> bool| -> Vec<&str> {
        nodes.iter().filter(|node| wanted(node)).map(|node| node.name.as_str()).collect()
    };
    let sources: BTreeSet<_> = nodes.iter().filter_map(|node| node.has.as_ref()).flat_map(|has| &has.sources).collect();
    for source in sources {
        if !UPDATING.iter().any(|end| source.suite.ends_with(end))
            || suites.iter().any(|s| serves(s, &source.uri, &source.suite))
        {
            continue;
        }
        let users = names(&|node| node.has.as_ref().is_some_and(|has| has.sources.contains(source)));
        let text = format!("{} of {} is not on this mirror; needed by ", source.suite, source.uri);
        add(Severity::Broken, "not-served", text, &users);
    }
    let silent = names(&|node| !node.state.answered_properly() || node.has.is_none());
    add(Severity::Broken, "node", "cannot tell what these nodes need: ".to_owned(), &silent);
    if let Some(signal) = signal {
        let ahead = names(&|node| node.verdict == Verdict::AheadOfMirror);
        add(Severity::Differs, "ahead", format!("an update newer than {signal} is installed on "), &ahead);
        let waiting = |node: &NodeNeeds| matches!(node.verdict, Verdict::UpdateAvailable | Verdict::RePublished);
        let needy = names(&waiting);
        if !needy.is_empty()
            && !suites.is_empty()
            && nodes.iter().filter(|n| waiting(n) && n.has.is_some()).all(|n| n.newer == 0)
        {
            let text =
                format!("the repositories hold nothing newer than the installed packages, but {signal} is missing on ");
            add(Severity::Differs, "nothing-newer", text, &needy);
        }
    }
    findings
}

/// Whether a suite is the one that nodes fetch from an address: the folder of the repository is the end of it.
fn serves(suite: &SuiteReport, uri: &str, name: &str) -> bool {
    let folder = suite.repository.rsplit("://").next().unwrap_or_default().trim_matches('/');
    // Of a repository that was given by its own address or path, the host or the folders above it may differ.
    let path = uri.rsplit("://").next().unwrap_or_default().trim_end_matches('/');
    let same_end = |a: &str, b: &str| a == b || a.ends_with(&format!("/{b}"));
    suite.suite == name
        && (same_end(path, folder) || same_end(folder, path.split_once('/').map_or(path, |(_, path)| path)))
}

#[cfg(test)]
mod tests {
    use super::super::{PackageEntry, RepositoryPath, Sha256};
    use super::*;
    use crate::domain::node_repositories::AptSource;

    fn suite(repository: &str, suite: &str, version: &str) -> SuiteReport {
        let package = PackageEntry {
            name: "nova-api".into(),
            version: version.into(),
            file: RepositoryPath::parse("x").unwrap(),
            size: 1,
            sha256: Sha256::parse(&"0".repeat(64)).unwrap(),
        };
        SuiteReport {
            repository: repository.into(),
            suite: suite.into(),
            packages: vec![package],
            ..SuiteReport::default()
        }
    }

    fn node(name: &str, uri: &str, verdict: Verdict) -> NodeNeeds {
        let has = NodeRepositories {
            sources: [
                AptSource { uri: uri.into(), suite: "mos9.0-updates".into() },
                AptSource { uri: uri.into(), suite: "mos9.0".into() },
            ]
            .into(),
            packages: [("nova-api".to_owned(), "2:1.0".to_owned()), ("bash".to_owned(), "4".to_owned())].into(),
        };
        NodeNeeds { name: name.into(), state: State::Installed, mu: None, verdict, has: Some(has), newer: 0 }
    }

    fn found(nodes: &mut [NodeNeeds], suites: &[SuiteReport]) -> Vec<String> {
        let signal = Mu { id: 3, title: "9.0-mu-3".into(), timestamp: 1, doc_link: None };
        nodes.iter_mut().for_each(|node| node.compare(suites));
        findings(nodes, suites, Some(&signal)).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn a_mirror_that_has_everything() {
        let uri = "http://10.20.0.2:8080/mos-repos/ubuntu/9.0";
        let mut nodes = [node("node-1", uri, Verdict::UpdateAvailable), node("node-2", uri, Verdict::UpToDate)];
        assert_eq!(found(&mut nodes, &[suite("mos-repos/ubuntu/9.0", "mos9.0-updates", "2:1.1")]), [""; 0]);
        assert_eq!(nodes[0].newer, 1);
    }

    #[test]
    fn what_nodes_miss() {
        let uri = "http://m/mos-repos/ubuntu/9.2";
        let mut nodes = [
            node("node-1", uri, Verdict::UpdateAvailable),
            node("node-2", uri, Verdict::AheadOfMirror),
            node("node-3", uri, Verdict::Unknown),
        ];
        nodes[2].has = None;
        assert_eq!(
            found(&mut nodes, &[suite("mos-repos/ubuntu/9.0", "mos9.0-updates", "2:1.0")]),
            [
                "mos9.0-updates of http://m/mos-repos/ubuntu/9.2 is not on this mirror; needed by node-[1-2]",
                "cannot tell what these nodes need: node-3",
                "an update newer than 9.0-mu-3 is installed on node-2",
                "the repositories hold nothing newer than the installed packages, but 9.0-mu-3 is missing on node-1",
            ]
        );
    }

    #[test]
    fn the_folder_is_the_end_of_the_address() {
        let serves = |repository: &str, uri: &str| super::serves(&suite(repository, "s", "1"), uri, "s");
        assert!(serves("mirrors/mos-repos/ubuntu/9.0", "http://10.20.0.2:8080/mirrors/mos-repos/ubuntu/9.0"));
        assert!(serves("http://m/repo/9.0/", "http://m/repo/9.0"));
        assert!(serves("/var/www/nailgun/repo/9.0", "http://10.20.0.2:8080/repo/9.0"));
        assert!(!serves("mos-repos/ubuntu/9.0", "http://m/mos-repos/ubuntu/9.2"));
        assert!(!serves("ubuntu/9.0", "http://m/myubuntu/9.0"));
    }
}
