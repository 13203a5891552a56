//! A claim on an environment: a graph without work, under a type of its own, that lies in Nailgun for as long as an
//! installation goes from one of its runs to the next.
//!
//! Nailgun 9.0 does not refuse a second run while one goes on, and before 9.1 an installation is several runs with pauses in
//! between. Nailgun's database keeps a type from being used twice, so of two hosts one gets the claim.

use std::time::{Duration, Instant};

use super::context::Context;
use super::gather::refuse_when_busy;
use super::job::Job;
use super::record::RunRecord;
use crate::error::AppError;
use crate::graph::RunMark;
use crate::nailgun::{NailgunErrorKind, StartApi};

/// The type of the graph that is the claim.
const CLAIM: &str = "fuel-updates-claim";
/// An installation is between two of its runs for some seconds. After this time without a run its program is gone.
const STALE: Duration = Duration::from_secs(120);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// A claim that this installation holds.
pub(super) struct EnvClaim;

impl EnvClaim {
    /// Takes the claim where Nailgun needs one: nothing since 9.1, which refuses a second run itself.
    pub(super) fn take(context: &Context<'_>, job: &Job) -> Result<Option<Self>, AppError> {
        if job.api == StartApi::Execute {
            return Ok(None);
        }
        let env = context.env;
        let mut waiting: Option<Instant> = None;
        loop {
            refuse_when_busy(context)?;
            let body = job.body.claim();
            let error = match context.try_nailgun(move |nailgun| nailgun.create_graph(env, CLAIM, &body))? {
                None => return Err(context.interrupted()),
                Some(Ok(_)) => return Ok(Some(Self)),
                // Two that create it at the very same moment: the database refuses one, and Nailgun answers 500.
                Some(Err(e)) if matches!(e.kind(), NailgunErrorKind::Conflict | NailgunErrorKind::Server) => e,
                Some(Err(e)) => return Err(e.into()),
            };
            let since = *waiting.get_or_insert_with(Instant::now);
            let held = context.nailgun(move |nailgun| nailgun.graph(env, CLAIM))?;
            match held.as_ref().map(holder) {
                // It is gone already: the next try may succeed. A server that fails for another reason ends the wait.
                None if since.elapsed() > 5 * PAUSE => return Err(error.into()),
                None => {}
                Some(holder) => {
                    // The lock of this host is ours, so an installation that this host recorded has ended.
                    let dead =
                        RunRecord::newest(&context.state, &context.key(), env).is_some_and(|r| Some(r.run) == holder);
                    if dead || since.elapsed() > STALE {
                        context.nailgun(move |nailgun| nailgun.delete_graph(env, CLAIM))?;
                        continue;
                    }
                    if since.elapsed() < PAUSE {
                        let run = holder.unwrap_or_else(|| "of another host".to_owned());
                        let text = format!("installation {run} is about to start a run in environment {env}; waiting");
                        context.ui.status(&text);
                    }
                }
            }
            if context.interrupt.wait(PAUSE) {
                return Err(context.interrupted());
            }
        }
    }

    /// Gives the claim back.
    pub(super) fn release(self, context: &Context<'_>) {
        let env = context.env;
        // Without an answer, or after a signal, the next installation waits until it is stale.
        let _ = context.try_nailgun(move |nailgun| nailgun.delete_graph(env, CLAIM));
    }
}

/// The run whose claim it is.
fn holder(graph: &crate::nailgun::StoredGraph) -> Option<String> {
    let names = graph.tasks.iter().filter_map(|task| task["id"].as_str());
    names.filter_map(RunMark::parse).next().map(|mark| mark.run)
}
