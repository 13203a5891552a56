//! The snapshots before and after an installation: what did it change?

use std::path::PathBuf;

use super::kind::Kind;
use super::snapshot::Changes;

/// The snapshots of a run's nodes, and what is different between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunSnapshots {
    /// The file from before the first change; nothing where this host has none.
    pub before: Option<PathBuf>,
    /// The file from the end.
    pub after: Option<PathBuf>,
    /// What is different; nothing where one of the two is missing.
    pub changes: Option<Changes>,
}

impl RunSnapshots {
    /// What the run changed, in one line. What follows from new packages (the update's own file, and that they are no
    /// longer to be upgraded) is named only if there is nothing else.
    pub fn line(&self) -> Option<String> {
        let changes = self.changes.as_ref()?;
        let told = |kind: Kind| !matches!(kind, Kind::Update | Kind::Upgradable);
        let counts = changes.counts();
        let words: Vec<String> =
            counts.iter().filter(|(kind, _)| told(**kind)).map(|(kind, count)| kind.count(*count)).collect();
        let words = if words.is_empty() { changes.summary() } else { Some(words.join(", ")) };
        let mut line = match words {
            Some(words) => format!("changed since before: {words} on {}", changes.places),
            None => "changed since before: nothing".to_owned(),
        };
        for only in &changes.only_in_one {
            line.push_str("; ");
            line.push_str(only);
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drift::ChangedFact;
    use crate::domain::numbers::EnvId;

    fn snapshots(changed: &[(Kind, &str)], only_in_one: &[&str]) -> RunSnapshots {
        let change = |(kind, key): &(Kind, &str)| ChangedFact {
            kind: *kind,
            key: (*key).to_owned(),
            before: None,
            after: Some("1".to_owned()),
            places: "node-1".to_owned(),
        };
        let changes = Changes {
            taken_at: "t".to_owned(),
            env: EnvId(1),
            by_role: false,
            changes: changed.iter().map(change).collect(),
            places: "node-[1-2]".to_owned(),
            only_in_one: only_in_one.iter().map(|text| (*text).to_owned()).collect(),
        };
        RunSnapshots { changes: Some(changes), ..RunSnapshots::default() }
    }

    #[test]
    fn one_line_says_what_a_run_changed() {
        let line = |changed: &[(Kind, &str)], only: &[&str]| snapshots(changed, only).line().unwrap();
        let packages = [(Kind::Package, "a"), (Kind::Package, "a"), (Kind::Package, "b"), (Kind::Reboot, "reboot")];
        assert_eq!(line(&packages, &[]), "changed since before: 2 packages, 1 required reboot on node-[1-2]");
        let mut more = vec![(Kind::Update, "mu-version.json"), (Kind::Upgradable, "a")];
        assert_eq!(
            line(&more, &[]),
            "changed since before: 1 part of the update, 1 upgradable package on node-[1-2]",
            "there is nothing else"
        );
        more.extend(packages);
        assert_eq!(line(&more, &[]), line(&packages, &[]));
        assert_eq!(
            line(&[], &["only in the snapshot: node-3"]),
            "changed since before: nothing; only in the snapshot: node-3"
        );
        assert_eq!(RunSnapshots::default().line(), None);
    }
}
