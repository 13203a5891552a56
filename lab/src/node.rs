//! A node of a running lab, as tests read and change it.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::LabError;
use super::scenario::NodeSpec;
use super::seed;
use super::sshd::{SshFault, SshNode};

/// A node of a running lab.
pub struct LabNode {
    pub(super) spec: NodeSpec,
    pub(super) address: Ipv4Addr,
    pub(super) ssh: SshNode,
}

impl LabNode {
    /// What the node was made from.
    pub fn spec(&self) -> &NodeSpec {
        &self.spec
    }

    /// Its node ID in Nailgun.
    pub fn id(&self) -> u32 {
        self.spec.id
    }

    /// Its address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The port of its SSH server.
    pub fn port(&self) -> u16 {
        self.ssh.address().port()
    }

    /// Where its SSH server listens.
    pub fn socket(&self) -> SocketAddr {
        self.ssh.address()
    }

    /// Its file tree, `FUEL_MU_ROOT` of everything that runs on it.
    pub fn tree(&self) -> &Path {
        &self.ssh.shell().tree
    }

    /// A file of its tree by the path from `/`.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(&self, path: &str) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(seed::below(self.tree(), path)?)?).into_owned())
    }

    /// Writes a file of its tree by the path from `/`, as an operator's accident would.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        seed::write(self.tree(), path, content, 0o644)
    }

    /// Switches a fault of its stubs on.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn set_stub_fault(&self, name: &str, argument: &str) -> io::Result<()> {
        self.write(&format!("/.lab/faults/{name}"), argument.as_bytes())
    }

    /// Switches a fault of its stubs off.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    pub fn clear_stub_fault(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(seed::below(self.tree(), &format!("/.lab/faults/{name}"))?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What the stubs were called with, one line each.
    pub fn calls(&self) -> Vec<String> {
        self.read("/.lab/calls").unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Replaces the faults of its SSH server; [`SshFault::Offline`] cuts open connections.
    ///
    /// # Errors
    /// Where its address cannot be bound again.
    pub fn set_ssh_faults(&self, faults: &[SshFault]) -> Result<(), LabError> {
        self.ssh.set_faults(faults.to_vec())
    }

    /// Gives it a new host key, as a reinstallation does.
    ///
    /// # Errors
    /// Where no key can be made.
    pub fn change_host_key(&self) -> Result<(), LabError> {
        self.ssh.change_host_key()
    }

    /// Its host key, one line as in `known_hosts` without the host.
    ///
    /// # Errors
    /// Where the key has no text form.
    pub fn host_key(&self) -> Result<String, LabError> {
        self.ssh.host_key()
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.ssh.connections()
    }

    /// How many logins it accepted.
    pub fn logins(&self) -> usize {
        self.ssh.logins()
    }

    /// The commands that were executed over SSH, in order.
    pub fn commands(&self) -> Vec<String> {
        self.ssh.commands()
    }
}
