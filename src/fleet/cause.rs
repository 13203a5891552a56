//! The cause and the hint for each failure of a node.
//!
//! All of it is shown to the operator, so text from a server is passed through `one_line` first.

use std::io;

use russh::AlgorithmKind;

use super::algorithms::legacy_would_help;
use super::deadline::Late;
use super::known_hosts::verdict::HostKeyRefusal;
use super::link::{BadId, LinkState};
use super::watch::{End, Notes, SessionError};
use crate::domain::failure::{FailureKind, NodeFailure};
use crate::domain::text::{last_lines, one_line};

fn failure(kind: FailureKind, cause: impl Into<String>, hint: impl Into<String>) -> NodeFailure {
    NodeFailure::new(kind, cause).hinted(hint)
}

fn remote(cause: impl Into<String>, hint: impl Into<String>) -> NodeFailure {
    failure(FailureKind::RemoteError, cause, hint)
}

/// The connection did not come up.
pub(super) fn connect(error: &io::Error, port: u16) -> NodeFailure {
    let unreachable = |cause: &str, hint: String| failure(FailureKind::Unreachable, cause, hint);
    match error.kind() {
        io::ErrorKind::ConnectionRefused => unreachable(
            "connection refused",
            format!("the host is up; check that its SSH server listens on port {port}"),
        ),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => unreachable(
            "no route to host",
            "check that the node is on and that this host can reach its network".to_owned(),
        ),
        io::ErrorKind::TimedOut => late_hint(unreachable("connect timed out", String::new())),
        io::ErrorKind::PermissionDenied => {
            unreachable("connecting is not permitted", "check the firewall of this host".to_owned())
        }
        _ => {
            NodeFailure::new(FailureKind::Unreachable, format!("cannot connect: {}", one_line(&error.to_string(), 80)))
        }
    }
}

fn late_hint(failure: NodeFailure) -> NodeFailure {
    failure.hinted("check that the node is on and its address is right; a firewall that drops packets looks the same")
}

/// The connection did not come up in time.
pub(super) fn connect_late(late: Late) -> NodeFailure {
    late_hint(NodeFailure::new(FailureKind::Unreachable, format!("connect timed out after {}", late.in_words())))
}

/// The key exchange did not complete in time.
pub(super) fn handshake_late(late: Late, link: &LinkState) -> NodeFailure {
    let time = late.in_words();
    let cause = match (link.received(), link.server_id(), link.first_words()) {
        (0, ..) => format!("silent for {time} after it accepted the connection"),
        (_, Some(id), _) => format!("key exchange not completed after {time} ({id})"),
        (_, None, Some(words)) => format!("no SSH banner after {time}, but \"{words}\""),
        (_, None, None) => format!("no SSH banner after {time}"),
    };
    failure(FailureKind::Timeout, cause, "the node may hang: check its console, load and disks")
}

/// Banner or key exchange failed.
pub(super) fn handshake(error: &SessionError, link: &LinkState, notes: &Notes) -> NodeFailure {
    if let Some(refusal) = notes.refusal() {
        return host_key(&refusal);
    }
    if link.flooded() {
        return flooded("before the login");
    }
    match link.bad_identification() {
        Some(BadId::OtherProtocol(id)) => {
            return remote(
                format!("the server does not speak SSH 2: it identifies itself as \"{id}\""),
                "set `Protocol 2` in the node's sshd_config, or install a newer SSH server",
            );
        }
        Some(BadId::NotText(id)) => {
            let cause = format!("the server's identification is not text: \"{id}\"");
            return remote(cause, "is this a node's SSH server?");
        }
        None => {}
    }
    match error {
        SessionError::Russh(russh::Error::NoCommonAlgo { kind, ours, theirs }) => no_common(kind, ours, theirs),
        SessionError::Russh(russh::Error::WrongServerSig) => failure(
            FailureKind::HostKey,
            "its signature of the key exchange is wrong",
            "another host may be intercepting the connection",
        ),
        SessionError::Russh(russh::Error::Version) => no_banner(link),
        _ if link.server_id().is_none() => closed_early(link),
        SessionError::Russh(russh::Error::Disconnect | russh::Error::HUP | russh::Error::IO(_)) => remote(
            format!("connection lost during the key exchange{}", goodbye(notes)),
            "look for the reason in the node's SSH log (/var/log/auth.log)",
        ),
        other => remote(
            format!("the key exchange failed: {}", one_line(&other.to_string(), 120)),
            "check whether ssh connects to it from here",
        ),
    }
}

