# shellcheck shell=sh
# Basics for all phases: paths, limits, log, lock, values of the run, small JSON, journal of temporary changes.

# What the environment may hold that changes the shell or the programs below.
unset IFS CDPATH POSIXLY_CORRECT GREP_OPTIONS GREP_COLOR GREP_COLORS TAR_OPTIONS APT_CONFIG
set -u
LC_ALL=C
export LC_ALL
umask 022
ROOT=${FUEL_MU_ROOT-}
# The same as in a task of Nailgun. Under a test's root only the given PATH counts: no tool of the machine may be called.
[ -n "$ROOT" ] || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
HOME=/root
export HOME

MU=$ROOT/var/lib/fuel-mu
WORK=$MU/work
UNDO=$MU/undo
STATE=$MU/state.json
TARGET_FILE=$ROOT/etc/fuel/mu-version.json
POLICY=$ROOT/usr/sbin/policy-rc.d

# Limits in seconds. Only tests set them through the environment.
: "${MU_LOCK_WAIT:=300}"    # for the lock of dpkg (as long as Fuel's own package provider waits)
: "${MU_OWN_LOCK_WAIT:=60}" # for our own lock, which a check holds for a moment
: "${MU_POLL:=2}"           # between two looks while waiting
: "${MU_SETTLE:=15}"        # a service must run in the same process for this long
: "${MU_SERVICE_WAIT:=120}" # for one service to start
: "${MU_HA_WAIT:=600}"      # for one resource of pacemaker to stop or start
: "${MU_CLUSTER_WAIT:=300}" # for members and agents of a cluster to report
: "${MU_CEPH_WAIT:=1800}"   # for placement groups to become active+clean
: "${MU_DUMP_WAIT:=6600}"   # for a dump of the database
: "${MU_MINUTE:=60}"        # a minute of --wait-for-quiet
: "${MU_CHANNEL_WAIT:=180}" # for mcollective to be restarted and connected

PHASE=''
LOG=/dev/null

# log TEXT…: writes one line to the log and to the output of the task.
log() {
    line="$(date -u '+%Y-%m-%dT%H:%M:%SZ') $PHASE: $*"
    printf '%s\n' "$line"
    printf '%s\n' "$line" >>"$LOG"
}

# fail TEXT…: ends the phase. The text becomes the last line of the log, where an operator looks first.
fail() {
    FAILURE=$*
    exit 1
}

# quietly COMMAND…: runs it with all output in the log only.
quietly() {
    printf '+ %s\n' "$*" >>"$LOG"
    "$@" >>"$LOG" 2>&1 </dev/null
}

now() { date +%s; }

# one_line: prints standard input as one line of printable characters.
one_line() { tr '\n\t' '; ' | tr -cd '\040-\176' | sed 's/;* *$//' | cut -c 1-800; }

# json_text: prints standard input as the content of a JSON string.
json_text() { one_line | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# json_list: prints lines of standard input as a JSON list of strings.
json_list() {
    tr -cd '\012\040-\176' | sed 's/\\/\\\\/g; s/"/\\"/g' |
        awk 'NF { printf "%s\"%s\"", (n++ ? "," : ""), $0 } END { print "" }' | sed 's/.*/[&]/'
}

# is_one_of WORD PATTERN…: whether one of the shell patterns matches.
is_one_of() {
    word=$1
    shift
    for pattern in "$@"; do
        # shellcheck disable=SC2254
        case $word in $pattern) return 0 ;; esac
    done
    return 1
}

# write_file PATH MODE: replaces a file by standard input, atomically; the data is on disk before the rename.
write_file() {
    if dd of="$1.mu-new" conv=fsync 2>/dev/null && chmod "$2" "$1.mu-new" && mv -fT "$1.mu-new" "$1"; then return 0; fi
    rm -f "$1.mu-new"
    return 1
}

# wait_until SECONDS COMMAND…: repeats the command until it succeeds; fails when the time is over.
wait_until() {
    deadline=$(($(now) + $1))
    shift
    while ! "$@"; do
        [ "$(now)" -lt "$deadline" ] || return 1
        sleep "$MU_POLL"
    done
}

# installed_version PACKAGE: prints its version; fails if it is not installed.
installed_version() {
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' "$1" 2>/dev/null | awk '$3 ~ /^.[iFUHWt]/ { print $2; ok = 1 } END { exit !ok }'
}
has_package() { installed_version "$1" >/dev/null; }

# --- values of the run -------------------------------------------------------------------------------

