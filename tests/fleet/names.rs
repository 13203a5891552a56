//! Names and addresses of both families.

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::domain::node::Host;
use fuel_updates::fleet::Target;

use super::common::*;

#[test]
fn ipv6_and_a_name_of_the_hosts_file() {
    let mut addresses = vec!["127.0.0.1"];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        addresses.push("::1");
    }
    let Some(sshd) = Sshd::start(&Setup::on(&addresses)) else { return };
    let settings = settings(sshd.dir());
    addresses.push("localhost");
    for address in &addresses {
        let target = Target { host: Host::parse(address).unwrap(), ..target(&sshd, "127.0.0.1") };
        assert_eq!(text(&ask_one(&target, "echo in", &settings)), "in\n", "{address}");
    }
    let recorded = std::fs::read_to_string(&settings.known_hosts).unwrap();
    assert_eq!(recorded.lines().count(), addresses.len());
    assert!(recorded.contains(&format!("[localhost]:{} ", sshd.port)), "{recorded}");
}

#[test]
fn an_unknown_name_is_unreachable() {
    let dir = tempfile::tempdir().unwrap();
    let key = crate::sshd::keygen(&dir.path().join("id"), &["-t", "ed25519"]);
    let target = Target { keys: vec![key], ..Target::new(Host::parse("no-such-node.invalid").unwrap(), "root") };
    let failed = failure(ask_one(&target, "true", &settings(dir.path())));
    assert_eq!(failed.kind, FailureKind::Unreachable);
    let known_causes = ["unknown host name no-such-node.invalid", "connect timed out after"];
    assert!(known_causes.iter().any(|cause| failed.cause.starts_with(cause)), "{}", failed.cause);
}
