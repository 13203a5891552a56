//! Names to addresses without getaddrinfo, which a static glibc binary must not call.
//!
//! The hosts file first, then DNS as resolv.conf says. hickory is asynchronous, so it runs in a thread of
//! its own: the caller may be anywhere, also on a worker of another runtime.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use hickory_resolver::config::{LookupIpStrategy, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::domain::text::one_line;

/// The longest that a look-up may take, whatever the caller has left.
const DEADLINE: Duration = Duration::from_secs(5);

/// The most addresses that are tried; ureq keeps no more.
const MAX_ADDRESSES: usize = 16;

/// Where names come from.
#[derive(Clone, Debug)]
pub(super) struct Names {
    hosts: PathBuf,
    resolv_conf: PathBuf,
    /// The port that name servers are asked on. Not 53 in tests alone.
    port: u16,
}

impl Default for Names {
    fn default() -> Self {
        Self { hosts: "/etc/hosts".into(), resolv_conf: "/etc/resolv.conf".into(), port: 53 }
    }
}

/// Why a name has no address.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{cause}")]
pub(super) struct NoAddress {
    /// The name.
    pub(super) name: String,
    /// What went wrong, safe to show.
    pub(super) cause: String,
}

impl Names {
    /// The addresses of a host, IPv4 first.
    pub(super) fn lookup(&self, host: &str, limit: Duration) -> Result<Vec<IpAddr>, NoAddress> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![ip]);
        }
        let fail = |cause: &str| NoAddress { name: one_line(host, 253), cause: cause.to_owned() };
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let hosts = std::fs::read(&self.hosts).unwrap_or_default();
        let listed = in_hosts_file(&String::from_utf8_lossy(&hosts), &name);
        if !listed.is_empty() {
            return Ok(listed);
        }
        if name == "localhost" {
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        }
        let servers = std::fs::read(&self.resolv_conf).unwrap_or_default();
        if !names_a_server(&String::from_utf8_lossy(&servers)) {
            let file = self.resolv_conf.display();
            return Err(fail(&format!("it is not in {}, and {file} names no name server", self.hosts.display())));
        }
        let (config, options) = parse_resolv_conf(&servers)
            .map_err(|e| fail(&format!("{}: {}", self.resolv_conf.display(), one_line(&e.to_string(), 120))))?;
        self.ask(&config, options, &name, limit.min(DEADLINE)).map_err(|cause| fail(&cause))
    }

    fn ask(
        &self,
        config: &ResolverConfig,
        mut options: ResolverOpts,
        name: &str,
        limit: Duration,
    ) -> Result<Vec<IpAddr>, String> {
        options.use_hosts_file = ResolveHosts::Never;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let (domain, search, mut servers) =
            (config.domain().cloned(), config.search().to_vec(), config.name_servers().to_vec());
        for connection in servers.iter_mut().flat_map(|server| server.connections.iter_mut()) {
            connection.port = self.port;
        }
        let config = ResolverConfig::from_parts(domain, search, servers);
        let name = name.to_owned();
        let (answer, answered) = mpsc::channel();
        let ask = move || {
            let found = lookup_with(config, options, &name, limit);
            // Nobody listens any more when the deadline has passed; that is no fault.
            let _ = answer.send(found);
        };
        let started = std::thread::Builder::new().name("names".to_owned()).spawn(ask);
        started.map_err(|e| format!("no thread for the look-up: {e}"))?;
        // The thread has the same deadline; a little more here leaves it the word.
        answered.recv_timeout(limit + Duration::from_millis(500)).unwrap_or_else(|_| Err(no_answer(limit)))
    }
}

fn lookup_with(
    config: ResolverConfig,
    options: ResolverOpts,
    name: &str,
    limit: Duration,
) -> Result<Vec<IpAddr>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let mut builder = hickory_resolver::Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        let resolver = builder.build().map_err(|e| explain(&e, limit))?;
        let found = tokio::time::timeout(limit, resolver.lookup_ip(name)).await.map_err(|_| no_answer(limit))?;
        let found: Vec<IpAddr> = found.map_err(|e| explain(&e, limit))?.iter().take(MAX_ADDRESSES).collect();
        if found.is_empty() { Err("it has no address".to_owned()) } else { Ok(found) }
    })
}

fn no_answer(limit: Duration) -> String {
    format!("no name server answered within {} s", limit.as_secs_f32().ceil())
}

