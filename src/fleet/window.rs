//! Asks many nodes at once, but no more than a limit: the sliding window.
//!
//! A node holds a slot until it is done. While it connects, the slot is only lent: an address that does not answer within
//! [`LOAN`] moves to the waiting room, which is larger, and queues for a slot again if it answers later. A rack that is
//! switched off then delays the other nodes by a moment and not by the connect timeout.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, timeout};

use super::answer::{Answer, FleetEvent};
use super::descriptors::{Places, own_fault, places};
use super::error::FleetError;
use super::jump::JumpHosts;
use super::keys::KeyRing;
use super::known_hosts::verdict::HostKeyRules;
use super::known_hosts::{KnownHosts, file};
use super::node::{self, Run};
use super::route::Routes;
use super::settings::{FleetSettings, HostKeyPolicy};
use super::target::Target;
use crate::domain::failure::{FailureKind, NodeFailure};

/// How long a slot is lent to a connection that does not come up; longer than any usual round trip.
const LOAN: Duration = Duration::from_millis(250);
/// How often the flag of cancellation is read.
const LOOK: Duration = Duration::from_millis(50);
/// How often it is told that nodes are waited for.
const TELL: Duration = Duration::from_millis(250);

/// The runtime of one call. One thread: the arithmetic of a login is well below a millisecond, and more
/// threads cost more in total than they save.
pub(super) fn runtime() -> Result<Runtime, FleetError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let built = Builder::new_current_thread().enable_all().max_blocking_threads(cores).build();
    built.map_err(|error| own_fault(&error).unwrap_or(FleetError::System(error)))
}

/// The slots of a run.
pub(super) struct Window {
    slots: Arc<Semaphore>,
    waiting_room: Arc<Semaphore>,
}

/// A place in the window.
pub(super) struct Slot {
    window: Arc<Window>,
    permit: Option<OwnedSemaphorePermit>,
    waited: Duration,
}

impl Slot {
    /// Waits for a connection, in the waiting room if it takes long. With a connection the slot is held
    /// again; without one it is not needed any more.
    pub(super) async fn lend_while<T, E>(&mut self, connecting: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut connecting = pin!(connecting);
        if let Ok(done) = timeout(LOAN, &mut connecting).await {
            return done;
        }
        let _seat = tokio::select! {
            biased;
            done = &mut connecting => return done,
            seat = self.window.waiting_room.acquire() => seat,
        };
        self.permit = None;
        let connection = connecting.await?;
        let since = Instant::now();
        self.permit = Arc::clone(&self.window.slots).acquire_owned().await.ok();
        self.waited = since.elapsed();
        Ok(connection)
    }

    /// How long it queued for its slot after it was connected.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }
}

type Outcome = Result<Answer, NodeFailure>;

/// Asks every target; see [`super::run`].
pub(super) async fn drive(
    targets: &[Target],
    command: &str,
    settings: &FleetSettings,
    on_event: &mut dyn FnMut(FleetEvent<'_>),
) -> Result<Vec<Outcome>, FleetError> {
    let known = known_hosts(settings, on_event)?;
    let places = places(targets, settings.fanout)?;
    if places.slots < settings.fanout.min(targets.len()) {
        let text = format!("asking {} nodes at once: this process may not open more files (ulimit -n)", places.slots);
        on_event(FleetEvent::Warning { text });
    }
    // The generator that russh uses opens a file and panics where it cannot, so it starts before the connections.
    drop(russh::keys::key::safe_rng());
    let run = Arc::new(Run {
        command: command.to_owned(),
        settings: settings.clone(),
        keys: KeyRing::load(targets, settings).await?,
        host_keys: Arc::new(HostKeyRules::new(settings.host_keys, known)),
        routes: Routes::default(),
        jumps: JumpHosts::of(targets),
    });
    let results = ask_all(targets, &run, places, on_event).await;
    if let Err(error) = file::append(&settings.known_hosts, &run.host_keys.learnt()) {
        let path = settings.known_hosts.display();
        on_event(FleetEvent::Warning { text: format!("new host keys could not be recorded in {path}: {error}") });
    }
    results
}

fn known_hosts(settings: &FleetSettings, on_event: &mut dyn FnMut(FleetEvent<'_>)) -> Result<KnownHosts, FleetError> {
    if settings.host_keys == HostKeyPolicy::Off {
        return Ok(KnownHosts::default());
    }
    let path = &settings.known_hosts;
    let text = file::read(path).map_err(|source| FleetError::KnownHosts { path: path.clone(), source })?;
    let known = KnownHosts::parse(&text);
    if let Some(first) = known.unreadable.first() {
        let (count, path) = (known.unreadable.len(), path.display());
        on_event(FleetEvent::Warning { text: format!("{path}: {count} unreadable lines, the first is line {first}") });
    }
    Ok(known)
}

async fn ask_all(
    targets: &[Target],
    run: &Arc<Run>,
    places: Places,
    on_event: &mut dyn FnMut(FleetEvent<'_>),
) -> Result<Vec<Outcome>, FleetError> {
    let window = Arc::new(Window {
        slots: Arc::new(Semaphore::new(places.slots)),
        waiting_room: Arc::new(Semaphore::new(places.waiting)),
    });
    let mut results: Vec<Option<Outcome>> = targets.iter().map(|_| None).collect();
    let mut nodes = JoinSet::new();
    let mut next = 0;
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tell = interval_at(Instant::now() + TELL, TELL);
    tell.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while next < targets.len() || !nodes.is_empty() {
        tokio::select! {
            biased;
            _ = look.tick() => {
                if run.settings.cancelled.load(Ordering::Relaxed) {
                    // Dropping the set drops every node, which cuts its connection.
                    return Err(FleetError::Interrupted);
                }
            }
            _ = tell.tick() => on_event(FleetEvent::Waiting),
            Some(Ok((index, mut outcome, elapsed))) = nodes.join_next() => {
                if let Some(fault) = run.routes.own_fault() {
                    return Err(fault);
                }
                on_event(FleetEvent::Finished { index, result: &outcome, elapsed });
                if let Ok(answer) = &mut outcome
                    && !run.settings.keep_output
                {
                    answer.stdout = Vec::new();
                }
                results[index] = Some(outcome);
            }
            Ok(permit) = Arc::clone(&window.slots).acquire_owned(), if next < targets.len() => {
                let slot = Slot { window: Arc::clone(&window), permit: Some(permit), waited: Duration::ZERO };
                on_event(FleetEvent::Started { index: next });
                nodes.spawn(ask_one(next, targets[next].clone(), Arc::clone(run), slot));
                next += 1;
            }
        }
    }
    Ok(results.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(crashed()))).collect())
}

async fn ask_one(index: usize, target: Target, run: Arc<Run>, mut slot: Slot) -> (usize, Outcome, Duration) {
    let began = Instant::now();
    // In builds that unwind, a panic over one server's data costs that node's answer only.
    let outcome = AssertUnwindSafe(node::ask(&target, &run, &mut slot)).catch_unwind().await;
    (index, outcome.unwrap_or_else(|_| Err(crashed())), began.elapsed())
}

fn crashed() -> NodeFailure {
    NodeFailure::new(FailureKind::RemoteError, "what it sent could not be handled")
        .hinted("this is a bug of this program: please report it")
}
