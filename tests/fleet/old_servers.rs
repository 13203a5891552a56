//! Servers as old as OpenSSH 6.6 (Ubuntu 14.04), played by a current one that offers their algorithms only.

use std::time::{Duration, Instant};

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::fleet::Target;

use super::common::*;

/// sshd_config(5) of 6.6p1 as Ubuntu 14.04 ships it, as far as a current server still has the algorithms.
const SERVER_6_6: &[&str] = &[
    "KexAlgorithms curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "Ciphers aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-cbc,3des-cbc",
    "MACs hmac-sha1-etm@openssh.com,umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1,umac-64@openssh.com,hmac-sha2-256,hmac-sha2-512",
    "HostKeyAlgorithms ssh-rsa,ecdsa-sha2-nistp256,ssh-ed25519",
    "PubkeyAcceptedAlgorithms ssh-rsa,ecdsa-sha2-nistp256,ssh-ed25519",
];

/// 7.2p2 as Ubuntu 16.04 ships it.
const SERVER_7_2: &[&str] = &[
    "KexAlgorithms curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha1",
    "Ciphers chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
    "MACs umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    "HostKeyAlgorithms ssh-rsa,rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519",
    "PubkeyAcceptedAlgorithms ssh-rsa,rsa-sha2-256,rsa-sha2-512,ecdsa-sha2-nistp256,ssh-ed25519",
];

fn with_lines(address: &str, lines: &[&str]) -> Setup {
    lines.iter().fold(Setup::on(&[address]), |setup, line| setup.line(*line))
}

#[test]
fn the_lists_of_6_6_and_7_2_work_with_the_defaults() {
    for (address, lines) in [("127.73.0.1", SERVER_6_6), ("127.73.0.2", SERVER_7_2)] {
        for host_keys in [&["ed25519", "rsa", "ecdsa"][..], &["rsa"]] {
            let Some(sshd) = Sshd::start(&with_lines(address, lines).host_keys(host_keys)) else { return };
            for key in [&sshd.rsa_key, &sshd.ed25519_key] {
                let target = Target { keys: vec![key.clone()], ..target(&sshd, address) };
                assert_eq!(text(&ask_one(&target, "echo in", &settings(sshd.dir()))), "in\n");
            }
        }
    }
}

#[test]
fn a_refused_rsa_sha2_falls_back_to_ssh_rsa_on_the_same_connection() {
    let setup = with_lines("127.73.1.1", &["PubkeyAcceptedAlgorithms ssh-rsa", "LogLevel DEBUG1"]);
    let Some(sshd) = Sshd::start(&setup) else { return };
    assert_eq!(text(&ask_one(&target(&sshd, "127.73.1.1"), "echo in", &settings(sshd.dir()))), "in\n");
    let log = sshd.log(|log| log.contains("Accepted publickey"));
    assert_eq!(log.matches("Connection from").count(), 1, "{log}");
    assert!(log.contains("rsa-sha2-512") && log.contains("ssh-rsa"), "{log}");
}

#[test]
fn legacy_algorithms_open_what_the_defaults_do_not() {
    for (address, line) in [
        ("127.73.2.1", "KexAlgorithms diffie-hellman-group14-sha1"),
        ("127.73.2.2", "KexAlgorithms ecdh-sha2-nistp256"),
        ("127.73.2.3", "KexAlgorithms diffie-hellman-group-exchange-sha1"),
        ("127.73.2.4", "MACs hmac-sha1\nCiphers aes128-ctr"),
    ] {
        let Some(sshd) = Sshd::start(&with_lines(address, &[line])) else { return };
        let mut target = target(&sshd, address);
        let failure = failure(ask_one(&target, "true", &settings(sshd.dir())));
        assert_eq!(failure.kind, FailureKind::RemoteError);
        let theirs = line.split_whitespace().nth(1).unwrap();
        assert!(failure.cause.contains(&format!("it has {theirs}; we have ")), "{}", failure.cause);
        assert!(failure.hint.unwrap().contains("legacy_algorithms"));
        target.legacy_algorithms = true;
        assert_eq!(text(&ask_one(&target, "echo in", &settings(sshd.dir()))), "in\n", "{line}");
    }
}

#[test]
fn what_even_legacy_cannot_open_is_named_with_both_lists() {
    let Some(sshd) = Sshd::start(&with_lines("127.73.3.1", &["Ciphers aes128-cbc,3des-cbc"])) else { return };
    let failure = failure(ask_one(&target(&sshd, "127.73.3.1"), "true", &settings(sshd.dir())));
    assert!(
        failure.cause.starts_with("no common cipher: it has aes128-cbc,3des-cbc; we have aes256-gcm"),
        "{}",
        failure.cause
    );
    assert!(failure.hint.unwrap().contains("sshd_config"));
}

/// russh waits a whole second for a list of hashes (EXT_INFO) that old servers never send. `make bench` has
/// the milliseconds; here it is enough that the best of three is far from that second, on any machine.
#[test]
fn an_rsa_key_is_offered_without_waiting_for_ext_info() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.73.4.1"]).line("LogLevel DEBUG1")) else { return };
    let (target, settings) = (target(&sshd, "127.73.4.1"), settings(sshd.dir()));
    let waits = (1..=3).map(|times| {
        let offers = |log: &str| log.matches("method publickey").count();
        let before = offers(&sshd.log(|log| log.matches("Accepted publickey").count() >= times - 1));
        std::thread::scope(|scope| {
            let client = scope.spawn(|| ask_one(&target, "echo in", &settings));
            sshd.log(|log| log.matches("SSH2_MSG_NEWKEYS received").count() >= times);
            let keys = Instant::now();
            sshd.log(|log| offers(log) > before);
            let wait = keys.elapsed();
            assert_eq!(text(&client.join().unwrap()), "in\n");
            wait
        })
    });
    let shortest = waits.min().unwrap();
    assert!(shortest < Duration::from_millis(500), "{shortest:?}");
    assert!(!sshd.log(|_| true).contains("Sending SSH2_MSG_EXT_INFO"));
}
