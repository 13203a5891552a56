//! A snapshot: the facts of all nodes at a moment, in a file; and what is different since, or elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::compare::groups;
use super::fact::{Compared, DriftNode, FactId, FactPool};
use super::kind::Kind;
use crate::domain::node::{Access, Host, Node, NodeId};
use crate::domain::nodeset::fold;
use crate::domain::numbers::EnvId;
use crate::domain::text::one_line;

/// The schema of the file.
const SCHEMA: &str = "fuel-updates-snapshot/1";
/// The largest file that is read, in bytes; 200 nodes with 1,500 packages are 2 MB.
pub const SNAPSHOT_LIMIT: usize = 64 * 1024 * 1024;

/// The facts of all nodes at a moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The environment.
    pub env: EnvId,
    /// When, RFC 3339 in UTC. Safe to show.
    pub taken_at: String,
    /// The nodes with their facts.
    pub nodes: Vec<DriftNode>,
    /// The facts.
    pub pool: FactPool,
}

/// A file that is no snapshot.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// It is no JSON of this form.
    #[error("not a snapshot of `check drift --save`: {0}")]
    Form(String),
    /// Its schema is another one.
    #[error("its schema is `{0}`, not {SCHEMA}")]
    Schema(String),
    /// A node names a fact that is not there.
    #[error("{0} names a fact that the file does not hold")]
    Dangling(String),
}

/// The file. Facts stand once, and nodes name them by their positions.
#[derive(Serialize, Deserialize)]
struct SnapshotFile {
    schema: String,
    tool: String,
    env: u32,
    taken_at: String,
    facts: Vec<(String, String, String)>,
    nodes: Vec<SavedNode>,
}

#[derive(Serialize, Deserialize)]
struct SavedNode {
    id: Option<u32>,
    name: String,
    roles: Vec<String>,
    facts: Vec<u32>,
    #[serde(default)]
    unknown: Vec<String>,
}

impl Snapshot {
    /// The snapshot as a file. Only nodes that were compared are in it.
    pub fn write(env: EnvId, taken_at: &str, nodes: &[DriftNode], pool: &FactPool) -> String {
        let fact = |id: u32| {
            let id = FactId(id);
            let (kind, key) = pool.key(pool.key_of_fact(id));
            (kind.as_str().to_owned(), key.to_owned(), pool.value(id).to_owned())
        };
        let file = SnapshotFile {
            schema: SCHEMA.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            env: env.0,
            taken_at: taken_at.to_owned(),
            facts: (0..u32::try_from(pool.len()).unwrap_or(u32::MAX)).map(fact).collect(),
            nodes: nodes
                .iter()
                .filter(|node| node.is_compared())
                .map(|node| SavedNode {
                    id: node.node.id.map(|id| id.0),
                    name: node.node.name.clone(),
                    roles: node.node.roles.clone(),
                    facts: node.facts.iter().map(|fact| fact.0).collect(),
                    unknown: node.unknown.iter().map(|(kind, _)| kind.as_str().to_owned()).collect(),
                })
                .collect(),
        };
        // Our own types have text keys and no parts that can fail.
        serde_json::to_string(&file).unwrap_or_default() + "\n"
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// [`SnapshotError`]: it is damaged, or no snapshot.
    pub fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let form = |error: serde_json::Error| SnapshotError::Form(one_line(&error.to_string(), 200));
        let file: SnapshotFile = serde_json::from_slice(bytes).map_err(form)?;
        if file.schema != SCHEMA {
            return Err(SnapshotError::Schema(one_line(&file.schema, 60)));
        }
        let mut pool = FactPool::default();
        // A kind that a later version knows is passed over.
        let facts: Vec<Option<FactId>> = file
            .facts
            .iter()
            .map(|(kind, key, value)| Some(pool.fact(Kind::parse(kind)?, &one_line(key, 300), &one_line(value, 300))))
            .collect();
        let mut nodes = Vec::new();
        for saved in file.nodes {
            let name = one_line(&saved.name, 100);
            let mut own = Vec::new();
            for at in saved.facts {
                let fact = usize::try_from(at).ok().and_then(|at| facts.get(at));
                own.extend(fact.ok_or_else(|| SnapshotError::Dangling(name.clone()))?);
            }
            pool.sort(&mut own);
            nodes.push(DriftNode {
                node: Node {
                    id: saved.id.map(NodeId),
                    host: Host::Name(name.clone()),
                    name,
                    fqdn: None,
                    label: None,
                    roles: saved.roles.iter().map(|role| one_line(role, 60)).collect(),
                    port: None,
                    access: Access::default(),
                },
                compared: Compared::Yes,
                hint: None,
                facts: own,
                unknown: saved.unknown.iter().filter_map(|kind| Some((Kind::parse(kind)?, String::new()))).collect(),
                clock: None,
            });
        }
        Ok(Self { env: EnvId(file.env), taken_at: one_line(&file.taken_at, 40), nodes, pool })
    }
}

/// A key whose value is another one than in the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFact {
    /// In what.
    pub kind: Kind,
    /// Of what.
    pub key: String,
    /// The value in the snapshot; none where it was not there.
    pub before: Option<String>,
    /// The value now.
    pub after: Option<String>,
    /// Where: names of nodes folded, or roles.
    pub places: String,
}

