//! What a check found: one row per node, and what follows from all rows together. All forms of output are made from it.

mod answer;
mod group;

use std::collections::BTreeMap;

pub use group::Group;

use crate::domain::inventory::LeftOut;
use crate::domain::mos_version::MosVersion;
use crate::domain::mu::Mu;
use crate::domain::nodeset::fold;
use crate::domain::numbers::EnvId;
use crate::domain::row::{Identity, Row, State, Verdict};

/// The check that made a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// `check installed`.
    Installed,
    /// `check available`.
    Available,
    /// `check`: both, and only what is installed where the mirror has no answer.
    Both,
}

impl Check {
    /// The command's name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "check installed",
            Self::Available => "check available",
            Self::Both => "check",
        }
    }
}

/// What needs attention. Several can hold at once; the first in this order decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// A signal ended the check before every node and the mirror had answered.
    Interrupted,
    /// No node answered, or there is no mirror to compare with.
    Error,
    /// At least one node can be updated.
    UpdateAvailable,
    /// Some nodes could not be asked, did not answer properly, or cannot be compared with the mirror.
    Partial,
    /// Nodes differ, or a node is updating, incomplete or ahead of the mirror.
    Drift,
}

impl Condition {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Error => "error",
            Self::UpdateAvailable => "update-available",
            Self::Partial => "partial",
            Self::Drift => "drift",
        }
    }
}

/// Where the node list came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: String,
    /// Its format.
    pub format: &'static str,
    /// Its age in seconds.
    pub age_s: Option<u64>,
    /// How many entries were left out, by reason.
    pub left_out: BTreeMap<LeftOut, usize>,
}

/// Why the mirror's answer is missing, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A word that programs can compare; it does not change.
    pub kind: String,
    /// What happened. Safe to show.
    pub message: String,
    /// What the operator can do about it.
    pub hint: Option<String>,
}

/// What the mirror announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorReport {
    /// The address that was asked.
    pub url: String,
    /// The folder, named after a MOS version, that it was found in.
    pub folder: Option<String>,
    /// The update, or why there is none.
    pub mu: Result<Mu, Problem>,
    /// What looks wrong in what it announces, one sentence each.
    pub doubts: Vec<String>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The command.
    pub check: Check,
    /// The environment.
    pub env: EnvId,
    /// The environment's MOS version, if known.
    pub mos_version: Option<MosVersion>,
    /// Where the version is known from: `option`, `inventory`, `nodes`.
    pub mos_version_source: Option<&'static str>,
    /// When, RFC 3339 in UTC.
    pub taken_at: String,
    /// Where the node list came from.
    pub source: Source,
    /// What the mirror announces; none in `check installed`.
    pub mirror: Option<MirrorReport>,
    /// One row for each node.
    pub rows: Vec<Row>,
    /// Whether a signal ended the check early.
    pub interrupted: bool,
}

impl CheckReport {
    /// The condition that decides the exit status.
    pub fn decisive(&self) -> Option<Condition> {
        self.conditions().first().copied()
    }

    /// All that needs attention, in the order in which it decides.
    pub fn conditions(&self) -> Vec<Condition> {
        let any = |f: &dyn Fn(&Row) -> bool| self.rows.iter().any(f);
        let nobody_answered = self.rows.iter().all(|r| matches!(r.state, State::NotAsked(_)));
        let mut proper = self.rows.iter().filter(|r| r.state.answered_properly());
        let first = proper.next();
        let differ = first.is_some_and(|first| proper.any(|r| !r.same_answer(first)));
        let update = |r: &Row| matches!(r.verdict, Some(Verdict::UpdateAvailable | Verdict::RePublished));
        let open = |r: &Row| !r.state.answered_properly() || r.verdict == Some(Verdict::Unknown);
        let odd = |r: &Row| {
            matches!(r.state, State::Updating | State::Incomplete) || r.verdict == Some(Verdict::AheadOfMirror)
        };
        [
            (Condition::Interrupted, self.interrupted),
            (Condition::Error, nobody_answered || (self.needs_mirror() && !self.has_mirror())),
            (Condition::UpdateAvailable, any(&update)),
            (Condition::Partial, any(&open)),
            (Condition::Drift, differ || any(&odd)),
        ]
        .into_iter()
        .filter_map(|(condition, holds)| holds.then_some(condition))
        .collect()
    }

