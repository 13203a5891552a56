//! Host names to addresses, without `getaddrinfo`: in a static glibc binary it would load the host's NSS modules.
//!
//! The hosts file first, then DNS as resolv.conf says. The SSH side (`fleet`) and the HTTP side (`http`) both use it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use thiserror::Error;

use crate::domain::text::one_line;

/// The most addresses of one name that are tried.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// The files that say where names come from.
#[derive(Clone, Debug)]
pub(crate) struct NameFiles {
    hosts: PathBuf,
    resolv_conf: PathBuf,
    /// The port of the name servers. Only tests have another one than 53.
    port: u16,
}

impl Default for NameFiles {
    fn default() -> Self {
        Self { hosts: "/etc/hosts".into(), resolv_conf: "/etc/resolv.conf".into(), port: 53 }
    }
}

/// Why a name has no address.
#[derive(Debug, Error)]
pub enum NoAddress {
    /// Only DNS could know it, and no name server is configured.
    #[error("it is not in {}, and {} names no name server", hosts.display(), resolv_conf.display())]
    NoServer {
        /// The hosts file.
        hosts: PathBuf,
        /// The file that should name the servers.
        resolv_conf: PathBuf,
    },
    /// The file that names the servers cannot be used.
    #[error("{}: {cause}", resolv_conf.display())]
    ResolvConf {
        /// The file.
        resolv_conf: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// DNS has no such name.
    #[error("no such name")]
    NoSuchName,
    /// The name exists and has neither an IPv4 nor an IPv6 address.
    #[error("it has no address")]
    NoRecord,
    /// No answer in time.
    #[error("no name server answered within {} s", .0.as_secs_f32().ceil())]
    NoAnswer(Duration),
    /// No name server can be reached.
    #[error("no name server answers")]
    Unreachable,
    /// Anything else that the resolver says.
    #[error("{0}")]
    Other(String),
}

/// Looks names up. The files are read once, when it is opened.
pub(crate) struct NameLookup {
    hosts: String,
    dns: Result<Dns, Missing>,
}

struct Dns {
    resolver: TokioResolver,
    /// How long one server is given for one question; it stands in messages.
    patience: Duration,
}

/// Why there is no DNS at all.
#[derive(Clone)]
struct Missing {
    files: NameFiles,
    /// What is wrong with resolv.conf; nothing where it names no server.
    cause: Option<String>,
}

impl NameLookup {
    /// Reads the files. `patience` replaces what resolv.conf says about time-outs and repeated questions: one question
    /// to each server, answered within this time. Needs a runtime of tokio around it.
    pub(crate) fn open(files: &NameFiles, patience: Option<Duration>) -> Self {
        let hosts = read(&files.hosts);
        let dns = open_dns(files, patience).map_err(|cause| Missing { files: files.clone(), cause });
        Self { hosts, dns }
    }

    /// The addresses of a host, at least one, IPv4 first.
    pub(crate) async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, NoAddress> {
        if let Some(found) = without_dns(&self.hosts, host) {
            return Ok(found);
        }
        let dns = self.dns.as_ref().map_err(|missing| missing.explain())?;
        let found = dns.resolver.lookup_ip(plain(host)).await.map_err(|e| explain(&e, dns.patience))?;
        let mut found: Vec<IpAddr> = found.iter().take(MAX_ADDRESSES).collect();
        found.sort_by_key(IpAddr::is_ipv6);
        if found.is_empty() { Err(NoAddress::NoRecord) } else { Ok(found) }
    }
}

/// Looks one name up and waits for it, at most `limit`. A thread of its own has the runtime that DNS needs, so the
/// caller may be anywhere, also on a worker of another runtime.
pub(crate) fn lookup_blocking(files: &NameFiles, host: &str, limit: Duration) -> Result<Vec<IpAddr>, NoAddress> {
    if let Some(found) = without_dns(&read(&files.hosts), host) {
        return Ok(found);
    }
    let (files, host) = (files.clone(), host.to_owned());
    let (answer, answered) = mpsc::channel();
    let ask = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let found = runtime.map_err(|e| NoAddress::Other(e.to_string())).and_then(|runtime| {
            runtime.block_on(async {
                let names = NameLookup::open(&files, None);
                tokio::time::timeout(limit, names.lookup(&host)).await.unwrap_or(Err(NoAddress::NoAnswer(limit)))
            })
        });
        // The caller may have given up; then nobody receives this.
        let _ = answer.send(found);
    };
    std::thread::Builder::new()
        .name("names".to_owned())
        .spawn(ask)
        .map_err(|e| NoAddress::Other(format!("no thread for the look-up: {e}")))?;
    // The thread keeps the same limit; half a second more lets it answer first.
    answered.recv_timeout(limit + Duration::from_millis(500)).unwrap_or(Err(NoAddress::NoAnswer(limit)))
}

impl Missing {
    fn explain(&self) -> NoAddress {
        let NameFiles { hosts, resolv_conf, .. } = self.files.clone();
        match self.cause.clone() {
            Some(cause) => NoAddress::ResolvConf { resolv_conf, cause },
            None => NoAddress::NoServer { hosts, resolv_conf },
        }
    }
}

fn open_dns(files: &NameFiles, patience: Option<Duration>) -> Result<Dns, Option<String>> {
    let text = read(&files.resolv_conf);
    // Without a server glibc asks this host, and hickory refuses the whole file.
    if !names_a_server(&text) {
        return Err(None);
    }
    let (config, mut options) = parse_resolv_conf(&text).map_err(|e| Some(one_line(&e.to_string(), 120)))?;
    options.use_hosts_file = ResolveHosts::Never;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    if let Some(patience) = patience {
        options.timeout = patience;
        options.attempts = 1;
    }
    let patience = options.timeout;
    let mut servers = config.name_servers().to_vec();
    for connection in servers.iter_mut().flat_map(|server| server.connections.iter_mut()) {
        connection.port = files.port;
    }
    let config = ResolverConfig::from_parts(config.domain().cloned(), config.search().to_vec(), servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    let resolver = builder.build().map_err(|e| Some(one_line(&e.to_string(), 120)))?;
    Ok(Dns { resolver, patience })
}

fn explain(error: &NetError, patience: Duration) -> NoAddress {
    if error.is_nx_domain() {
        return NoAddress::NoSuchName;
    }
    if error.is_no_records_found() {
        return NoAddress::NoRecord;
    }
    match error {
        NetError::Timeout => NoAddress::NoAnswer(patience),
        NetError::NoConnections => NoAddress::Unreachable,
        other => NoAddress::Other(one_line(&other.to_string(), 120)),
    }
}

/// What is known without a question to anybody: addresses, the hosts file, `localhost`.
fn without_dns(hosts: &str, host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(vec![ip]);
    }
    let name = plain(host);
    let listed = in_hosts_file(hosts, &name);
    if !listed.is_empty() {
        return Some(listed);
    }
    (name == "localhost").then(|| vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)])
}

fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// A file's text; what cannot be read has none.
fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// The addresses that a hosts file gives a name.
fn in_hosts_file(text: &str, name: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for line in text.lines() {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let mut words = line.split_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse) else { continue };
        let listed = words.any(|word| word.trim_end_matches('.').eq_ignore_ascii_case(name));
        if listed && !found.contains(&ip) && found.len() < MAX_ADDRESSES {
            found.push(ip);
        }
    }
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

fn names_a_server(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("nameserver") && words.next().is_some()
    })
}

#[cfg(test)]
mod tests;
