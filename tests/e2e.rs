//! Installations on real nodes: a root of its own for each, with real dpkg and apt, real packages from a real
//! repository and a real OpenSSH server. The lab's Nailgun runs the unchanged graph in those roots, as mcollective
//! would; the real program asks over SSH. Afterwards the nodes are read by other means than ours.
//!
//! Each test runs over Debian 12's own dpkg, apt, sh and awk, and over those of the Ubuntu releases that real nodes have,
//! where `FUEL_UPDATES_OLDTOOLS` names a folder with them.
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
    mod tools;

    mod drift;
    mod refusals;
    mod updates;

    #[cfg(feature = "e2e-full")]
    mod full;
}
