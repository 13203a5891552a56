//! Records what the server did in a session, so that a failure can name its cause.

use std::sync::Arc;

use parking_lot::Mutex;
use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, Names};

use super::known_hosts::verdict::{HostKeyCheck, HostKeyRefusal};
use crate::domain::text::one_line;

/// A server that asks for new keys more often than this during one short answer is ended as hostile.
const MAX_KEY_EXCHANGES: u32 = 4;
/// Each channel that a server opens to us is refused; after this many the session ends.
const MAX_SERVER_CHANNELS: u32 = 16;

/// How a session ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// The server disconnected with this message (safe to show; may be empty).
    Goodbye(String),
    /// The connection or the protocol broke.
    Fault(String),
    /// The server refused all methods of login.
    NoMoreMethods,
    /// The server sent a message that cannot be decoded.
    Unreadable(String),
    /// It kept asking for new keys.
    KeyStorm,
    /// It kept opening channels to us.
    ChannelStorm,
}

/// What was recorded about a session, shared with the task that asks the node.
#[derive(Default)]
pub(super) struct Notes {
    refusal: Mutex<Option<HostKeyRefusal>>,
    end: Mutex<Option<End>>,
}

impl Notes {
    /// Why the host key was refused.
    pub(super) fn refusal(&self) -> Option<HostKeyRefusal> {
        self.refusal.lock().clone()
    }

    /// How the session ended, once it did.
    pub(super) fn end(&self) -> Option<End> {
        self.end.lock().clone()
    }

    fn set_end(&self, end: End) {
        self.end.lock().get_or_insert(end);
    }
}

/// An error that ends a session.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// What russh found.
    #[error(transparent)]
    Russh(#[from] russh::Error),
    /// Too many key exchanges.
    #[error("too many key exchanges")]
    KeyStorm,
    /// Too many channels opened by the server.
    #[error("too many channels opened by the server")]
    ChannelStorm,
}

/// Our side of a session, as russh calls it.
pub(super) struct ServerWatch {
    check: HostKeyCheck,
    notes: Arc<Notes>,
    key_exchanges: u32,
    server_channels: u32,
}

impl ServerWatch {
    /// Watches a session whose host key `check` decides about.
    pub(super) fn new(check: HostKeyCheck) -> (Self, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        (Self { check, notes: Arc::clone(&notes), key_exchanges: 0, server_channels: 0 }, notes)
    }

    /// Counts a channel that the server opens. Its handle is dropped by the caller, which refuses it.
    fn refuse_channel(&mut self) -> Result<(), SessionError> {
        self.server_channels += 1;
        if self.server_channels > MAX_SERVER_CHANNELS {
            return Err(SessionError::ChannelStorm);
        }
        Ok(())
    }
}

impl Handler for ServerWatch {
    type Error = SessionError;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        match self.check.decide(&shown.public_key()) {
            Ok(()) => Ok(true),
            Err(refusal) => {
                *self.notes.refusal.lock() = Some(refusal);
                Ok(false)
            }
        }
    }

    async fn kex_done(&mut self, _: Option<&[u8]>, _: &Names, _: &mut Session) -> Result<(), Self::Error> {
        self.key_exchanges += 1;
        if self.key_exchanges > MAX_KEY_EXCHANGES {
            return Err(SessionError::KeyStorm);
        }
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Self::Error>) -> Result<(), Self::Error> {
        self.notes.set_end(match reason {
            DisconnectReason::ReceivedDisconnect(info) => End::Goodbye(one_line(&info.message, 120)),
            DisconnectReason::Error(SessionError::Russh(russh::Error::NoAuthMethod)) => End::NoMoreMethods,
            DisconnectReason::Error(SessionError::KeyStorm) => End::KeyStorm,
            DisconnectReason::Error(SessionError::ChannelStorm) => End::ChannelStorm,
            DisconnectReason::Error(SessionError::Russh(error @ russh::Error::SshEncoding(_))) => {
                End::Unreadable(one_line(&error.to_string(), 160))
            }
            DisconnectReason::Error(SessionError::Russh(error)) => End::Fault(one_line(&error.to_string(), 160)),
        });
        Ok(())
    }

    // russh accepts channels that a server opens; dropping their handles refuses them.

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse_channel()
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse_channel()
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse_channel()
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse_channel()
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse_channel()
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse_channel()
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse_channel()
    }
}