fn no_banner(link: &LinkState) -> NodeFailure {
    let words = link.first_words().unwrap_or_default();
    remote(format!("not an SSH server: it answers \"{words}\""), "check the port")
}

fn closed_early(link: &LinkState) -> NodeFailure {
    let turned_away = "sshd's MaxStartups, hosts.deny or a firewall may turn this host away";
    match link.first_words() {
        None => remote("closed the connection before its SSH banner", turned_away),
        Some(words) if words.contains("MaxStartups") => remote(
            format!("closed the connection after \"{words}\""),
            "too many logins at once: try again, or lower --fanout",
        ),
        Some(words) => remote(format!("not an SSH server: it answers \"{words}\""), "check the port"),
    }
}

fn no_common(kind: &AlgorithmKind, ours: &[String], theirs: &[String]) -> NodeFailure {
    let what = match kind {
        AlgorithmKind::Kex => "key exchange algorithm",
        AlgorithmKind::Key => "host key algorithm",
        AlgorithmKind::Cipher => "cipher",
        AlgorithmKind::Compression => "compression",
        AlgorithmKind::Mac => "MAC",
    };
    // These names are markers of the protocol, not algorithms.
    let list = |names: &[String]| {
        let names: Vec<_> = names
            .iter()
            .map(String::as_str)
            .filter(|n| !n.starts_with("kex-strict") && !n.starts_with("ext-info"))
            .collect();
        one_line(&names.join(","), 300)
    };
    let cause = format!("no common {what}: it has {}; we have {}", list(theirs), list(ours));
    match kind {
        AlgorithmKind::Kex | AlgorithmKind::Mac if legacy_would_help(theirs) => {
            remote(cause, "set legacy_algorithms: true for it in the inventory")
        }
        _ => remote(cause, "allow one of ours in the node's sshd_config"),
    }
}

fn host_key(refusal: &HostKeyRefusal) -> NodeFailure {
    let forget = "if the node was reinstalled: fuel-updates inventory forget-host-key NODE";
    match refusal {
        HostKeyRefusal::Changed { shown, recorded, line } => {
            let place = line.map_or_else(|| "in this run".to_owned(), |line| format!("in line {line}"));
            let cause = format!("host key changed: it shows {shown}, recorded {place} is {}", recorded.join(", "));
            failure(FailureKind::HostKey, cause, forget)
        }
        HostKeyRefusal::Revoked { shown, line } => failure(
            FailureKind::HostKey,
            format!("host key {shown} is revoked (line {line})"),
            "the node needs a new host key",
        ),
        HostKeyRefusal::Unknown { shown } => failure(
            FailureKind::HostKey,
            format!("host key {shown} is not known"),
            "compare it with the node's own key, then record it by a run with --host-keys accept-new",
        ),
        HostKeyRefusal::Malformed => NodeFailure::new(FailureKind::HostKey, "its host key cannot be understood"),
    }
}

/// The login did not end in time.
pub(super) fn login_late(late: Late) -> NodeFailure {
    failure(
        FailureKind::Timeout,
        format!("login not completed after {}", late.in_words()),
        "the node may hang, or its sshd waits for DNS or PAM; an agent may wait for a confirmation",
    )
}

