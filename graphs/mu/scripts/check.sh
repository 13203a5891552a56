# shellcheck shell=sh
# Pre-checks: collect all problems and write report.json. They change nothing outside our own folder.

phase_check() {
    problems=''
    note() { problems="$problems$*; "; log "problem: $*"; }

    uid=$(node_uid)
    if [ -n "$MU_ROLES" ] && [ -z "$(node_roles)" ]; then note "this node is ${uid:-without an ID}, which is not part of this run"; fi
    [ "$(now)" -gt 1420070400 ] || note 'the clock is wrong: it shows a time before 2015'
    for tool in apt-get apt-cache apt-mark dpkg dpkg-query base64 awk sed timeout tar; do
        command -v "$tool" >/dev/null || note "the command $tool is missing"
    done
    if has_package pacemaker; then
        for tool in pcs crm_mon crm_attribute; do command -v "$tool" >/dev/null || note "the command $tool is missing"; done
    fi
    check_sources

    use_work
    : >"$WORK/all.plan"
    : >"$WORK/all.removals"
    : >"$WORK/behind"
    prepared=yes
    prepare_apt || { prepared=no; note "$APT_PROBLEM"; }
    # Packages that another process is configuring are not in order either, so it must finish first.
    if wait_for_lock; then
        disorder=$(audit)
        if [ -n "$disorder" ] && unfinished; then
            log "an interrupted run left packages half-configured; they will be finished ($disorder)"
        elif [ -n "$disorder" ]; then
            note "$disorder"
        elif [ "$CHECK_CODE" -ne 0 ] && [ "$prepared" = yes ]; then
            cat "$WORK/checked" >>"$LOG"
            note "apt-get check: $(apt_reasons "$WORK/checked")"
        fi
    else
        note "$APT_PROBLEM"
    fi
    if [ "$prepared" = yes ]; then
        if simulate all dist-upgrade; then
            [ ! -s "$WORK/all.removals" ] || note "packages would be removed: $(one_line <"$WORK/all.removals")"
            older=$(downgrades "$WORK/all.plan" | one_line)
            [ -z "$older" ] || note "packages would be downgraded: $older"
            kernel=$(untouchable "$WORK/all.plan" | one_line)
            [ -z "$kernel" ] || note "a kernel would be upgraded, which this update never does: $kernel"
            room_for dist-upgrade || note "$APT_PROBLEM"
            if upgradable >"$WORK/upgradable"; then
                # What the repositories have and the upgrade would not install: held or kept back.
                awk 'FILENAME == ARGV[1] { planned[$1] = 1; next } !($1 in planned) { print $1 }' "$WORK/all.plan" "$WORK/upgradable" >"$WORK/behind"
            else
                note 'apt-cache policy fails'
            fi
        else
            note "$APT_PROBLEM"
        fi
    fi
    held_packages | grep -xF -f "$WORK/behind" >"$WORK/held"
    kept=$(grep -vxF -f "$WORK/held" "$WORK/behind" | one_line)
    [ ! -s "$WORK/held" ] || note "held packages would stay behind: $(one_line <"$WORK/held")"
    [ -z "$kept" ] || note "packages would be kept back: $kept"

    note_running
    ! has_package pacemaker || note_resources
    write_report "$problems"
    [ -n "$problems" ] || return 0
    forget_lists
    fail "$(printf '%s' "$problems" | one_line)"
}

# check_sources: compares the repository files with the settings of the environment, if the client sent them (lines
# `NAME deb URI SUITE SECTION…`).
check_sources() {
    [ -n "$MU_SOURCES_B64" ] || return 0
    printf '%s' "$MU_SOURCES_B64" | base64 -d >"$MU/sources" || return 0
    while read -r name wanted; do
        file=$ROOT/etc/apt/sources.list.d/$name.list
        wanted=$(printf '%s\n' "$wanted" | plain_source)
        if [ ! -r "$file" ]; then
            note "/etc/apt/sources.list.d/$name.list is missing"
        elif ! grep '^deb[[:space:]]' "$file" | plain_source | grep -qxF "$wanted"; then
            note "/etc/apt/sources.list.d/$name.list differs from the settings of the environment: $wanted"
        fi
    done <"$MU/sources"
    rm -f "$MU/sources"
}
plain_source() { tr -s ' \t' ' ' | sed 's/ \[[^]]*\]//; s|/ | |; s/ *$//'; }

# customised: prints packages of the plan with files that were changed on the node (except configuration files).
customised() {
    awk '$2 != "-" { print $1 }' "$WORK/all.plan" | while read -r package; do
        nice -n 19 dpkg --verify "$package" 2>/dev/null </dev/null | awk '$2 != "c" && substr($1, 3, 1) == "5"' | grep -q . && printf '%s\n' "$package"
    done
}

write_report() {
    packages=$(awk '{ printf "%s{\"name\":\"%s\",\"from\":%s,\"to\":\"%s\"}", (NR > 1 ? "," : ""), $1, ($2 == "-" ? "null" : "\"" $2 "\""), $3 }' "$WORK/all.plan")
    what_restarts <"$WORK/all.plan"
    { plan_notes "$WORK/all.plan"; busy_work "$WORK/all-restarts" | sed 's/$/ (a restart breaks it)/'; } >"$WORK/notes"
    if [ -e "$ROOT/var/run/reboot-required" ]; then reboot=true; else reboot=false; fi
    if [ -n "$1" ]; then failed="\"$(printf '%s' "$1" | json_text)\""; else failed=null; fi
    printf '{"run":"%s","packages":[%s],"removals":%s,"holds":%s,"customised":%s,"services":%s,"resources":%s,"notes":%s,"space_mb":%s,"reboot":%s,"failed":%s}\n' \
        "$MU_RUN" "$packages" "$(json_list <"$WORK/all.removals")" "$(json_list <"$WORK/held")" \
        "$(customised | json_list)" "$(json_list <"$WORK/restarts")" "$(json_list <"$WORK/resources")" "$(json_list <"$WORK/notes")" "$(free_mb /var)" "$reboot" "$failed" |
        write_file "$MU/report.json" 0644 || fail "cannot write $MU/report.json"
    log "$(wc -l <"$WORK/all.plan" | tr -d ' ') packages would be upgraded"
}
