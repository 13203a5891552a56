//! The graph's scripts, run by /bin/sh on directory trees with the lab's stubs in place of apt, dpkg, init
//! and the cluster tools.

// The helpers are no tests by themselves, so clippy's exceptions for tests do not reach them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod node;

mod affected;
mod channel;

mod cluster;
mod commit;
mod database;
mod download;
mod faults;
mod happy;
mod interrupted;
mod notes;
mod old_tools;
mod protection;
mod refusals;
mod resources;
mod roles;
mod shell;
mod shipped;
mod storage;
