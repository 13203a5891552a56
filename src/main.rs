//! The command `fuel-updates`.

fn main() {}
