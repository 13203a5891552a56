//! The command `fuel-updates`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fuel_updates::run()
}
