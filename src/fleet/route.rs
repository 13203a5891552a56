//! TCP connections that this host makes itself.

use std::io;
use std::net::{IpAddr, SocketAddr};

use parking_lot::Mutex;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::OnceCell;

use super::cause;
use super::descriptors::own_fault;
use super::error::FleetError;
use super::link::Carrier;
use super::names::NameTable;
use crate::domain::failure::NodeFailure;
use crate::domain::node::Host;

/// Looks up names and connects.
#[derive(Default)]
pub(super) struct Routes {
    names: OnceCell<NameTable>,
    own_fault: Mutex<Option<FleetError>>,
}

impl Routes {
    /// What kept us, and not a node, from opening a connection; told once.
    pub(super) fn own_fault(&self) -> Option<FleetError> {
        self.own_fault.lock().take()
    }

    /// Connects to a host without a jump host. The caller limits the time.
    pub(super) async fn direct(&self, host: &Host, port: u16) -> Result<Carrier, NodeFailure> {
        let addresses = match host {
            Host::Ip(ip) => vec![*ip],
            Host::Name(name) => self.names.get_or_init(async || NameTable::open()).await.addresses(name).await?,
        };
        let mut last = None;
        for ip in addresses {
            match connect(ip, port).await {
                Ok(tcp) => return Ok(Carrier::Tcp(tcp)),
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
        if let Some(fault) = own_fault(&error) {
            self.own_fault.lock().get_or_insert(fault);
        }
        Err(cause::connect(&error, port))
    }
}

async fn connect(ip: IpAddr, port: u16) -> io::Result<TcpStream> {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Nagle's algorithm would hold back the second of two requests until the first is acknowledged.
    socket.set_nodelay(true)?;
    socket.connect(SocketAddr::new(ip, port)).await
}
