//! What a pre-check found on a node, and the end of its log: a second command, run only by an installation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::remote::{Garbled, RemoteCommand};
use super::text::{last_lines, one_line};

/// The command that fetches a report and the end of a log.
#[derive(Clone, Copy, Debug)]
pub enum FetchDetails {}

/// What a node answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The report of its last pre-check, where it is valid.
    pub report: Option<Report>,
    /// The end of its newest log. Safe to show.
    pub log_tail: Vec<String>,
}

/// What a pre-check found (`/var/lib/fuel-mu/report.json`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The run that wrote it.
    pub run: String,
    /// Packages that would be upgraded.
    pub packages: Vec<PackageChange>,
    /// Packages that would be removed.
    pub removals: Vec<String>,
    /// Held packages that would stay behind.
    pub holds: Vec<String>,
    /// Packages with changed files, which the upgrade would overwrite.
    pub customised: Vec<String>,
    /// Services that would restart.
    pub services: Vec<String>,
    /// Resources of pacemaker that would restart.
    pub resources: Vec<String>,
    /// What else an operator should know. Safe to show.
    pub notes: Vec<String>,
    /// Free megabytes on /var.
    pub space_mb: u64,
    /// Whether a reboot is needed already.
    pub reboot: bool,
    /// Why the node is refused; nothing when it passes.
    pub failed: Option<String>,
}

/// A package that would be upgraded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PackageChange {
    /// Its name.
    pub name: String,
    /// The version that is installed; nothing for a new one.
    pub from: Option<String>,
    /// The version that it would get.
    pub to: String,
}

impl RemoteCommand for FetchDetails {
    const SCRIPT: &'static [&'static str] = &[include_str!("details.sh")];
    const PROGRAMS: &'static str = "head base64 tail";
    /// A report of 1 MiB and a log's end in base64.
    const LIMIT: usize = 2 * 1024 * 1024;
    type Answer = Details;

    /// What is missing or garbled stays empty.
    fn parse(answer: &str) -> Result<Details, Garbled> {
        let section = |name: &str| -> Vec<u8> {
            let mut lines = answer.lines().filter_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
            lines.next().and_then(|data| STANDARD.decode(data.trim_end()).ok()).unwrap_or_default()
        };
        let mut report: Option<Report> = serde_json::from_slice(&section("report")).ok();
        if let Some(report) = &mut report {
            report.failed = report.failed.take().map(|text| one_line(&text, 400));
            report.notes = report.notes.iter().take(20).map(|note| one_line(note, 400)).collect();
        }
        Ok(Details { report, log_tail: last_lines(&section("log"), 20, 200) })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::remote::testing;
    use super::*;

    #[test]
    fn the_report_and_the_newest_log() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("var/lib/fuel-mu/log");
        fs::create_dir_all(&folder).unwrap();
        let ask = || testing::ask::<FetchDetails>(dir.path()).unwrap();
        assert_eq!(ask(), Details::default());
        let report = r#"{"run":"r","packages":[{"name":"nova-api","from":"1","to":"2"}],"removals":[],"failed":"no\u001b room"}"#;
        fs::write(dir.path().join("var/lib/fuel-mu/report.json"), report).unwrap();
        fs::write(folder.join("a.log"), "old\n").unwrap();
        fs::File::open(folder.join("a.log")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        fs::write(folder.join("b.log"), "one\ntwo\x1b\n").unwrap();
        let details = ask();
        let report = details.report.unwrap();
        assert_eq!((report.packages.len(), report.failed.as_deref()), (1, Some("no room")));
        assert_eq!(details.log_tail, ["one", "two"]);
    }
}
