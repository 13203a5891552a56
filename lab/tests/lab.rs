//! The lab itself: what it offers to the other tests must hold before they mean anything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy allows it in tests, but not in their helpers"
)]

mod lab {
    mod api;
    mod binary;
    mod contract;
    mod engine;
    mod failures;
    mod faults;
    mod older;
    mod rules;
    mod scenes;
    mod selection;
    mod shape;
    mod site;
    mod stops;
    mod uploads;
}
