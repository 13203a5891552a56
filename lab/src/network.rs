//! The lab's addresses: a /24 of loopback of its own, and one SSH port for all nodes.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use super::LabError;

/// A port that the lab which owns a network keeps open as a lock; the number is arbitrary but fixed.
const LOCK_PORT: u16 = 47_700;
/// Node numbers per /16, the rest of a /24 is for the lab's own servers.
const PER_NETWORK: u32 = 250;

/// The lab's share of loopback, `127.77.E.*` (and 127.78.E.* and so on for nodes above 250).
#[derive(Debug)]
pub(super) struct Network {
    third: u8,
    /// Reserves the network while it is open.
    _lock: TcpListener,
}

impl Network {
    /// Takes a network that no other lab on this machine uses.
    pub(super) fn take() -> Result<Self, LabError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        for _ in 0..250 {
            // Another start for every process, so that parallel test binaries rarely meet.
            let number = (std::process::id().wrapping_mul(31) + NEXT.fetch_add(1, Ordering::Relaxed)) % 250;
            let third = u8::try_from(number).unwrap_or_default();
            if let Ok(lock) = TcpListener::bind((Ipv4Addr::new(127, 77, third, 252), LOCK_PORT)) {
                return Ok(Self { third, _lock: lock });
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "all 250 networks of the lab are taken").into())
    }

    /// The address of a node.
    pub(super) fn node(&self, id: u32) -> Result<Ipv4Addr, LabError> {
        let (block, host) = ((id.max(1) - 1) / PER_NETWORK, (id.max(1) - 1) % PER_NETWORK + 1);
        let second = u8::try_from(77 + block).map_err(|_| LabError::Scenario(format!("node {id}: too many nodes")))?;
        Ok(Ipv4Addr::new(127, second, self.third, u8::try_from(host).unwrap_or_default()))
    }

    /// The address of one of the lab's own servers.
    pub(super) fn server(&self, number: u8) -> SocketAddr {
        SocketAddrV4::new(Ipv4Addr::new(127, 77, self.third, number), 0).into()
    }

    /// Opens one port on the addresses of all these nodes.
    pub(super) fn listen(&self, ids: &[u32]) -> Result<Vec<TcpListener>, LabError> {
        let mut last = None;
        for _ in 0..20 {
            match self.listen_once(ids) {
                Ok(listeners) => return Ok(listeners),
                Err(error @ LabError::Scenario(_)) => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| LabError::Scenario("no port".into())))
    }

    fn listen_once(&self, ids: &[u32]) -> Result<Vec<TcpListener>, LabError> {
        let mut listeners: Vec<TcpListener> = Vec::new();
        for &id in ids {
            let port = listeners.first().map_or(Ok(0), |first| first.local_addr().map(|a| a.port()))?;
            listeners.push(TcpListener::bind((self.node(id)?, port))?);
        }
        Ok(listeners)
    }
}
