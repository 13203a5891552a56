//! Asking many nodes at once over SSH: the async island (russh, tokio).
//!
//! [`run`] logs in to every target once, executes one constant command there and brings back what it
//! printed, bounded. It is a plain blocking call that owns its runtime: nothing async leaves this module.
//!
//! ```text
//! run → window (slots, order, cancellation) → node (one target, stage by stage)
//!         node → route (address or jump host) → session (handshake, login) → exec
//!         session → algorithms, known_hosts, keys, watch (what the server did), link (the bytes)
//! ```
//!
//! A node that fails is an answer too: one cause, one hint, never an early return. Whatever ends a stage
//! (deadline, fault, cancellation) also cuts the node's connection; no task and no socket outlives it.

mod algorithms;
mod answer;
mod cause;
mod deadline;
mod descriptors;
mod error;
mod exec;
mod inspect;
mod jump;
mod keys;
mod known_hosts;
mod link;
mod names;
mod node;
mod refusal;
mod route;
mod server_id;
mod session;
mod settings;
mod target;
mod watch;
mod window;

pub use answer::{Answer, FleetEvent};
pub use error::FleetError;
pub use inspect::{FoundKeys, RecordedHosts, at_once, keys, recorded};
pub use keys::usual_key_files;
pub use known_hosts::forget::{Forgotten, forget};
pub use settings::{FleetSettings, HostKeyPolicy};
pub use target::{Jump, JumpError, Target};

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::domain::failure::NodeFailure;
use crate::domain::remote::Frame;

/// A frame with a fresh random word, for the commands of one run.
///
/// # Errors
/// [`FleetError::Random`]: the system gave no random bytes.
pub fn frame() -> Result<Frame, FleetError> {
    let mut random = [0; 8];
    SystemRandom::new().fill(&mut random).map_err(|_| FleetError::Random)?;
    Ok(Frame::new(random))
}

/// Runs `command` on every target, at most [`FleetSettings::fanout`] at once, and returns one result per
/// target, in their order. `on_event` hears of every node as it starts and as it ends.
///
/// Keys and known_hosts are read once, before the first connection. New host keys are recorded at the end,
/// also when the run was cancelled.
///
/// # Errors
/// [`FleetError`]: nothing could be asked at all (no key, an unreadable known_hosts), or the run was
/// cancelled. What a single node did wrong is never an error here.
pub fn run(
    targets: &[Target],
    command: &str,
    settings: &FleetSettings,
    on_event: &mut dyn FnMut(FleetEvent<'_>),
) -> Result<Vec<Result<Answer, NodeFailure>>, FleetError> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = window::runtime()?;
    let results = runtime.block_on(window::drive(targets, command, settings, on_event));
    // Dropping the runtime ends every task that is left; a signature that still computes is not waited for.
    runtime.shutdown_background();
    results
}
