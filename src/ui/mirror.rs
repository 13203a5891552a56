//! What `mirror verify` found.

use jiff::Timestamp;
use serde::Serialize;

use super::document::{self, Envelope, MuDocument};
use super::show::Show;
use super::table::Table;
use crate::domain::numbers::EnvId;
use crate::domain::repository::{MirrorFinding, NodeNeeds, ReleaseReport, Severity, SuiteReport, published};
use crate::domain::time::format_utc;
use crate::exit::Exit;

/// How many findings of a kind are shown to people; a document has all of them.
const SHOWN: usize = 5;

/// A mirror with its releases, and the nodes that were compared with it.
#[derive(Clone, Copy, Debug)]
pub struct ShownMirror<'a> {
    /// The mirror. Safe to show.
    pub mirror: &'a str,
    /// The environment whose nodes were asked.
    pub env: Option<EnvId>,
    /// When it was read, RFC 3339 in UTC.
    pub taken_at: &'a str,
    /// The releases.
    pub releases: &'a [ReleaseReport],
    /// The nodes.
    pub nodes: &'a [NodeNeeds],
    /// What the nodes need and do not find.
    pub of_env: &'a [MirrorFinding],
    /// How the command ends.
    pub exit: Exit,
}

impl ShownMirror<'_> {
    /// The table without any row.
    pub fn columns() -> Table {
        Table::new(&["release", "MU", "id", "published", "age", "packages", "MB", "repositories", "state"])
            .gives_way(&["id", "age", "MB", "published", "repositories"])
    }
}

impl Show for ShownMirror<'_> {
    fn document(&self) -> impl Serialize {
        let body = VerifiedDocument {
            mirror: self.mirror,
            releases: self.releases.iter().map(release).collect(),
            nodes: self.nodes.iter().map(needs).collect(),
            findings: self.of_env.iter().map(finding).collect(),
        };
        let conditions = match self.exit {
            Exit::Partial => vec!["partial"],
            Exit::Drift => vec!["drift"],
            _ => vec![],
        };
        Envelope::new("mirror verify", self.env, self.taken_at, body).ended(self.exit, conditions)
    }

    fn table(&self) -> Table {
        let mut table = Self::columns();
        for release in self.releases {
            let mu = release.mu.as_ref();
            let dash = || "-".to_owned();
            let looked_at = !release.suites.is_empty();
            let packages: usize = release.suites.iter().map(|suite| suite.packages.len()).sum();
            let bytes: u64 = release.suites.iter().map(SuiteReport::bytes).sum();
            table.push(vec![
                release.version.to_string(),
                mu.map_or_else(dash, |mu| mu.title.clone()),
                mu.map_or_else(dash, |mu| mu.id.to_string()),
                mu.and_then(|mu| day(mu.timestamp)).unwrap_or_else(dash),
                release.age.map_or_else(dash, age),
                if looked_at { packages.to_string() } else { dash() },
                if looked_at { bytes.div_ceil(1024 * 1024).to_string() } else { dash() },
                published(&release.suites).and_then(day).unwrap_or_else(dash),
                release.state().to_owned(),
            ]);
        }
        table
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for release in self.releases {
            add(&mut lines, &format!("MOS {}: ", release.version), &release.findings);
        }
        if let Some(env) = self.env {
            let newer = self.nodes.iter().map(|node| node.newer).max().unwrap_or_default();
            lines.push(format!(
                "environment {env}: {} nodes; newer packages on the mirror: up to {newer} per node",
                self.nodes.len()
            ));
            add(&mut lines, "", self.of_env);
        }
        lines
    }
}

/// The findings, those that matter most first, at most a few of each kind.
fn add(lines: &mut Vec<String>, before: &str, findings: &[MirrorFinding]) {
    for severity in [Severity::Broken, Severity::Differs, Severity::Note] {
        let mut kinds: Vec<(&str, usize)> = Vec::new();
        for finding in findings.iter().filter(|finding| finding.severity == severity) {
            let count = match kinds.iter_mut().find(|(kind, _)| *kind == finding.kind) {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    kinds.push((finding.kind, 1));
                    1
                }
            };
            if count <= SHOWN {
                lines.push(format!("{before}{}", finding.message));
            }
        }
        for (kind, count) in kinds.iter().filter(|(_, count)| *count > SHOWN) {
            lines.push(format!("{before}{} more ({kind})", count - SHOWN));
        }
    }
}

fn day(second: i64) -> Option<String> {
    Timestamp::from_second(second).ok().map(|time| time.strftime("%Y-%m-%d").to_string())
}

fn age(seconds: i64) -> String {
    match seconds {
        ..0 => "in the future".to_owned(),
        0..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[derive(Serialize)]
struct VerifiedDocument<'a> {
    mirror: &'a str,
    releases: Vec<ReleaseDocument<'a>>,
    nodes: Vec<NeedsDocument<'a>>,
    findings: Vec<FindingDocument<'a>>,
}

#[derive(Serialize)]
struct ReleaseDocument<'a> {
    mos_version: &'a str,
    url: &'a str,
    mu: Option<MuDocument<'a>>,
    age_s: Option<i64>,
    state: &'static str,
    suites: Vec<SuiteDocument<'a>>,
    findings: Vec<FindingDocument<'a>>,
}

#[derive(Serialize)]
struct SuiteDocument<'a> {
    repository: &'a str,
    suite: &'a str,
    date: Option<String>,
    newest_package: Option<String>,
    signed: bool,
    packages: usize,
    bytes: u64,
    faults: usize,
}

#[derive(Serialize)]
struct NeedsDocument<'a> {
    name: &'a str,
    state: &'static str,
    mu: Option<MuDocument<'a>>,
    verdict: &'static str,
    newer_packages: Option<usize>,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    severity: &'static str,
    kind: &'static str,
    message: &'a str,
}

fn release(release: &ReleaseReport) -> ReleaseDocument<'_> {
    ReleaseDocument {
        mos_version: &release.version,
        url: &release.url,
        mu: release.mu.as_ref().map(document::mu),
        age_s: release.age,
        state: release.state(),
        suites: release.suites.iter().map(suite).collect(),
        findings: release.findings.iter().map(finding).collect(),
    }
}

fn suite(suite: &SuiteReport) -> SuiteDocument<'_> {
    let moment = |second: Option<i64>| second.and_then(|s| Timestamp::from_second(s).ok()).map(format_utc);
    SuiteDocument {
        repository: &suite.repository,
        suite: &suite.suite,
        date: moment(suite.date),
        newest_package: moment(suite.newest),
        signed: suite.signed,
        packages: suite.packages.len(),
        bytes: suite.bytes(),
        faults: suite.faults.len(),
    }
}

fn needs(node: &NodeNeeds) -> NeedsDocument<'_> {
    NeedsDocument {
        name: &node.name,
        state: node.state.as_str(),
        mu: node.mu.as_ref().map(document::mu),
        verdict: node.verdict.as_str(),
        newer_packages: node.has.as_ref().map(|_| node.newer),
    }
}

fn finding(finding: &MirrorFinding) -> FindingDocument<'_> {
    let severity = match finding.severity {
        Severity::Note => "note",
        Severity::Differs => "differs",
        Severity::Broken => "broken",
    };
    FindingDocument { severity, kind: finding.kind, message: &finding.message }
}
