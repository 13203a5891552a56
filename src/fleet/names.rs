//! Host names to addresses, without the system's resolver: in a static binary that one would load the host's
//! NSS modules.

use std::fs::File;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Hosts, TokioResolver};

use crate::domain::failure::{FailureKind, NodeFailure};

/// For one question to one name server.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// Looks names up in /etc/hosts and DNS.
pub(super) struct NameTable {
    resolver: Option<TokioResolver>,
    without_dns: bool,
}

impl NameTable {
    /// Reads /etc/hosts and /etc/resolv.conf; without the latter only the hosts file counts.
    pub(super) fn open() -> Self {
        let (config, mut options, without_dns) = match hickory_resolver::system_conf::read_system_conf() {
            Ok((config, options)) => (config, options, false),
            Err(_) => (ResolverConfig::from_name_servers(Vec::new()), ResolverOpts::default(), true),
        };
        // Ours is read below, so that the one without DNS has it too.
        options.use_hosts_file = ResolveHosts::Never;
        // Servers that do not answer are told as such before the connect timeout is over.
        options.timeout = TIMEOUT;
        options.attempts = 1;
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        let mut hosts = Hosts::default();
        if let Ok(file) = File::open("/etc/hosts") {
            // What could be read of it counts.
            let _ = hosts.read_hosts_conf(file);
        }
        let resolver = builder.build().ok().map(|mut resolver| {
            resolver.set_hosts(Arc::new(hosts));
            resolver
        });
        Self { resolver, without_dns }
    }

    /// The addresses of a name, at least one.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NodeFailure> {
        let unknown = |why: &str| {
            NodeFailure::new(FailureKind::Unreachable, format!("unknown host name {name}{why}"))
                .hinted("use the address, or add the name to /etc/hosts")
        };
        let Some(resolver) = &self.resolver else { return Err(unknown(" (no resolver)")) };
        match resolver.lookup_ip(name).await {
            Ok(found) => {
                let addresses: Vec<_> = found.iter().collect();
                if addresses.is_empty() { Err(unknown("")) } else { Ok(addresses) }
            }
            Err(_) if self.without_dns => Err(unknown(" (/etc/resolv.conf names no server)")),
            Err(error) if error.is_nx_domain() || error.is_no_records_found() => Err(unknown("")),
            Err(_) => Err(unknown(" (the name servers do not answer)")),
        }
    }
}
