#!/bin/sh
# Records which functions a start and a check run, as functions.txt: to be run when the test that holds the memory of a start
# fails, say after an update of a library. Builds the shipped binary once more, with its symbols, and the lab. Needs valgrind.
set -eu
cd "$(dirname "$0")/../.."
into=$PWD/target/link
CARGO_TARGET_DIR=$into CARGO_PROFILE_RELEASE_STRIP=false scripts/static.sh
cargo build --locked --workspace --bins
program=$into/x86_64-unknown-linux-gnu/release/fuel-updates

work=$(mktemp -d)
lab=
trap '[ -z "$lab" ] || kill "$lab"; rm -rf "$work"' EXIT
mkfifo "$work/site"
target/x86_64-unknown-linux-gnu/debug/fuel-lab serve --nodes 12 >"$work/site" &
lab=$!
# The lab prints how to find it once it serves, and keeps the pipe open.
exec 3<"$work/site"
while read -r line <&3; do
    case $line in export*) eval "$line" ;; esac
    case $line in *STATE_DIR*) break ;; esac
done
: "${FUEL_UPDATES_SSH_KEY:?the lab did not start}"

# Symbol and name of each function.
nm -p --defined-only "$program" | sed -n 's/^.\{17\}[TtWw] //p' >"$work/symbols"
nm -p -C --defined-only "$program" | sed -n 's/^.\{17\}[TtWw] //p' | paste "$work/symbols" - >"$work/names"

record() { # the program's arguments
    status=0
    valgrind --quiet --tool=callgrind --demangle=no --callgrind-out-file="$work/calls" "$program" "$@" >"$work/output" 2>&1 ||
        status=$?
    # 1 and 2 are errors; the others say what was found.
    case $status in 1 | 2) cat "$work/output" && exit 1 ;; esac
    sed -n -E -e "s/'[0-9]+\$//" -e 's/^c?fn=\([0-9]+\) (.+)/\1/p' "$work/calls" >"$work/run"
    awk -F'\t' 'NR == FNR { name[$1] = $2; next } $1 in name { print name[$1] }' "$work/names" "$work/run" |
        LC_ALL=C sort -u >>"$work/recorded"
}
record --version
record --env 1 check installed
record --env 1 check installed --ssh-key "${FUEL_UPDATES_SSH_KEY%/*}/id_ed25519" --fanout 4
record --env 1 check

# Valgrind's processor lacks instructions for which the field's have functions of their own.
awk -F'\t' '
    NR == FNR { if (sub(/_(avx|sse)[^:]*$/, "_")) base[$0]; next }
    $2 ~ /^sha[12]::.*(compress|init_inner)$/ { print $2; next }
    { name = $2; if (sub(/_(evex|avx512)[^:]*$/, "_", name) && name in base) print $2 }
' "$work/recorded" "$work/names" | LC_ALL=C sort -u >"$work/other"

cat "$work/recorded" "$work/other" | awk '!seen[$0]++' >scripts/link/functions.txt
wc -l scripts/link/functions.txt
