//! Plain http through a proxy.
//!
//! ureq opens a tunnel (`CONNECT`) for every address. Proxies commonly allow tunnels to port 443 alone, and
//! a package mirror is plain http; so such a request goes to the proxy itself, with the whole address in its
//! first line (RFC 9112, 3.2.2: absolute-form). ureq cannot write such a line: it is completed on its way out.

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// Completes the first line of the one request of its agent.
#[derive(Debug)]
pub(super) struct AbsoluteForm {
    /// `http://host:port` of the target; nothing where requests go to the target itself.
    pub(super) origin: Option<String>,
}

impl<In: Transport> Connector<In> for AbsoluteForm {
    type Out = Completed<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Completed { inner, origin: self.origin.clone() }))
    }
}

/// A connection whose first line is still to be completed.
#[derive(Debug)]
pub(super) struct Completed<In> {
    inner: In,
    origin: Option<String>,
}

impl<In: Transport> Transport for Completed<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let Some(origin) = self.origin.take() else { return self.inner.transmit_output(amount, timeout) };
        let output = self.inner.buffers().output();
        let at = output[..amount].iter().position(|byte| *byte == b' ').map(|space| space + 1);
        let Some(at) = at.filter(|_| amount + origin.len() <= output.len()) else {
            return Err(Error::BadUri("the request does not fit in the buffer".to_owned()));
        };
        output.copy_within(at..amount, at + origin.len());
        output[at..at + origin.len()].copy_from_slice(origin.as_bytes());
        self.inner.transmit_output(amount + origin.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
