//! The SSH side against real OpenSSH servers and against servers that misbehave.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "support/sshd.rs"]
mod sshd;

mod fleet {
    mod common;
    mod host_keys;
    mod jump;
    mod keys;
    mod login;
    mod names;
    mod odd;
    mod odd_server;
    mod old_servers;
    mod output;
    mod peers;
    mod profiles;
    mod window;
}
