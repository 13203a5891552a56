//! Rows with the same answer, folded: what 200 nodes said, in a few lines.

use std::cmp::Reverse;

use super::CheckReport;
use crate::domain::cause::{common, shape};
use crate::domain::mu::Mu;
use crate::domain::nodeset::fold;
use crate::domain::row::{Row, State, Verdict, timestamp};

/// Nodes with the same answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// Their names, folded.
    pub nodes: String,
    /// How many.
    pub count: usize,
    /// One of their rows.
    pub row: &'a Row,
    /// What their details have in common: `…` stands for what differs, such as a fingerprint.
    pub detail: Option<String>,
    /// Whether another update of the same title was found: then the title alone does not say what differs.
    pub ambiguous: bool,
}

impl CheckReport {
    /// Rows with the same answer, the largest group first. Failures fold by their cause as well, installations at work
    /// by their phase.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        for row in &self.rows {
            match groups.iter_mut().find(|g| g.first().is_some_and(|first| same(first, row))) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        // Proper answers first, then by size; ties stay in the order of the rows.
        groups.sort_by_key(|g| (!g[0].state.answered_properly(), Reverse(g.len())));
        let group = |rows: &Vec<&'_ Row>| {
            let details: Vec<&str> = rows.iter().filter_map(|row| row.detail.as_deref()).collect();
            let ambiguous = rows[0].mu.as_ref().is_some_and(|mu| self.is_ambiguous(mu));
            (details.len() == rows.len()).then(|| common(&details)).map_or((None, ambiguous), |d| (Some(d), ambiguous))
        };
        groups
            .iter()
            .map(|rows| {
                let (detail, ambiguous) = group(rows);
                let nodes = fold(rows.iter().map(|r| r.node.name.as_str()));
                Group { nodes, count: rows.len(), row: rows[0], detail, ambiguous }
            })
            .collect()
    }

    /// The same with the worst first: what could not be asked, what is half done, what differs, what is fine.
    pub fn worst_first(&self) -> Vec<Group<'_>> {
        let mut groups = self.groups();
        groups.sort_by_key(|group| (badness(group.row), Reverse(group.count)));
        groups
    }

    /// Whether an update that is not this one has its title.
    fn is_ambiguous(&self, mu: &Mu) -> bool {
        let mirror = self.mirror.as_ref().and_then(|mirror| mirror.mu.as_ref().ok());
        let found = self.rows.iter().filter_map(|row| row.mu.as_ref()).chain(mirror);
        found.into_iter().any(|other| other.title == mu.title && !other.same_as(mu))
    }
}

fn same(a: &Row, b: &Row) -> bool {
    let cause = |row: &Row| row.detail.as_deref().map(shape);
    let by_detail = !matches!(a.state, State::Installed | State::None);
    a.same_answer(b) && a.verdict == b.verdict && (!by_detail || cause(a) == cause(b))
}

fn badness(row: &Row) -> u8 {
    match (row.state, row.verdict) {
        (State::NotAsked(_), _) => 0,
        (State::WrongNode | State::Unreadable | State::Invalid, _) => 1,
        (State::Incomplete, _) => 2,
        (State::Updating, _) => 3,
        (_, Some(Verdict::Unknown | Verdict::AheadOfMirror)) => 4,
        (_, Some(Verdict::UpdateAvailable | Verdict::RePublished)) => 5,
        (State::None, _) => 6,
        (State::Installed, _) => 7,
    }
}

impl Group<'_> {
    /// The update that they run, or `none`. Where two updates have one title, with what tells them apart.
    pub fn runs(&self) -> String {
        match &self.row.mu {
            None => "none".to_owned(),
            Some(mu) if self.ambiguous => format!("{} (id {}, {})", mu.title, mu.id, timestamp(mu.timestamp)),
            Some(mu) => mu.title.clone(),
        }
    }

    /// The group in a few words: `9.2-mu-2 on node-[1-18]`.
    pub fn phrase(&self) -> String {
        let (nodes, runs) = (&self.nodes, self.runs());
        let to = || self.row.target.as_ref().map_or_else(String::new, |t| format!(" to {}", t.title));
        match self.row.state {
            State::Installed | State::None => format!("{runs} on {nodes}"),
            State::Updating | State::Incomplete => format!("{} {nodes} ({runs}{})", self.row.state.as_str(), to()),
            State::WrongNode | State::Unreadable | State::Invalid | State::NotAsked(_) => {
                let detail = self.detail.as_ref().map_or_else(String::new, |d| format!(" ({d})"));
                format!("{} {nodes}{detail}", self.row.state.as_str())
            }
        }
    }
}
