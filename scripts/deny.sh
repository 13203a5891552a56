#!/bin/sh
# Licences, banned crates, sources and advisories (deny.toml). Builds cargo-deny below target/ where it is missing.
set -eu
cd "$(dirname "$0")/.."

version=0.20.2
tools=target/tools
deny=$tools/bin/cargo-deny
if command -v cargo-deny >/dev/null 2>&1; then
    deny=cargo-deny
elif ! [ -x "$deny" ] || ! "$deny" --version | grep -q " $version$"; then
    echo "building cargo-deny $version; this is done once"
    # Not optimised: it runs for seconds and would take minutes more to build.
    CARGO_TARGET_DIR=$tools/build CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --quiet --locked --debug --root "$tools" "cargo-deny@$version"
    rm -rf "$tools/build"
fi

"$deny" --workspace check --hide-inclusion-graph licenses bans sources
# The advisories are fetched from the network.
if "$deny" fetch db >/dev/null 2>&1; then
    "$deny" --workspace check --hide-inclusion-graph advisories
else
    echo "advisories skipped: their database cannot be fetched here"
fi
