# shellcheck shell=sh
# The phases that change a node: backup, agents, update, verification, commit.

# Saves lists of packages and holds, the report and /etc to backup/RUN, if something is going to change.
phase_backup() {
    if grep -qs "\"run\":\"$MU_RUN\",\"packages\":\[\]" "$MU/report.json"; then
        log 'nothing to save: nothing will change on this node'
        return 0
    fi
    into=$MU/backup/$MU_RUN
    if [ -e "$into/complete" ]; then return 0; fi
    if ! { mkdir -p "$into" && chmod 0700 "$MU/backup" "$into"; }; then fail "cannot create $into"; fi
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' >"$into/packages" || fail 'cannot write the list of packages'
    held_packages >"$into/holds"
    cp "$MU/report.json" "$into/report.json" 2>/dev/null
    # Exit status 1: a file changed while it was read.
    nice -n 19 tar -C "$ROOT/" -czf "$into/etc.tgz" etc >>"$LOG" 2>&1 </dev/null
    [ $? -le 1 ] || fail "cannot save /etc to $into (no space on /var?)"
    chmod 0600 "$into/etc.tgz"
    : >"$into/complete"
    # Names begin with the time of the run, so sorting them is sorting the runs.
    keep_last 2 "$MU/backup"
    keep_last 10 "$MU/log"
    log "saved to $into"
}

# keep_last COUNT FOLDER: removes all but the last entries.
keep_last() {
    find "$2" -mindepth 1 -maxdepth 1 | sort -r | tail -n +$(($1 + 1)) | while read -r old; do rm -rf "$old"; done
}

# Upgrades the packages of the task channel, and only those, and restarts the channel.
phase_agents() {
    names=''
    for name in $AGENT_PACKAGES; do ! has_package "$name" || names="$names $name"; done
    [ -n "$names" ] || return 0
    prepare_apt || fail "$APT_PROBLEM"
    if unfinished && [ -n "$(settled_audit)" ]; then repair || fail "$(audit)"; fi
    # shellcheck disable=SC2086
    simulate agents install $names || fail "$APT_PROBLEM"
    if [ -s "$WORK/agents.plan" ]; then
        begin
        # Noted before it is done: a killed run must not leave the old mcollective running.
        for name in $CHANNEL_PACKAGES; do
            ! grep -q "^$name " "$WORK/agents.plan" || echo wanted >"$MU/channel"
        done
        # shellcheck disable=SC2086
        apply_plan agents install $names || fail "$APT_PROBLEM"
        undo_policy && rm -f "$UNDO/policy"
    else
        log 'nothing to do'
    fi
    if [ -e "$MU/channel" ]; then restart_channel; fi
}

# restart_channel: restarts mcollective and waits until it is connected again. It has to happen within this task. Astute
# asks mcollective about a task that is running and waits if there is no answer; but it sends the files of the next task
# without looking at the result, so a task that starts while mcollective restarts loses them and fails.
restart_channel() {
    if [ "$(service_state mcollective)" = absent ]; then
        rm -f "$MU/channel"
        return 0
    fi
    if ! grep -q '^restarted' "$MU/channel"; then
        ! under_systemd || keep_children_of_channel
        echo restarting >"$MU/channel"
        log 'restarting mcollective'
        # In a session of its own: upstart stops a job with its process group. It finishes also if this script is killed.
        # shellcheck disable=SC2016
        setsid sh -c '
            for try in 1 2 3; do
                if timeout 60 service mcollective restart >>"$2" 2>&1; then
                    echo restarted >"$1"
                    exit
                fi
                sleep 2
            done
            echo failed >"$1"' channel "$MU/channel" "$LOG" </dev/null >/dev/null 2>&1 &
        wait_until "$MU_CHANNEL_WAIT" grep -q '^restarted\|^failed' "$MU/channel" || fail 'mcollective does not finish its restart'
        grep -q '^restarted' "$MU/channel" || fail 'mcollective cannot be restarted'
    fi
    wait_until "$MU_CHANNEL_WAIT" is_running mcollective || fail 'mcollective is not running after its restart'
    wait_until "$MU_CHANNEL_WAIT" channel_connected || fail 'mcollective is running but not connected to its message broker'
    rm -f "$MU/channel"
}

# keep_children_of_channel: systemd stops a service with all processes in its control group, this task among them; for
# this restart it stops the main process only.
keep_children_of_channel() {
    note_undo dropin
    mkdir -p "${DROPIN%/*}" || fail "cannot create ${DROPIN%/*}"
    printf '[Service]\nKillMode=process\n' >"$DROPIN" || fail "cannot write $DROPIN"
    quietly systemctl daemon-reload
}
DROPIN=$ROOT/run/systemd/system/mcollective.service.d/fuel-mu.conf
undo_dropin() {
    rm -f "$DROPIN"
    rmdir "${DROPIN%/*}" 2>/dev/null
    systemctl daemon-reload
}

