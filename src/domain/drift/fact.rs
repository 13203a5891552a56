//! Facts: what nodes have, by kind and key. A text that many nodes have is kept once.

use std::collections::HashMap;

use super::ask::{PackageBook, RawFact};
use super::kind::Kind;
use crate::domain::node::Node;
use crate::domain::row::{Row, State};

/// The number of a key: a kind with what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) u32);

impl KeyId {
    /// Before all keys.
    pub const FIRST: Self = Self(0);
    /// After all keys.
    pub const LAST: Self = Self(u32::MAX);
}

/// The number of a fact: a key with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub(super) u32);

/// All facts of all nodes.
#[derive(Clone, Debug, Default)]
pub struct FactPool {
    by_text: [HashMap<Box<str>, KeyId>; Kind::ALL.len()],
    keys: Vec<(Kind, Box<str>)>,
    /// The facts of each key.
    of_key: Vec<Vec<FactId>>,
    facts: Vec<(KeyId, Box<str>)>,
}

impl FactPool {
    /// The number of a fact; a new one where nobody had it yet.
    pub fn fact(&mut self, kind: Kind, key: &str, value: &str) -> FactId {
        let known = &mut self.by_text[kind as usize];
        let key = match known.get(key) {
            Some(id) => *id,
            None => {
                let id = KeyId(u32::try_from(self.keys.len()).unwrap_or(u32::MAX));
                known.insert(key.into(), id);
                self.keys.push((kind, key.into()));
                self.of_key.push(Vec::new());
                id
            }
        };
        let facts = &mut self.of_key[key.0 as usize];
        if let Some(id) = facts.iter().find(|id| &*self.facts[id.0 as usize].1 == value) {
            return *id;
        }
        let id = FactId(u32::try_from(self.facts.len()).unwrap_or(u32::MAX));
        self.facts.push((key, value.into()));
        facts.push(id);
        id
    }

    /// The key of a kind and a text, if a node has one.
    pub fn key_of(&self, kind: Kind, key: &str) -> Option<KeyId> {
        self.by_text[kind as usize].get(key).copied()
    }

    /// The kind and the text of a key.
    pub fn key(&self, id: KeyId) -> (Kind, &str) {
        let (kind, key) = &self.keys[id.0 as usize];
        (*kind, key)
    }

    /// The key of a fact.
    pub fn key_of_fact(&self, id: FactId) -> KeyId {
        self.facts[id.0 as usize].0
    }

    /// The value of a fact.
    pub fn value(&self, id: FactId) -> &str {
        &self.facts[id.0 as usize].1
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The numbers of a node's facts, in the order of their keys.
    pub fn intern(&mut self, raw: &[RawFact]) -> Vec<FactId> {
        let mut facts: Vec<FactId> = raw.iter().map(|fact| self.fact(fact.kind, &fact.key, &fact.value)).collect();
        self.sort(&mut facts);
        facts.shrink_to_fit();
        facts
    }

    pub(super) fn sort(&self, facts: &mut Vec<FactId>) {
        facts.sort_unstable_by_key(|id| (self.key_of_fact(*id), *id));
        facts.dedup_by_key(|id| self.key_of_fact(*id));
    }
}

/// Whether a node takes part in the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It does.
    Yes,
    /// It does not: a state in one word, and the cause. Safe to show.
    No(&'static str, String),
}

/// A node with its facts.
#[derive(Clone, Debug)]
pub struct DriftNode {
    /// The node, as the node list has it.
    pub node: Node,
    /// Whether it is compared, and why not.
    pub compared: Compared,
    /// What the operator can do about it.
    pub hint: Option<String>,
    /// Its facts, in the order of their keys; none where it is not compared.
    pub facts: Vec<FactId>,
    /// Kinds that it could not tell, with the cause.
    pub unknown: Vec<(Kind, String)>,
    /// The bounds of its clock's offset from ours in seconds: network and answer took the time between.
    pub clock: Option<(f64, f64)>,
}

impl DriftNode {
    /// A node out of its row and the rest of its answer.
    pub fn new(row: &Row, packages: Option<&PackageBook>) -> Self {
        let detail = || row.detail.clone().unwrap_or_default();
        let compared = match (row.state, packages) {
            (State::NotAsked(_) | State::WrongNode, _) | (_, None) => Compared::No(row.state.as_str(), detail()),
            (State::Updating, _) => Compared::No("updating", "an installation is at work there".to_owned()),
            (_, Some(PackageBook::Whole)) => Compared::Yes,
            (_, Some(PackageBook::Busy)) => {
                Compared::No("busy", "somebody holds the lock of dpkg: packages are being changed".to_owned())
            }
            (_, Some(PackageBook::Broken(cause))) => Compared::No("broken", cause.clone()),
            (_, Some(PackageBook::Rpm)) => {
                Compared::No("unsupported", "it has rpm; only nodes with dpkg can be compared".to_owned())
            }
            (_, Some(PackageBook::Missing)) => Compared::No("unsupported", "dpkg-query is missing".to_owned()),
        };
        Self { node: row.node.clone(), compared, hint: row.hint.clone(), facts: vec![], unknown: vec![], clock: None }
    }

