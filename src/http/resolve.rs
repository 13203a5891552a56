//! Gives ureq the addresses of host names.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::domain::text::one_line;
use crate::names::{MAX_ADDRESSES, NameFiles, NoAddress, lookup_blocking};

/// The longest that a look-up may take, whatever the request has left.
const DEADLINE: Duration = Duration::from_secs(5);

/// Looks host names up for ureq.
#[derive(Clone, Debug, Default)]
pub(super) struct HostNames {
    files: NameFiles,
}

/// A name that has no address: travels through ureq to the place that explains errors.
#[derive(Debug, Error)]
#[error("the name {name} could not be resolved: {source}")]
pub(super) struct Unresolved {
    /// The name. Safe to show.
    pub(super) name: String,
    /// Why it has no address.
    pub(super) source: NoAddress,
}

impl Resolver for HostNames {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or("");
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found = lookup_blocking(&self.files, host, (*timeout.after).min(DEADLINE))
            .map_err(|source| ureq::Error::Other(Box::new(Unresolved { name: one_line(host, 253), source })))?;
        let mut addresses = self.empty();
        for ip in found.into_iter().take(MAX_ADDRESSES) {
            addresses.push(SocketAddr::new(ip, port));
        }
        Ok(addresses)
    }
}
