//! One SSH session: who may log in, and what is executed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, Session as Wire, VerifiedPublicKey};
use russh::{Channel, ChannelId};

use super::SshFault;
use super::exec;
use super::node::Shared;

/// One session of one client.
pub(super) struct Session {
    shared: Arc<Shared>,
    faults: Vec<SshFault>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, faults: Vec<SshFault>) -> Self {
        Self { shared, faults, channels: HashMap::new() }
    }

    fn has(&self, fault: SshFault) -> bool {
        self.faults.contains(&fault)
    }
}

impl Handler for Session {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        let banner = "\u{1b}]0;owned\u{7}\u{1b}[2J*** authorised use only ***\r\n";
        Ok(self.has(SshFault::AuthBanner).then(|| banner.to_owned()))
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        if self.has(SshFault::DropInAuth) {
            return Err(russh::Error::Disconnect);
        }
        let known = self.shared.accepted.contains(key.public_key.key_data());
        if !known || self.has(SshFault::RefuseAuth) {
            return Ok(Auth::reject());
        }
        self.shared.logins.fetch_add(1, Ordering::SeqCst);
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Wire,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], wire: &mut Wire) -> Result<(), Self::Error> {
        let Some(channel) = self.channels.remove(&id) else { return wire.channel_failure(id) };
        if self.has(SshFault::RefuseExec) {
            return wire.channel_failure(id);
        }
        wire.channel_success(id)?;
        let command = String::from_utf8_lossy(command).into_owned();
        self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner).push(command.clone());
        let shell = self.shared.shell.clone();
        tokio::spawn(exec::run(wire.handle(), channel, shell, command, self.faults.clone()));
        Ok(())
    }

    async fn shell_request(&mut self, id: ChannelId, wire: &mut Wire) -> Result<(), Self::Error> {
        wire.channel_failure(id)
    }

    async fn subsystem_request(&mut self, id: ChannelId, _name: &str, wire: &mut Wire) -> Result<(), Self::Error> {
        wire.channel_failure(id)
    }
}