# channel_connected: whether there is a connection to the port of the message broker in mcollective's configuration; true
# if no port is configured.
channel_connected() {
    port=$(sed -n 's/^plugin\.[a-z]*\.pool\.[0-9]*\.port *= *\([0-9][0-9]*\).*/\1/p' "$ROOT/etc/mcollective/server.cfg" 2>/dev/null | head -n 1)
    [ -n "$port" ] || return 0
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$(printf ':%04X' "$port")" '$4 == "01" && substr($3, length($3) - 4) == port { ok = 1 } END { exit !ok }'
}

# Updates one node: packages, restart of services, checks. A node that is up to date is finished in seconds.
phase_update() {
    restarts=0
    if state_is_ours && is_one_of "$STATE_PHASE" packages services; then restarts=1; fi
    prepare_apt || fail "$APT_PROBLEM"
    if unfinished && [ -n "$(settled_audit)" ]; then repair || fail "$(audit)"; fi
    simulate all dist-upgrade || fail "$APT_PROBLEM"
    if [ ! -s "$WORK/all.plan" ] && [ ! -s "$WORK/all.removals" ] && [ -z "$(audit)" ]; then
        if committed; then
            log 'nothing to do: the update is installed'
            return 0
        fi
        if state_is_ours && is_one_of "$STATE_PHASE" updated verified; then
            log 'nothing to do: the packages are up to date'
            return 0
        fi
    fi
    begin
    note_running
    # Packages that change now, and those that an interrupted run changed without restarting the services.
    cp "$WORK/all.plan" "$WORK/changed"
    [ "$restarts" = 0 ] || upgraded_packages >>"$WORK/changed"
    what_restarts <"$WORK/changed"
    await_quiet "$WORK/all-restarts"
    [ ! -s "$WORK/all.plan" ] || write_state packages
    if grep -q '^ceph' "$WORK/changed" && runs_osd >/dev/null; then set_ceph_flags || fail 'cannot set the flags of ceph'; fi
    apply_plan all dist-upgrade || fail "$APT_PROBLEM"
    undo_policy && rm -f "$UNDO/policy"
    [ -z "$(settled_audit)" ] || fail "$(audit)"
    drop_archives
    save_shipped

    if find_affected <"$WORK/changed"; then restart_what_is_affected; fi
    if [ -e "$UNDO/ceph" ]; then unset_ceph_flags || fail 'cannot unset the flags of ceph'; fi
    left=$(upgradable | awk '{ print $1 }' | one_line)
    [ -z "$left" ] || fail "the repositories still have other versions of: $left"
    down=$(services_down | one_line)
    [ -z "$down" ] || fail "services are down: $down"
    write_state updated
}

restart_what_is_affected() {
    write_state services
    if grep -q '^pacemaker\|^corosync\|^libqb\|^libcorosync' "$WORK/changed" && has_package pacemaker; then
        restart_pacemaker || fail 'pacemaker does not start again'
    fi
    began=$(date -u '+%Y-%m-%d %H:%M:%S')
    restart_services || fail "$SERVICE_PROBLEM"
    if grep -q '^ceph' "$WORK/changed"; then
        restart_ceph_mon || fail 'the ceph monitor does not rejoin the quorum'
        restart_ceph_osd || fail 'ceph: placement groups do not become active+clean'
    fi
    if grep -q '^mongo' "$WORK/changed"; then
        wait_until "$MU_CLUSTER_WAIT" mongo_is_well || fail 'mongo: a member of the replica set is unhealthy'
    fi
    if has_package pacemaker; then
        restart_resources_here || fail "$RESOURCE_PROBLEM"
        # The next controller starts only when this one is in service again.
        if [ "$MU_SKIP_CLUSTER_CHECKS" != 1 ] && ! wait_until "$MU_CLUSTER_WAIT" controller_serves "$began"; then
            fail "this controller is not in service again: $(controller_problem "$began" | one_line)"
        fi
    fi
}

