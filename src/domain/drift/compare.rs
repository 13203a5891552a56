//! Who differs from whom. Nodes with the same roles are a group and should be alike; groups should be alike in what they share.
//!
//! What most nodes of a group have is the majority; there is none where as many have something else. Then the other groups
//! decide, if one of the values is that of most of their nodes. A group of one node is compared in the second step alone.

use std::collections::BTreeMap;

use super::fact::{DriftNode, FactId, FactPool, KeyId};
use super::kind::{Absence, Kind};

/// Nodes with the same roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleGroup {
    /// The roles, as in `ceph-osd, compute`.
    pub roles: String,
    /// The positions of its nodes that are compared.
    pub nodes: Vec<usize>,
}

/// Among which nodes a difference was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Within a group, by its position.
    Group(usize),
    /// Between groups.
    Environment,
}

/// A value that is not that of the majority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherValue {
    /// The value; none where the nodes do not have it.
    pub fact: Option<FactId>,
    /// The positions of the nodes.
    pub nodes: Vec<usize>,
}

/// A key in which nodes differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Among which nodes.
    pub scope: Scope,
    /// In what.
    pub kind: Kind,
    /// Of what.
    pub key: KeyId,
    /// What most have (none: most do not have it), and their positions. Nothing where there is no majority.
    pub majority: Option<(Option<FactId>, Vec<usize>)>,
    /// What the others have, those of most nodes first.
    pub others: Vec<OtherValue>,
}

impl Difference {
    /// The positions of the nodes that are not of the majority.
    pub fn outliers(&self) -> impl Iterator<Item = usize> {
        self.others.iter().flat_map(|other| other.nodes.iter().copied())
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The groups, by their roles.
    pub groups: Vec<RoleGroup>,
    /// The differences: by kind, then by scope, then by key.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Compares nodes; `only` leaves all keys out but those of this package or other thing.
    pub fn new(nodes: &[DriftNode], pool: &FactPool, only: Option<&str>) -> Self {
        let groups = groups(nodes);
        let wanted = |key: KeyId| only.is_none_or(|only| is_about(pool.key(key).1, only));
        let compare = Compare { nodes, pool };
        let mut differences = Vec::new();
        for (position, group) in groups.iter().enumerate().filter(|(_, group)| group.nodes.len() > 1) {
            for key in compare.candidates(&group.nodes).into_iter().filter(|key| wanted(*key)) {
                differences.extend(compare.within(position, group, key, &groups));
            }
        }
        let all: Vec<usize> = groups.iter().flat_map(|group| group.nodes.iter().copied()).collect();
        if groups.len() > 1 {
            for key in compare.candidates(&all).into_iter().filter(|key| wanted(*key)) {
                differences.extend(compare.between(&groups, key));
            }
        }
        differences.sort_by(|a, b| (a.kind, a.scope, pool.key(a.key).1).cmp(&(b.kind, b.scope, pool.key(b.key).1)));
        Self { groups, differences }
    }

    /// The positions of the nodes that are not of every majority, with how many keys of each kind they differ in.
    pub fn outliers(&self) -> BTreeMap<usize, BTreeMap<Kind, usize>> {
        let mut found: BTreeMap<usize, BTreeMap<Kind, usize>> = BTreeMap::new();
        for difference in &self.differences {
            for node in difference.outliers() {
                *found.entry(node).or_default().entry(difference.kind).or_default() += 1;
            }
        }
        found
    }

    /// How many keys of each kind differ. One that differs within and between groups counts once.
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut keys: Vec<(Kind, KeyId)> = self.differences.iter().map(|d| (d.kind, d.key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut counts = BTreeMap::new();
        for (kind, _) in keys {
            *counts.entry(kind).or_default() += 1;
        }
        counts
    }
}

/// Whether a key is about a thing of this name: itself, or a package of a foreign architecture.
fn is_about(key: &str, name: &str) -> bool {
    key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
}

/// The compared nodes by their roles.
pub(super) fn groups(nodes: &[DriftNode]) -> Vec<RoleGroup> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, node) in nodes.iter().enumerate().filter(|(_, node)| node.is_compared()) {
        let mut roles: Vec<&str> = node.node.roles.iter().map(String::as_str).collect();
        roles.sort_unstable();
        roles.dedup();
        let name = if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") };
        groups.entry(name).or_default().push(position);
    }
    groups.into_iter().map(|(roles, nodes)| RoleGroup { roles, nodes }).collect()
}

