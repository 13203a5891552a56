# shellcheck shell=sh
# What changes the node: backup, agents, update, HA resources, verification, commit.

# backup/RUN: lists of packages, holds and sources, and /etc. Only where something is going to change.
phase_backup() {
    if grep -qs "\"run\":\"$MU_RUN\",\"packages\":\[\]" "$MU/report.json"; then
        log 'nothing is going to change here'
        return 0
    fi
    into=$MU/backup/$MU_RUN
    if [ -e "$into/complete" ]; then return 0; fi
    if ! { mkdir -p "$into" && chmod 0700 "$MU/backup" "$into"; }; then fail "$into cannot be made"; fi
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' >"$into/packages" || fail 'the list of packages cannot be written'
    held_packages >"$into/holds"
    cp "$MU/report.json" "$into/report.json" 2>/dev/null
    # 1: a file changed while it was read.
    nice -n 19 tar -C "$ROOT/" -czf "$into/etc.tgz" etc >>"$LOG" 2>&1 </dev/null
    [ $? -le 1 ] || fail "/etc cannot be saved to $into (room on /var?)"
    chmod 0600 "$into/etc.tgz"
    : >"$into/complete"
    # The last two stay. Names begin with the time, so their order is the order of runs.
    keep_last 2 "$MU/backup"
    keep_last 10 "$MU/log"
    log "saved to $into"
}

# keep_last COUNT FOLDER
keep_last() {
    find "$2" -mindepth 1 -maxdepth 1 | sort -r | tail -n +$(($1 + 1)) | while read -r old; do rm -rf "$old"; done
}

# The packages of the task channel, alone, and the channel's restart once this task has been reported.
phase_agents() {
    names=''
    for name in $AGENT_PACKAGES; do ! has_package "$name" || names="$names $name"; done
    [ -n "$names" ] || return 0
    prepare_apt || fail "$APT_PROBLEM"
    if unfinished && [ -n "$(audit)" ]; then repair || fail "$(audit)"; fi
    # shellcheck disable=SC2086
    simulate agents install $names || fail "$APT_PROBLEM"
    if [ -s "$WORK/agents.plan" ]; then
        begin
        # Noted before it is done, so that a killed run does not leave the old mcollective at work for ever.
        for name in $CHANNEL_PACKAGES; do
            ! grep -q "^$name " "$WORK/agents.plan" || echo wanted >"$MU/channel"
        done
        # shellcheck disable=SC2086
        apply_plan agents install $names || fail "$APT_PROBLEM"
    else
        log 'nothing to do'
    fi
    if [ -e "$MU/channel" ]; then restart_channel; fi
}

# Astute hears of this task through mcollective, so mcollective is restarted after puppet, which runs this
# task, has ended; by a process of its own, because this one is over by then.
restart_channel() {
    if [ "$(service_state mcollective)" = absent ]; then
        rm -f "$MU/channel"
        return 0
    fi
    wait_for=$$
    pid=$$
    while [ "${pid:-0}" -gt 1 ] && [ -z "$ROOT" ]; do
        pid=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status" 2>/dev/null)
        [ "${pid:-0}" -gt 1 ] || break
        ! tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q puppet || wait_for=$pid
    done
    echo "waiting $(now)" >"$MU/channel"
    log "mcollective restarts as soon as process $wait_for has ended"
    # shellcheck disable=SC2016
    set -- sh -c '
        end=$(($(date +%s) + 120))
        while kill -0 "$1" 2>/dev/null && [ "$(date +%s)" -lt "$end" ]; do sleep 0.2; done
        for try in 1 2 3; do
            timeout 60 service mcollective restart >>"$3" 2>&1 && break
            sleep 2
        done
        echo "restarted $(date +%s)" >"$2"' channel "$wait_for" "$MU/channel" "$LOG"
    # A service of its own where systemd would kill it together with mcollective.
    if [ -z "$ROOT" ] && under_systemd && command -v systemd-run >/dev/null; then
        quietly systemd-run "$@" && return 0
    fi
    setsid "$@" </dev/null >/dev/null 2>&1 &
}

phase_channel() {
    [ -e "$MU/channel" ] || return 0
    wait_until "$MU_CHANNEL_WAIT" grep -q '^restarted' "$MU/channel" || fail 'mcollective was not restarted'
    wait_until "$MU_CHANNEL_WAIT" is_running mcollective || fail 'mcollective does not run any more'
    rm -f "$MU/channel"
}

