//! What a comparison of nodes comes to: the verdict first.

use std::collections::BTreeMap;

use super::compare::Comparison;
use super::fact::{Compared, DriftNode, FactPool, judge_clocks};
use super::kind::Kind;
use super::snapshot::Changes;
use crate::domain::mos_version::MosVersion;
use crate::domain::nodeset::fold;
use crate::domain::numbers::EnvId;
use crate::domain::report::{Condition, Source};

/// What `check drift` found.
#[derive(Clone, Debug)]
pub struct DriftReport {
    /// The environment.
    pub env: EnvId,
    /// The environment's MOS version, if known, and where it is known from.
    pub mos_version: Option<(MosVersion, &'static str)>,
    /// When, RFC 3339 in UTC.
    pub taken_at: String,
    /// Where the node list came from.
    pub source: Source,
    /// The nodes, in the order of the node list.
    pub nodes: Vec<DriftNode>,
    /// Their facts.
    pub pool: FactPool,
    /// In what they differ.
    pub comparison: Comparison,
    /// What is compared with a snapshot, if it was asked for.
    pub against: Option<Changes>,
    /// The one package or other thing that was asked for.
    pub only: Option<String>,
    /// How many seconds our own clock is ahead of the nodes' clocks, if they agree that it is.
    pub own_clock: Option<f64>,
    /// Whether a signal ended the check early.
    pub interrupted: bool,
}

/// How many nodes agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriftConclusion {
    /// How many nodes were compared.
    pub compared: usize,
    /// The positions of those that differ.
    pub outliers: Vec<usize>,
    /// In how many keys of each kind.
    pub counts: BTreeMap<Kind, usize>,
}

impl DriftReport {
    /// Compares the nodes: clocks first, then everything.
    pub fn compare(&mut self) {
        self.own_clock = judge_clocks(&mut self.nodes, &mut self.pool);
        self.comparison = Comparison::new(&self.nodes, &self.pool, self.only.as_deref());
    }

    /// How many nodes agree.
    pub fn conclusion(&self) -> DriftConclusion {
        DriftConclusion {
            compared: self.nodes.iter().filter(|node| node.is_compared()).count(),
            outliers: self.comparison.outliers().into_keys().collect(),
            counts: self.comparison.counts(),
        }
    }

    /// The verdict in one line.
    pub fn verdict(&self) -> String {
        let DriftConclusion { compared, outliers, counts } = self.conclusion();
        let about = self.only.as_ref().map_or_else(String::new, |only| format!(" on {only}"));
        if compared == 0 {
            return "no node could be compared".to_owned();
        }
        if compared == 1 {
            return "one node alone has nothing to be compared with".to_owned();
        }
        if outliers.is_empty() {
            return format!("all {compared} nodes agree{about}");
        }
        let names = self.names(outliers.iter().copied());
        let what: Vec<String> = counts.iter().map(|(kind, count)| kind.count(*count)).collect();
        let verb = if outliers.len() == 1 { "differs" } else { "differ" };
        let agree = compared - outliers.len();
        format!("{agree} of {compared} nodes agree{about}; {names} {verb} in {}", listed(&what))
    }

    /// Names of nodes, folded.
    pub fn names(&self, positions: impl IntoIterator<Item = usize>) -> String {
        fold(positions.into_iter().filter_map(|at| self.nodes.get(at)).map(|node| node.node.name.as_str()))
    }

    /// All that needs attention, in the order in which it decides.
    pub fn conditions(&self) -> Vec<Condition> {
        let not_compared = self.nodes.iter().any(|node| !node.is_compared());
        let unknown = self.nodes.iter().any(|node| !node.unknown.is_empty());
        let differ = !self.comparison.differences.is_empty();
        let changed = self.against.as_ref().is_some_and(|changes| !changes.is_empty());
        [
            (Condition::Interrupted, self.interrupted),
            (Condition::Error, self.nodes.iter().all(|node| !node.is_compared())),
            (Condition::Partial, not_compared || unknown),
            (Condition::Drift, differ || changed),
        ]
        .into_iter()
        .filter_map(|(condition, holds)| holds.then_some(condition))
        .collect()
    }

