//! Whom we believe to have reached.

use std::process::Command;

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::domain::node::Host;
use fuel_updates::fleet::{FleetSettings, HostKeyPolicy, Target, forget, run};

use super::common::*;
use crate::sshd::output;

fn strict(settings: &FleetSettings) -> FleetSettings {
    FleetSettings { host_keys: HostKeyPolicy::Strict, ..settings.clone() }
}

fn recorded(settings: &FleetSettings) -> String {
    std::fs::read_to_string(&settings.known_hosts).unwrap_or_default()
}

#[test]
fn a_new_key_is_recorded_once_and_openssh_reads_the_record() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.0.1", "127.74.0.2"])) else { return };
    let settings = settings(sshd.dir());
    let targets = [target(&sshd, "127.74.0.1"), target(&sshd, "127.74.0.2")];
    let failed = failure(ask_one(&targets[0], "true", &strict(&settings)));
    assert_eq!(failed.kind, FailureKind::HostKey);
    assert!(failed.cause.contains("is not known"), "{}", failed.cause);
    assert_eq!(recorded(&settings), "");

    for policy in [settings.clone(), settings.clone(), strict(&settings)] {
        assert!(ask(&targets, "true", &policy).iter().all(Result::is_ok));
    }
    let key = sshd.host_key("ed25519");
    let port = sshd.port;
    assert_eq!(recorded(&settings), format!("[127.74.0.1]:{port} {key}\n[127.74.0.2]:{port} {key}\n"));
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-p", &port.to_string(), "-i"])
        .arg(&sshd.ed25519_key)
        .arg("-o")
        .arg(format!("UserKnownHostsFile={}", settings.known_hosts.display()))
        .arg(format!("{}@127.74.0.1", sshd.user))
        .arg("echo in");
    assert_eq!(output(&mut ssh), "in");
}

#[test]
fn a_changed_key_is_refused_until_it_is_forgotten() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.1.1"]).host_keys(&["ed25519", "rsa"])) else { return };
    let settings = settings(sshd.dir());
    let port = sshd.port;
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    let before = format!("# by hand\n[127.74.1.1]:{port} {other}\n");
    std::fs::write(&settings.known_hosts, &before).unwrap();
    let failed = failure(ask_one(&target(&sshd, "127.74.1.1"), "true", &settings));
    assert_eq!(failed.kind, FailureKind::HostKey);
    assert!(failed.cause.starts_with("host key changed: it shows ssh-ed25519 SHA256:"), "{}", failed.cause);
    assert!(failed.cause.ends_with("recorded in line 2 is ssh-ed25519"), "{}", failed.cause);
    assert!(failed.hint.unwrap().contains("forget-host-key"));
    assert_eq!(recorded(&settings), before);

    let gone = forget(&settings.known_hosts, &[(Host::parse("127.74.1.1").unwrap(), port)]).unwrap();
    assert_eq!(gone[0].keys, 1);
    assert!(ask_one(&target(&sshd, "127.74.1.1"), "true", &settings).is_ok());
    assert!(recorded(&settings).contains(&sshd.host_key("ed25519")));
}

#[test]
fn a_key_of_another_type_than_recorded_is_a_changed_one() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.2.1"]).host_keys(&["ecdsa"])) else { return };
    let settings = settings(sshd.dir());
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    std::fs::write(&settings.known_hosts, format!("[127.74.2.1]:{} {other}\n", sshd.port)).unwrap();
    let failed = failure(ask_one(&target(&sshd, "127.74.2.1"), "true", &settings));
    assert!(failed.cause.starts_with("host key changed: it shows ecdsa-sha2-nistp256 SHA256:"), "{}", failed.cause);
}

