//! What commands print, or do not.

use std::time::{Duration, Instant};

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::fleet::FleetSettings;

use super::common::*;

#[test]
fn output_without_end_is_cut_off_and_named() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.76.0.1", "127.76.0.2"])) else { return };
    let settings = FleetSettings { answer_limit: 100_000, ..settings(sshd.dir()) };
    for (address, command) in [("127.76.0.1", "yes"), ("127.76.0.2", "yes >&2")] {
        let failed = failure(ask_one(&target(&sshd, address), command, &settings));
        assert_eq!(failed.kind, FailureKind::RemoteError);
        assert_eq!(failed.cause, "sent more than 100000 bytes");
    }
    let exactly = ask_one(&target(&sshd, "127.76.0.1"), "head -c 100000 /dev/zero", &settings);
    assert_eq!(exactly.unwrap().stdout.len(), 100_000);
}

#[test]
fn a_command_that_does_not_end_is_left_at_the_deadline() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.76.1.1", "127.76.1.2", "127.76.1.3"])) else { return };
    let settings = FleetSettings { node_timeout: Duration::from_millis(1500), ..settings(sshd.dir()) };
    for (address, command, cause) in [
        ("127.76.1.1", "sleep 60", "logged in, but no answer after 1.5 s"),
        ("127.76.1.2", "while :; do printf x; sleep 0.05; done", "answer not complete after 1.5 s ("),
        ("127.76.1.3", "sleep 60 & echo done", "the command ended, but its output stays open after 1.5 s"),
    ] {
        let began = Instant::now();
        let failed = failure(ask_one(&target(&sshd, address), command, &settings));
        assert_eq!(failed.kind, FailureKind::Timeout);
        assert!(failed.cause.starts_with(cause), "{}", failed.cause);
        assert!(began.elapsed() < Duration::from_secs(4), "{command}: {:?}", began.elapsed());
    }
}

#[test]
fn a_killed_command_is_named_with_its_signal() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.76.2.1"])) else { return };
    let failed = failure(ask_one(&target(&sshd, "127.76.2.1"), "echo half; kill -9 $$", &settings(sshd.dir())));
    assert_eq!(
        (failed.kind, failed.cause.as_str()),
        (FailureKind::RemoteError, "the command was killed by signal KILL")
    );
}

#[test]
fn a_shell_that_is_missing_is_named() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.76.3.1"]).line("ForceCommand exec /no/such/shell")) else { return };
    let failed = failure(probe(&target(&sshd, "127.76.3.1"), &settings(sshd.dir())));
    assert_eq!(failed.kind, FailureKind::RemoteError);
    assert!(failed.cause.starts_with("the shell could not run the command (exit 127): "), "{}", failed.cause);
    assert!(failed.cause.contains("/no/such/shell"), "{}", failed.cause);
}

#[test]
fn a_server_that_grants_no_session_is_named() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.76.4.1"]).line("MaxSessions 0")) else { return };
    let failed = failure(ask_one(&target(&sshd, "127.76.4.1"), "true", &settings(sshd.dir())));
    assert_eq!(
        (failed.kind, failed.cause.as_str()),
        (FailureKind::RemoteError, "logged in, but a session was refused")
    );
}
