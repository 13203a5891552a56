//! The answer of a check in one sentence, and the command that comes next.

use super::{Check, CheckReport, Condition};
use crate::domain::row::{Row, State, Verdict};

impl CheckReport {
    /// The answer in one sentence: `update available: 9.0-mu-2 for 11 of 12 nodes; 1 node did not answer`.
    pub fn answer(&self) -> String {
        let mirror = self.mirror.as_ref().and_then(|mirror| mirror.mu.as_ref().ok());
        let mut parts = match mirror {
            Some(mirror) => self.verdict_parts(&mirror.title),
            None => self.installed_parts(),
        };
        for (state, words) in [(State::Updating, "being updated"), (State::Incomplete, "incomplete")] {
            let count = self.count(|row| row.state == state);
            if count > 0 {
                parts.push(format!("{} {} {words}", nodes(count), if count == 1 { "is" } else { "are" }));
            }
        }
        let odd = self.count(|row| matches!(row.state, State::WrongNode | State::Unreadable | State::Invalid));
        if odd > 0 {
            parts.push(format!("{} gave no valid answer", nodes(odd)));
        }
        let silent = self.count(|row| matches!(row.state, State::NotAsked(_)));
        if silent > 0 {
            parts.push(if silent == self.rows.len() {
                "no node answered".to_owned()
            } else {
                format!("{} did not answer", nodes(silent))
            });
        }
        parts.join("; ")
    }

    fn verdict_parts(&self, title: &str) -> Vec<String> {
        let of = |verdict| self.count(|row| row.verdict == Some(verdict));
        let mut parts = Vec::new();
        for (verdict, begin) in [
            (Verdict::UpdateAvailable, format!("update available: {title} for")),
            (Verdict::RePublished, format!("published again: {title}, which is installed in an earlier form on")),
            (Verdict::AheadOfMirror, format!("newer than the mirror's {title}:")),
            (Verdict::UpToDate, format!("up to date: {title} on")),
        ] {
            match of(verdict) {
                0 => {}
                // The first part says of how many.
                count if parts.is_empty() => parts.push(format!("{begin} {}", self.share(count))),
                count => parts.push(format!("{begin} {count}")),
            }
        }
        let other = self.count(|row| row.verdict == Some(Verdict::Unknown) && is_settled(row));
        if other > 0 {
            parts.push(format!("{} cannot be compared with the mirror", nodes(other)));
        }
        parts
    }

    fn installed_parts(&self) -> Vec<String> {
        let groups = self.groups();
        let settled: Vec<String> = groups
            .iter()
            .filter(|group| is_settled(group.row))
            .enumerate()
            .map(|(place, group)| {
                let count = if place == 0 { self.share(group.count) } else { group.count.to_string() };
                match &group.row.mu {
                    None => format!("no maintenance update on {count}"),
                    Some(_) => format!("{} on {count}", group.runs()),
                }
            })
            .collect();
        match settled.len() {
            0 => vec![],
            1 => settled,
            _ => vec![format!("nodes differ: {}", settled.join(", "))],
        }
    }

    /// The command that comes next; None where there is nothing to do.
    pub fn next(&self) -> Option<String> {
        let env = self.env;
        let condition = self.decisive()?;
        let is = |state: State| self.rows.iter().any(|row| row.state == state);
        if is(State::Updating) {
            return Some(format!("fuel-updates --env {env} install --attach"));
        }
        if is(State::Incomplete) {
            return Some(format!("fuel-updates --env {env} install"));
        }
        match condition {
            Condition::UpdateAvailable => Some(format!("fuel-updates --env {env} install")),
            Condition::Drift if self.check == Check::Installed => {
                Some(format!("fuel-updates --env {env} check available"))
            }
            _ => None,
        }
    }

    /// How many nodes have each verdict.
    pub fn verdicts(&self) -> std::collections::BTreeMap<&'static str, usize> {
        let mut verdicts = std::collections::BTreeMap::new();
        for verdict in self.rows.iter().filter_map(|row| row.verdict) {
            *verdicts.entry(verdict.as_str()).or_default() += 1;
        }
        verdicts
    }

    fn count(&self, is: impl Fn(&Row) -> bool) -> usize {
        self.rows.iter().filter(|row| is(row)).count()
    }

    /// `all 12 nodes`, `11 of 12 nodes`; a single node has its name.
    fn share(&self, count: usize) -> String {
        match (count, self.rows.as_slice()) {
            (1, [only]) => only.node.name.clone(),
            (count, all) if count == all.len() => format!("all {count} nodes"),
            (count, all) => format!("{count} of {} nodes", all.len()),
        }
    }
}

/// Whether the node runs what it says and no installation is open.
fn is_settled(row: &Row) -> bool {
    matches!(row.state, State::Installed | State::None)
}

fn nodes(count: usize) -> String {
    if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") }
}