    /// Takes the facts of its answer, and what its row says of the update.
    pub fn take(&mut self, row: &Row, raw: &[RawFact], pool: &mut FactPool) {
        if !self.is_compared() {
            return;
        }
        let mut facts = pool.intern(raw);
        let mu = match (&row.mu, row.state) {
            (Some(mu), _) => format!("{} (id {}, timestamp {})", mu.title, mu.id, mu.timestamp),
            (None, State::Unreadable | State::Invalid) => row.state.as_str().to_owned(),
            (None, _) => "none".to_owned(),
        };
        facts.push(pool.fact(Kind::Update, "mu-version.json", &mu));
        if let Some(version) = &row.mos_version {
            facts.push(pool.fact(Kind::Update, "fuel_version", version.as_str()));
        }
        if let Some(misc) = raw.iter().find(|fact| fact.kind == Kind::Package && fact.key == "fuel-misc") {
            let mu = row.mu.as_ref().map_or("none", |mu| &mu.title);
            facts.push(pool.fact(
                Kind::Update,
                "fuel-misc beside mu-version.json",
                &format!("{} beside {mu}", misc.value),
            ));
        }
        pool.sort(&mut facts);
        facts.shrink_to_fit();
        self.facts = facts;
    }

    /// Whether it is compared.
    pub fn is_compared(&self) -> bool {
        self.compared == Compared::Yes
    }

    /// Its fact of a key.
    pub fn fact(&self, pool: &FactPool, key: KeyId) -> Option<FactId> {
        let at = self.facts.binary_search_by_key(&key, |id| pool.key_of_fact(*id)).ok()?;
        Some(self.facts[at])
    }

    /// Whether it could not tell facts of a kind.
    pub fn cannot_tell(&self, kind: Kind) -> bool {
        self.unknown.iter().any(|(unknown, _)| *unknown == kind)
    }
}

/// How far a clock may be off before it is reported, in seconds.
const CLOCK_TOLERANCE: f64 = 1.0;

/// Adds what the clocks say. Where most clocks of three nodes or more agree that it is our own that is wrong, they are
/// compared with each other, and how far ours is off is returned.
pub(super) fn judge_clocks(nodes: &mut [DriftNode], pool: &mut FactPool) -> Option<f64> {
    let mut ends: Vec<f64> =
        nodes.iter().filter(|n| n.is_compared()).filter_map(|n| n.clock).map(|(low, _)| low).collect();
    ends.sort_by(f64::total_cmp);
    let middle = ends.get(ends.len() / 2).copied().filter(|_| ends.len() >= 3).unwrap_or_default();
    let shift = if middle.abs() > 2.0 { middle } else { 0.0 };
    for node in nodes.iter_mut().filter(|node| node.is_compared()) {
        let Some((low, high)) = node.clock.map(|(low, high)| (low - shift, high - shift)) else { continue };
        let off = if low > CLOCK_TOLERANCE {
            low
        } else if high < -CLOCK_TOLERANCE {
            high
        } else {
            0.0
        };
        let value = match off {
            0.0 => "in time".to_owned(),
            off if off > 0.0 => format!("{off:.0} s ahead"),
            off => format!("{:.0} s behind", -off),
        };
        let fact = pool.fact(Kind::Clock, "clock", &value);
        node.facts.push(fact);
        pool.sort(&mut node.facts);
    }
    (shift != 0.0).then_some(-shift)
}
