//! The command line as its users meet it: stdout, stderr and exit status of the real binary, against the lab and
//! against real OpenSSH servers.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;
#[path = "support/sshd.rs"]
mod sshd;

mod cli {
    mod attach;
    mod bad_input;
    mod check_available;
    mod check_installed;
    mod completion;
    mod doctor;
    mod drift;
    mod endings;
    mod ends;
    mod graph;
    mod help;
    mod history;
    mod install;
    mod limits;
    mod lost_output;
    mod monitoring;
    mod openssh;
    mod plan_file;
    mod progress;
    mod pty;
    mod scenarios;
    mod signals;
    mod snapshots;
    mod steps;
    mod stop;
    mod stop_and_others;
    mod terminal;
    mod told;
    mod versions;
    mod watch;
}
