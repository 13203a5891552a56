//! Installations on real nodes: a root of its own for each, with real dpkg and apt, real packages from a real
//! repository and a real OpenSSH server. The lab's Nailgun runs the unchanged graph in those roots, as mcollective
//! would; the real program asks over SSH. Afterwards the nodes are read by other means than ours.
//!
//! Needs root. Every test runs in mount and process namespaces of its own, so whatever happens nothing of it stays.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/program.rs"]
mod program;
#[path = "support/sshd.rs"]
mod sshd;

mod e2e {
    mod inside;
    mod node;
    mod packages;
    mod roots;
    mod site;

    mod refusals;
    mod updates;

    #[cfg(feature = "e2e-full")]
    mod full;
}
