//! Which keys are taken, in which order, and what is said when none is.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::error::Explain as _;
use fuel_updates::fleet::{FleetError, Target, run};

use super::common::*;
use crate::sshd::{keygen, output};

fn key(dir: &Path, name: &str, options: &[&str]) -> PathBuf {
    keygen(&dir.join(name), options)
}

fn with_keys(sshd: &Sshd, address: &str, keys: &[&PathBuf]) -> Target {
    Target { keys: keys.iter().map(|path| (*path).clone()).collect(), ..target(sshd, address) }
}

#[test]
fn keys_of_every_form_log_in() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.0.1"])) else { return };
    let dir = sshd.dir();
    let mut keys = vec![
        ("RSA, PEM", sshd.rsa_key.clone()),
        ("RSA, PKCS#8", key(dir, "pkcs8", &["-t", "rsa", "-b", "2048", "-m", "PKCS8"])),
        ("RSA, OpenSSH", key(dir, "openssh", &["-t", "rsa", "-b", "2048"])),
        ("RSA-3072", key(dir, "rsa3072", &["-t", "rsa", "-b", "3072", "-m", "PEM"])),
        // Too short for ring, so it takes the slow way.
        ("RSA-1024", key(dir, "rsa1024", &["-t", "rsa", "-b", "1024", "-m", "PEM"])),
        ("ed25519", sshd.ed25519_key.clone()),
        ("ECDSA, PEM", key(dir, "ecdsa_pem", &["-t", "ecdsa", "-b", "256", "-m", "PEM"])),
        ("ECDSA-384, OpenSSH", key(dir, "ecdsa384", &["-t", "ecdsa", "-b", "384"])),
    ];
    let crlf = dir.join("crlf");
    let text = std::fs::read_to_string(&sshd.rsa_key).unwrap().replace('\n', "\r\n");
    std::fs::write(&crlf, text).unwrap();
    keys.push(("RSA, lines of Windows", crlf));
    for (_, path) in &keys[1..8] {
        sshd.authorize(path);
    }
    for (name, path) in &keys {
        let outcome = ask_one(&with_keys(&sshd, "127.72.0.1", &[path]), "echo in", &settings(dir));
        assert_eq!(text_or_panic(name, &outcome), "in\n");
    }
}

fn text_or_panic<'a>(name: &str, outcome: &'a Outcome) -> &'a str {
    match outcome {
        Ok(_) => text(outcome),
        Err(failure) => panic!("{name}: {failure:?}"),
    }
}

#[test]
fn keys_are_tried_in_their_order_until_one_fits() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.1.1"]).line("MaxAuthTries 4").line("LogLevel VERBOSE")) else {
        return;
    };
    let wrong =
        [key(sshd.dir(), "wrong1", &["-t", "rsa", "-b", "2048"]), key(sshd.dir(), "wrong2", &["-t", "ed25519"])];
    let target = with_keys(&sshd, "127.72.1.1", &[&wrong[0], &wrong[1], &sshd.rsa_key]);
    assert_eq!(text(&ask_one(&target, "echo in", &settings(sshd.dir()))), "in\n");
    let log = sshd.log(|log| log.contains("Accepted publickey"));
    assert_eq!(log.matches("Failed publickey").count(), 2, "{log}");
    assert_eq!(log.matches("Connection from").count(), 1, "{log}");
}

#[test]
fn when_every_key_is_refused_all_are_named() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.2.1"])) else { return };
    let wrong =
        [key(sshd.dir(), "wrong1", &["-t", "rsa", "-b", "2048"]), key(sshd.dir(), "wrong2", &["-t", "ed25519"])];
    let failure =
        failure(ask_one(&with_keys(&sshd, "127.72.2.1", &[&wrong[0], &wrong[1]]), "true", &settings(sshd.dir())));
    assert_eq!(failure.kind, FailureKind::Auth);
    let named = format!("{} refused; tried {}, {}", sshd.user, wrong[0].display(), wrong[1].display());
    assert_eq!(failure.cause, named);
    assert!(failure.hint.unwrap().contains("authorized_keys"));
}

#[test]
fn too_many_keys_are_told_as_such() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.3.1"]).line("MaxAuthTries 2")) else { return };
    let wrong: Vec<_> = (0..4).map(|n| key(sshd.dir(), &format!("wrong{n}"), &["-t", "ed25519"])).collect();
    let wrong: Vec<_> = wrong.iter().collect();
    let failure = failure(ask_one(&with_keys(&sshd, "127.72.3.1", &wrong), "true", &settings(sshd.dir())));
    assert_eq!(failure.kind, FailureKind::Auth);
    assert!(failure.cause.ends_with("the server ended the login after 2 keys"), "{}", failure.cause);
    assert!(failure.hint.unwrap().contains("--ssh-key"));
}

