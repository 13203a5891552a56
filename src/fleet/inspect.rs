//! What a run would use, looked at without a connection and without a change: keys, recorded host keys, descriptors.

use std::path::Path;

use super::descriptors::places;
use super::error::FleetError;
use super::keys::KeyRing;
use super::known_hosts::{KnownHosts, address_name, file};
use super::settings::FleetSettings;
use super::target::Target;
use super::window;
use crate::domain::node::Host;

/// The keys that a run would try.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundKeys {
    /// Their names, in the order in which they are tried.
    pub usable: Vec<String>,
    /// Keys and agents that cannot be used, each with the reason.
    pub passed_over: Vec<String>,
}

/// The keys for these targets.
///
/// # Errors
/// [`FleetError::Key`], [`FleetError::NoKey`]: as for a run.
pub fn keys(targets: &[Target], settings: &FleetSettings) -> Result<FoundKeys, FleetError> {
    let runtime = window::runtime()?;
    let ring = runtime.block_on(KeyRing::load(targets, settings))?;
    let mut usable: Vec<String> = Vec::new();
    for identity in targets.iter().flat_map(|target| ring.for_target(target)) {
        if !usable.iter().any(|known| known == identity.name()) {
            usable.push(identity.name().to_owned());
        }
    }
    Ok(FoundKeys { usable, passed_over: ring.passed_over })
}

/// What a file of host keys says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedHosts {
    /// How many of the hosts have a recorded key.
    pub known: usize,
    /// Numbers of lines that cannot be read, from 1.
    pub unreadable: Vec<usize>,
}

/// Looks these hosts up in a file of host keys; one that does not exist has no host.
///
/// # Errors
/// [`FleetError::KnownHosts`]: the file cannot be read.
pub fn recorded(known_hosts: &Path, hosts: &[(Host, u16)]) -> Result<RecordedHosts, FleetError> {
    let text =
        file::read(known_hosts).map_err(|source| FleetError::KnownHosts { path: known_hosts.to_owned(), source })?;
    let recorded = KnownHosts::parse(&text);
    let known = hosts.iter().filter(|(host, port)| !recorded.recorded(&address_name(host, *port)).is_empty()).count();
    Ok(RecordedHosts { known, unreadable: recorded.unreadable })
}

/// How many of these targets a run would log in to at the same time.
///
/// # Errors
/// [`FleetError::OpenFiles`]: this process may not open enough files.
pub fn at_once(targets: &[Target], fanout: usize) -> Result<usize, FleetError> {
    Ok(places(targets, fanout)?.slots)
}
