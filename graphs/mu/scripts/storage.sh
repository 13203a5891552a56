# shellcheck shell=sh
# Ceph and MongoDB around the update of their nodes.

ceph_says() { timeout 90 ceph --connect-timeout 30 "$@" 2>>"$LOG" </dev/null; }

# --- ceph --------------------------------------------------------------------------------------------

CEPH_FLAGS='noout noscrub nodeep-scrub'

# set_ceph_flags: sets flags that are not set yet, so that flags set by the operator stay.
set_ceph_flags() {
    set_now=$(ceph_says osd dump | sed -n 's/^flags //p' | tr ',' ' ')
    ours=''
    # shellcheck disable=SC2086
    for flag in $CEPH_FLAGS; do is_one_of "$flag" $set_now || ours="$ours $flag"; done
    [ -n "$ours" ] || return 0
    note_undo ceph "$ours"
    for flag in $ours; do quietly ceph_says osd set "$flag" || return 1; done
}
undo_ceph() { wait_until "$MU_CLUSTER_WAIT" unset_flags "$1"; }
unset_flags() {
    for flag in $1; do quietly ceph_says osd unset "$flag" || return 1; done
}
unset_ceph_flags() {
    [ -e "$UNDO/ceph" ] || return 0
    undo_ceph "$(cat "$UNDO/ceph")" && rm -f "$UNDO/ceph"
}

# ceph_is_clean: whether every placement group is active+clean; scrubbing ones are, too.
ceph_is_clean() {
    ceph_says pg stat | sed -n 's/^[^:]*: *\([0-9]* pgs: [^;]*\);.*/\1/p' |
        awk '{ total = $1; for (i = 3; i < NF; i += 2) if ($(i + 1) ~ /^active\+clean/) clean += $i } END { exit !(NR && total == clean) }'
}

mon_in_quorum() { ceph_says quorum_status | grep -q "\"quorum_names\":\[[^]]*\"$(hostname -s)\""; }

# first_running NAME…: prints the first of these services that runs.
first_running() {
    for candidate in "$@"; do
        if is_running "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}
runs_osd() { first_running ceph-osd-all ceph-osd.target; }

restart_ceph_mon() {
    mon=$(first_running ceph-mon-all "ceph-mon@$(hostname -s)" "ceph-mon@$(hostname)") || return 0
    log "restarting $mon"
    act_on "$mon" restart 120
    wait_until "$MU_CLUSTER_WAIT" mon_in_quorum
}

restart_ceph_osd() {
    osd=$(runs_osd) || return 0
    log "restarting $osd"
    act_on "$osd" restart 300 || return 1
    log 'waiting for placement groups to become active+clean'
    wait_until "$MU_CEPH_WAIT" ceph_is_clean
}

# --- mongo -------------------------------------------------------------------------------------------

# mongo_is_well: whether every member of the replica set is primary, secondary or arbiter. If the state cannot be
# queried (authorisation), only the state of the service counts.
mongo_is_well() {
    said=$(timeout 60 mongo --quiet --eval 'rs.status().members.map(function (m) { return m.state }).join(" ")' 2>/dev/null </dev/null | tail -n 1)
    case $said in
        '' | *[!0-9\ ]*) return 0 ;;
    esac
    for member in $said; do is_one_of "$member" 1 2 7 || return 1; done
}