#[test]
fn a_server_that_wants_more_than_a_key_is_told_as_such() {
    let setup =
        Setup::on(&["127.72.4.1"]).line("AuthenticationMethods publickey,password").line("PasswordAuthentication yes");
    let Some(sshd) = Sshd::start(&setup) else { return };
    let failure = failure(ask_one(&target(&sshd, "127.72.4.1"), "true", &settings(sshd.dir())));
    assert_eq!(failure.kind, FailureKind::Auth);
    assert!(failure.cause.contains("is accepted, but the server also wants password"), "{}", failure.cause);
}

#[test]
fn a_server_that_takes_no_keys_is_told_as_such() {
    let setup = Setup::on(&["127.72.5.1"]).line("PubkeyAuthentication no").line("PasswordAuthentication yes");
    let Some(sshd) = Sshd::start(&setup) else { return };
    let failure = failure(ask_one(&target(&sshd, "127.72.5.1"), "true", &settings(sshd.dir())));
    assert_eq!(failure.kind, FailureKind::Auth);
    assert!(failure.cause.contains("takes no keys for"), "{}", failure.cause);
}

/// russh ends a login over a banner that is not UTF-8; it is no lost connection.
#[test]
fn a_login_whose_answer_is_not_text_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let banner = dir.path().join("banner");
    std::fs::write(&banner, b"Zugriff nur f\xfcr Befugte\n").unwrap();
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.11.1"]).line(format!("Banner {}", banner.display()))) else {
        return;
    };
    let failure = failure(ask_one(&target(&sshd, "127.72.11.1"), "true", &settings(sshd.dir())));
    assert_eq!(failure.kind, FailureKind::Auth);
    assert!(failure.cause.ends_with("the server's banner or its list of login methods is not text"), "{failure:?}");
    assert!(failure.hint.unwrap().contains("`Banner` in the node's sshd_config"));

    std::fs::write(&banner, "Zugriff nur für Befugte\n").unwrap();
    assert_eq!(text(&ask_one(&target(&sshd, "127.72.11.1"), "echo in", &settings(sshd.dir()))), "in\n");
}

