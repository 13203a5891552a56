# shellcheck shell=sh
# Packages: apt with the MOS repositories only. Sources, lists and cache are in a folder of our own, so the node's own
# lists stay as they are and Ubuntu's updates (with their kernels) are not seen.

# mos_apt ARGUMENT…: apt-get with the private folder. Without Languages=none a missing translation hides the real error;
# without Sandbox::User=root apt 1.2 warns first that its own user cannot read the private folder.
mos_apt() {
    DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=l apt-get -q \
        -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$APT/sources" \
        -o "Dir::State::lists=$APT/lists" -o "Dir::Cache=$APT/cache" -o APT::Install-Recommends=false \
        -o Acquire::Languages=none -o APT::Sandbox::User=root \
        -o "Acquire::http::Dl-Limit=$MU_DOWNLOAD_RATE" -o "Acquire::https::Dl-Limit=$MU_DOWNLOAD_RATE" \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o "Dpkg::Options::=$DPKG_MARK" "$@" </dev/null
}
# apt_reads ARGUMENT…: the same for what changes no package. apt 1.0 takes dpkg's lock also for `update` and `-s`, and
# fails at once if another process has it; the lists and the cache are ours, and we hold our own lock.
apt_reads() { mos_apt -o Debug::NoLocking=1 "$@"; }
mos_cache() {
    apt-cache -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$APT/sources" \
        -o "Dir::State::lists=$APT/lists" -o "Dir::Cache=$APT/cache" "$@" </dev/null
}

# mos_sources: prints the names of the MOS repositories of this node.
mos_sources() {
    if [ -n "$MU_REPOS" ]; then
        printf '%s\n' "$MU_REPOS" | tr -s ' ' '\n'
    else
        for file in "$ROOT"/etc/apt/sources.list.d/mos*.list; do
            [ ! -f "$file" ] || basename "$file" .list
        done
    fi
}

# apt_reasons FILE: prints why apt failed, from its output; first the lines with both URL and reason. Old versions print
# `Err URL` with the reason, if any, on the next line, and repeat it in a summary.
apt_reasons() {
    {
        grep '^[EW]: Failed to fetch [^ ]*  *[^ ]' "$1"
        grep '^dpkg: error\|^[EW]: ' "$1" | grep -v '^[EW]: Failed to fetch\|Some \(index \)\{0,1\}files failed\|Can not write log'
    } >"$WORK/reasons"
    [ -s "$WORK/reasons" ] || grep '^[EW]: \|^Err[ :]' "$1" >"$WORK/reasons"
    head -n 2 "$WORK/reasons" | sed 's/copy:/file:/g' | one_line
}

# says_locked FILE: whether apt or dpkg failed because another process holds dpkg's lock. Only their own messages count:
# the scripts of packages write to the same output.
says_locked() {
    grep -q '^E: Could not get lock /var/lib/dpkg/\|^E: Unable to lock the administration directory\|^E: Unable to acquire the dpkg \|^dpkg: error: dpkg .*locked by another process' "$1"
}

# wait_for_lock: waits until no other process holds dpkg's lock. What else `apt-get check` complains about is in
# $WORK/checked, and CHECK_CODE is its exit status.
wait_for_lock() {
    deadline_lock=$(($(now) + MU_LOCK_WAIT))
    while :; do
        mos_apt check >"$WORK/checked" 2>&1
        CHECK_CODE=$?
        if [ "$CHECK_CODE" -eq 0 ] || ! says_locked "$WORK/checked"; then return 0; fi
        if [ "$(now)" -ge "$deadline_lock" ]; then
            APT_PROBLEM="another process held the lock of dpkg for $MU_LOCK_WAIT s"
            return 1
        fi
        sleep "$MU_POLL"
    done
}

# wait_for_dpkg: the same, and dpkg's database must be in order.
wait_for_dpkg() {
    wait_for_lock || return 1
    [ "$CHECK_CODE" -ne 0 ] || return 0
    cat "$WORK/checked" >>"$LOG"
    APT_PROBLEM="apt-get check: $(apt_reasons "$WORK/checked")"
    return 1
}

# simulate NAME ARGUMENT…: writes the plan of an apt-get call to $WORK/NAME.plan (lines PACKAGE FROM TO, FROM is `-` for a
# new package) and to $WORK/NAME.removals.
simulate() {
    into=$WORK/$1
    shift
    if ! apt_reads -s "$@" >"$into.said" 2>&1; then
        cat "$into.said" >>"$LOG"
        APT_PROBLEM="the simulated upgrade fails: $(apt_reasons "$into.said")"
        return 1
    fi
    awk '$1 == "Inst" { from = "-"; to = $3
             if (to ~ /^\[/) { from = substr(to, 2, length(to) - 2); to = $4 }
             sub(/^\(/, "", to); sub(/\)$/, "", to); print $2, from, to }' "$into.said" | sort -u >"$into.plan"
    awk '$1 == "Remv" || $1 == "Purg" { print $2 }' "$into.said" | sort -u >"$into.removals"
}