#[test]
fn a_server_with_several_keys_is_asked_for_the_recorded_one() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.3.1"]).host_keys(&["ed25519", "ecdsa", "rsa"])) else { return };
    for kind in ["rsa", "ecdsa", "ed25519"] {
        let settings = settings(sshd.dir());
        std::fs::write(&settings.known_hosts, format!("[127.74.3.1]:{} {}\n", sshd.port, sshd.host_key(kind))).unwrap();
        let outcome = ask_one(&target(&sshd, "127.74.3.1"), "echo in", &strict(&settings));
        assert_eq!(text(&outcome), "in\n", "{kind}");
    }
}

#[test]
fn names_hashed_by_openssh_are_found() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.4.1"])) else { return };
    let settings = settings(sshd.dir());
    assert!(ask_one(&target(&sshd, "127.74.4.1"), "true", &settings).is_ok());
    output(Command::new("ssh-keygen").arg("-H").arg("-f").arg(&settings.known_hosts));
    assert!(recorded(&settings).starts_with("|1|"));
    assert!(ask_one(&target(&sshd, "127.74.4.1"), "true", &strict(&settings)).is_ok());
}

#[test]
fn a_revoked_key_is_refused_even_where_it_is_recorded() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.5.1"])) else { return };
    let settings = settings(sshd.dir());
    let key = sshd.host_key("ed25519");
    std::fs::write(&settings.known_hosts, format!("[127.74.5.1]:{} {key}\n@revoked * {key}\n", sshd.port)).unwrap();
    let failed = failure(ask_one(&target(&sshd, "127.74.5.1"), "true", &settings));
    assert_eq!(failed.kind, FailureKind::HostKey);
    assert!(failed.cause.ends_with("is revoked (line 2)"), "{}", failed.cause);
}

#[test]
fn off_neither_checks_nor_records() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.6.1"])) else { return };
    let settings = FleetSettings { host_keys: HostKeyPolicy::Off, ..settings(sshd.dir()) };
    assert!(ask_one(&target(&sshd, "127.74.6.1"), "true", &settings).is_ok());
    assert!(!settings.known_hosts.exists());
}

#[test]
fn two_runs_at_once_lose_nothing_of_each_other() {
    let addresses: Vec<_> = (1..=12).map(|n| format!("127.74.7.{n}")).collect();
    let Some(sshd) = Sshd::start(&Setup::on(&addresses.iter().map(String::as_str).collect::<Vec<_>>())) else { return };
    let settings = settings(sshd.dir());
    let targets: Vec<Target> = addresses.iter().map(|address| target(&sshd, address)).collect();
    std::thread::scope(|scope| {
        for targets in targets.chunks(4) {
            let settings = &settings;
            scope.spawn(move || assert!(ask(targets, "true", settings).iter().all(Result::is_ok)));
        }
    });
    assert_eq!(recorded(&settings).lines().count(), 12);
    assert!(ask(&targets, "true", &strict(&settings)).iter().all(Result::is_ok));
}

#[test]
fn a_record_that_cannot_be_written_is_a_warning_and_not_a_failure() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.74.8.1"])) else { return };
    let mut settings = settings(sshd.dir());
    // A folder cannot be made below a file, not even by root.
    std::fs::write(sshd.dir().join("file"), "").unwrap();
    settings.known_hosts = sshd.dir().join("file/known_hosts");
    let mut warnings = Vec::new();
    let results = run(&[target(&sshd, "127.74.8.1")], "true", &settings, &mut |event| {
        if let fuel_updates::fleet::FleetEvent::Warning { text } = event {
            warnings.push(text);
        }
    });
    assert!(results.unwrap()[0].is_ok());
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("new host keys could not be recorded in "), "{warnings:?}");

    // One that is there and cannot be read is no excuse to believe anybody: it may hold another key.
    settings.known_hosts = sshd.dir().join("folder");
    std::fs::create_dir(&settings.known_hosts).unwrap();
    let refused = run(&[target(&sshd, "127.74.8.1")], "true", &settings, &mut |_| {});
    assert!(matches!(refused, Err(fuel_updates::fleet::FleetError::KnownHosts { .. })), "{refused:?}");
}