fn explain(error: &NetError, limit: Duration) -> String {
    if error.is_nx_domain() {
        "no such name".to_owned()
    } else if error.is_no_records_found() {
        "it has no address".to_owned()
    } else {
        match error {
            NetError::Timeout => no_answer(limit),
            NetError::NoConnections => "no name server answers".to_owned(),
            other => one_line(&other.to_string(), 120),
        }
    }
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

/// Whether a resolv.conf has a name server: without one glibc asks this host, and hickory fails.
fn names_a_server(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("nameserver") && words.next().is_some()
    })
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or("");
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found = self.lookup(host, *timeout.after).map_err(|e| ureq::Error::Other(Box::new(e)))?;
        let mut addresses = self.empty();
        for ip in found.into_iter().take(MAX_ADDRESSES) {
            addresses.push(SocketAddr::new(ip, port));
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn names(hosts: &str, resolv_conf: &str, port: u16) -> (tempfile::TempDir, Names) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("hosts"), hosts).unwrap();
        std::fs::write(dir.path().join("resolv.conf"), resolv_conf).unwrap();
        let names = Names { hosts: dir.path().join("hosts"), resolv_conf: dir.path().join("resolv.conf"), port };
        (dir, names)
    }

    fn cause(names: &Names, host: &str) -> String {
        names.lookup(host, Duration::from_secs(1)).expect_err(host).cause
    }

    #[test]
    fn addresses_need_no_look_up() {
        let nowhere = Names { hosts: "/nonexistent".into(), resolv_conf: "/nonexistent".into(), port: 53 };
        assert_eq!(nowhere.lookup("10.20.0.2", DEADLINE).unwrap(), ["10.20.0.2".parse::<IpAddr>().unwrap()]);
        assert_eq!(nowhere.lookup("::1", DEADLINE).unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
        assert_eq!(nowhere.lookup("localhost", DEADLINE).unwrap().len(), 2);
    }

    #[test]
    fn the_hosts_file_is_enough() {
        let (_dir, names) = names("::5 m\n10.0.0.1 a m.example M # x\n# 10.0.0.9 m\nbad m\n10.0.0.1 m\n", "", 53);
        let found = names.lookup("M.", DEADLINE).unwrap();
        assert_eq!(found, ["10.0.0.1".parse::<IpAddr>().unwrap(), "::5".parse().unwrap()]);
    }

    #[test]
    fn without_a_name_server_it_says_so_at_once() {
        for resolv_conf in ["", "search lan\n", "# nameserver 1.2.3.4\n", "nameserver\n"] {
            let (_dir, names) = names("", resolv_conf, 53);
            let cause = cause(&names, "mirror");
            assert!(cause.contains("names no name server"), "{cause}");
        }
    }

    /// A name server with one name: `mirror.lan` is 10.9.8.7, everything else does not exist.
    fn name_server() -> u16 {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut query = [0u8; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query) {
                let mut end = 12;
                while query[end] != 0 {
                    end += usize::from(query[end]) + 1;
                }
                let question = &query[12..end + 5];
                let known = question.starts_with(b"\x06mirror\x03lan\x00");
                let wants_v4 = question[question.len() - 4..] == [0, 1, 0, 1];
                let mut reply = query[..2].to_vec();
                reply.extend([0x81, if known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(known && wants_v4), 0, 0, 0, 0]);
                reply.extend(question);
                if known && wants_v4 {
                    reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 8, 7]);
                }
                assert!(length >= 17);
                socket.send_to(&reply, from).unwrap();
            }
        });
        port
    }

    #[test]
    fn dns_is_asked_as_resolv_conf_says() {
        let (_dir, names) =
            names("", "nameserver 127.0.0.1\nsearch lan\noptions timeout:1 attempts:1\n", name_server());
        let wanted = ["10.9.8.7".parse::<IpAddr>().unwrap()];
        assert_eq!(names.lookup("mirror.lan", DEADLINE).unwrap(), wanted);
        assert_eq!(names.lookup("mirror", DEADLINE).unwrap(), wanted, "search list");
        assert_eq!(cause(&names, "absent.lan"), "no such name");
    }

    #[test]
    fn a_silent_name_server_costs_the_deadline_and_no_more() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (_dir, names) =
            names("", "nameserver 127.0.0.1\noptions timeout:30\n", silent.local_addr().unwrap().port());
        let started = std::time::Instant::now();
        assert_eq!(cause(&names, "mirror.lan"), "no name server answered within 1 s");
        assert!(started.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn it_works_on_a_worker_of_another_runtime() {
        let (_dir, names) = names("", "nameserver 127.0.0.1\n", name_server());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async { names.lookup("mirror.lan", DEADLINE) });
        assert_eq!(found.unwrap().len(), 1);
    }
}
