//! Snapshots of the nodes of a run: before the first change, and at the end. They tell what the run changed. Nothing that
//! fails here ends or changes an installation, and no node is waited for longer than for any other question.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::job::RunNode;
use super::run_log::name_of_files;
use crate::command::drift::collect::{collect_quietly, login_settings};
use crate::command::drift::snapshot_file;
use crate::command::nodes::Nodes;
use crate::command::{clock, state_dir};
use crate::domain::drift::{Changes, DriftNode, FactPool, RunSnapshots, not_compared};
use crate::domain::node::Node;
use crate::domain::outcome::Outcome;
use crate::domain::text::counted;
use crate::error::AppError;

/// So many runs of an environment keep their snapshots on this host.
const KEPT: usize = 10;

/// When a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Before,
    After,
}

impl Moment {
    /// The word for it, which is also the end of the file's name.
    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Takes the snapshot before the first change, and removes those of old runs.
pub(super) fn before(context: &Context<'_>, run: &str, nodes: &[RunNode]) {
    if context.options.no_snapshots || context.interrupt.came() {
        return;
    }
    context.ui.status(&format!("snapshot of {} before the update", counted(nodes.len(), "node")));
    if take(context, Moment::Before, run, nodes).is_some() {
        tidy(&folder(context));
    }
}

/// Takes the snapshot at the end, and compares it with the one before.
pub(super) fn after(context: &Context<'_>, run: &str, nodes: &[RunNode]) -> Option<RunSnapshots> {
    if context.options.no_snapshots || context.interrupt.came() {
        return None;
    }
    let before = path(context, Moment::Before, run);
    let before = before.exists().then_some(before);
    let (after, found, pool) = take(context, Moment::After, run, nodes)?;
    let snapshot = before.as_deref().and_then(|path| match snapshot_file::read(path) {
        Ok(snapshot) => Some(snapshot),
        Err(error) => {
            context.ui.warning(&error.message);
            None
        }
    });
    let changes = snapshot.map(|snapshot| Changes::since(&snapshot, context.env, &found, &pool, None));
    Some(RunSnapshots { before, after: Some(after), changes })
}

/// The command that tells in full what a run changed.
pub(super) fn how_to_compare(context: &Context<'_>, outcome: &Outcome) -> Option<String> {
    let taken = outcome.snapshots.as_ref()?;
    let changes = taken.changes.as_ref().filter(|changes| !changes.is_empty());
    let before = taken.before.as_ref().filter(|_| changes.is_some())?;
    Some(format!(
        "see each change with `fuel-updates --env {} check drift --against {}`",
        context.env,
        before.display()
    ))
}

/// Asks the nodes and writes what they have. Says why where that is not possible; nothing after a signal.
fn take(
    context: &Context<'_>,
    moment: Moment,
    run: &str,
    nodes: &[RunNode],
) -> Option<(PathBuf, Vec<DriftNode>, FactPool)> {
    let nodes: Vec<Node> = nodes.iter().map(|node| node.node.clone()).collect();
    let missing = |why: &str| {
        context.ui.warning(&format!("no snapshot {} the update: {why}", moment.word()));
    };
    let ssh = login_settings(context.settings, false);
    let asker = Nodes::new(&ssh, &context.state, &context.interrupt, context.ui);
    let (found, pool) = match collect_quietly(&asker, &nodes) {
        Ok(found) => found,
        Err(error) => {
            missing(&error.message);
            return None;
        }
    };
    if context.interrupt.came() {
        return None;
    }
    let left_out = not_compared(&found).join("; ");
    if !found.iter().any(DriftNode::is_compared) {
        missing(&left_out);
        return None;
    }
    if !left_out.is_empty() {
        context.ui.warning(&format!("not in the snapshot {} the update: {left_out}", moment.word()));
    }
    let path = path(context, moment, run);
    match write(context, &path, &found, &pool) {
        Ok(()) => Some((path, found, pool)),
        Err(error) => {
            missing(&error.message);
            None
        }
    }
}

fn write(context: &Context<'_>, path: &Path, nodes: &[DriftNode], pool: &FactPool) -> Result<(), AppError> {
    state_dir::open(&context.state.join("drift"))?;
    state_dir::open(&folder(context))?;
    snapshot_file::write(path, context.env, &clock::now(), nodes, pool)
}

/// The folder of the environment's snapshots.
fn folder(context: &Context<'_>) -> PathBuf {
    context.state.join("drift").join(context.key())
}

fn path(context: &Context<'_>, moment: Moment, run: &str) -> PathBuf {
    folder(context).join(format!("{}-{}.json", name_of_files(run), moment.word()))
}

/// Removes the snapshots of all runs but the newest; the ids of runs sort by time. What cannot be removed now is removed by
/// a later installation.
fn tidy(folder: &Path) {
    let names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let run = |name: &str| {
        let ends = [Moment::Before, Moment::After].map(|moment| format!("-{}.json", moment.word()));
        ends.iter().find_map(|end| name.strip_suffix(end.as_str())).map(str::to_owned)
    };
    let runs: BTreeSet<String> = names.iter().filter_map(|name| run(name)).collect();
    let old: BTreeSet<String> = runs.into_iter().rev().skip(KEPT).collect();
    for name in names.iter().filter(|name| run(name).is_some_and(|run| old.contains(&run))) {
        let _ = fs::remove_file(folder.join(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_runs_keep_their_snapshots() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| fs::write(dir.path().join(name), "").unwrap();
        for day in 1..=12 {
            file(&format!("202611{day:02}T100000Z-1-before.json"));
            file(&format!("202611{day:02}T100000Z-1-after.json"));
        }
        file("20261101T100000Z-1-mine.json");
        tidy(dir.path());
        let mut left: Vec<String> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left.len(), 2 * KEPT + 1, "{left:?}");
        assert_eq!(left[0], "20261101T100000Z-1-mine.json", "what is not ours stays");
        assert_eq!(left[1], "20261103T100000Z-1-after.json");
        tidy(&dir.path().join("missing"));
    }
}