/// Every key was refused.
pub(super) fn refused(user: &str, tried: &[String], passed_over: &[String]) -> NodeFailure {
    let cause = match tried {
        [] => format!("no key to offer for {user}"),
        _ => format!("{user} refused; tried {}", one_line(&tried.join(", "), 200)),
    };
    let mut hint =
        format!("add one of them to {user}'s authorized_keys on the node, or name another key with --ssh-key");
    if !passed_over.is_empty() {
        hint = format!("{hint}. Not used: {}", passed_over.join("; "));
    }
    failure(FailureKind::Auth, cause, hint)
}

/// The server's answer to the login cannot be read. russh gives up a login over a banner or a list of methods that is
/// not UTF-8, and does not tell which of the two it was.
pub(super) fn login_unreadable(user: &str) -> NodeFailure {
    failure(
        FailureKind::Auth,
        format!("{user} cannot log in: the server's banner or its list of login methods is not text"),
        "if `Banner` in the node's sshd_config names a file, convert it to UTF-8",
    )
}

/// The server takes no keys at all.
pub(super) fn keys_not_taken(user: &str, wants: &str) -> NodeFailure {
    failure(
        FailureKind::Auth,
        format!("the server takes no keys for {user}, only {wants}"),
        "allow PubkeyAuthentication in the node's sshd_config",
    )
}

/// The key was right, and the server wants more.
pub(super) fn wants_more(user: &str, wants: &str) -> NodeFailure {
    failure(
        FailureKind::Auth,
        format!("the key of {user} is accepted, but the server also wants {wants}"),
        "AuthenticationMethods in the node's sshd_config asks for more than a key",
    )
}

/// The server ended the login because of too many keys.
pub(super) fn too_many_keys(user: &str, tried: &[String]) -> NodeFailure {
    failure(
        FailureKind::Auth,
        format!("{user} refused; the server ended the login after {} keys", tried.len()),
        "name the right key with --ssh-key, so that no other is tried",
    )
}

/// A key could not be used for a signature.
pub(super) fn not_signed(name: &str, why: &str) -> NodeFailure {
    failure(
        FailureKind::Auth,
        format!("{name} was accepted, but could not sign: {why}"),
        "check that the agent runs and does not wait for a confirmation",
    )
}

/// The session ended by itself while we were at `stage`.
pub(super) fn lost(stage: &str, notes: &Notes, link: &LinkState) -> NodeFailure {
    if link.flooded() {
        return flooded(&format!("while {stage}"));
    }
    match notes.end() {
        Some(End::KeyStorm) => {
            remote("asked for new keys again and again", "check that this is the SSH server of a node")
        }
        Some(End::ChannelStorm) => {
            remote("opened channels to us again and again", "check that this is the SSH server of a node")
        }
        _ => remote(
            format!("connection lost while {stage}{}", goodbye(notes)),
            "look for the reason in the node's SSH log (/var/log/auth.log)",
        ),
    }
}

fn goodbye(notes: &Notes) -> String {
    match notes.end() {
        Some(End::Goodbye(words)) if !words.is_empty() => format!(": \"{words}\""),
        Some(End::Unreadable(fault)) => format!(" ({fault})"),
        Some(End::Fault(fault)) if fault != "Disconnected" => format!(" ({fault})"),
        _ => String::new(),
    }
}

fn flooded(when: &str) -> NodeFailure {
    remote(format!("sent far more data than an answer can have {when}"), "check that this is the SSH server of a node")
}

/// No session was granted.
pub(super) fn no_session(error: &russh::Error, notes: &Notes, link: &LinkState) -> NodeFailure {
    match error {
        russh::Error::ChannelOpenFailure(_) => remote(
            "logged in, but a session was refused",
            "MaxSessions or a restriction in authorized_keys may forbid it",
        ),
        _ => lost("opening a session", notes, link),
    }
}

/// The command was refused.
pub(super) fn exec_refused() -> NodeFailure {
    remote(
        "logged in, but running a command was refused",
        "a restriction in authorized_keys or sshd_config may forbid it",
    )
}

