//! The command `fuel-lab`.

fn main() {}
