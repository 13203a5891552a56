//! Which nodes of an inventory a command is about: `--nodes`, `--roles`, `--exclude`.

use std::collections::BTreeSet;

use thiserror::Error;

use super::node::Node;
use super::nodeset::{expand, fold, range, split_list};

/// What the operator asked for; empty lists ask for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids, ranges of ids, names, full names, folded names.
    pub nodes: Vec<String>,
    /// Roles; `controller` includes the primary one.
    pub roles: Vec<String>,
    /// The same words as `nodes`, for nodes to leave out.
    pub exclude: Vec<String>,
}

/// Why a selection cannot be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SelectError {
    /// A word that is neither an id, a range, a name nor a folded name.
    #[error("`{0}` is not an ID, a range, a name or a folded name such as node-[1-5,9]")]
    Malformed(String),
    /// A word that names no node of the inventory.
    #[error("unknown node `{word}`; known nodes: {known}")]
    UnknownNode {
        /// The word.
        word: String,
        /// The nodes there are, folded.
        known: String,
    },
    /// A role that no node has.
    #[error("no node has the role `{word}`; known roles: {known}")]
    UnknownRole {
        /// The word.
        word: String,
        /// The roles there are.
        known: String,
    },
    /// Each selection matches a node, but no node matches all of them.
    #[error("no node matches all selections; known nodes: {known}")]
    Nothing {
        /// The nodes there are, folded.
        known: String,
    },
}

impl Selection {
    /// Whether everything is asked for.
    pub fn is_everything(&self) -> bool {
        self.nodes.is_empty() && self.roles.is_empty() && self.exclude.is_empty()
    }

    /// Takes the selected ones of `nodes`, in their order.
    ///
    /// # Errors
    /// [`SelectError`] when a word is malformed or fits nothing, or when nothing is left.
    pub fn apply(&self, nodes: Vec<Node>) -> Result<Vec<Node>, SelectError> {
        if self.is_everything() {
            return Ok(nodes);
        }
        let chosen = matching(&self.nodes, &nodes)?;
        let excluded = matching(&self.exclude, &nodes)?;
        let roles: BTreeSet<&str> = words(&self.roles).map(|r| r.strip_prefix("primary-").unwrap_or(r)).collect();
        for role in &roles {
            if !nodes.iter().any(|n| n.roles.iter().any(|r| r == role)) {
                let known: BTreeSet<&str> = nodes.iter().flat_map(|n| n.roles.iter().map(String::as_str)).collect();
                return Err(SelectError::UnknownRole {
                    word: (*role).to_owned(),
                    known: known.into_iter().collect::<Vec<_>>().join(", "),
                });
            }
        }
        let known = fold(nodes.iter().map(|n| n.name.as_str()));
        let all = nodes.into_iter().enumerate();
        let left: Vec<Node> = all
            .filter(|(i, node)| {
                (self.nodes.is_empty() || chosen.contains(i))
                    && !excluded.contains(i)
                    && (roles.is_empty() || node.roles.iter().any(|r| roles.contains(r.as_str())))
            })
            .map(|(_, node)| node)
            .collect();
        if left.is_empty() { Err(SelectError::Nothing { known }) } else { Ok(left) }
    }
}

fn words(lists: &[String]) -> impl Iterator<Item = &str> {
    lists.iter().flat_map(|list| split_list(list))
}

/// The positions of all nodes that the words name.
fn matching(lists: &[String], nodes: &[Node]) -> Result<BTreeSet<usize>, SelectError> {
    let mut found = BTreeSet::new();
    for word in words(lists) {
        if let Some((from, to)) = range(word) {
            let ids =
                nodes.iter().enumerate().filter(|(_, n)| n.id.is_some_and(|id| (from..=to).contains(&id.0.into())));
            let hits: Vec<usize> = ids.map(|(i, _)| i).collect();
            if hits.is_empty() {
                return Err(unknown(word, nodes));
            }
            found.extend(hits);
            continue;
        }
        for name in expand(word).ok_or_else(|| SelectError::Malformed(word.to_owned()))? {
            let hit = nodes.iter().position(|n| n.name == name || n.fqdn.as_deref() == Some(&name));
            found.insert(hit.ok_or_else(|| unknown(&name, nodes))?);
        }
    }
    Ok(found)
}

fn unknown(word: &str, nodes: &[Node]) -> SelectError {
    SelectError::UnknownNode { word: word.to_owned(), known: fold(nodes.iter().map(|n| n.name.as_str())) }
}

#[cfg(test)]
mod tests {
    use super::super::node::{Access, Host, NodeId};
    use super::*;

    fn nodes() -> Vec<Node> {
        (1..=5u32)
            .map(|id| Node {
                id: Some(NodeId(id)),
                name: if id == 5 { "store".into() } else { format!("node-{id}") },
                fqdn: Some(format!("node-{id}.domain.tld")),
                label: None,
                roles: vec![if id < 3 { "controller" } else { "compute" }.to_owned()],
                host: Host::Ip([10, 20, 0, 1].into()),
                port: None,
                access: Access::default(),
            })
            .collect()
    }

    fn pick(nodes_: &str, roles: &str, exclude: &str) -> Result<Vec<u32>, String> {
        let list = |t: &str| if t.is_empty() { vec![] } else { vec![t.to_owned()] };
        let selection = Selection { nodes: list(nodes_), roles: list(roles), exclude: list(exclude) };
        let picked = selection.apply(nodes()).map_err(|e| e.to_string())?;
        Ok(picked.iter().map(|n| n.id.unwrap().0).collect())
    }

    #[test]
    fn words_of_every_kind() {
        assert_eq!(pick("", "", "").unwrap(), [1, 2, 3, 4, 5]);
        assert_eq!(pick("2-3,store", "", "").unwrap(), [2, 3, 5]);
        assert_eq!(pick("node-[1-2,4]", "", "").unwrap(), [1, 2, 4]);
        assert_eq!(pick("node-1.domain.tld", "", "").unwrap(), [1]);
        assert_eq!(pick("", "primary-controller", "").unwrap(), [1, 2]);
        assert_eq!(pick("1-4", "compute", "3").unwrap(), [4]);
    }

    #[test]
    fn what_fits_nothing_lists_what_there_is() {
        assert_eq!(pick("9", "", "").unwrap_err(), "unknown node `9`; known nodes: node-[1-4],store");
        assert_eq!(pick("node-[1-9]", "", "").unwrap_err(), "unknown node `node-5`; known nodes: node-[1-4],store");
        assert_eq!(
            pick("", "mongo", "").unwrap_err(),
            "no node has the role `mongo`; known roles: compute, controller"
        );
        assert_eq!(
            pick("1", "compute", "").unwrap_err(),
            "no node matches all selections; known nodes: node-[1-4],store"
        );
        assert!(pick("node-[3-1]", "", "").unwrap_err().starts_with("`node-[3-1]` is not an ID"));
    }
}
