//! What was found out about the releases that a mirror announces.

use super::{PackageEntry, RepositoryFault};
use crate::domain::mos_version::MosVersion;
use crate::domain::mu::Mu;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Complete and readable, but not what it should be.
    Differs,
    /// An installation from this mirror would fail, or could not be judged.
    Broken,
}

/// Something that an operator should know of a release or repository. Safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorFinding {
    /// How much it matters.
    pub severity: Severity,
    /// A stable word for JSON.
    pub kind: &'static str,
    /// One line.
    pub message: String,
}

impl MirrorFinding {
    /// A finding.
    pub fn new(severity: Severity, kind: &'static str, message: impl Into<String>) -> Self {
        Self { severity, kind, message: message.into() }
    }
}

/// A suite of a package repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuiteReport {
    /// The repository's folder or address. Safe to show.
    pub repository: String,
    /// The name of the suite.
    pub suite: String,
    /// When it was published, seconds since 1970, as its Release file says.
    pub date: Option<i64>,
    /// Whether it has a signature; it is not verified.
    pub signed: bool,
    /// Its packages, each file once.
    pub packages: Vec<PackageEntry>,
    /// When its newest package was built, where the packages were read.
    pub newest: Option<i64>,
    /// What is wrong with it.
    pub faults: Vec<RepositoryFault>,
}

impl SuiteReport {
    /// The bytes of all packages.
    pub fn bytes(&self) -> u64 {
        self.packages.iter().map(|package| package.size).sum()
    }

    /// What is wrong with it as findings.
    pub fn findings(&self) -> Vec<MirrorFinding> {
        let place = format!("{} {}", self.repository, self.suite);
        let finding =
            |fault: &RepositoryFault| MirrorFinding::new(Severity::Broken, fault.kind(), format!("{place}: {fault}"));
        self.faults.iter().map(finding).collect()
    }

    /// Whether it was read and has no signature.
    fn is_unsigned(&self) -> bool {
        !self.signed && !self.faults.iter().any(|fault| matches!(fault, RepositoryFault::NoRelease(_)))
    }
}

/// When the packages were published, as far as the suites tell: the latest date of a Release file, else the time of the
/// newest package.
pub fn published(suites: &[SuiteReport]) -> Option<i64> {
    suites.iter().filter_map(|suite| suite.date).max().or_else(|| newest_package(suites))
}

/// When the newest package was built.
pub fn newest_package(suites: &[SuiteReport]) -> Option<i64> {
    suites.iter().filter_map(|suite| suite.newest).max()
}

/// A release that a mirror announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseReport {
    /// The MOS version.
    pub version: MosVersion,
    /// Where its signal is. Safe to show.
    pub url: String,
    /// The update that it announces; none where the signal cannot be read.
    pub mu: Option<Mu>,
    /// How old the signal is, in seconds.
    pub age: Option<i64>,
    /// The suites of its repositories.
    pub suites: Vec<SuiteReport>,
    /// Everything that is wrong or good to know.
    pub findings: Vec<MirrorFinding>,
}

impl ReleaseReport {
    /// Adds what the suites say, and whether they are older than the signal.
    pub fn judge_suites(&mut self) {
        self.findings.extend(self.suites.iter().flat_map(SuiteReport::findings));
        let unsigned: Vec<&str> = self.suites.iter().filter(|s| s.is_unsigned()).map(|s| s.suite.as_str()).collect();
        if !unsigned.is_empty() {
            let text = "no signature: nodes refuse it unless their apt accepts unsigned repositories";
            self.findings.push(MirrorFinding::new(
                Severity::Note,
                "unsigned",
                format!("{}: {text}", unsigned.join(", ")),
            ));
        }
        if let (Some(mu), Some(published)) = (&self.mu, published(&self.suites))
            && published < mu.timestamp
        {
            let message =
                format!("the package repositories are older than the signal of {}: copy them again", mu.title);
            self.findings.push(MirrorFinding::new(Severity::Differs, "stale", message));
        }
    }

    /// The finding that matters most, the first of its kind.
    pub fn worst(&self) -> Option<&MirrorFinding> {
        let severity = self.findings.iter().map(|finding| finding.severity).max()?;
        self.findings.iter().find(|finding| finding.severity == severity && severity > Severity::Note)
    }

    /// A word for its state: `complete`, or the kind of the finding that matters most.
    pub fn state(&self) -> &'static str {
        self.worst().map_or("complete", |finding| finding.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(date: Option<i64>, newest: Option<i64>, faults: Vec<RepositoryFault>) -> ReleaseReport {
        let suite = SuiteReport { date, newest, faults, signed: true, ..SuiteReport::default() };
        let mut release = ReleaseReport {
            version: "9.0".parse().unwrap(),
            url: String::new(),
            mu: Some(Mu { id: 3, title: "9.0-mu-3".into(), timestamp: 100, doc_link: None }),
            age: None,
            suites: vec![SuiteReport { date: Some(50), signed: true, ..SuiteReport::default() }, suite],
            findings: vec![],
        };
        release.judge_suites();
        release
    }

    #[test]
    fn the_newest_suite_decides_whether_the_packages_are_older_than_the_signal() {
        assert_eq!(release(Some(100), None, vec![]).state(), "complete");
        assert_eq!(release(Some(99), Some(500), vec![]).state(), "stale");
        let mut undated = release(None, Some(99), vec![]);
        undated.suites[0].date = None;
        undated.findings.clear();
        undated.judge_suites();
        assert_eq!(undated.state(), "stale");
    }

    #[test]
    fn what_is_broken_counts_more_than_what_differs() {
        let fault = RepositoryFault::NoRelease("dists/x".into());
        let both = release(Some(1), None, vec![fault]);
        assert_eq!((both.state(), both.findings.len()), ("missing", 2));
        let mut note = release(Some(100), None, vec![]);
        note.findings.push(MirrorFinding::new(Severity::Note, "unsigned", "x"));
        assert_eq!(note.state(), "complete");
    }
}
