//! In what the world differs from a saved plan, in words: nodes with the same difference are told together.

use std::collections::BTreeMap;

use super::{SavedNode, SavedPlan};
use crate::domain::nodeset::fold;
use crate::domain::text::one_line;

/// Differences, each with the nodes that have it; none where it concerns the environment.
#[derive(Debug, Default)]
struct Differences(Vec<(String, Vec<String>)>);

impl Differences {
    fn add(&mut self, text: String) {
        self.0.push((text, vec![]));
    }

    fn on(&mut self, node: &str, text: String) {
        match self.0.iter_mut().find(|(other, nodes)| *other == text && !nodes.is_empty()) {
            Some((_, nodes)) => nodes.push(node.to_owned()),
            None => self.0.push((text, vec![node.to_owned()])),
        }
    }

    fn lines(self) -> Vec<String> {
        let line = |(text, nodes): (String, Vec<String>)| match nodes.as_slice() {
            [] => one_line(&text, 300),
            nodes => one_line(&format!("{}: {text}", fold(nodes.iter().map(String::as_str))), 300),
        };
        self.0.into_iter().map(line).collect()
    }
}

impl SavedPlan {
    /// In what nodes, mirror, Nailgun and graph differ from this plan. Safe to show; empty if in nothing.
    pub fn differs_before_checks(&self, now: &Self) -> Vec<String> {
        let mut found = Differences::default();
        let (ours, theirs) = (&self.target, &now.target);
        if (ours.id, ours.timestamp) != (theirs.id, theirs.timestamp) {
            let named = |title: &str, id: u64, timestamp: i64| format!("{title} (id {id}, timestamp {timestamp})");
            found.add(format!(
                "the mirror has {}; the plan has {}",
                named(&theirs.title, theirs.id, theirs.timestamp),
                named(&ours.title, ours.id, ours.timestamp)
            ));
        } else if ours.file_sha256 != theirs.file_sha256 {
            found.add(format!("the mirror's mu-version.json of {} was changed", theirs.title));
        }
        if self.mos_version != now.mos_version {
            let version = |of: &Self| of.mos_version.clone().unwrap_or_else(|| "none".to_owned());
            found.add(format!("the environment's MOS version is {}; in the plan {}", version(now), version(self)));
        }
        let (added, gone) = apart(&self.repositories, &now.repositories);
        added.for_each(|line| found.add(format!("repository not in the plan: {line}")));
        gone.for_each(|line| found.add(format!("repository only in the plan: {line}")));
        if self.graph_sha256 != now.graph_sha256 {
            let short = |sum: &str| sum.chars().take(12).collect::<String>();
            let (is, was) = (short(&now.graph_sha256), short(&self.graph_sha256));
            found.add(format!("the graph is another one: SHA-256 {is}…; in the plan {was}…"));
        }
        self.nodes_before_checks(now, &mut found);
        found.lines()
    }

    fn nodes_before_checks(&self, now: &Self, found: &mut Differences) {
        let phases = |of: &Self| -> BTreeMap<String, (usize, String)> {
            let each = of.phases.iter().enumerate();
            each.flat_map(|(at, p)| p.nodes.iter().map(move |n| (n.clone(), (at, p.phase.clone())))).collect()
        };
        let (ours, theirs) = (phases(self), phases(now));
        let known: BTreeMap<&str, &SavedNode> = self.nodes.iter().map(|n| (n.name.as_str(), n)).collect();
        for node in &now.nodes {
            let name = node.name.as_str();
            let Some(planned) = known.get(name) else {
                found.on(name, "would take part, and is not in the plan".to_owned());
                continue;
            };
            if planned.id != node.id {
                found.on(name, format!("has the ID {}; in the plan {}", node.id, planned.id));
            }
            if sorted(&planned.roles) != sorted(&node.roles) {
                let (is, was) = (node.roles.join(", "), planned.roles.join(", "));
                found.on(name, format!("has the roles {is}; in the plan {was}"));
            }
            if planned.before != node.before {
                let title = |of: &Option<String>| of.clone().unwrap_or_else(|| "no update".to_owned());
                found.on(name, format!("runs {}; in the plan {}", title(&node.before), title(&planned.before)));
            }
            let phase = |of: &BTreeMap<String, (usize, String)>| of.get(name).map(|(_, phase)| phase.clone());
            let (is, was) = (phase(&theirs), phase(&ours));
            if is != was {
                let word = |phase: Option<String>| phase.unwrap_or_else(|| "not updated".to_owned());
                found.on(name, format!("its phase is {}; in the plan {}", word(is), word(was)));
            }
        }
        for planned in self.nodes.iter().filter(|planned| !now.nodes.iter().any(|n| n.name == planned.name)) {
            found.on(&planned.name, "is in the plan, and would not take part".to_owned());
        }
        let names = |of: &Self| -> Vec<String> { of.left_out.iter().map(|(node, _)| node.clone()).collect() };
        let (added, gone) = apart(&names(self), &names(now));
        added.for_each(|node| found.on(&node, "is left out; in the plan it is not".to_owned()));
        gone.for_each(|node| found.on(&node, "is left out in the plan, and not now".to_owned()));
    }

