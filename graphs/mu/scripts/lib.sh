# shellcheck shell=sh
# Ground for all phases: paths, log, lock, values of the run, small JSON, the journal of temporary changes.

set -u
LC_ALL=C
export LC_ALL
umask 022
ROOT=${FUEL_MU_ROOT-}
# Under a test's root only the PATH that was given counts: nothing of the machine itself may be called.
[ -n "$ROOT" ] || PATH=${PATH:-}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
HOME=${HOME:-/root}
export HOME

MU=$ROOT/var/lib/fuel-mu
WORK=$MU/work
UNDO=$MU/undo
STATE=$MU/state.json
TARGET_FILE=$ROOT/etc/fuel/mu-version.json
POLICY=$ROOT/usr/sbin/policy-rc.d

# Limits in seconds. Tests set them through the environment; in the field nobody does.
: "${MU_LOCK_WAIT:=300}"    # for the lock of dpkg (the value of Fuel's own package provider)
: "${MU_OWN_LOCK_WAIT:=60}" # for our own lock: a check takes it for an instant
: "${MU_POLL:=2}"           # between two looks at something that we wait for
: "${MU_SETTLE:=3}"         # a service must still run this long after all of them came up
: "${MU_SERVICE_WAIT:=120}" # for one service to come up
: "${MU_HA_WAIT:=600}"      # for one resource of pacemaker to stop or start
: "${MU_CLUSTER_WAIT:=300}" # for a cluster's members and agents to report themselves
: "${MU_CEPH_WAIT:=1800}"   # for placement groups to become active and clean
: "${MU_CHANNEL_WAIT:=180}" # for mcollective to be back

PHASE=''
LOG=/dev/null

# log TEXT…: one line for the log and for the task's own output.
log() {
    line="$(date -u '+%Y-%m-%dT%H:%M:%SZ') $PHASE: $*"
    printf '%s\n' "$line"
    printf '%s\n' "$line" >>"$LOG"
}

# fail TEXT…: the end. The line stands last in the log, where the operator looks first.
fail() {
    FAILURE=$*
    exit 1
}

# quietly COMMAND…: its output goes to the log alone.
quietly() {
    printf '+ %s\n' "$*" >>"$LOG"
    "$@" >>"$LOG" 2>&1 </dev/null
}

now() { date +%s; }

# one_line: standard input as one printable line.
one_line() { tr '\n\t' '; ' | tr -cd '\040-\176' | sed 's/;* *$//' | cut -c 1-800; }

# json_text: standard input as the inside of a JSON string.
json_text() { one_line | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# json_list: lines of standard input as a JSON list of strings.
json_list() {
    tr -cd '\012\040-\176' | sed 's/\\/\\\\/g; s/"/\\"/g' |
        awk 'NF { printf "%s\"%s\"", (n++ ? "," : ""), $0 } END { print "" }' | sed 's/.*/[&]/'
}

# is_one_of WORD PATTERN…: shell patterns.
is_one_of() {
    word=$1
    shift
    for pattern in "$@"; do
        # shellcheck disable=SC2254
        case $word in $pattern) return 0 ;; esac
    done
    return 1
}

# write_file PATH MODE: standard input, whole or not at all; on the disk before it is seen.
write_file() {
    if dd of="$1.mu-new" conv=fsync 2>/dev/null && chmod "$2" "$1.mu-new" && mv -fT "$1.mu-new" "$1"; then return 0; fi
    rm -f "$1.mu-new"
    return 1
}

# wait_until SECONDS COMMAND…: asks again and again until it succeeds.
wait_until() {
    deadline=$(($(now) + $1))
    shift
    while ! "$@"; do
        [ "$(now)" -lt "$deadline" ] || return 1
        sleep "$MU_POLL"
    done
}

# installed_version PACKAGE: fails when it is not installed.
installed_version() {
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' "$1" 2>/dev/null | awk '$3 ~ /^.[iFUHWt]/ { print $2; ok = 1 } END { exit !ok }'
}
has_package() { installed_version "$1" >/dev/null; }

