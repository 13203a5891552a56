//! Asks one node: connect, log in, run the command.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Answer;
use super::cause;
use super::deadline::Deadline;
use super::exec::exec;
use super::jump::JumpHosts;
use super::keys::KeyRing;
use super::known_hosts::verdict::{HostKeyRules, TargetNames};
use super::known_hosts::{address_name, name_behind};
use super::route::Routes;
use super::session::{Session, SessionLogin};
use super::settings::FleetSettings;
use super::target::Target;
use super::window::Slot;
use crate::domain::failure::NodeFailure;

/// What all nodes of a run share.
pub(super) struct Run {
    /// The command, a constant.
    pub(super) command: String,
    /// What holds for the run.
    pub(super) settings: FleetSettings,
    /// The keys to log in with.
    pub(super) keys: KeyRing,
    /// The host keys.
    pub(super) host_keys: Arc<HostKeyRules>,
    /// Name look-up and connections.
    pub(super) routes: Routes,
    /// The jump hosts.
    pub(super) jumps: JumpHosts,
}

/// More protocol overhead than any server needs, in bytes.
const OVERHEAD: u64 = 256 * 1024;

/// A connection that took up to this long may have been up earlier: with many at once we notice some of them late.
const HEARD_LATE: Duration = Duration::from_millis(250);

/// Asks one node.
pub(super) async fn ask(target: &Target, run: &Run, slot: &mut Slot) -> Result<Answer, NodeFailure> {
    let settings = &run.settings;
    // Boxed like every stage: connecting through a jump host includes a whole login.
    let connecting = Box::pin(async {
        let jump = run.jumps.of_target(target, run).await?;
        // The node's time begins after the login to its jump host.
        let (began, whole) = (Instant::now(), Deadline::after(settings.node_timeout));
        let route = async {
            match &jump {
                None => run.routes.direct(&target.host, target.port).await,
                Some(jump) => jump.connect(&target.host, target.port).await,
            }
        };
        let limit = Deadline::within(whole, settings.connect_timeout);
        let carrier = limit.run(route).await.map_err(cause::connect_late)??;
        Ok((carrier, began, whole))
    });
    let (carrier, began, whole) = slot.lend_while(connecting).await?;
    let waited = slot.waited();
    let whole = whole.later(waited);

    let login = SessionLogin {
        user: &target.user,
        identities: run.keys.for_target(target),
        passed_over: &run.keys.passed_over,
        names: names(target),
        host_keys: &run.host_keys,
        legacy: target.legacy_algorithms,
        budget: 2 * settings.answer_limit as u64 + OVERHEAD,
    };
    // The server's time for the handshake began when the connection was up, not when we noticed it.
    let now = Instant::now();
    let connected = now.checked_sub(HEARD_LATE).map_or(began + waited, |earliest| earliest.max(began + waited));
    let limit = Deadline::since(connected.min(now), whole, settings.handshake_timeout);
    let session = Session::open(carrier, &login, limit).await?;
    let output = exec(&session, &run.command, settings.answer_limit, whole).await?;
    session.end();
    let elapsed = began.elapsed().saturating_sub(waited);
    Ok(output.into_answer(elapsed))
}

fn names(target: &Target) -> TargetNames {
    let bare = address_name(&target.host, target.port);
    match &target.jump {
        None => TargetNames { own: bare, bare: None },
        Some(jump) => TargetNames { own: name_behind(&bare, jump), bare: Some(bare) },
    }
}