    /// Whether the check is worth nothing without the mirror.
    fn needs_mirror(&self) -> bool {
        self.check == Check::Available
    }

    /// Whether the mirror announced an update.
    pub fn has_mirror(&self) -> bool {
        self.mirror.as_ref().is_some_and(|mirror| mirror.mu.is_ok())
    }

    /// The rows that need attention: nodes that could not be asked or gave no valid answer, open installations, what cannot be
    /// compared or is ahead of the mirror, and nodes that differ from what most of them run.
    pub fn problems(&self) -> Vec<&Row> {
        let needed = self.attention();
        self.rows.iter().filter(|row| needed(row)).collect()
    }

    /// Whether a row needs attention, and with it every row of its group.
    pub fn attention(&self) -> impl Fn(&Row) -> bool {
        let groups = self.groups();
        let usual = groups.first().filter(|group| group.row.state.answered_properly()).map(|group| group.row);
        move |row| {
            let fine = matches!(row.state, State::Installed | State::None)
                && !matches!(row.verdict, Some(Verdict::Unknown | Verdict::AheadOfMirror))
                && usual.is_some_and(|usual| usual.same_answer(row));
            !fine
        }
    }

    /// How many rows are in each state.
    pub fn states(&self) -> BTreeMap<&'static str, usize> {
        let mut states = BTreeMap::new();
        for row in &self.rows {
            *states.entry(row.state.as_str()).or_default() += 1;
        }
        states
    }

    /// What the operator should know apart from the rows.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let names = |f: &dyn Fn(&Row) -> bool| fold(self.rows.iter().filter(|r| f(r)).map(|r| r.node.name.as_str()));
        let unverified = names(&|r| r.identity == Some(Identity::Unverified));
        if !unverified.is_empty() {
            warnings.push(format!(
                "identity unverified on {unverified}: no id in the inventory, or no number in /etc/nailgun_uid on the node"
            ));
        }
        if let Some(version) = &self.mos_version {
            let other = names(&|r| r.mos_version.as_ref().is_some_and(|own| own != version));
            if !other.is_empty() {
                warnings.push(format!("MOS {version} is expected, but {other} has another version"));
            }
        } else {
            let mut versions: Vec<&str> = self.rows.iter().filter_map(|r| r.mos_version.as_deref()).collect();
            versions.sort_unstable();
            versions.dedup();
            if versions.len() > 1 {
                let on = |v: &&str| format!("{v} on {}", names(&|r| r.mos_version.as_deref() == Some(*v)));
                let told: Vec<String> = versions.iter().map(on).collect();
                warnings.push(format!("the nodes report different MOS versions: {}", told.join("; ")));
            }
        }
        warnings.extend(self.mirror.iter().flat_map(|mirror| mirror.doubts.clone()));
        warnings
    }

    /// The hints of the rows. Each is given once, with the names of its nodes.
    pub fn hints(&self) -> Vec<String> {
        let names = |is: &dyn Fn(&Row) -> bool| fold(self.rows.iter().filter(|r| is(r)).map(|r| r.node.name.as_str()));
        let mut hints: Vec<(&str, Vec<&str>)> = Vec::new();
        for row in &self.rows {
            let Some(hint) = row.hint.as_deref() else { continue };
            match hints.iter_mut().find(|(known, _)| *known == hint) {
                Some((_, nodes)) => nodes.push(&row.node.name),
                None => hints.push((hint, vec![&row.node.name])),
            }
        }
        let mut hints: Vec<String> =
            hints.into_iter().map(|(hint, nodes)| format!("{}: {hint}", fold(nodes))).collect();
        let env = self.env;
        let at_work = names(&|row| row.state == State::Updating);
        if !at_work.is_empty() {
            hints.push(format!("{at_work}: watch the installation with `fuel-updates --env {env} install --attach`"));
        }
        let waiting = names(&|row| row.state == State::Incomplete);
        if !waiting.is_empty() {
            hints.push(format!(
                "{waiting}: if no installation is running (`fuel-updates --env {env} install --attach` tells), go on with \
                 `fuel-updates --env {env} install`"
            ));
        }
        hints
    }
}

#[cfg(test)]
mod tests;