# --- values of the run -------------------------------------------------------------------------------

# Only lines KEY='value' of harmless characters are ever sourced.
load_values() {
    [ -r "$MU/env" ] || fail "$MU/env is missing: the values of this run were not uploaded"
    if grep -v "^MU_[A-Z0-9_]*='[A-Za-z0-9+/=._:,@ -]*'\$" "$MU/env" | grep -q .; then
        fail "$MU/env holds something else than KEY='value' lines"
    fi
    MU_RUN='' MU_TARGET_ID='' MU_TARGET_TIMESTAMP='' MU_TARGET_JSON_B64='' MU_FILE_B64='' MU_REPOS='' MU_ROLES='' MU_MOS=''
    MU_SOURCES_B64='' MU_RESTART_RABBITMQ=0 MU_RESTART_MYSQL=0 MU_SKIP_CLUSTER_CHECKS=0
    # shellcheck disable=SC1091
    . "$MU/env"
    for value in "$MU_RUN" "$MU_TARGET_ID" "$MU_TARGET_TIMESTAMP" "$MU_TARGET_JSON_B64" "$MU_FILE_B64"; do
        [ -n "$value" ] || fail "$MU/env lacks a value of the target"
    done
    case $MU_RUN in */* | .*) fail "the run's id is no file name" ;; esac
    TARGET=$(printf '%s' "$MU_TARGET_JSON_B64" | base64 -d) || fail 'the target is not base64'
}

# The node's number in Nailgun, nothing when it is unknown.
node_uid() { tr -cd '0-9' <"$ROOT/etc/nailgun_uid" 2>/dev/null; }

# The node's roles without `primary-`, one a line, as the client wrote them for this run; nothing when it did not.
node_roles() {
    uid=$(node_uid)
    for entry in $MU_ROLES; do
        [ "${entry%%:*}" = "$uid" ] || continue
        printf '%s\n' "${entry#*:}" | tr ',' '\n' | sed 's/^primary-//' | sort -u
    done
}

# --- lock and journal --------------------------------------------------------------------------------

# Temporary changes are noted in the journal before they are made, one file each. Leaving a phase in any
# way undoes them; what a killed phase left behind, the next one undoes first.
note_undo() {
    mkdir -p "$UNDO" || fail "$UNDO cannot be made"
    printf '%s\n' "${2-}" >"$UNDO/$1" || fail "no room for a note in $UNDO"
}

undo_all() {
    undone=0
    for note in "$UNDO"/*; do
        [ -e "$note" ] || continue
        name=${note##*/}
        if "undo_$name" "$(cat "$note")" >>"$LOG" 2>&1 </dev/null; then
            rm -f "$note"
        else
            undone=1
            log "NOT UNDONE: $name ($(cat "$note"))"
        fi
    done
    rmdir "$UNDO" 2>/dev/null
    # What write_file had not finished.
    rm -f "$MU"/*.mu-new "$TARGET_FILE.mu-new" "$POLICY.mu-new"
    return $undone
}

# The apt of a killed phase may still be at work, and needs the folder.
undo_work() {
    if ! wait_until "$MU_LOCK_WAIT" no_orphan; then
        log 'the apt of a killed phase is still at work'
        return 1
    fi
    rm -rf "$WORK"
}
no_orphan() { ! grep -ls "[D]ir::Cache=$WORK/apt" /proc/[0-9]*/cmdline 2>/dev/null | grep -q .; }

use_work() {
    note_undo work
    mkdir -p "$WORK" || fail "$WORK cannot be made"
}

on_exit() {
    code=$?
    trap - EXIT
    trap '' HUP INT TERM
    undo_all || [ "$code" -ne 0 ] || code=1
    if [ "$code" -ne 0 ]; then
        tail -n 15 "$LOG" 2>/dev/null
        log "FAILED: ${FAILURE:-interrupted}"
    else
        log 'done'
    fi
    exit "$code"
}
