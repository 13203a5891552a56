//! What is said of servers that do something odd after the key exchange.

use std::time::Duration;

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::fleet::{FleetSettings, Target};

use super::common::*;
use super::odd_server::{Odd, OddServer};

fn ask_odd(address: &str, odd: Odd) -> Outcome {
    let server = OddServer::start(address, odd);
    let dir = tempfile::tempdir().unwrap();
    let settings = FleetSettings {
        handshake_timeout: Duration::from_millis(1500),
        node_timeout: Duration::from_millis(2500),
        ..settings(dir.path())
    };
    let outcome = ask_one(&server.target(), "true", &settings);
    // However it ended, the connection is gone.
    while server.next() != "closed" {}
    outcome
}

fn fails(address: &str, odd: Odd, kind: FailureKind, cause: &str) {
    let failed = failure(ask_odd(address, odd));
    assert_eq!(failed.kind, kind, "{odd:?}: {failed:?}");
    assert!(failed.cause.starts_with(cause), "{odd:?}: {failed:?}");
}

#[test]
fn an_ordinary_one_answers() {
    assert_eq!(text(&ask_odd("127.78.0.1", Odd::No)), "hello\n");
    assert_eq!(text(&ask_odd("127.78.0.1", Odd::ExitStatusFirst)), "hello\n");
    assert_eq!(text(&ask_odd("127.78.0.1", Odd::OpensChannel)), "hello\n");
}

#[test]
fn an_answer_without_exit_status_says_so_to_the_caller() {
    let answer = ask_odd("127.78.1.1", Odd::NoExitStatus).unwrap();
    assert_eq!((answer.stdout.as_slice(), answer.exit), (&b"hello\n"[..], None));
    let cause = "the session ended with neither output nor exit status";
    fails("127.78.1.1", Odd::Nothing, FailureKind::RemoteError, cause);
}

#[test]
fn a_connection_lost_at_the_login_is_no_refusal() {
    let remote = FailureKind::RemoteError;
    fails("127.78.2.1", Odd::DropsAtLogin, remote, "connection lost while logging in");
    fails("127.78.2.1", Odd::HangsAtLogin, FailureKind::Timeout, "login not completed after 1.5 s");
    fails("127.78.2.1", Odd::RefusesEverything, FailureKind::Auth, "root refused; tried ");
}

#[test]
fn a_goodbye_is_quoted() {
    let failed = failure(ask_odd("127.78.3.1", Odd::GoodbyeAtLogin));
    assert_eq!(failed.kind, FailureKind::RemoteError);
    assert!(failed.cause.starts_with("connection lost while "), "{failed:?}");
    assert!(failed.cause.ends_with(": \"maintenance [31m\""), "{failed:?}");
}

#[test]
fn what_happens_after_the_login_is_named() {
    let remote = FailureKind::RemoteError;
    fails("127.78.4.1", Odd::HangsAtSession, FailureKind::Timeout, "logged in, but no answer after 2.5 s");
    fails("127.78.4.1", Odd::RefusesExec, remote, "logged in, but running a command was refused");
    fails("127.78.4.1", Odd::Killed, remote, "the command was killed by signal SEGV");
    fails("127.78.4.1", Odd::DropsHalfway, remote, "connection lost while reading the answer");
}

#[test]
fn storms_are_ended_long_before_the_deadline() {
    // At the deadline the cause would be another.
    fails("127.78.5.1", Odd::KeyStorm, FailureKind::RemoteError, "asked for new keys again and again");
    fails("127.78.5.1", Odd::ChannelStorm, FailureKind::RemoteError, "opened channels to us again and again");
}

/// russh's own way to learn the hash waits a second for a list that 6.6 never sends.
#[test]
fn an_rsa_key_at_6_6_is_offered_with_sha_1_at_once() {
    let server = OddServer::start("127.78.6.1", Odd::Version66);
    let dir = tempfile::tempdir().unwrap();
    let rsa = crate::sshd::kept_key("id_rsa", &["-t", "rsa", "-b", "2048", "-m", "PEM"]);
    let target = Target { keys: vec![rsa], ..server.target() };
    // The best of three, for machines that are busy with other tests.
    let elapsed = (0..3).map(|_| {
        let answer = ask_one(&target, "true", &settings(dir.path())).unwrap();
        assert_eq!(server.next(), "ssh-rsa");
        assert_eq!(server.next(), "closed");
        answer.elapsed
    });
    assert!(elapsed.min().unwrap() < Duration::from_millis(900));
}