# upgradable: prints installed packages for which the MOS repositories have another version, lines PACKAGE FROM TO. It asks
# the policy and not a simulation, so held and kept-back packages are listed.
upgradable() {
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null |
        awk '$3 ~ /^.[iFUHWt]/ { print $1 }' | sort -u >"$WORK/installed" || return 1
    [ -s "$WORK/installed" ] || return 1
    # shellcheck disable=SC2046
    mos_cache policy $(cat "$WORK/installed") >"$WORK/policy" 2>>"$LOG" || return 1
    awk '/^[^ ].*:$/ { name = substr($1, 1, length($1) - 1) }
         $1 == "Installed:" { from = $2 }
         $1 == "Candidate:" && from != "(none)" && $2 != "(none)" && $2 != from { print name, from, $2 }' "$WORK/policy"
}

# downgrades PLAN: prints packages that would get an older version.
downgrades() {
    while read -r package from to; do
        [ "$from" = - ] || ! dpkg --compare-versions "$to" lt "$from" || printf '%s\n' "$package"
    done <"$1"
}

held_packages() { apt-mark showhold 2>/dev/null | sort -u; }

# audit: prints nothing if dpkg's database is in order, else the packages that are not.
audit() {
    audit_says=$(dpkg --audit 2>&1)
    [ -n "$audit_says" ] || return 0
    names=$(printf '%s\n' "$audit_says" | awk '/^ / { print $1 }' | sort -u | tr '\n' ' ' | sed 's/ $//')
    printf 'packages not in order: %s\n' "${names:-$(printf '%s\n' "$audit_says" | one_line)}"
}

# settled_audit: the same once no other process is working on packages: what dpkg is configuring is not in order either.
settled_audit() {
    found_audit=$(audit)
    [ -n "$found_audit" ] || return 0
    ! wait_for_lock || audit
}

# free_mb PATH: prints the free megabytes of the file system of PATH.
free_mb() {
    path=$ROOT$1
    [ -e "$path" ] || path=$ROOT/
    df -Pk "$path" | awk 'NR == 2 { print int($4 / 1024) }'
}

# download_mb ARGUMENT…: prints the megabytes that an apt-get call would fetch.
download_mb() { apt_reads -y --print-uris "$@" 2>/dev/null | awk '$1 ~ /^.[a-z+]*:/ { bytes += $3 } END { print int(bytes / 1048576) }'; }

# needed_mb ARGUMENT…: the archives, three times as much for the unpacked files, and 200 MB as a reserve.
needed_mb() { echo $((4 * $(download_mb "$@") + 3 * $(downloaded_mb) + 200)); }
downloaded_mb() { find "$ARCHIVES" -name '*.deb' -exec du -k {} + 2>/dev/null | awk '{ k += $1 } END { print int(k / 1024) }'; }

# untouchable PLAN: prints packages that an update never upgrades.
untouchable() {
    set -f
    while read -r package _; do
        # shellcheck disable=SC2086
        ! is_one_of "$package" $UNTOUCHED_PACKAGES || printf '%s\n' "$package"
    done <"$1"
    set +f
}

# room_for ARGUMENT…: whether /, /usr and /var have enough space for an apt-get call.
room_for() {
    needed=$(needed_mb "$@")
    for place in / /usr /var; do
        free=$(free_mb "$place")
        if [ "${free:-0}" -lt "$needed" ]; then
            APT_PROBLEM="not enough space on $place: ${free:-0} MB free, $needed MB needed"
            return 1
        fi
    done
}

# refused_plan NAME: fails if a simulated plan has what an update never does.
refused_plan() {
    if [ -s "$WORK/$1.removals" ]; then
        APT_PROBLEM="packages would be removed: $(one_line <"$WORK/$1.removals")"
        return 1
    fi
    older=$(downgrades "$WORK/$1.plan" | one_line)
    if [ -n "$older" ]; then
        APT_PROBLEM="packages would be downgraded: $older"
        return 1
    fi
    kernel=$(untouchable "$WORK/$1.plan" | one_line)
    if [ -n "$kernel" ]; then
        APT_PROBLEM="a kernel would be upgraded: $kernel"
        return 1
    fi
}

