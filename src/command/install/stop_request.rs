//! A stop that somebody asked for, kept at Nailgun, where every host sees it.
//!
//! An update can be several requests of one client, and between two of them nothing runs that Nailgun could stop. So the
//! one who stops leaves a note: a graph of a type of its own, whose name has the id of the run. Nobody executes that graph.
//! The client looks for the note before it starts a part and right after it has started one; a note that appears in
//! between is seen by the second look. A note of another run has no effect.

use serde_json::json;

use super::context::Context;
use crate::domain::numbers::EnvId;
use crate::error::AppError;
use crate::nailgun::{Nailgun, NailgunError};

/// The type of the graph that is the note.
const NOTE_TYPE: &str = "fuel-updates-stop";

/// Leaves the note. It replaces one of another run.
pub(super) fn leave(nailgun: &Nailgun, env: EnvId, run: &str) -> Result<(), NailgunError> {
    if is_there(nailgun, env, run)? {
        return Ok(());
    }
    nailgun.delete_graph(env, NOTE_TYPE)?;
    // A stage runs on no node. Nailgun before 9.1 takes no other keys than these two.
    let body = json!({"name": name(run), "tasks": [{"id": "fuel_updates_stop", "type": "stage", "version": "2.1.0"}]});
    match nailgun.create_graph(env, NOTE_TYPE, &body) {
        Ok(_) => Ok(()),
        // Somebody else left it at the same moment, or the answer was lost: what is there now counts.
        Err(error) => {
            if is_there(nailgun, env, run)? {
                Ok(())
            } else {
                Err(error)
            }
        }
    }
}

/// Whether somebody asked to stop this run.
pub(super) fn is_there(nailgun: &Nailgun, env: EnvId, run: &str) -> Result<bool, NailgunError> {
    Ok(nailgun.graph(env, NOTE_TYPE)?.is_some_and(|graph| graph.name == name(run)))
}

/// Whether somebody asked to stop this run; a signal ends the installation here.
pub(super) fn came(context: &Context<'_>, run: &str) -> Result<bool, AppError> {
    let (env, run) = (context.env, run.to_owned());
    context.nailgun(move |nailgun| is_there(nailgun, env, &run))
}

/// Takes the note away, once nothing more of the run can start; also one of an earlier run, whose client is gone. Without
/// an answer it stays, and does no harm.
pub(super) fn take_away(context: &Context<'_>, run: &str) {
    let (env, own) = (context.env, name(run));
    let taken = context.try_nailgun(move |nailgun| match nailgun.graph(env, NOTE_TYPE)? {
        // The ids of runs sort by time.
        Some(note) if note.name <= own => nailgun.delete_graph(env, NOTE_TYPE).map(drop),
        _ => Ok(()),
    });
    if let Ok(Some(Err(error))) = taken {
        context.ui.status(&format!("a stop may still be noted at Nailgun (graph {NOTE_TYPE}): {error}"));
    }
}

fn name(run: &str) -> String {
    format!("stop of run {run}")
}