# Everything of one node: packages, services of its roles, a look at the result. A node that is through passes in seconds.
phase_update() {
    restarts=0
    if state_is_ours && is_one_of "$STATE_PHASE" packages services; then restarts=1; fi
    if unfinished && [ -n "$(audit)" ]; then repair || fail "$(audit)"; fi
    prepare_apt || fail "$APT_PROBLEM"
    simulate all dist-upgrade || fail "$APT_PROBLEM"
    if [ ! -s "$WORK/all.plan" ] && [ ! -s "$WORK/all.removals" ] && [ -z "$(audit)" ]; then
        if committed; then
            log 'nothing to do: it is at the target'
            return 0
        fi
        if state_is_ours && is_one_of "$STATE_PHASE" updated verified; then
            log 'nothing to do: its packages are those of the target'
            return 0
        fi
    fi
    begin
    note_running
    # What is changed now, and what an interrupted run changed without coming to the restarts.
    cp "$WORK/all.plan" "$WORK/changed"
    [ "$restarts" = 0 ] || upgraded_packages >>"$WORK/changed"
    [ ! -s "$WORK/all.plan" ] || write_state packages
    if grep -q '^ceph' "$WORK/changed" && runs_osd >/dev/null; then set_ceph_flags || fail 'the flags of ceph cannot be set'; fi
    apply_plan all dist-upgrade || fail "$APT_PROBLEM"
    undo_policy && rm -f "$UNDO/policy"
    [ -z "$(audit)" ] || fail "$(audit)"
    mos_apt clean >>"$LOG" 2>&1
    save_shipped

    if calls_for_restart <"$WORK/changed"; then restart_everything; fi
    if [ -e "$UNDO/ceph" ]; then unset_ceph_flags || fail 'the flags of ceph cannot be unset'; fi
    left=$(upgradable | awk '{ print $1 }' | one_line)
    [ -z "$left" ] || fail "the repositories still hold other versions of: $left"
    down=$(services_down | one_line)
    [ -z "$down" ] || fail "services are down: $down"
    write_state updated
}

restart_everything() {
    write_state services
    if grep -q '^pacemaker\|^corosync\|^libqb\|^libcorosync' "$WORK/changed" && has_package pacemaker; then
        restart_pacemaker || fail 'pacemaker does not come back'
    fi
    restart_services || fail "$SERVICE_PROBLEM"
    if grep -q '^ceph' "$WORK/changed"; then
        restart_ceph_mon || fail 'the ceph monitor is not in quorum again'
        restart_ceph_osd || fail 'ceph: placement groups do not become active+clean'
    fi
    if grep -q '^mongo' "$WORK/changed"; then
        wait_until "$MU_CLUSTER_WAIT" mongo_is_well || fail 'mongo: a member of the replica set is unhealthy'
    fi
    if has_package pacemaker; then
        ask_for_ha_restart || fail 'pacemaker does not take the note for its resources'
    fi
}

# Once for the whole cluster, on the primary controller, when the last controller is through.
phase_ha() {
    has_package pacemaker || return 0
    if [ "$MU_RESTART_MYSQL" = 1 ]; then
        for resource in $MYSQL_RESOURCES; do restart_resource "$resource" || fail "$resource does not come back"; done
        wait_until "$MU_HA_WAIT" no_problem galera_problem || fail "$(galera_problem | one_line)"
    fi
    if [ "$MU_RESTART_RABBITMQ" = 1 ]; then
        for resource in $RABBITMQ_RESOURCES; do restart_resource "$resource" || fail "$resource does not come back"; done
        wait_until "$MU_HA_WAIT" no_problem rabbit_problem || fail "$(rabbit_problem | one_line)"
    fi
    if ha_restart_wanted; then
        for resource in $HA_RESOURCES; do restart_resource "$resource" || fail "$resource does not come back"; done
        ha_restart_done || fail 'pacemaker does not take back the note for its resources'
    else
        log 'no resource runs old code'
    fi
    [ "$MU_SKIP_CLUSTER_CHECKS" = 1 ] || wait_until "$MU_HA_WAIT" no_problem pacemaker_problem || fail "$(pacemaker_problem | one_line)"
}
no_problem() { [ -z "$("$@")" ]; }

# The evidence, from packages and services and not from a file of ours.
phase_verify() {
    state_is_ours || fail 'this node was not updated to the target'
    is_one_of "$STATE_PHASE" updated verified 'done' || fail "this node stopped in the phase $STATE_PHASE"
    prepare_apt || fail "$APT_PROBLEM"
    upgradable >"$WORK/upgradable" || fail 'apt-cache policy fails'
    left=$(wc -l <"$WORK/upgradable" | tr -d ' ')
    book=$(audit)
    down=$(services_down | one_line)
    compare_shipped
    count=$(upgraded_packages | wc -l | tr -d ' ')
    evidence=$(printf '{"upgraded":%s,"upgradable":%s,"audit":"%s","services":"%s","fuel_misc":"%s"}' "$count" "$left" \
        "$(printf '%s' "${book:-clean}" | json_text)" "$(printf '%s' "${down:-up}" | json_text)" "$SHIPPED")
    wrong=''
    [ "$left" = 0 ] || wrong="$left MOS packages are still to be upgraded: $(awk '{ print $1 }' "$WORK/upgradable" | one_line); "
    [ -z "$book" ] || wrong="$wrong$book; "
    [ -z "$down" ] || wrong="${wrong}services are down: $down; "
    [ "$SHIPPED" != differs ] || wrong="${wrong}fuel-misc ships an mu-version.json of another update; "
    check_holds
    [ ! -e "$ROOT/var/run/reboot-required" ] || log 'a reboot is required for everything to take effect'
    if [ -n "$wrong" ]; then
        # What was committed stays committed; its evidence tells what is wrong now.
        if [ "$STATE_PHASE" = 'done' ]; then write_state 'done' "$evidence"; else write_state updated "$evidence"; fi
        fail "$(printf '%s' "$wrong" | one_line)"
    fi
    if [ "$STATE_PHASE" = 'done' ] && committed; then
        log 'it is at the target, and proves it'
        return 0
    fi
    write_state verified "$evidence"
}

