//! Jump hosts: one connection to each, shared by all nodes behind it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::cause;
use super::deadline::Deadline;
use super::known_hosts::address_name;
use super::known_hosts::verdict::HostNames;
use super::link::Carrier;
use super::node::Run;
use super::session::{Login, Session};
use super::target::{Jump, Target};
use crate::domain::failure::NodeFailure;
use crate::domain::node::Host;

/// A jump host that is logged in to.
pub(super) struct JumpHost {
    session: Session,
}

impl JumpHost {
    /// Lets the jump host connect to a node.
    pub(super) async fn connect(&self, host: &Host, port: u16) -> Result<Carrier, NodeFailure> {
        // The originator is for the jump host's log alone.
        let opening = self.session.handle.channel_open_direct_tcpip(host.to_string(), port.into(), "127.0.0.1", 0);
        let channel = opening.await.map_err(|error| cause::behind_jump(&error))?;
        Ok(Carrier::Jump(channel.into_stream()))
    }

    async fn open(jump: &Jump, target: &Target, run: &Run) -> Result<Self, NodeFailure> {
        let settings = &run.settings;
        let connecting = Deadline::after(settings.connect_timeout).run(run.routes.direct(&jump.host, jump.port)).await;
        let carrier = connecting.map_err(cause::connect_late)??;
        let login = Login {
            user: &jump.user,
            identities: run.keys.for_target(target),
            passed_over: &run.keys.passed_over,
            names: HostNames { own: address_name(&jump.host, jump.port), bare: None },
            host_keys: &run.host_keys,
            legacy: target.legacy_algorithms,
            // The answers of all nodes behind it.
            budget: u64::MAX,
        };
        let session = Session::open(carrier, &login, Deadline::after(settings.handshake_timeout)).await?;
        Ok(Self { session })
    }
}

/// What makes two targets share a connection: the jump host, the keys, the algorithms.
type Shared = (Jump, Vec<PathBuf>, bool);
type Outcome = Result<Arc<JumpHost>, NodeFailure>;

/// The jump hosts of a run.
pub(super) struct JumpHosts(HashMap<Shared, OnceCell<Outcome>>);

impl JumpHosts {
    /// Those that the targets name; none is connected to yet.
    pub(super) fn of(targets: &[Target]) -> Self {
        Self(targets.iter().filter_map(shared).map(|key| (key, OnceCell::new())).collect())
    }

    /// The jump host of a target, if it has one. The first node to ask connects; the others wait for it and
    /// share its fate.
    pub(super) async fn of_target(&self, target: &Target, run: &Run) -> Result<Option<Arc<JumpHost>>, NodeFailure> {
        let Some((jump, cell)) = target.jump.as_ref().zip(shared(target).and_then(|key| self.0.get(&key))) else {
            return Ok(None);
        };
        let opening = async || JumpHost::open(jump, target, run).await.map(Arc::new);
        let outcome = cell.get_or_init(opening).await;
        outcome.clone().map(Some).map_err(|failure| cause::at_jump(&jump.to_string(), failure))
    }
}

fn shared(target: &Target) -> Option<Shared> {
    let jump = target.jump.clone()?;
    Some((jump, target.keys.clone(), target.legacy_algorithms))
}
