//! Rules about order: one chain of stages, every node task between two adjacent stages, no cycles.

use std::collections::{BTreeMap, BTreeSet};

use super::{CHECKED, COMMIT, Finding, Graph, GraphTask, Names, VERIFIED, expected, id_of};

impl Graph {
    /// Every stage requires exactly the stage before it.
    pub(super) fn lint_stages(&self, findings: &mut Vec<Finding>) {
        let mut before: Option<String> = None;
        for stage in self.tasks.iter().filter(|task| task.is_stage()) {
            let id = id_of(stage);
            let requires: Vec<&str> = stage.requires.iter().collect();
            match &before {
                None if requires.is_empty() => {}
                Some(before) if requires == [before.as_str()] => {}
                None => findings.push(Finding::of("stage-chain", &id, "the first stage must require nothing")),
                Some(before) => {
                    let message =
                        format!("must require exactly the stage before it, {before}: else an empty phase leaks");
                    findings.push(Finding::of("stage-chain", &id, message));
                }
            }
            if stage.required_for.iter().next().is_some() {
                findings.push(Finding::of("stage-chain", &id, "a stage is chained by `requires` alone"));
            }
            before = Some(id);
        }
    }

    /// The stages and the task that this program relies on exist and are in the right order.
    pub(super) fn lint_landmarks(&self, findings: &mut Vec<Finding>) {
        let stages = self.stages();
        let at = |name: &str| stages.iter().position(|stage| stage == name);
        match (at(CHECKED), at(VERIFIED)) {
            (Some(checked), Some(verified)) if 0 < checked && checked < verified && verified + 1 < stages.len() => {
                let next = &stages[verified + 1];
                let commit = self.node_tasks().find(|task| task.id == COMMIT);
                let placed = commit.is_some_and(|task| {
                    task.requires.iter().any(|name| name == VERIFIED)
                        && task.required_for.iter().any(|name| name == next)
                });
                if !placed {
                    let message = format!("a task {COMMIT} must stand between {VERIFIED} and {next}");
                    findings.push(Finding::graph("landmarks", message));
                }
            }
            _ => {
                let message = format!("the stages must be: a first one, {CHECKED}, …, {VERIFIED}, and one behind it");
                findings.push(Finding::graph("landmarks", message));
            }
        }
    }

    /// Every node task requires exactly one stage and is required for exactly the next one.
    pub(super) fn lint_wires(&self, findings: &mut Vec<Finding>) {
        let stages = self.stages();
        for task in self.node_tasks() {
            let id = id_of(task);
            let after: Vec<usize> =
                task.requires.iter().filter_map(|name| stages.iter().position(|s| s == name)).collect();
            let ahead: Vec<&str> = task.required_for.iter().collect();
            let [after] = after[..] else {
                findings.push(Finding::of(
                    "phase-wires",
                    &id,
                    "must require exactly one stage: Nailgun's order is not transitive",
                ));
                continue;
            };
            match stages.get(after + 1) {
                Some(next) if ahead == [next.as_str()] => {}
                Some(next) => {
                    let message =
                        format!("must be required_for exactly [{next}]: else the next phase does not wait for it");
                    findings.push(Finding::of("phase-wires", &id, message));
                }
                None => findings.push(Finding::of("phase-wires", &id, "stands behind the last stage")),
            }
        }
    }

    /// Behind the pre-checks one shell task per role and phase: two `one_by_one` tasks of a phase overlap on different nodes.
    pub(super) fn lint_one_per_phase(&self, findings: &mut Vec<Finding>) {
        let mut phases: BTreeMap<&str, Vec<&GraphTask>> = BTreeMap::new();
        for task in self.node_tasks().filter(|task| task.kind == "shell") {
            if let Some(next) = task.required_for.iter().next().filter(|next| *next != CHECKED) {
                phases.entry(next).or_default().push(task);
            }
        }
        for (phase, tasks) in phases {
            for (index, task) in tasks.iter().enumerate() {
                let rival = tasks[..index].iter().find(|other| {
                    expected::ROLES.iter().any(|role| {
                        let role = [(*role).to_owned()];
                        expected::is_for(task, &role) && expected::is_for(other, &role)
                    })
                });
                if let Some(rival) = rival {
                    let message = format!(
                        "works on the same role as {} before {phase}: one task per role and phase",
                        id_of(rival)
                    );
                    findings.push(Finding::of("one-update-per-phase", &id_of(task), message));
                }
            }
        }
    }

    /// Names of dependencies exist, and no task waits for itself.
    pub(super) fn lint_names(&self, findings: &mut Vec<Finding>) {
        let mut ids = BTreeSet::new();
        for task in &self.tasks {
            let id = id_of(task);
            if id.is_empty() {
                findings.push(Finding::graph("unique-ids", "a task without an id"));
            } else if !ids.insert(id.clone()) {
                findings.push(Finding::of("unique-ids", &id, "the id is used twice: 9.0 and 9.1 do not notice"));
            }
        }
        let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for task in &self.tasks {
            let id = id_of(task);
            for (key, names) in [("requires", &task.requires), ("required_for", &task.required_for)] {
                if matches!(names, Names::Other(_)) {
                    findings.push(Finding::of("known-names", &id, format!("{key} must be a list of names")));
                }
                for name in names.iter() {
                    if name.starts_with('/') {
                        findings.push(Finding::of(
                            "known-names",
                            &id,
                            format!("{key}: name tasks one by one, not by a pattern"),
                        ));
                    } else if !ids.contains(name) {
                        let name = crate::domain::text::one_line(name, 80);
                        findings.push(Finding::of(
                            "known-names",
                            &id,
                            format!("{key}: no task {name}: Nailgun drops it silently"),
                        ));
                    } else if key == "requires" {
                        edges.entry(id.clone()).or_default().push(name.to_owned());
                    } else {
                        edges.entry(name.to_owned()).or_default().push(id.clone());
                    }
                }
            }
        }
        if let Some(cycle) = cycle(&edges) {
            findings.push(Finding::graph("no-cycle", format!("tasks wait for each other: {}", cycle.join(" → "))));
        }
    }
}

/// A cycle among the edges, if there is one: its names, with the first name again at the end.
fn cycle(edges: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    // Remove the tasks that wait for no remaining task, again and again; what remains contains a cycle.
    let mut left: BTreeMap<&str, BTreeSet<&str>> =
        edges.iter().map(|(id, on)| (id.as_str(), on.iter().map(String::as_str).collect())).collect();
    loop {
        let waiting: BTreeSet<&str> = left.keys().copied().collect();
        let before = left.len();
        left.retain(|_, on| on.iter().any(|id| waiting.contains(id)));
        if left.len() == before {
            break;
        }
    }
    let mut path = vec![*left.keys().next()?];
    loop {
        let last = path.last()?;
        let next = left.get(last)?.iter().copied().find(|id| left.contains_key(id))?;
        let seen = path.iter().position(|id| *id == next);
        path.push(next);
        if let Some(start) = seen {
            return Some(path[start..].iter().map(|id| (*id).to_owned()).collect());
        }
    }
}
