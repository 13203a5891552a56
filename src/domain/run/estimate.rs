//! How long a run will still take, from what it has shown so far. Where nothing alike was seen yet, nothing is said.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{PhaseTask, RunPhase, RunProgress, TaskKind, TaskResult};

/// The tasks whose name begins with this do the same on nodes of different roles.
const ALIKE: &str = "mu_update";
/// What a task is measured by until one of its own kind has ended: both do about the same.
const AS_LONG_AS: [(&str, &str); 8] = [
    ("mu_update_controllers", "mu_update_first"),
    ("mu_update_computes", "mu_update_canary"),
    ("mu_verify", "mu_check"),
    ("mu_verify_cluster", "mu_check_cluster"),
    ("mu_backup", "mu_check"),
    ("mu_agents", "mu_check"),
    ("mu_ha", ALIKE),
    ("mu_commit", "mu_backup"),
];
/// How much slower than its tasks a run may be: Nailgun and Astute need time between them.
const OVERHEAD: (f64, f64) = (1.0, 5.0);

/// What is known of how long tasks take: number and sum of the seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Timing {
    count: f64,
    seconds: f64,
}

/// The work of a task of a phase, on all its nodes.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    nodes: f64,
    /// Seconds that were worked, over all nodes.
    worked: f64,
    /// Nodes that have not begun.
    waiting: f64,
    /// Seconds since the tasks began that are running, over all nodes; and on how many nodes.
    since: f64,
    running: f64,
}

impl RunProgress {
    /// About how long the run will still take at this moment of Nailgun's clock. Nothing as long as a task is left of which
    /// none alike has ended in this run, and once something failed: then the run does not go on to its end.
    pub fn left(&self, phases: &[RunPhase], now: Timestamp) -> Option<SignedDuration> {
        let mut seen: BTreeMap<&str, Timing> = BTreeMap::new();
        let mut shares: BTreeMap<&str, Share> = BTreeMap::new();
        let mut began: Option<Timestamp> = None;
        for (task, _, result, record) in self.tasks(|kind| kind == TaskKind::Work) {
            let share = shares.entry(task).or_default();
            share.nodes += 1.0;
            let since = record.and_then(|r| r.began);
            began = [began, since].into_iter().flatten().min();
            match result {
                TaskResult::Failed | TaskResult::FailureIgnored => return None,
                TaskResult::Done => {
                    let Some(took) = record.and_then(super::TaskRecord::duration) else { continue };
                    let took = took.as_secs_f64();
                    share.worked += took;
                    for name in [task, class(task)] {
                        let seen = seen.entry(name).or_default();
                        seen.count += 1.0;
                        seen.seconds += took;
                    }
                }
                TaskResult::Running => {
                    share.running += 1.0;
                    share.since += since.map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0));
                }
                TaskResult::Waiting => share.waiting += 1.0,
                TaskResult::NotExecuted | TaskResult::Skipped => {}
            }
        }
        let limit = |task: &str| {
            let of = |t: &&PhaseTask| t.task == task;
            phases.iter().flat_map(|p| &p.tasks).find(of).and_then(|t| t.at_once).unwrap_or(usize::MAX)
        };
        let (mut left, mut behind) = (0.0, 0.0);
        for (task, share) in &shares {
            #[expect(clippy::cast_precision_loss, reason = "a limit of nodes is small, or none")]
            let at_once = (limit(task) as f64).min(share.nodes);
            behind += (share.worked + share.since) / at_once;
            if share.waiting + share.running == 0.0 {
                continue;
            }
            let each = mean(task, &seen)?;
            // A task that takes longer than the mean is about to end, as far as anybody knows.
            let running = (each * share.running - share.since).max(0.0);
            let all = (each * share.waiting + running) / at_once;
            // The last task takes its whole time, however many run beside it.
            let last = if share.waiting > 0.0 { each } else { 0.0 };
            left += all.max(last);
        }
        let elapsed = began.map_or(0.0, |began| now.duration_since(began).as_secs_f64());
        let overhead = if behind > 0.0 { (elapsed / behind).clamp(OVERHEAD.0, OVERHEAD.1) } else { 1.0 };
        SignedDuration::try_from_secs_f64(left * overhead).ok()
    }
}

fn class(task: &str) -> &str {
    if task.starts_with(ALIKE) { ALIKE } else { "" }
}

/// How many seconds a task takes on a node: the mean of its own, or else of what is alike.
fn mean(task: &str, seen: &BTreeMap<&str, Timing>) -> Option<f64> {
    let of = |name: &str| seen.get(name).filter(|seen| seen.count > 0.0).map(|seen| seen.seconds / seen.count);
    let alike = || Some(class(task)).filter(|class| !class.is_empty()).and_then(of);
    let other = || AS_LONG_AS.iter().find(|(name, _)| *name == task).and_then(|(_, other)| of(other));
    of(task).or_else(other).or_else(alike)
}

/// A time that is left, in words that promise no more than is known: `under a minute`, `about 12 min`, `about 2 h 10 min`.
pub fn about(left: SignedDuration) -> String {
    let seconds = left.as_secs().max(0);
    let minutes = (seconds + 30) / 60;
    // The longer, the coarser.
    let step = match minutes {
        0..20 => 1,
        20..60 => 5,
        _ => 10,
    };
    let minutes = (minutes + step / 2) / step * step;
    match (seconds, minutes) {
        (0..45, _) => "under a minute".to_owned(),
        (_, 0..60) => format!("about {minutes} min"),
        _ if minutes % 60 == 0 => format!("about {} h", minutes / 60),
        _ => format!("about {} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