/// Keys that are wrong are told before anybody is connected to.
#[test]
fn a_missing_or_protected_key_is_an_error_before_any_connection() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = std::net::TcpListener::bind(("127.72.6.1", 0)).unwrap();
    let mut target = Target::new(fuel_updates::domain::node::Host::parse("127.72.6.1").unwrap(), "root");
    target.port = nobody.local_addr().unwrap().port();
    let protected = key(dir.path(), "protected", &["-t", "ed25519", "-N", "secret words"]);
    let protected_pem =
        key(dir.path(), "protected_pem", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret words"]);
    let public = dir.path().join("protected.pub");
    let absent = dir.path().join("absent");
    for (path, cause, hint) in [
        (&absent, "no such file", Some("--ssh-key")),
        (&protected, "it is protected by a passphrase", Some("ssh-add")),
        (&protected_pem, "it is protected by a passphrase", Some("ssh-add")),
        (&public, "it is a public key", Some("without .pub")),
    ] {
        target.keys = vec![path.clone()];
        let error =
            run(std::slice::from_ref(&target), "true", &settings(dir.path()), &mut |_| panic!("an event")).unwrap_err();
        assert_eq!(error.to_string(), format!("SSH key {}: {cause}", path.display()));
        assert_eq!(error.hint().is_some(), hint.is_some());
        assert!(error.hint().unwrap_or_default().contains(hint.unwrap_or_default()));
        assert!(!format!("{error:?}").contains("secret words"));
    }
    target.keys.clear();
    let mut settings = settings(dir.path());
    settings.default_keys = vec![absent, protected];
    let error = run(&[target], "true", &settings, &mut |_| panic!("an event")).unwrap_err();
    assert!(matches!(error, FleetError::NoKey { .. }));
    assert!(error.to_string().contains("protected by a passphrase"), "{error}");
    nobody.set_nonblocking(true).unwrap();
    assert_eq!(nobody.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn default_keys_that_are_absent_or_protected_are_passed_over() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.7.1"])) else { return };
    let mut settings = settings(sshd.dir());
    let protected = key(sshd.dir(), "protected", &["-t", "ed25519", "-N", "secret words"]);
    settings.default_keys = vec![sshd.dir().join("absent"), protected, sshd.rsa_key.clone()];
    let target = with_keys(&sshd, "127.72.7.1", &[]);
    assert_eq!(text(&ask_one(&target, "echo in", &settings)), "in\n");

    let wrong = key(sshd.dir(), "wrong", &["-t", "ed25519"]);
    settings.default_keys[2] = wrong;
    let failure = failure(ask_one(&target, "true", &settings));
    assert!(failure.hint.unwrap().contains("Not used: "), "the protected key explains the refusal");
}

/// An agent of OpenSSH, ended by its process id.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(dir: &Path) -> Self {
        let socket = dir.join("agent");
        let mut child =
            Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::piped()).spawn().unwrap();
        // Its first line says that the socket is there.
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        Self { child, socket }
    }

    fn add(&self, key: &Path) {
        output(Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket));
    }

    /// Adds a protected key; the passphrase comes from a program.
    fn add_protected(&self, key: &Path, passphrase: &str) {
        let ask = key.with_extension("ask");
        std::fs::write(&ask, format!("#!/bin/sh\necho '{passphrase}'\n")).unwrap();
        output(Command::new("chmod").arg("700").arg(&ask));
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket).env("SSH_ASKPASS", &ask);
        output(add.env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0"));
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_agent_s_keys_log_in_on_many_nodes_at_once() {
    let addresses: Vec<_> = (1..=16).map(|n| format!("127.72.8.{n}")).collect();
    let Some(sshd) = Sshd::start(&Setup::on(&addresses.iter().map(String::as_str).collect::<Vec<_>>())) else { return };
    let agent = Agent::start(sshd.dir());
    agent.add(&sshd.rsa_key);
    let mut settings = settings(sshd.dir());
    settings.agent = Some(agent.socket.clone());
    let targets: Vec<_> = addresses.iter().map(|address| with_keys(&sshd, address, &[])).collect();
    for outcome in ask(&targets, "echo in", &settings) {
        assert_eq!(text(&outcome), "in\n");
    }
}

#[test]
fn a_protected_key_is_used_through_the_agent_that_holds_it() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.9.1"])) else { return };
    let agent = Agent::start(sshd.dir());
    let mut settings = settings(sshd.dir());
    settings.agent = Some(agent.socket.clone());
    for (name, options) in [
        ("new", &["-t", "ed25519", "-N", "secret words"][..]),
        ("old", &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret words"][..]),
    ] {
        let protected = key(sshd.dir(), name, options);
        sshd.authorize(&protected);
        let target = with_keys(&sshd, "127.72.9.1", &[&protected]);
        assert!(matches!(
            run(std::slice::from_ref(&target), "true", &settings, &mut |_| {}),
            Err(FleetError::Key { .. })
        ));
        agent.add_protected(&protected, "secret words");
        assert_eq!(text_or_panic(name, &ask_one(&target, "echo in", &settings)), "in\n");
    }
}

/// Stands between us and an agent, and lists odd identities before that agent's own.
fn odd_agent(dir: &Path, agent: &Path) -> PathBuf {
    use std::os::unix::net::{UnixListener, UnixStream};
    let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let odd = [
        // An unknown type, a damaged certificate, and a key that is cut short under a comment in Latin-1.
        (string(b"ssh-strange"), &b"strange"[..]),
        ([string(b"ssh-ed25519-cert-v01@openssh.com"), b"damaged".to_vec()].concat(), b"certificate"),
        ([string(b"ssh-ed25519"), b"cut".to_vec()].concat(), b"Schl\xfcssel"),
    ];
    let listed: Vec<u8> = odd.iter().flat_map(|(blob, comment)| [string(blob), string(comment)].concat()).collect();
    let count = u32::try_from(odd.len()).unwrap();
    let (socket, agent) = (dir.join("odd-agent"), agent.to_owned());
    let listener = UnixListener::bind(&socket).unwrap();
    let message = |stream: &mut UnixStream| {
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message).ok()?;
        Some(message)
    };
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut agent = UnixStream::connect(&agent).unwrap();
            while let Some(request) = message(&mut client) {
                agent.write_all(&string(&request)).unwrap();
                let mut answer = message(&mut agent).unwrap();
                if answer[0] == 12 {
                    let own = u32::from_be_bytes(answer[1..5].try_into().unwrap());
                    answer.splice(1..5, [&(own + count).to_be_bytes()[..], &listed].concat());
                }
                client.write_all(&string(&answer)).unwrap();
            }
        }
    });
    socket
}

#[test]
fn odd_identities_do_not_hide_the_rest_of_the_agent() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.12.1"])) else { return };
    let agent = Agent::start(sshd.dir());
    agent.add(&sshd.rsa_key);
    let mut settings = settings(sshd.dir());
    settings.agent = Some(odd_agent(sshd.dir(), &agent.socket));
    let target = with_keys(&sshd, "127.72.12.1", &[]);
    assert_eq!(text(&ask_one(&target, "echo in", &settings)), "in\n");
    // When every key is refused, what could not be offered is named.
    output(Command::new("ssh-add").arg("-qD").env("SSH_AUTH_SOCK", &agent.socket));
    agent.add(&key(sshd.dir(), "wrong", &["-t", "ed25519"]));
    let hint = failure(ask_one(&target, "true", &settings)).hint.unwrap();
    assert!(hint.contains("Not used: agent key strange, which cannot be read (type ssh-strange); "), "{hint}");
}

#[test]
fn a_dead_agent_does_not_stand_in_the_way_of_files() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.72.10.1"])) else { return };
    let mut settings = settings(sshd.dir());
    settings.agent = Some(sshd.dir().join("no-agent"));
    settings.default_keys = vec![sshd.rsa_key.clone()];
    assert_eq!(text(&ask_one(&with_keys(&sshd, "127.72.10.1", &[]), "echo in", &settings)), "in\n");
    settings.default_keys.clear();
    let target = with_keys(&sshd, "127.72.10.1", &[]);
    let error = run(&[target], "true", &settings, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("no-agent: no such socket"), "{error}");
}
