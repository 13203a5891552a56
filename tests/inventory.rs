//! The node list: every form of it, where it is found, how it is kept up to date.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

mod inventory {
    mod ansible;
    mod bad;
    mod config;
    mod forms;
    mod master;
    mod update;
    mod versions;
}