    /// In what the pre-checks found something else than this plan has. Safe to show; empty if in nothing.
    pub fn differs_after_checks(&self, now: &Self) -> Vec<String> {
        let mut found = Differences::default();
        if self.first_controller != now.first_controller {
            let word = |of: &Self| of.first_controller.clone().unwrap_or_else(|| "none".to_owned());
            found.add(format!("the first controller is {}; in the plan {}", word(now), word(self)));
        }
        for node in &now.nodes {
            if let Some(planned) = self.nodes.iter().find(|planned| planned.id == node.id) {
                packages(planned, node, &mut found);
                for (what, planned, here) in [
                    ("would be removed", &planned.removals, &node.removals),
                    ("is held and would stay behind", &planned.holds, &node.holds),
                    ("has changed files, which would be overwritten", &planned.customised, &node.customised),
                    ("would be restarted", &planned.services, &node.services),
                    ("would be restarted in pacemaker", &planned.resources, &node.resources),
                ] {
                    let (added, gone) = apart(planned, here);
                    added.for_each(|name| found.on(&node.name, format!("{name} {what}; not in the plan")));
                    gone.for_each(|name| found.on(&node.name, format!("{name} {what} only in the plan")));
                }
            }
        }
        found.lines()
    }
}

fn packages(planned: &SavedNode, node: &SavedNode, found: &mut Differences) {
    let version = |from: &Option<String>| from.clone().unwrap_or_else(|| "nothing".to_owned());
    let before: BTreeMap<_, _> = planned.packages.iter().map(|p| (p.name.as_str(), p)).collect();
    let here: BTreeMap<_, _> = node.packages.iter().map(|p| (p.name.as_str(), p)).collect();
    for (name, package) in &here {
        let (from, to) = (version(&package.from), &package.to);
        match before.get(name) {
            None => found.on(&node.name, format!("{name} would go from {from} to {to}; not in the plan")),
            Some(other) if other.from == package.from && other.to == package.to => {}
            Some(other) => {
                let (was, then) = (version(&other.from), &other.to);
                found.on(&node.name, format!("{name} would go from {from} to {to}; in the plan from {was} to {then}"));
            }
        }
    }
    for (name, package) in before.iter().filter(|(name, _)| !here.contains_key(*name)) {
        found.on(&node.name, format!("{name} would not change; in the plan it goes to {}", package.to));
    }
}

/// What only `now` has, and what only `planned` has.
fn apart(planned: &[String], now: &[String]) -> (std::vec::IntoIter<String>, std::vec::IntoIter<String>) {
    let without = |of: &[String], other: &[String]| -> Vec<String> {
        of.iter().filter(|item| !other.contains(item)).cloned().collect()
    };
    (without(now, planned).into_iter(), without(planned, now).into_iter())
}

fn sorted(list: &[String]) -> Vec<&String> {
    let mut list: Vec<&String> = list.iter().collect();
    list.sort();
    list
}
