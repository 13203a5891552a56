//! Jump hosts: one connection to each, shared by all nodes behind it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::cause;
use super::deadline::Deadline;
use super::keys::KeySource;
use super::known_hosts::address_name;
use super::known_hosts::verdict::TargetNames;
use super::link::Carrier;
use super::node::Run;
use super::session::{Session, SessionLogin};
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
        // The address of the originator only appears in the log of the jump host.
        let opening = self.session.handle.channel_open_direct_tcpip(host.to_string(), port.into(), "127.0.0.1", 0);
        let channel = opening.await.map_err(|error| cause::behind_jump(&error))?;
        Ok(Carrier::Jump(channel.into_stream()))
    }

    async fn open(jump: &Jump, gate: &Gate, run: &Run) -> Result<Self, NodeFailure> {
        let settings = &run.settings;
        let connecting = Deadline::after(settings.connect_timeout).run(run.routes.direct(&jump.host, jump.port)).await;
        let carrier = connecting.map_err(cause::connect_late)??;
        let login = SessionLogin {
            user: &jump.user,
            identities: run.keys.of_sources(&gate.keys),
            passed_over: &run.keys.passed_over,
            names: TargetNames { own: address_name(&jump.host, jump.port), bare: None },
            host_keys: &run.host_keys,
            legacy: gate.legacy,
            // The answers of all nodes behind it.
            budget: u64::MAX,
        };
        let session = Session::open(carrier, &login, Deadline::after(settings.handshake_timeout)).await?;
        Ok(Self { session })
    }
}

type Outcome = Result<Arc<JumpHost>, NodeFailure>;

/// One jump host of a run, connected to or not.
#[derive(Default)]
struct Gate {
    /// The keys of the nodes behind it, the most frequent first: a key of one node may not be valid for the jump host.
    keys: Vec<KeySource>,
    /// Whether a node behind it needs old algorithms; the jump host may need them too.
    legacy: bool,
    opened: OnceCell<Outcome>,
}

/// The jump hosts of a run.
pub(super) struct JumpHosts(HashMap<Jump, Gate>);

impl JumpHosts {
    /// Those that the targets name; none is connected to yet.
    pub(super) fn of(targets: &[Target]) -> Self {
        let mut gates: HashMap<Jump, (Gate, HashMap<KeySource, usize>)> = HashMap::new();
        for (target, jump) in targets.iter().filter_map(|target| Some((target, target.jump.as_ref()?))) {
            let (gate, uses) = gates.entry(jump.clone()).or_default();
            gate.legacy |= target.legacy_algorithms;
            for source in KeySource::of(target) {
                if !uses.contains_key(&source) {
                    gate.keys.push(source.clone());
                }
                *uses.entry(source).or_default() += 1;
            }
        }
        let by_use = |(jump, (mut gate, uses)): (Jump, (Gate, HashMap<KeySource, usize>))| {
            gate.keys.sort_by_key(|source| std::cmp::Reverse(uses.get(source).copied()));
            (jump, gate)
        };
        Self(gates.into_iter().map(by_use).collect())
    }

    /// The jump host of a target, if it has one. The first node connects; the others wait and get the
    /// same result.
    pub(super) async fn of_target(&self, target: &Target, run: &Run) -> Result<Option<Arc<JumpHost>>, NodeFailure> {
        let Some((jump, gate)) = target.jump.as_ref().and_then(|jump| self.0.get_key_value(jump)) else {
            return Ok(None);
        };
        let opening = async || JumpHost::open(jump, gate, run).await.map(Arc::new);
        let outcome = gate.opened.get_or_init(opening).await;
        outcome.clone().map(Some).map_err(|failure| cause::at_jump(&jump.to_string(), failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_host_gets_the_keys_of_all_nodes_behind_it_commonest_first() {
        let target = |keys: &[&str]| Target {
            jump: Some(Jump::parse("gate", "root").unwrap()),
            keys: keys.iter().map(Into::into).collect(),
            ..Target::new(Host::parse("node-1").unwrap(), "root")
        };
        let jumps = JumpHosts::of(&[target(&["own"]), target(&["site"]), target(&["site"]), target(&[])]);
        let gate = &jumps.0[&Jump::parse("gate", "root").unwrap()];
        let file = |path: &str| KeySource::File(path.into());
        assert_eq!(gate.keys, [file("site"), file("own"), KeySource::Usual]);
    }
}