# load_values: reads the values of the run. The file is sourced only if every line is KEY='value' of harmless characters.
load_values() {
    [ -r "$MU/env" ] || fail "$MU/env is missing: the values of this run were not uploaded"
    if grep -v "^MU_[A-Z0-9_]*='[A-Za-z0-9+/=._:,@ -]*'\$" "$MU/env" | grep -q .; then
        fail "$MU/env contains lines other than KEY='value'"
    fi
    MU_RUN='' MU_TARGET_ID='' MU_TARGET_TIMESTAMP='' MU_TARGET_JSON_B64='' MU_FILE_B64='' MU_REPOS='' MU_ROLES='' MU_MOS=''
    MU_SOURCES_B64='' MU_RESTART_RABBITMQ=0 MU_RESTART_MYSQL=0 MU_SKIP_CLUSTER_CHECKS=0
    MU_DOWNLOAD_RATE=0 MU_RESTART_ALL=0 MU_DB_BACKUP=1 MU_WAIT_FOR_QUIET=0
    # shellcheck disable=SC1091
    . "$MU/env"
    # A graph that a package provides is bound to no run: each pre-check begins a new one.
    if [ "$MU_RUN" = auto ]; then
        if [ "$PHASE" = check ]; then
            date -u '+%Y%m%dT%H%M%SZ-package' | write_file "$MU/run" 0600 || fail "cannot write $MU/run"
        fi
        MU_RUN=$(head -c 60 "$MU/run" 2>/dev/null) || fail "$MU/run is missing: the pre-check has to run first"
    fi
    for value in "$MU_RUN" "$MU_TARGET_ID" "$MU_TARGET_TIMESTAMP" "$MU_TARGET_JSON_B64" "$MU_FILE_B64"; do
        [ -n "$value" ] || fail "a value of the target is missing in $MU/env"
    done
    case $MU_RUN in */* | .*) fail "the ID of the run is not a valid file name" ;; esac
    TARGET=$(printf '%s' "$MU_TARGET_JSON_B64" | base64 -d) || fail 'the target is not valid base64'
}

# node_uid: prints the ID of this node in Nailgun; nothing if it is unknown.
node_uid() { tr -cd '0-9' <"$ROOT/etc/nailgun_uid" 2>/dev/null; }

# node_roles: prints the roles of this node without `primary-`, one per line, as the client uploaded them; else nothing.
node_roles() {
    uid=$(node_uid)
    for entry in $MU_ROLES; do
        [ "${entry%%:*}" = "$uid" ] || continue
        printf '%s\n' "${entry#*:}" | tr ',' '\n' | sed 's/^primary-//' | sort -u
    done
}

# --- lock and journal --------------------------------------------------------------------------------

# Temporary changes are noted in the journal before they are made, one file each. They are undone however the phase
# ends; what a killed phase left behind is undone at the start of the next one.
note_undo() {
    mkdir -p "$UNDO" || fail "cannot create $UNDO"
    printf '%s\n' "${2-}" >"$UNDO/$1" || fail "cannot write to $UNDO (no space?)"
}

# undo_all: undoes what the journal lists. While apt or dpkg of a killed phase is still running nothing is undone: the
# packages must not restart protected services, and apt needs its folder. So the order is: apt ends, policy, folder.
UNDO_FAILED=''
undo_all() {
    undone=0
    if [ -e "$UNDO/policy" ] || [ -e "$UNDO/work" ]; then
        if ! wait_until "$MU_LOCK_WAIT" no_orphan; then
            UNDO_FAILED=1
            log 'NOT UNDONE: the apt of a killed phase is still running'
            return 1
        fi
    fi
    for name in resource ban ocf maintenance ceph dropin policy work; do
        note=$UNDO/$name
        [ -e "$note" ] || continue
        if "undo_$name" "$(cat "$note")" >>"$LOG" 2>&1 </dev/null; then
            rm -f "$note"
        else
            undone=1 UNDO_FAILED=1
            log "NOT UNDONE: $name ($(cat "$note"))"
        fi
    done
    rmdir "$UNDO" 2>/dev/null
    # Unfinished files of write_file.
    rm -f "$MU"/*.mu-new "$MU"/apt/*.mu-new "$TARGET_FILE.mu-new" "$POLICY.mu-new"
    return $undone
}

# no_orphan: no apt or dpkg started by us is running (they are recognised by the option DPKG_MARK), and no script of a
# package whose dpkg was killed (its parent is the first process).
DPKG_MARK=--admindir=$ROOT/var/lib/dpkg
no_orphan() {
    ! grep -ls -- "[-]${DPKG_MARK#-}" /proc/[0-9]*/cmdline 2>/dev/null | grep -q . || return 1
    # shellcheck disable=SC2013 # paths without blanks
    for process in $(grep -ls "${ROOT}[/]var/lib/dpkg/\(info\|tmp.ci\)/" /proc/[0-9]*/cmdline 2>/dev/null); do
        ! grep -qs '^PPid:[[:space:]]*1$' "${process%cmdline}status" || return 1
    done
}

undo_work() { rm -rf "$WORK"; }

use_work() {
    note_undo work
    mkdir -p "$WORK" || fail "cannot create $WORK"
}

on_exit() {
    code=$?
    trap - EXIT
    trap '' HUP INT TERM
    # What could not be undone at the start is not tried (and waited for) a second time: nothing was changed since.
    [ -n "$UNDO_FAILED" ] || undo_all || [ "$code" -ne 0 ] || code=1
    if [ "$code" -ne 0 ]; then
        tail -n 15 "$LOG" 2>/dev/null
        log "FAILED: ${FAILURE:-interrupted}"
    else
        log 'done'
    fi
    exit "$code"
}