/// Nodes by the value that they have.
type Values = Vec<(Option<FactId>, Vec<usize>)>;

struct Compare<'a> {
    nodes: &'a [DriftNode],
    pool: &'a FactPool,
}

impl Compare<'_> {
    /// The keys of which these nodes do not all have the same fact, in the order of their numbers.
    fn candidates(&self, nodes: &[usize]) -> Vec<KeyId> {
        let mut counts = vec![0usize; self.pool.len()];
        for fact in nodes.iter().flat_map(|node| &self.nodes[*node].facts) {
            counts[fact.0 as usize] += 1;
        }
        let differ = counts.iter().enumerate().filter(|(_, count)| (1..nodes.len()).contains(count));
        let mut keys: Vec<KeyId> =
            differ.filter_map(|(fact, _)| Some(self.pool.key_of_fact(FactId(u32::try_from(fact).ok()?)))).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The values of a key on nodes, most nodes first. A node that could not tell, or to which the key does not apply, is
    /// left out.
    fn values(&self, nodes: &[usize], key: KeyId, between_groups: bool) -> Values {
        let (kind, text) = self.pool.key(key);
        let package = match kind.absence() {
            Absence::NotOfPackage => self.pool.key_of(Kind::Package, text),
            _ => None,
        };
        let mut values: Values = Vec::new();
        for &position in nodes {
            let node = &self.nodes[position];
            if node.cannot_tell(kind) {
                continue;
            }
            let fact = node.fact(self.pool, key);
            let applies = fact.is_some()
                || match kind.absence() {
                    Absence::Missing => !between_groups,
                    Absence::No => true,
                    Absence::NotOfPackage => package.is_some_and(|package| node.fact(self.pool, package).is_some()),
                };
            if !applies {
                continue;
            }
            match values.iter_mut().find(|(value, _)| *value == fact) {
                Some((_, nodes)) => nodes.push(position),
                None => values.push((fact, vec![position])),
            }
        }
        values.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
        values
    }

    fn within(&self, position: usize, group: &RoleGroup, key: KeyId, groups: &[RoleGroup]) -> Option<Difference> {
        let mut values = self.values(&group.nodes, key, false);
        if values.len() < 2 {
            return None;
        }
        if is_tie(&values) {
            // What most nodes of other groups have decides.
            let elsewhere: Vec<usize> = groups
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != position)
                .flat_map(|(_, other)| other.nodes.iter().copied())
                .collect();
            let others = self.values(&elsewhere, key, true);
            let most = values[0].1.len();
            let first = others.first().filter(|_| !is_tie(&others)).map(|(value, _)| *value);
            let decided = first.and_then(|value| values.iter().position(|(own, n)| *own == value && n.len() == most));
            match decided {
                Some(at) => values[..=at].rotate_right(1),
                None => return Some(self.difference(Scope::Group(position), key, None, values)),
            }
        }
        let majority = values.remove(0);
        Some(self.difference(Scope::Group(position), key, Some(majority), values))
    }

    /// Compares what most nodes of each group have, for the groups to which the key applies. A group without a majority
    /// says nothing here.
    fn between(&self, groups: &[RoleGroup], key: KeyId) -> Option<Difference> {
        let mut values: Values = Vec::new();
        let mut parts = 0;
        for group in groups {
            let own = self.values(&group.nodes, key, true);
            if is_tie(&own) {
                continue;
            }
            let Some((value, nodes)) = own.into_iter().next() else { continue };
            parts += 1;
            match values.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => known.extend(nodes),
                None => values.push((value, nodes)),
            }
        }
        if parts < 2 || values.len() < 2 {
            return None;
        }
        values.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
        let majority = if is_tie(&values) { None } else { Some(values.remove(0)) };
        Some(self.difference(Scope::Environment, key, majority, values))
    }

    fn difference(
        &self,
        scope: Scope,
        key: KeyId,
        majority: Option<(Option<FactId>, Vec<usize>)>,
        others: Values,
    ) -> Difference {
        let others = others.into_iter().map(|(fact, nodes)| OtherValue { fact, nodes }).collect();
        Difference { scope, kind: self.pool.key(key).0, key, majority, others }
    }
}

/// Whether as many nodes have the second value as the first. The values must be sorted by their nodes.
fn is_tie(values: &Values) -> bool {
    matches!(values.as_slice(), [(_, first), (_, second), ..] if first.len() == second.len())
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
