# shellcheck shell=sh
# Packages: apt with the MOS repositories alone. Sources, lists and cache lie in our own folder, so the node's
# own lists stay as they are, and Ubuntu's updates (kernels among them) are out of sight.

# mos_apt ARGUMENT…: apt-get on the private folder.
mos_apt() {
    DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=l apt-get -q \
        -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$WORK/apt/sources" \
        -o "Dir::State::lists=$WORK/apt/lists" -o "Dir::Cache=$WORK/apt/cache" -o APT::Install-Recommends=false \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}
mos_cache() {
    apt-cache -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$WORK/apt/sources" \
        -o "Dir::State::lists=$WORK/apt/lists" -o "Dir::Cache=$WORK/apt/cache" "$@" </dev/null
}

# mos_sources: the names of the MOS repositories of this node.
mos_sources() {
    if [ -n "$MU_REPOS" ]; then
        printf '%s\n' "$MU_REPOS" | tr -s ' ' '\n'
    else
        for file in "$ROOT"/etc/apt/sources.list.d/mos*.list; do
            [ ! -f "$file" ] || basename "$file" .list
        done
    fi
}

# prepare_apt: the private folder with fresh lists. Says in APT_PROBLEM why not.
prepare_apt() {
    use_work
    rm -rf "$WORK/apt"
    mkdir -p "$WORK/apt/sources" "$WORK/apt/lists/partial" "$WORK/apt/cache/archives/partial" || {
        APT_PROBLEM="no room below $WORK"
        return 1
    }
    for name in $(mos_sources); do
        if ! grep -qs '^deb[[:space:]]' "$ROOT/etc/apt/sources.list.d/$name.list"; then
            APT_PROBLEM="/etc/apt/sources.list.d/$name.list is missing or holds no repository"
            return 1
        fi
        cp "$ROOT/etc/apt/sources.list.d/$name.list" "$WORK/apt/sources/$name.list"
    done
    if [ -z "$(find "$WORK/apt/sources" -name '*.list')" ]; then
        APT_PROBLEM='no MOS repository in /etc/apt/sources.list.d'
        return 1
    fi
    mos_apt update >"$WORK/update" 2>&1
    update_code=$?
    cat "$WORK/update" >>"$LOG"
    # Older versions of apt end with 0 although an index could not be fetched.
    if [ "$update_code" -ne 0 ] || grep -q '^[EW]: .*[Ff]ailed to fetch\|^E: \|^Err ' "$WORK/update"; then
        APT_PROBLEM="apt-get update: $(grep '^[EW]: \|^Err ' "$WORK/update" | head -n 2 | one_line)"
        return 1
    fi
    if [ -z "$(find "$WORK/apt/lists" -name '*_Packages*')" ]; then
        APT_PROBLEM='the MOS repositories gave no index of packages'
        return 1
    fi
}

# wait_for_dpkg: until nobody holds the locks of dpkg and apt.
wait_for_dpkg() {
    deadline_dpkg=$(($(now) + MU_LOCK_WAIT))
    while :; do
        apt_said=$(mos_apt check 2>&1) && return 0
        case $apt_said in
            *[Cc]'ould not get lock'* | *'Unable to lock'* | *'Unable to acquire'*) ;;
            *)
                printf '%s\n' "$apt_said" >>"$LOG"
                APT_PROBLEM="apt-get check: $(printf '%s\n' "$apt_said" | grep '^E: ' | head -n 2 | one_line)"
                return 1
                ;;
        esac
        if [ "$(now)" -ge "$deadline_dpkg" ]; then
            APT_PROBLEM="the lock of dpkg was held by another process for $MU_LOCK_WAIT s"
            return 1
        fi
        sleep "$MU_POLL"
    done
}

# simulate NAME ARGUMENT…: the plan of an apt-get call as $WORK/NAME.plan (lines PACKAGE FROM TO, FROM `-` for a
# new one) and $WORK/NAME.removals.
simulate() {
    into=$WORK/$1
    shift
    if ! mos_apt -s "$@" >"$into.said" 2>&1; then
        cat "$into.said" >>"$LOG"
        APT_PROBLEM="the simulated upgrade fails: $(grep '^E: ' "$into.said" | head -n 2 | one_line)"
        return 1
    fi
    awk '$1 == "Inst" { from = "-"; to = $3
             if (to ~ /^\[/) { from = substr(to, 2, length(to) - 2); to = $4 }
             sub(/^\(/, "", to); sub(/\)$/, "", to); print $2, from, to }' "$into.said" | sort -u >"$into.plan"
    awk '$1 == "Remv" || $1 == "Purg" { print $2 }' "$into.said" | sort -u >"$into.removals"
}

# upgradable: packages for which the MOS repositories hold another version than the installed one, lines
# PACKAGE FROM TO. Asked of the policy and not of a simulation, so held and kept-back packages are told.
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

# downgrades PLAN: names that would get an older version.
downgrades() {
    while read -r package from to; do
        [ "$from" = - ] || ! dpkg --compare-versions "$to" lt "$from" || printf '%s\n' "$package"
    done <"$1"
}

held_packages() { apt-mark showhold 2>/dev/null | sort -u; }

# audit: nothing when dpkg's book is clean, else the names of packages that are not in order.
audit() {
    book_says=$(dpkg --audit 2>&1)
    [ -n "$book_says" ] || return 0
    names=$(printf '%s\n' "$book_says" | awk '/^ / { print $1 }' | sort -u | tr '\n' ' ' | sed 's/ $//')
    printf 'packages not in order: %s\n' "${names:-$(printf '%s\n' "$book_says" | one_line)}"
}

