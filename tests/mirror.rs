//! What publishers and air-gapped sites need: `mirror publish`, `verify` and `fetch` on repositories that apt's own tools
//! made, and the graph that fuel-misc delivers.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "support/program.rs"]
mod program;

mod mirror {
    mod fetch;
    mod fuel_misc;
    mod nailgun;
    mod publish;
    mod repository;
    mod verify;
}
