//! How many connections this process may have open at once: each one is a file descriptor.
//!
//! A connection that cannot be opened because of our own limit says nothing about its node. So the fan-out is bounded
//! by the limit beforehand, and where one is refused nevertheless, the run ends with an error of its own.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::FleetError;
use super::target::Target;
use crate::domain::node::Host;

/// How many connections may wait in the waiting room.
const WAITING_ROOM: u64 = 1024;
/// Descriptors for everything that is no connection to a node: the agent, the mirror, random numbers, known_hosts.
const SPARE: u64 = 24;

/// How many connections may be open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// Nodes that are logged in to.
    pub(super) slots: usize,
    /// Connections that are slow to come up.
    pub(super) waiting: usize,
}

/// The places for these targets. The soft limit is raised to the hard one where that is needed.
///
/// # Errors
/// [`FleetError::OpenFiles`]: the limit leaves no room for two connections.
pub(super) fn places(targets: &[Target], fanout: usize) -> Result<Places, FleetError> {
    // The look-up of a name asks for both kinds of addresses, each over a socket of its own.
    let by_name = |target: &Target| matches!(target.jump.as_ref().map_or(&target.host, |j| &j.host), Host::Name(_));
    let each = if targets.iter().any(by_name) { 2 } else { 1 };
    let jumps = targets.iter().filter(|target| target.jump.is_some()).count().min(16);
    let taken = in_use() + SPARE + jumps as u64;
    let waiting = WAITING_ROOM.min(targets.len() as u64);
    let limit = raised_to(taken + (fanout.min(targets.len()) as u64 + waiting) * each);
    divide(limit.saturating_sub(taken) / each, fanout, waiting).ok_or(FleetError::OpenFiles { limit })
}

/// The limit of this process, raised to `needed` as far as that is allowed.
fn raised_to(needed: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= needed {
        return current;
    }
    let raised = needed.min(limit.maximum.unwrap_or(u64::MAX));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }) {
        Ok(()) => raised,
        Err(_) => current,
    }
}

/// How many descriptors are open now.
fn in_use() -> u64 {
    // Without /proc: what a program of this kind has at most before it connects.
    std::fs::read_dir("/proc/self/fd").map_or(32, |open| open.count() as u64)
}

/// Divides the connections that may be open: where they are few, a quarter of them may wait.
fn divide(connections: u64, fanout: usize, waiting: u64) -> Option<Places> {
    let connections = usize::try_from(connections).unwrap_or(usize::MAX);
    if connections < 2 {
        return None;
    }
    let slots = fanout.clamp(1, connections - (connections / 4).max(1));
    let waiting = usize::try_from(waiting).unwrap_or(usize::MAX).max(1);
    Some(Places { slots, waiting: (connections - slots).min(waiting) })
}

/// The error of this process behind a connection that could not be opened, if it is one.
pub(super) fn own_fault(error: &io::Error) -> Option<FleetError> {
    match Errno::from_io_error(error)? {
        Errno::MFILE => Some(FleetError::OpenFiles { limit: raised_to(0) }),
        errno @ (Errno::NFILE | Errno::NOMEM | Errno::NOBUFS) => Some(FleetError::System(errno.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_limit_bounds_the_fan_out_and_a_tiny_one_is_an_error() {
        let of = |connections, fanout, targets| divide(connections, fanout, targets).map(|p| (p.slots, p.waiting));
        assert_eq!(of(u64::MAX, 100, 300), Some((100, 300)));
        assert_eq!(of(1000, 100, 300), Some((100, 300)));
        assert_eq!(of(150, 100, 300), Some((100, 50)));
        assert_eq!(of(30, 100, 300), Some((23, 7)));
        assert_eq!(of(2, 100, 300), Some((1, 1)));
        assert_eq!(of(30, 0, 1), Some((1, 1)));
        assert_eq!(of(1, 100, 300), None);
        assert_eq!(of(0, 100, 300), None);
    }

    #[test]
    fn only_our_own_limits_are_our_own_fault() {
        let fault = |errno: Errno| own_fault(&errno.into()).map(|fault| fault.to_string());
        assert!(fault(Errno::MFILE).is_some_and(|text| text.contains("(ulimit -n)")));
        assert!(fault(Errno::NFILE).is_some_and(|text| text.contains("Too many open files in system")));
        for theirs in [Errno::CONNREFUSED, Errno::HOSTUNREACH, Errno::TIMEDOUT, Errno::ADDRNOTAVAIL] {
            assert_eq!(fault(theirs), None);
        }
    }
}
