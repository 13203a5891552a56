//! Servers that are none: they accept a connection and misbehave before any login.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::domain::node::Host;
use fuel_updates::fleet::{FleetSettings, Target};

use super::common::*;

/// A listener that treats every connection in the same way.
pub(crate) struct Peer {
    address: SocketAddr,
    /// One message for each connection that we closed.
    pub(crate) closed: Receiver<()>,
}

impl Peer {
    /// `behave` gets each connection; when it returns, what still comes in is read to the end.
    pub(crate) fn start(address: &str, behave: impl Fn(&mut TcpStream) + Send + Sync + Clone + 'static) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (closing, closed) = channel();
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (behave, closing) = (behave.clone(), closing.clone());
                std::thread::spawn(move || {
                    let mut connection = connection;
                    behave(&mut connection);
                    while connection.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {}
                    let _ = closing.send(());
                });
            }
        });
        Self { address, closed }
    }

    /// How to reach it.
    pub(crate) fn target(&self) -> Target {
        let key = test_key();
        let host = Host::Ip(self.address.ip());
        Target { port: self.address.port(), keys: vec![key], ..Target::new(host, "root") }
    }
}

/// A private key that need not fit anywhere.
pub(crate) fn test_key() -> PathBuf {
    crate::sshd::kept_key("any_ed25519", &["-t", "ed25519"])
}

fn quick() -> (tempfile::TempDir, FleetSettings) {
    let dir = tempfile::tempdir().unwrap();
    let settings = FleetSettings { handshake_timeout: Duration::from_millis(1200), ..settings(dir.path()) };
    (dir, settings)
}

fn fails(address: &str, behave: impl Fn(&mut TcpStream) + Send + Sync + Clone + 'static) -> (FailureKind, String) {
    let peer = Peer::start(address, behave);
    let (_dir, settings) = quick();
    let began = Instant::now();
    let failed = failure(ask_one(&peer.target(), "true", &settings));
    assert!(began.elapsed() < Duration::from_secs(5), "{failed:?} after {:?}", began.elapsed());
    // However it failed, the connection is gone.
    peer.closed.recv_timeout(Duration::from_secs(10)).expect("the connection was left open");
    (failed.kind, failed.cause)
}

fn remote(cause: &str) -> (FailureKind, String) {
    (FailureKind::RemoteError, cause.to_owned())
}

fn timeout(cause: &str) -> (FailureKind, String) {
    (FailureKind::Timeout, cause.to_owned())
}

#[test]
fn refused() {
    let (_dir, settings) = quick();
    let port = crate::sshd::free_port(&["127.77.0.1".parse().unwrap()]);
    let target = Target { port, keys: vec![test_key()], ..Target::new(Host::parse("127.77.0.1").unwrap(), "root") };
    let failed = failure(ask_one(&target, "true", &settings));
    assert_eq!((failed.kind, failed.cause.as_str()), (FailureKind::Unreachable, "connection refused"));
    assert!(failed.hint.unwrap().contains(&format!("port {port}")));
}

#[test]
fn silent_after_accept() {
    assert_eq!(fails("127.77.1.1", |_| {}), timeout("silent for 1.2 s after it accepted the connection"));
}

#[test]
fn closed_at_once() {
    let close = |tcp: &mut TcpStream| tcp.shutdown(std::net::Shutdown::Both).unwrap();
    assert_eq!(fails("127.77.2.1", close), remote("closed the connection before its SSH banner"));
}

#[test]
fn turned_away() {
    let turn_away = |tcp: &mut TcpStream| {
        tcp.write_all(b"Exceeded MaxStartups\r\n").unwrap();
        tcp.shutdown(std::net::Shutdown::Write).unwrap();
    };
    assert_eq!(fails("127.77.3.1", turn_away), remote("closed the connection after \"Exceeded MaxStartups\""));
}

#[test]
fn another_protocol() {
    let http = |tcp: &mut TcpStream| {
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n").unwrap();
        tcp.shutdown(std::net::Shutdown::Write).unwrap();
    };
    assert_eq!(fails("127.77.4.1", http), remote("not an SSH server: it answers \"HTTP/1.1 400 Bad Request\""));
}

#[test]
fn a_banner_without_end() {
    let endless = |tcp: &mut TcpStream| while tcp.write_all(b"come on in\r\n").is_ok() {};
    assert_eq!(fails("127.77.5.1", endless), remote("not an SSH server: it answers \"come on in\""));
    let one_line = |tcp: &mut TcpStream| while tcp.write_all(b"SSH-2.0-aaaaaaaaaaaaaa").is_ok() {};
    let (kind, cause) = fails("127.77.5.2", one_line);
    assert_eq!(kind, FailureKind::RemoteError);
    assert!(cause.starts_with("not an SSH server: it answers \"SSH-2.0-aaa"), "{cause}");
}