/// What is different from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// When the snapshot was taken.
    pub taken_at: String,
    /// Its environment.
    pub env: EnvId,
    /// Whether roles were compared, because the snapshot is of another environment.
    pub by_role: bool,
    /// What changed: by kind, then by key.
    pub changes: Vec<ChangedFact>,
    /// Where anything changed: names of nodes folded, or roles.
    pub places: String,
    /// Nodes or roles that only one of both has, in words.
    pub only_in_one: Vec<String>,
}

/// The values of one place.
type PlaceValues<'a> = BTreeMap<(Kind, &'a str), &'a str>;

impl Changes {
    /// Compares nodes with a snapshot: node by node by their names, or of another environment role by role, by what most
    /// nodes have.
    pub fn since(snapshot: &Snapshot, env: EnvId, nodes: &[DriftNode], pool: &FactPool, only: Option<&str>) -> Self {
        let by_role = snapshot.env != env;
        let now = places(nodes, pool, by_role);
        let before = places(&snapshot.nodes, &snapshot.pool, by_role);
        // The places of each change: its key, and its value before and now.
        type Change<'a> = (Kind, &'a str, Option<&'a str>, Option<&'a str>);
        let mut found: BTreeMap<Change<'_>, Vec<&str>> = BTreeMap::new();
        for (place, (values, unknown)) in &now {
            let Some((old, old_unknown)) = before.get(place) else { continue };
            let keys = values.keys().chain(old.keys());
            let mut keys: Vec<&(Kind, &str)> = keys.collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let (was, is) = (old.get(key).copied(), values.get(key).copied());
                let told = !unknown.contains(&key.0) && !old_unknown.contains(&key.0);
                if was != is && told && only.is_none_or(|only| key.1 == only) {
                    found.entry((key.0, key.1, was, is)).or_default().push(place);
                }
            }
        }
        let own = |text: Option<&str>| text.map(str::to_owned);
        let joined = |places: Vec<&str>| if by_role { places.join("; ") } else { fold(places) };
        let mut everywhere: Vec<&str> = found.values().flatten().copied().collect();
        everywhere.sort_unstable();
        everywhere.dedup();
        let everywhere = joined(everywhere);
        let changes = found
            .into_iter()
            .map(|((kind, key, before, after), places)| ChangedFact {
                kind,
                key: key.to_owned(),
                before: own(before),
                after: own(after),
                places: joined(places),
            })
            .collect();
        let missing = |of: &BTreeMap<String, _>, other: &BTreeMap<String, _>| -> Vec<String> {
            of.keys().filter(|place| !other.contains_key(*place)).cloned().collect()
        };
        let mut only_in_one = Vec::new();
        for (gone, words) in
            [(missing(&before, &now), "only in the snapshot"), (missing(&now, &before), "not in the snapshot")]
        {
            if !gone.is_empty() {
                only_in_one.push(format!("{words}: {}", joined(gone.iter().map(String::as_str).collect())));
            }
        }
        let taken_at = snapshot.taken_at.clone();
        Self { taken_at, env: snapshot.env, by_role, changes, places: everywhere, only_in_one }
    }

    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many keys of each kind are different. One that changed in several ways counts once.
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut keys: Vec<(Kind, &str)> =
            self.changes.iter().map(|change| (change.kind, change.key.as_str())).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut counts = BTreeMap::new();
        for (kind, _) in keys {
            *counts.entry(kind).or_default() += 1;
        }
        counts
    }

    /// How much is different, in words: `48 packages, 2 services`; nothing where nothing is.
    pub fn summary(&self) -> Option<String> {
        let words: Vec<String> = self.counts().into_iter().map(|(kind, count)| kind.count(count)).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// What each node has, or what most nodes of each role have; with the kinds that are not known there. A clock is never the
/// same twice, and is left out.
fn places<'a>(
    nodes: &'a [DriftNode],
    pool: &'a FactPool,
    by_role: bool,
) -> BTreeMap<String, (PlaceValues<'a>, Vec<Kind>)> {
    let value = |fact: &FactId| {
        let (kind, key) = pool.key(pool.key_of_fact(*fact));
        (kind != Kind::Clock).then(|| ((kind, key), pool.value(*fact)))
    };
    if !by_role {
        let compared = nodes.iter().filter(|node| node.is_compared());
        let place = |node: &'a DriftNode| {
            let unknown = node.unknown.iter().map(|(kind, _)| *kind).collect();
            (node.node.name.clone(), (node.facts.iter().filter_map(value).collect(), unknown))
        };
        return compared.map(place).collect();
    }
    let mut found = BTreeMap::new();
    for group in groups(nodes) {
        let mut counts: BTreeMap<FactId, usize> = BTreeMap::new();
        for fact in group.nodes.iter().flat_map(|node| &nodes[*node].facts) {
            *counts.entry(*fact).or_default() += 1;
        }
        // More than half: then no other value of the same key is.
        let most = counts.iter().filter(|(_, count)| **count * 2 > group.nodes.len()).map(|(fact, _)| fact);
        let unknown = group.nodes.iter().flat_map(|node| nodes[*node].unknown.iter().map(|(kind, _)| *kind)).collect();
        found.insert(group.roles, (most.filter_map(value).collect(), unknown));
    }
    found
}