# free_mb PATH: megabytes that are free where PATH lies.
free_mb() {
    path=$ROOT$1
    [ -e "$path" ] || path=$ROOT/
    df -Pk "$path" | awk 'NR == 2 { print int($4 / 1024) }'
}

# download_mb ARGUMENT…: what an apt-get call would fetch.
download_mb() { mos_apt -y --print-uris "$@" 2>/dev/null | awk '$1 ~ /^.[a-z+]*:/ { bytes += $3 } END { print int(bytes / 1048576) }'; }

# needed_mb ARGUMENT…: a call's archives, the same unpacked (three times as much is ample), and some air.
needed_mb() { echo $((4 * $(download_mb "$@") + 200)); }

# untouchable PLAN: names on it that an update never touches.
untouchable() {
    set -f
    while read -r package _; do
        # shellcheck disable=SC2086
        ! is_one_of "$package" $UNTOUCHED_PACKAGES || printf '%s\n' "$package"
    done <"$1"
    set +f
}

# room_for ARGUMENT…: whether /, /usr and /var have that much room.
room_for() {
    needed=$(needed_mb "$@")
    for place in / /usr /var; do
        free=$(free_mb "$place")
        if [ "${free:-0}" -lt "$needed" ]; then
            APT_PROBLEM="no room on $place: ${free:-0} MB free, $needed MB needed"
            return 1
        fi
    done
}

# apply_plan NAME ARGUMENT…: simulates once more, refuses, then does it, with services protected.
apply_plan() {
    plan_name=$1
    shift
    simulate "$plan_name" "$@" || return 1
    if [ -s "$WORK/$plan_name.removals" ]; then
        APT_PROBLEM="packages would be removed: $(one_line <"$WORK/$plan_name.removals")"
        return 1
    fi
    older=$(downgrades "$WORK/$plan_name.plan" | one_line)
    if [ -n "$older" ]; then
        APT_PROBLEM="packages would be downgraded: $older"
        return 1
    fi
    kernel=$(untouchable "$WORK/$plan_name.plan" | one_line)
    if [ -n "$kernel" ]; then
        APT_PROBLEM="a kernel would be upgraded: $kernel"
        return 1
    fi
    [ -s "$WORK/$plan_name.plan" ] || return 0
    room_for "$@" || return 1
    remember_plan "$WORK/$plan_name.plan"
    protect_services
    while :; do
        wait_for_dpkg || return 1
        log "upgrading $(wc -l <"$WORK/$plan_name.plan" | tr -d ' ') packages"
        mos_apt -y --no-remove "$@" >"$WORK/$plan_name.did" 2>&1
        apt_code=$?
        cat "$WORK/$plan_name.did" >>"$LOG"
        [ "$apt_code" -ne 0 ] || return 0
        # Between the look at the lock and now somebody else may have taken it.
        if grep -q 'ould not get lock\|Unable to lock\|Unable to acquire' "$WORK/$plan_name.did"; then
            sleep "$MU_POLL"
            continue
        fi
        APT_PROBLEM="apt-get $1: $(grep '^dpkg: error\|^E: ' "$WORK/$plan_name.did" | grep -v 'Can not write log' | head -n 3 | one_line)"
        return 1
    done
}

# repair: finishes what a killed phase of ours left half-configured. Only after our own unfinished work.
repair() {
    [ -n "$(audit)" ] || return 0
    unfinished || return 1
    use_work
    log "finishing what an interrupted run left: $(audit)"
    protect_services
    deadline_repair=$(($(now) + MU_LOCK_WAIT))
    while :; do
        DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a >"$WORK/repair" 2>&1 </dev/null
        repair_code=$?
        cat "$WORK/repair" >>"$LOG"
        if [ "$repair_code" -eq 0 ] || ! grep -q 'lock' "$WORK/repair" || [ "$(now)" -ge "$deadline_repair" ]; then break; fi
        sleep "$MU_POLL"
    done
    [ -z "$(audit)" ]
}

# --- policy-rc.d -------------------------------------------------------------------------------------

# protect_services: packages may not restart what is on the list. The file works only as long as this
# process lives, so a killed run does not leave services that cannot be started.
protect_services() {
    protected=$PROTECTED
    ! has_package pacemaker || protected="$protected $PROTECTED_HA"
    # These are restarted afterwards, once and in order.
    protected="$protected $(wanted_services | tr '\n' ' ')"
    undo_policy || fail "$POLICY cannot be put back"
    note_undo policy
    if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then mv "$POLICY" "$MU/policy-rc.d.saved" || fail "$POLICY cannot be moved"; fi
    mkdir -p "$ROOT/usr/sbin"
    cat <<END | write_file "$POLICY" 0755 || fail "$POLICY cannot be written"
#!/bin/sh
# fuel-updates: for the time of a package upgrade only. Run $MU_RUN.
if kill -0 $$ 2>/dev/null; then
    for word in "\$@"; do
        case \$word in
            -*) ;;
            $(printf '%s' "$protected" | sed 's/ *$//' | tr -s ' ' '|')) exit 101 ;;
            *) break ;;
        esac
    done
fi
if [ -x "$MU/policy-rc.d.saved" ]; then exec "$MU/policy-rc.d.saved" "\$@"; fi
exit 0
END
}

undo_policy() {
    if [ -e "$MU/policy-rc.d.saved" ] || [ -L "$MU/policy-rc.d.saved" ]; then
        mv -f "$MU/policy-rc.d.saved" "$POLICY"
    elif grep -qs 'fuel-updates: for the time' "$POLICY"; then
        rm -f "$POLICY"
    fi
}
