# shellcheck shell=sh
# What an upgrade affects: packages that depend on a changed one, and the services and resources that load such a package.

# loud_packages: of lines PACKAGE … on standard input, prints those whose upgrade calls for restarts at all.
loud_packages() {
    set -f
    while read -r package _; do
        # shellcheck disable=SC2086
        is_one_of "$package" $QUIET_PACKAGES || printf '%s\n' "$package"
    done
    set +f
}

# find_affected: reads changed packages (lines PACKAGE …) and writes $WORK/affected: these and all packages that depend on
# one of them, directly or not, also by a name that a package provides. Fails if there is none.
find_affected() {
    use_work
    loud_packages | sort -u >"$WORK/loud"
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package}\t${Pre-Depends}, ${Depends}\t${Provides}\n' >"$WORK/relations" 2>>"$LOG"
    awk -F '\t' '
        function names(text, part, n, i) { # blanks, versions and architectures off
            n = split(text, part, /[,|]/)
            list = ""
            for (i = 1; i <= n; i++) { sub(/^ +/, "", part[i]); sub(/[ (:].*/, "", part[i]); if (part[i] != "") list = list " " part[i] }
            return list
        }
        FILENAME == ARGV[1] { if (!($1 in seen)) { seen[$1] = 1; queue[++last] = $1 }; next }
        {
            n = split(names($2), needs, " ")
            for (i = 1; i <= n; i++) users[needs[i]] = users[needs[i]] " " $1
            users[$1] = users[$1] names($3)
        }
        END {
            for (at = 1; at <= last; at++) {
                n = split(users[queue[at]], found, " ")
                for (i = 1; i <= n; i++) if (!(found[i] in seen)) { seen[found[i]] = 1; queue[++last] = found[i] }
            }
            for (at = 1; at <= last; at++) print queue[at]
        }' "$WORK/loud" "$WORK/relations" >"$WORK/affected"
    [ -s "$WORK/loud" ]
}

# what_restarts: for changed packages (lines PACKAGE …) on standard input writes the services and resources that restart to
# $WORK/restarts, $WORK/resources and, both, $WORK/all-restarts.
what_restarts() {
    use_work
    : >"$WORK/restarts"
    : >"$WORK/resources"
    if find_affected; then
        wanted_services | affected_among >"$WORK/restarts"
        ! has_package pacemaker || affected_resources "$(pacemaker_says)" >"$WORK/resources"
    fi
    cat "$WORK/restarts" "$WORK/resources" >"$WORK/all-restarts"
}

# affected_among: of the names of services or resources on standard input, prints those that load an affected package: one
# named like the service, of its project, or on the list LOADS. If no such package is installed, what it loads is not known, and
# it counts.
affected_among() {
    if [ "$MU_RESTART_ALL" = 1 ]; then
        cat
        return
    fi
    printf '%s\n' "$LOADS" >"$WORK/loads"
    awk '
        function matches(list, pattern, name) {
            gsub(/[.+]/, "[&]", pattern)
            gsub(/[*]/, ".*", pattern)
            for (name in list) if (name ~ ("^" pattern "$")) return 1
            return 0
        }
        FILENAME == ARGV[1] { if (NF) { key = $1; $1 = ""; loads[key] = $0 }; next }
        FILENAME == ARGV[2] { affected[$1] = 1; next }
        FILENAME == ARGV[3] { installed[$1] = 1; next }
        {
            name = $1; project = $1
            sub(/^p_/, "", project); sub(/[-_.].*/, "", project)
            n = split(name " " project " " project "-* python-" project "* " loads[project], patterns, " ")
            known = 0; hit = 0
            for (i = 1; i <= n && !hit; i++) {
                if (matches(affected, patterns[i])) hit = 1
                else if (!known && matches(installed, patterns[i])) known = 1
            }
            if (hit || !known) print name
        }' "$WORK/loads" "$WORK/affected" "$WORK/relations" -
}
