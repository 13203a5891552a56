//! Puts TLS around the connections that ureq makes.
//!
//! ureq's own TLS takes no verifier from outside, and tells neither which host a certificate fault belongs to nor
//! whether the handshake was over when it came.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use thiserror::Error;
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::{Roots, TlsFault};

/// Makes https connections with this client's rules of trust.
pub(in crate::http) struct TlsConnector {
    config: Result<Arc<ClientConfig>, TlsFault>,
}

/// A handshake that failed: travels through ureq to the place that explains errors.
#[derive(Debug, Error)]
#[error("no secure connection to {address}: {fault}")]
pub(in crate::http) struct HandshakeFailed {
    /// Host and port.
    pub(in crate::http) address: String,
    /// What is wrong.
    #[source]
    pub(in crate::http) fault: TlsFault,
}

impl TlsConnector {
    pub(in crate::http) fn new(roots: &Roots, verify: bool) -> Self {
        Self { config: roots.client_config(verify).map(Arc::new).map_err(|e| TlsFault::from(&e)) }
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport<In>>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let address = format!("{host}:{}", details.uri.port_u16().unwrap_or(443));
        let failed = |fault| ureq::Error::Other(Box::new(HandshakeFailed { address: address.clone(), fault }));
        let config = self.config.clone().map_err(failed)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name =
            ServerName::try_from(bare.to_owned()).map_err(|_| failed(TlsFault::WrongName { names: Vec::new() }))?;
        let mut connection = ClientConnection::new(config, name).map_err(|e| failed(TlsFault::from(&e)))?;
        let mut socket = TransportAdapter::new(transport, details.current_time.clone());
        socket.set_timeout(left(details));
        connection.complete_io(&mut socket).map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner) => failed(TlsFault::from(inner)),
                None => error.into(),
            }
        })?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// What the earlier stages left of the time to connect.
fn left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let mut timeout = details.timeout;
    if let (Instant::Exact(now), Instant::Exact(began)) = ((details.current_time)(), details.now)
        && !timeout.after.is_not_happening()
    {
        timeout.after = (*timeout.after).saturating_sub(now.saturating_duration_since(began)).into();
    }
    timeout
}

/// A connection with TLS around it.
pub(in crate::http) struct TlsTransport<In: Transport> {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter<In>>,
}

impl<In: Transport> fmt::Debug for TlsTransport<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl<In: Transport> Transport for TlsTransport<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
