#!/bin/sh
# Builds the binary that is shipped, linked by scripts/link/order-cc. It says which commit it was built from and holds no path
# of the machine that built it, so that two builds of a commit are the same bytes wherever they are made.
set -eu
cd "$(dirname "$0")/.."
. scripts/dist/origin.sh

# Flags of the environment would replace those of .cargo/config.toml: the binary would be linked dynamically.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS
FUEL_UPDATES_BUILD=$commit${commit:+${date:+ }}$date
export FUEL_UPDATES_BUILD
cargo_home=${CARGO_HOME:-$HOME/.cargo}
linker="target.x86_64-unknown-linux-gnu.linker='$PWD/scripts/link/order-cc'"
flags="'--remap-path-prefix=$PWD=/fuel-updates', '--remap-path-prefix=$cargo_home=/cargo'"
exec cargo build --locked --release --bin fuel-updates --config "$linker" \
    --config "target.x86_64-unknown-linux-gnu.rustflags=[$flags]"