# apply_plan NAME ARGUMENT…: simulates again, refuses what an update never does, then runs the call with services protected.
apply_plan() {
    plan_name=$1
    shift
    # The plan must be that of a database that nobody is changing.
    wait_for_dpkg || return 1
    simulate "$plan_name" "$@" || return 1
    refused_plan "$plan_name" || return 1
    [ -s "$WORK/$plan_name.plan" ] || return 0
    # What this run has downloaded is all that it installs.
    fetches=''
    if of_this_run fetched; then
        fetches=--no-download
        bad=$(bad_archives | one_line)
        if [ -n "$bad" ]; then
            APT_PROBLEM="downloaded packages are missing or damaged: $bad"
            return 1
        fi
    fi
    room_for "$@" || return 1
    remember_plan "$WORK/$plan_name.plan"
    protect_services
    log "upgrading $(wc -l <"$WORK/$plan_name.plan" | tr -d ' ') packages"
    # Another process may take the lock between our look at it and the call.
    for try in 1 2 3; do
        wait_for_dpkg || return 1
        # shellcheck disable=SC2086 # one option or none
        mos_apt -y --no-remove $fetches "$@" >"$WORK/$plan_name.did" 2>&1
        apt_code=$?
        cat "$WORK/$plan_name.did" >>"$LOG"
        [ "$apt_code" -ne 0 ] || return 0
        says_locked "$WORK/$plan_name.did" || break
        log "another process took the lock of dpkg (attempt $try)"
        sleep "$MU_POLL"
    done
    APT_PROBLEM="apt-get $1: $(grep '^dpkg: error\|^E: ' "$WORK/$plan_name.did" | grep -v 'Can not write log' | head -n 3 | one_line)"
    return 1
}

# repair: finishes what a killed phase of ours left half-configured. Only if our own update is unfinished.
repair() {
    [ -n "$(audit)" ] || return 0
    unfinished || return 1
    use_work
    log "finishing what an interrupted run left: $(audit)"
    protect_services
    deadline_repair=$(($(now) + MU_LOCK_WAIT))
    while :; do
        DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold "$DPKG_MARK" --configure -a >"$WORK/repair" 2>&1 </dev/null
        repair_code=$?
        cat "$WORK/repair" >>"$LOG"
        if [ "$repair_code" -eq 0 ] || ! says_locked "$WORK/repair" || [ "$(now)" -ge "$deadline_repair" ]; then break; fi
        sleep "$MU_POLL"
    done
    [ -z "$(audit)" ]
}

# --- policy-rc.d -------------------------------------------------------------------------------------

# protect_services: packages may not restart what is on the list. The file has an effect only while this process or an apt
# or dpkg that it started is running, so a killed run does not leave services that cannot be started.
protect_services() {
    protected=$PROTECTED
    ! has_package pacemaker || protected="$protected $PROTECTED_HA"
    # These are restarted afterwards, once and in order.
    protected="$protected $(wanted_services | tr '\n' ' ')"
    undo_policy || fail "cannot restore $POLICY"
    note_undo policy
    if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then mv "$POLICY" "$MU/policy-rc.d.saved" || fail "cannot move $POLICY"; fi
    mkdir -p "$ROOT/usr/sbin"
    cat <<END | write_file "$POLICY" 0755 || fail "cannot write $POLICY"
#!/bin/sh
# fuel-updates: only during a package upgrade. Run $MU_RUN.
name='' action=''
for word in "\$@"; do
    case \$word in
        -*) ;;
        *) if [ -z "\$name" ]; then name=\$word; elif [ -z "\$action" ]; then action=\$word; fi ;;
    esac
done
case \$name in
    $(printf '%s' "$protected" | sed 's/ *$//' | tr -s ' ' '|'))
        if kill -0 $$ 2>/dev/null || grep -ls -- '[-]${DPKG_MARK#-}' /proc/[0-9]*/cmdline 2>/dev/null | grep -q .; then exit 101; fi
        ;;
esac
if [ -x "$MU/policy-rc.d.saved" ]; then exec "$MU/policy-rc.d.saved" "\$@"; fi
# invoke-rc.d puts the action for a disabled service in brackets and does it only if a policy says so.
case \$action in '('*) exit 101 ;; esac
exit 0
END
}

undo_policy() {
    if [ -e "$MU/policy-rc.d.saved" ] || [ -L "$MU/policy-rc.d.saved" ]; then
        mv -f "$MU/policy-rc.d.saved" "$POLICY"
    elif grep -qs 'fuel-updates: only during' "$POLICY"; then
        rm -f "$POLICY"
    fi
}
