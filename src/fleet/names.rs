//! The addresses of the nodes that the node list gives by name.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::failure::{FailureKind, NodeFailure};
use crate::names::{NameFiles, NameLookup, NoAddress};

/// For one question to one name server: a server that does not answer is reported before the connect timeout is over.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Looks the names of nodes up in /etc/hosts and DNS.
pub(super) struct NameTable {
    names: NameLookup,
}

impl NameTable {
    /// Reads /etc/hosts and /etc/resolv.conf.
    pub(super) fn open() -> Self {
        Self { names: NameLookup::open(&NameFiles::default(), Some(PATIENCE)) }
    }

    /// The addresses of a name, at least one.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NodeFailure> {
        self.names.lookup(name).await.map_err(|error| {
            let why = match error {
                NoAddress::NoSuchName | NoAddress::NoRecord => String::new(),
                other => format!(" ({other})"),
            };
            NodeFailure::new(FailureKind::Unreachable, format!("unknown host name {name}{why}"))
                .hinted("use the address, or add the name to /etc/hosts")
        })
    }
}