check_holds() {
    saved=$MU/backup/$MU_RUN/holds
    [ -e "$saved" ] || return 0
    held_packages | cmp -s - "$saved" || wrong="${wrong}the holds of packages changed during the run; "
}

phase_verify_cluster() {
    if [ "$MU_SKIP_CLUSTER_CHECKS" = 1 ]; then
        log 'left out on request'
        return 0
    fi
    # Agents report once a minute; the cluster gets some time to settle.
    wait_until "$MU_CLUSTER_WAIT" cluster_is_well || fail "$(cluster_problems | one_line)"
}

# --- fuel-misc's own mu-version.json -----------------------------------------------------------------

# shipped_sum: the checksum of the mu-version.json that the installed fuel-misc ships; nothing when it ships none.
shipped_sum() {
    # shellcheck disable=SC2016
    sum=$(dpkg-query -W -f '${Conffiles}\n' fuel-misc 2>/dev/null | awk '$1 == "/etc/fuel/mu-version.json" && $3 != "obsolete" { print $2 }')
    [ -n "$sum" ] || sum=$(awk '$2 == "etc/fuel/mu-version.json" { print $1 }' "$ROOT/var/lib/dpkg/info/fuel-misc.md5sums" 2>/dev/null)
    printf '%s\n' "$sum"
}

# shipped_file: a file with these bytes: on the node, beside it when dpkg kept the older one, or our copy.
shipped_file() {
    want=$(shipped_sum)
    [ -n "$want" ] || return 1
    for file in "$TARGET_FILE" "$TARGET_FILE.dpkg-dist" "$TARGET_FILE.dpkg-new" "$MU/shipped.json"; do
        if [ -f "$file" ] && [ "$(md5sum <"$file" | cut -d ' ' -f 1)" = "$want" ]; then
            printf '%s\n' "$file"
            return 0
        fi
    done
    return 1
}

# save_shipped: the commit overwrites a plain file, so its bytes are kept for the verification of a later run.
save_shipped() {
    file=$(shipped_file) || return 0
    [ "$file" = "$MU/shipped.json" ] || write_file "$MU/shipped.json" 0644 <"$file"
}

first_number() { tr -d '\n' | grep -o "\"$1\"[[:space:]]*:[[:space:]]*-\{0,1\}[0-9]*" | head -n 1 | sed 's/.*[^-0-9]//'; }

# compare_shipped: SHIPPED is absent, equal or differs (id and timestamp decide).
compare_shipped() {
    SHIPPED=absent
    want=$(shipped_sum)
    [ -n "$want" ] || return 0
    SHIPPED=differs
    if [ "$(printf '%s' "$MU_FILE_B64" | base64 -d | md5sum | cut -d ' ' -f 1)" = "$want" ]; then
        SHIPPED=equal
    elif file=$(shipped_file); then
        if [ "$(first_number id <"$file")" = "$MU_TARGET_ID" ] && [ "$(first_number timestamp <"$file")" = "$MU_TARGET_TIMESTAMP" ]; then SHIPPED=equal; fi
    fi
}

# --- commit ------------------------------------------------------------------------------------------

# The mirror's bytes become the node's mu-version.json, atomically; then the state is finished. Nothing is
# committed without this target's own evidence.
phase_commit() {
    if committed; then
        log 'it is committed already'
        return 0
    fi
    state_is_ours || fail 'this node was not updated to the target: nothing is committed'
    is_one_of "$STATE_PHASE" verified 'done' || fail "this node is in the phase $STATE_PHASE, not verified: nothing is committed"
    case $STATE_EVIDENCE in
        '{"upgraded":'*',"upgradable":0,"audit":"clean","services":"up","fuel_misc":"'*) ;;
        *) fail 'the evidence of the verification is missing: nothing is committed' ;;
    esac
    case $STATE_EVIDENCE in *'"fuel_misc":"differs"'*) fail 'fuel-misc ships another mu-version.json: nothing is committed' ;; esac
    save_shipped
    mkdir -p "$ROOT/etc/fuel" || fail "$ROOT/etc/fuel cannot be made"
    printf '%s' "$MU_FILE_B64" | base64 -d | write_file "$TARGET_FILE" 0644 || fail "$TARGET_FILE cannot be written"
    printf '%s' "$MU_FILE_B64" | base64 -d | cmp -s - "$TARGET_FILE" || fail "$TARGET_FILE does not hold what was written"
    rm -f "$TARGET_FILE".dpkg-*
    # The file must be on the disk before the state says so.
    timeout 60 sync
    write_state 'done' "$STATE_EVIDENCE"
}
