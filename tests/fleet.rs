//! The SSH side against real OpenSSH servers and against servers that misbehave.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "support/sshd.rs"]
mod sshd;

mod fleet {
    mod common;
    mod login;
}