/// The output is over the limit.
pub(super) fn too_much(limit: usize) -> NodeFailure {
    remote(format!("sent more than {limit} bytes"), "a shell profile that prints without end may do this")
}

/// The output did not end in time.
pub(super) fn answer_late(late: Late, stdout: &[u8], exit: Option<u32>) -> NodeFailure {
    let time = late.in_words();
    let cause = match (exit, stdout.len()) {
        (Some(_), _) => format!("the command ended, but its output stays open after {time}"),
        (None, 0) => format!("logged in, but no answer after {time}"),
        (None, bytes) => {
            let words =
                last_lines(stdout, 1, 60).pop().map_or_else(String::new, |line| format!(", at last \"{line}\""));
            format!("answer not complete after {time} ({bytes} bytes received{words})")
        }
    };
    failure(FailureKind::Timeout, cause, "the node may hang: check its console, load and disks")
}

/// The command was killed.
pub(super) fn killed(signal: &str) -> NodeFailure {
    remote(format!("the command was killed by signal {signal}"), "the node may be out of memory (dmesg)")
}

/// The channel closed with neither output nor exit status.
pub(super) fn no_answer_at_all() -> NodeFailure {
    remote("the session ended with neither output nor exit status", "check the login shell of the user")
}

/// The shell says that it could not run the command.
pub(super) fn shell_failed(exit: u32, complaint: Option<&str>) -> NodeFailure {
    let why = complaint.map_or_else(String::new, |words| format!(": {words}"));
    remote(
        format!("the shell could not run the command (exit {exit}){why}"),
        "check that the user has a POSIX shell, and /bin:/usr/bin in PATH",
    )
}

/// The same failure, but of the jump host.
pub(super) fn at_jump(jump: &str, mut failure: NodeFailure) -> NodeFailure {
    failure.cause = format!("jump host {jump}: {}", failure.cause);
    failure
}

/// The jump host could not connect to the node.
pub(super) fn behind_jump(error: &russh::Error) -> NodeFailure {
    match error {
        russh::Error::ChannelOpenFailure(russh::ChannelOpenFailure::AdministrativelyProhibited) => {
            remote("the jump host forbids forwarding", "allow AllowTcpForwarding and PermitOpen in its sshd_config")
        }
        russh::Error::ChannelOpenFailure(_) => failure(
            FailureKind::Unreachable,
            "the jump host cannot connect to it",
            "check that the node is on and that the jump host can reach its network",
        ),
        _ => failure(
            FailureKind::Unreachable,
            "the connection to the jump host was lost",
            "check that the jump host is up",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_connection_from_coming_up() {
        // Linux numbers: EHOSTUNREACH, ENETUNREACH, ECONNREFUSED, ETIMEDOUT, EACCES.
        for (errno, cause) in [
            (113, "no route to host"),
            (101, "no route to host"),
            (111, "connection refused"),
            (110, "connect timed out"),
            (13, "connecting is not permitted"),
        ] {
            let failure = connect(&io::Error::from_raw_os_error(errno), 22);
            assert_eq!((failure.kind, failure.cause.as_str()), (FailureKind::Unreachable, cause));
            assert!(failure.hint.is_some_and(|hint| !hint.is_empty()));
        }
    }

    #[test]
    fn legacy_is_proposed_only_where_it_helps() {
        let lists = |theirs: &str| no_common(&AlgorithmKind::Kex, &["a".into()], &[theirs.into()]).hint.unwrap();
        assert!(lists("diffie-hellman-group14-sha1").contains("legacy_algorithms"));
        assert!(!lists("diffie-hellman-group1-sha1").contains("legacy_algorithms"));
    }

    #[test]
    fn a_server_s_words_cannot_reach_the_terminal() {
        let failure = no_common(&AlgorithmKind::Mac, &[], &["\x1b[2Jx\n".into()]);
        assert!(!failure.cause.chars().any(char::is_control));
    }
}
