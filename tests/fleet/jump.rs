//! Nodes behind a jump host.

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::fleet::{Jump, Target};

use super::common::*;

fn behind(gate: &Sshd, gate_address: &str, node: Target) -> Target {
    let jump = Jump::parse(&format!("{}@{gate_address}:{}", gate.user, gate.port), "root").unwrap();
    Target { jump: Some(jump), ..node }
}

#[test]
fn all_nodes_behind_a_jump_host_share_one_connection_to_it() {
    let addresses: Vec<_> = (1..=8).map(|n| format!("127.75.0.{n}")).collect();
    let Some(nodes) = Sshd::start(&Setup::on(&addresses.iter().map(String::as_str).collect::<Vec<_>>())) else {
        return;
    };
    let Some(gate) = Sshd::start(&Setup::on(&["127.75.1.1"]).line("LogLevel VERBOSE")) else { return };
    let targets: Vec<_> = addresses.iter().map(|a| behind(&gate, "127.75.1.1", target(&nodes, a))).collect();
    let settings = settings(nodes.dir());
    for outcome in ask(&targets, "echo from $SSH_CONNECTION", &settings) {
        assert!(text(&outcome).starts_with("from 127."), "{}", text(&outcome));
    }
    let log = gate.log(|log| log.contains("Accepted publickey"));
    assert_eq!(log.matches("Connection from").count(), 1, "{log}");
    let recorded = std::fs::read_to_string(&settings.known_hosts).unwrap();
    let name = format!("[127.75.0.1]:{}@[127.75.1.1]:{} ssh-ed25519 ", nodes.port, gate.port);
    assert!(recorded.contains(&name), "{recorded}");
    assert_eq!(recorded.lines().count(), 9);
    // A second run knows them all.
    let again =
        fuel_updates::fleet::FleetSettings { host_keys: fuel_updates::fleet::HostKeyPolicy::Strict, ..settings };
    assert!(ask(&targets, "true", &again).iter().all(Result::is_ok));
}

#[test]
fn a_node_that_the_jump_host_cannot_reach_is_unreachable_and_alone() {
    let Some(nodes) = Sshd::start(&Setup::on(&["127.75.2.1"])) else { return };
    let Some(gate) = Sshd::start(&Setup::on(&["127.75.2.2"])) else { return };
    let good = behind(&gate, "127.75.2.2", target(&nodes, "127.75.2.1"));
    let mut dead = good.clone();
    dead.port = crate::sshd::free_port(&["127.75.2.1".parse().unwrap()]);
    let mut results = ask(&[dead, good], "echo in", &settings(nodes.dir()));
    assert_eq!(text(&results[1]), "in\n");
    let failed = failure(results.remove(0));
    assert_eq!((failed.kind, failed.cause.as_str()), (FailureKind::Unreachable, "the jump host cannot connect to it"));
}

#[test]
fn what_is_wrong_with_the_jump_host_is_said_of_the_jump_host() {
    let Some(nodes) = Sshd::start(&Setup::on(&["127.75.3.1"])) else { return };
    let Some(gate) = Sshd::start(&Setup::on(&["127.75.3.2"]).line("AllowTcpForwarding no")) else { return };
    let behind_gate = behind(&gate, "127.75.3.2", target(&nodes, "127.75.3.1"));
    let forbidden = failure(ask_one(&behind_gate, "true", &settings(nodes.dir())));
    assert_eq!(
        (forbidden.kind, forbidden.cause.as_str()),
        (FailureKind::RemoteError, "the jump host forbids forwarding")
    );

    // Only the nodes know this key.
    let refused = Target { keys: vec![nodes.ed25519_key.clone()], ..behind_gate.clone() };
    let refused = failure(ask_one(&refused, "true", &settings(nodes.dir())));
    assert_eq!(refused.kind, FailureKind::Auth);
    let prefix = format!("jump host {}@127.75.3.2:{}: {} refused", gate.user, gate.port, gate.user);
    assert!(refused.cause.starts_with(&prefix), "{}", refused.cause);

    let mut gone = behind_gate;
    gone.jump.as_mut().unwrap().port = crate::sshd::free_port(&["127.75.3.2".parse().unwrap()]);
    let gone = failure(ask_one(&gone, "true", &settings(nodes.dir())));
    assert_eq!(gone.kind, FailureKind::Unreachable);
    assert!(gone.cause.starts_with("jump host ") && gone.cause.ends_with(": connection refused"), "{}", gone.cause);
}

/// A key of one node's own neither locks that node's jump host nor costs a connection of its own.
#[test]
fn nodes_with_keys_of_their_own_share_the_connection_too() {
    let Some(nodes) = Sshd::start(&Setup::on(&["127.75.4.1", "127.75.4.2"])) else { return };
    let Some(gate) = Sshd::start(&Setup::on(&["127.75.4.3"]).line("LogLevel VERBOSE")) else { return };
    // The gate does not know the first node's key.
    let own = Target { keys: vec![nodes.ed25519_key.clone()], ..target(&nodes, "127.75.4.1") };
    let targets = [own, target(&nodes, "127.75.4.2")].map(|node| behind(&gate, "127.75.4.3", node));
    assert!(ask(&targets, "true", &settings(nodes.dir())).iter().all(Result::is_ok));
    let log = gate.log(|log| log.contains("Accepted publickey"));
    assert_eq!(log.matches("Connection from").count(), 1, "{log}");
}