    /// The nodes that were not compared, folded by state and cause: `timeout node-7 (…)`.
    pub fn not_compared(&self) -> Vec<String> {
        not_compared(&self.nodes)
    }

    /// What the operator should know apart from the differences.
    pub fn warnings(&self) -> Vec<String> {
        let mut unknown: BTreeMap<(Kind, &str), Vec<&str>> = BTreeMap::new();
        for node in &self.nodes {
            for (kind, cause) in &node.unknown {
                unknown.entry((*kind, cause)).or_default().push(&node.node.name);
            }
        }
        let mut warnings: Vec<String> = unknown
            .into_iter()
            .map(|((kind, cause), names)| {
                format!("not compared on {}: {} ({cause})", fold(names), kind.count(2)[2..].to_owned())
            })
            .collect();
        if let Some(seconds) = self.own_clock {
            let how = if seconds > 0.0 { "ahead of" } else { "behind" };
            warnings.push(format!("the clock of this host is {:.0} s {how} those of the nodes", seconds.abs()));
        }
        warnings
    }

    /// The hints of nodes that were not compared, each given once.
    pub fn hints(&self) -> Vec<String> {
        let mut hints: Vec<(&str, Vec<&str>)> = Vec::new();
        for node in &self.nodes {
            let Some(hint) = node.hint.as_deref() else { continue };
            match hints.iter_mut().find(|(known, _)| *known == hint) {
                Some((_, names)) => names.push(&node.node.name),
                None => hints.push((hint, vec![&node.node.name])),
            }
        }
        hints.into_iter().map(|(hint, names)| format!("{}: {hint}", fold(names))).collect()
    }

    /// What all compared nodes of a group share although it should be mended, in words.
    pub fn alike(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for kind in [Kind::Held, Kind::HalfConfigured, Kind::Origin, Kind::Upgradable, Kind::Service, Kind::Reboot] {
            let notable = |value: &str| match kind {
                Kind::Service => value != "running" && value != "stopped",
                Kind::Reboot => value != "not required",
                _ => true,
            };
            for group in self.comparison.groups.iter().filter(|group| group.nodes.len() > 1) {
                let mut counts: BTreeMap<_, usize> = BTreeMap::new();
                for fact in group.nodes.iter().flat_map(|node| &self.nodes[*node].facts) {
                    if self.pool.key(self.pool.key_of_fact(*fact)).0 == kind && notable(self.pool.value(*fact)) {
                        *counts.entry(*fact).or_default() += 1;
                    }
                }
                let everywhere = counts.values().filter(|count| **count == group.nodes.len()).count();
                if everywhere > 0 {
                    let names = self.names(group.nodes.iter().copied());
                    lines.push(format!("alike on {names}: {}", kind.count(everywhere)));
                }
            }
        }
        lines
    }
}

/// The nodes that are not compared, folded by state and cause: `timeout node-7 (…)`.
pub fn not_compared(nodes: &[DriftNode]) -> Vec<String> {
    let mut groups: Vec<((&str, &str), Vec<&str>)> = Vec::new();
    for node in nodes {
        let Compared::No(state, cause) = &node.compared else { continue };
        match groups.iter_mut().find(|(known, _)| *known == (*state, cause)) {
            Some((_, names)) => names.push(&node.node.name),
            None => groups.push(((state, cause), vec![&node.node.name])),
        }
    }
    let phrase = |((state, cause), names): ((&str, &str), Vec<&str>)| match cause {
        "" => format!("{state} {}", fold(names)),
        cause => format!("{state} {} ({cause})", fold(names)),
    };
    groups.into_iter().map(phrase).collect()
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
