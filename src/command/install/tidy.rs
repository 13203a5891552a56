//! Removes graphs from Nailgun that were uploaded for a run and that no run needs any more. A history keeps its own copy of
//! the tasks, so nothing is lost. Every request here may fail without harm.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::gather::busy_task;
use crate::graph::run_of_type;

/// After this time a graph is of no use: no installation waits so long between its upload and its last start.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Deletes the graph of a run, unless something still runs: until a run has begun, Nailgun reads its graph again.
pub(super) fn graph_of_run(context: &Context<'_>, graph_type: &str) {
    if context.interrupt.came() || !matches!(busy_task(context), Ok(None)) {
        return;
    }
    delete(context, vec![graph_type.to_owned()]);
}

/// Deletes the graphs that earlier runs left behind: those that were interrupted, or that nobody watched.
pub(super) fn old_graphs(context: &Context<'_>) {
    let env = context.env;
    let Ok(Some(Ok(types))) = context.try_nailgun(move |nailgun| nailgun.graph_types(env)) else { return };
    let now = Timestamp::now();
    delete(context, types.into_iter().filter(|graph_type| is_old(graph_type, now)).collect());
}

fn delete(context: &Context<'_>, types: Vec<String>) {
    let env = context.env;
    if !types.is_empty() {
        // What cannot be deleted now is deleted by a later installation.
        let _ = context.try_nailgun(move |nailgun| {
            for graph_type in &types {
                let _ = nailgun.delete_graph(env, graph_type);
            }
        });
    }
}

/// Whether a graph of this type is a run's own, and its run is long over. The id of a run begins with its time.
fn is_old(graph_type: &str, now: Timestamp) -> bool {
    let began = run_of_type(graph_type).and_then(|run| run.get(..16)).and_then(|time| {
        let time = DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    began.is_some_and(|began| now.duration_since(began) > KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_graphs_of_old_runs_of_ours_are_old() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        assert!(is_old("fuel-updates-mu-20261124T115959Z-0000002a", now));
        for other in [
            "fuel-updates-mu-20261124T120001Z-0000002a",
            "fuel-updates-mu-20261126T120000Z-0000002a",
            "fuel-updates-mu",
            "fuel-updates-mu-x",
            "fuel-updates-mu-\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}",
            "default",
            "20200101T000000Z-1",
        ] {
            assert!(!is_old(other, now), "{other}");
        }
    }
}
