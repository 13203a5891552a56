//! The real HTTP clients against small servers on loopback, one for each fault.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "http/certificates.rs"]
mod certificates;
#[path = "http/files.rs"]
mod files;
#[path = "http/mirror.rs"]
mod mirror;
#[path = "http/nailgun.rs"]
mod nailgun;
#[path = "http/proxy.rs"]
mod proxy;
#[path = "http/runs.rs"]
mod runs;
#[path = "http/server.rs"]
mod server;
#[path = "http/tls.rs"]
mod tls;
