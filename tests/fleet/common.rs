//! What the tests of the SSH side share.

use std::path::Path;
use std::time::Duration;

use fuel_updates::domain::failure::NodeFailure;
use fuel_updates::domain::node::Host;
use fuel_updates::domain::probe::{Probe, ProbeAnswer};
use fuel_updates::fleet::{Answer, FleetSettings, Target, frame, run};

pub(crate) use crate::sshd::{Setup, Sshd};

pub(crate) type Outcome = Result<Answer, NodeFailure>;

/// Settings that keep their state in a folder.
pub(crate) fn settings(dir: &Path) -> FleetSettings {
    FleetSettings {
        connect_timeout: Duration::from_secs(5),
        handshake_timeout: Duration::from_secs(20),
        node_timeout: Duration::from_secs(40),
        ..FleetSettings::new(dir.join("known_hosts"))
    }
}

/// A target of these servers with their RSA key.
pub(crate) fn target(sshd: &Sshd, address: &str) -> Target {
    let host = Host::parse(address).expect("an address");
    Target { port: sshd.port, keys: vec![sshd.rsa_key.clone()], ..Target::new(host, &sshd.user) }
}

/// Runs without listening to events.
pub(crate) fn ask(targets: &[Target], command: &str, settings: &FleetSettings) -> Vec<Outcome> {
    run(targets, command, settings, &mut |_| {}).expect("a run")
}

/// Runs for one target.
pub(crate) fn ask_one(target: &Target, command: &str, settings: &FleetSettings) -> Outcome {
    ask(std::slice::from_ref(target), command, settings).remove(0)
}

/// Runs the command of a check for one target and reads its answer.
pub(crate) fn probe(target: &Target, settings: &FleetSettings) -> Result<ProbeAnswer, NodeFailure> {
    let frame = frame().expect("a random word");
    ask_one(target, &frame.command::<Probe>(), settings)?.read::<Probe>(&frame)
}

/// The output as text.
pub(crate) fn text(outcome: &Outcome) -> &str {
    let answer = outcome.as_ref().unwrap_or_else(|failure| panic!("{failure:?}"));
    std::str::from_utf8(&answer.stdout).expect("text")
}

/// The failure of a node that must have failed.
pub(crate) fn failure<A: std::fmt::Debug>(outcome: Result<A, NodeFailure>) -> NodeFailure {
    match outcome {
        Ok(answer) => panic!("it answered {answer:?}"),
        Err(failure) => {
            assert!(failure.hint.is_some(), "no hint: {failure:?}");
            assert!(!failure.cause.chars().any(char::is_control), "{failure:?}");
            failure
        }
    }
}