/// Bytes that come one by one do not stretch the deadline.
#[test]
fn a_banner_that_drips() {
    let drip = |tcp: &mut TcpStream| {
        let _ = tcp.write_all(b"\x1b[31m");
        while tcp.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let (kind, cause) = fails("127.77.6.1", drip);
    assert_eq!(kind, FailureKind::Timeout);
    assert!(cause.starts_with("no SSH banner after 1.2 s, but \"[31mx"), "{cause}");
}

/// Told at once, and not when the time for the handshake is over.
#[test]
fn another_version_of_the_protocol() {
    for id in ["SSH-1.5-Old", "SSH-1.0-x", "SSH-3.0-New"] {
        let old = move |tcp: &mut TcpStream| tcp.write_all(format!("welcome\r\n{id}\r\n").as_bytes()).unwrap();
        let cause = format!("the server does not speak SSH 2: it identifies itself as \"{id}\"");
        assert_eq!(fails("127.77.7.1", old), remote(&cause));
    }
    let latin_1 = |tcp: &mut TcpStream| tcp.write_all(b"SSH-2.0-Schl\xfcssel\r\n").unwrap();
    let cause = "the server's identification is not text: \"SSH-2.0-Schl\u{fffd}ssel\"";
    assert_eq!(fails("127.77.7.1", latin_1), remote(cause));
}

#[test]
fn nothing_after_the_banner() {
    let banner = |tcp: &mut TcpStream| tcp.write_all(b"SSH-2.0-OpenSSH_6.6.1p1 Ubuntu\r\n").unwrap();
    let cause = "key exchange not completed after 1.2 s (SSH-2.0-OpenSSH_6.6.1p1 Ubuntu)";
    assert_eq!(fails("127.77.8.1", banner), timeout(cause));
}

#[test]
fn closed_after_the_banner() {
    let banner = |tcp: &mut TcpStream| {
        tcp.write_all(b"SSH-2.0-x\r\n").unwrap();
        tcp.shutdown(std::net::Shutdown::Write).unwrap();
    };
    let (kind, cause) = fails("127.77.9.1", banner);
    assert_eq!(kind, FailureKind::RemoteError);
    assert!(cause.starts_with("connection lost during the key exchange"), "{cause}");
}

#[test]
fn garbage_after_the_banner() {
    let garbage = |tcp: &mut TcpStream| {
        let _ = tcp.write_all(b"SSH-2.0-x\r\n");
        let _ = tcp.write_all(&[0xff; 4096]);
    };
    let (kind, cause) = fails("127.77.10.1", garbage);
    assert_eq!(kind, FailureKind::RemoteError);
    assert!(cause.starts_with("the key exchange failed: "), "{cause}");
}

/// Packets that mean nothing (SSH_MSG_IGNORE) may not be sent for ever.
#[test]
fn a_flood_before_the_login() {
    let flood = |tcp: &mut TcpStream| {
        let mut packet = vec![0; 4 + 1 + 1 + 4 + 2000 + 4];
        let length = u32::try_from(packet.len() - 4).unwrap();
        packet[..4].copy_from_slice(&length.to_be_bytes());
        packet[4] = 4;
        packet[5] = 2;
        packet[6..10].copy_from_slice(&2000u32.to_be_bytes());
        let _ = tcp.write_all(b"SSH-2.0-x\r\n");
        while tcp.write_all(&packet).is_ok() {}
    };
    assert_eq!(fails("127.77.11.1", flood), remote("sent far more data than an answer can have before the login"));
}

/// A full queue of connections: the kernel drops what comes on top, as a firewall would.
#[test]
fn an_address_that_drops_connections() {
    let hole = BlackHole::on("127.77.12.1");
    let dir = tempfile::tempdir().unwrap();
    let settings = FleetSettings { connect_timeout: Duration::from_millis(700), ..settings(dir.path()) };
    let began = Instant::now();
    let failed = failure(ask_one(&hole.target(), "true", &settings));
    assert_eq!((failed.kind, failed.cause.as_str()), (FailureKind::Unreachable, "connect timed out after 700 ms"));
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
}

/// An address on which connecting hangs.
pub(crate) struct BlackHole {
    address: SocketAddr,
    _queue: Vec<TcpStream>,
    _listener: rustix::fd::OwnedFd,
}

impl BlackHole {
    pub(crate) fn on(address: &str) -> Self {
        use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
        let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&listener, &SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        // A queue of one: the first connections fill it, and nobody accepts them.
        listen(&listener, 0).unwrap();
        let address = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap();
        let short = Duration::from_millis(200);
        let queue: Vec<_> = (0..8).map_while(|_| TcpStream::connect_timeout(&address, short).ok()).collect();
        assert!(queue.len() < 8, "the kernel's queue is longer than it was told");
        Self { address, _queue: queue, _listener: listener }
    }

    pub(crate) fn target(&self) -> Target {
        let host = Host::Ip(self.address.ip());
        Target { port: self.address.port(), keys: vec![test_key()], ..Target::new(host, "root") }
    }
}