# Collects the evidence from packages and services, not from files of ours.
phase_verify() {
    state_is_ours || fail 'this node was not updated to the target'
    is_one_of "$STATE_PHASE" updated verified 'done' || fail "the update of this node stopped in the phase $STATE_PHASE"
    prepare_apt || fail "$APT_PROBLEM"
    upgradable >"$WORK/upgradable" || fail 'apt-cache policy fails'
    left=$(wc -l <"$WORK/upgradable" | tr -d ' ')
    book=$(settled_audit)
    down=$(unsteady_services | one_line)
    compare_shipped
    count=$(upgraded_packages | wc -l | tr -d ' ')
    evidence=$(printf '{"upgraded":%s,"upgradable":%s,"audit":"%s","services":"%s","fuel_misc":"%s","old_in_memory":"%s"}' "$count" "$left" \
        "$(printf '%s' "${book:-clean}" | json_text)" "$(printf '%s' "${down:-up}" | json_text)" "$SHIPPED" "$(old_in_memory | json_text)")
    wrong=''
    [ "$left" = 0 ] || wrong="$left MOS packages are still to be upgraded: $(awk '{ print $1 }' "$WORK/upgradable" | one_line); "
    [ -z "$book" ] || wrong="$wrong$book; "
    [ -z "$down" ] || wrong="${wrong}services are down: $down; "
    [ "$SHIPPED" != differs ] || wrong="${wrong}fuel-misc provides the mu-version.json of another update; "
    check_holds
    [ ! -e "$ROOT/var/run/reboot-required" ] || log 'a reboot is required to complete the update'
    if [ -n "$wrong" ]; then
        # A committed node stays committed; the new evidence shows what is wrong now.
        if [ "$STATE_PHASE" = 'done' ]; then write_state 'done' "$evidence"; else write_state updated "$evidence"; fi
        fail "$(printf '%s' "$wrong" | one_line)"
    fi
    if [ "$STATE_PHASE" = 'done' ] && committed; then
        log 'the update is installed and verified'
        return 0
    fi
    write_state verified "$evidence"
}

check_holds() {
    saved=$MU/backup/$MU_RUN/holds
    [ -e "$saved" ] || return 0
    held_packages | cmp -s - "$saved" || wrong="${wrong}the holds of packages changed during the run; "
}

# --- fuel-misc's own mu-version.json -----------------------------------------------------------------

# shipped_sum: prints the checksum of the mu-version.json in the installed fuel-misc; nothing if it has none.
shipped_sum() {
    # shellcheck disable=SC2016
    sum=$(dpkg-query -W -f '${Conffiles}\n' fuel-misc 2>/dev/null | awk '$1 == "/etc/fuel/mu-version.json" && $3 != "obsolete" { print $2 }')
    [ -n "$sum" ] || sum=$(awk '$2 == "etc/fuel/mu-version.json" { print $1 }' "$ROOT/var/lib/dpkg/info/fuel-misc.md5sums" 2>/dev/null)
    printf '%s\n' "$sum"
}

# shipped_file: prints the path of that file: in place, beside it if dpkg kept an older one, or our copy.
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

# save_shipped: keeps a copy for the verification in later runs, because the commit overwrites the file.
save_shipped() {
    file=$(shipped_file) || return 0
    [ "$file" = "$MU/shipped.json" ] || write_file "$MU/shipped.json" 0644 <"$file"
}

first_number() { tr -d '\n' | grep -o "\"$1\"[[:space:]]*:[[:space:]]*-\{0,1\}[0-9]*" | head -n 1 | sed 's/.*[^-0-9]//'; }

# compare_shipped: sets SHIPPED to absent, equal or differs (by id and timestamp).
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

# Writes the mirror's mu-version.json to the node, atomically; then the state becomes `done`. Refuses without the evidence
# of this target.
phase_commit() {
    if committed; then
        rm -rf "$APT"
        log 'already committed'
        return 0
    fi
    state_is_ours || fail 'this node was not updated to the target: nothing was committed'
    is_one_of "$STATE_PHASE" verified 'done' || fail "this node is in the phase $STATE_PHASE, not verified: nothing was committed"
    case $STATE_EVIDENCE in
        '{"upgraded":'*',"upgradable":0,"audit":"clean","services":"up","fuel_misc":"'*) ;;
        *) fail 'the evidence of the verification is missing: nothing was committed' ;;
    esac
    case $STATE_EVIDENCE in *'"fuel_misc":"differs"'*) fail 'fuel-misc provides another mu-version.json: nothing was committed' ;; esac
    save_shipped
    mkdir -p "$ROOT/etc/fuel" || fail "cannot create $ROOT/etc/fuel"
    printf '%s' "$MU_FILE_B64" | base64 -d | write_file "$TARGET_FILE" 0644 || fail "cannot write $TARGET_FILE"
    printf '%s' "$MU_FILE_B64" | base64 -d | cmp -s - "$TARGET_FILE" || fail "$TARGET_FILE differs from what was written"
    rm -f "$TARGET_FILE".dpkg-*
    # The file must be on disk before the state says so.
    timeout 60 sync
    write_state 'done' "$STATE_EVIDENCE"
    rm -rf "$APT"
}
