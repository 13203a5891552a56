# shellcheck shell=sh
# Clusters: pacemaker, galera, rabbitmq, OpenStack agents, health of ceph. Each is checked only if its package is installed.
# Nodes that only compute or store do not get this file.

mysql_says() { timeout 60 mysql --batch --skip-column-names -e "SHOW STATUS LIKE 'wsrep_%'" 2>>"$LOG" </dev/null; }
rabbit_says() { timeout 60 rabbitmqctl cluster_status 2>>"$LOG" </dev/null; }
pacemaker_says() { timeout 60 crm_mon -1 -r 2>>"$LOG" </dev/null; }
has_galera() { has_package mysql-server-wsrep-5.6 || has_package mysql-wsrep-server-5.6 || has_package mysql-wsrep-5.6 || has_package mysql-wsrep; }
has_ceph() { has_package ceph-common || has_package ceph; }

pacemaker_problem() {
    has_package pacemaker || return 0
    if ! said=$(pacemaker_says); then
        echo 'pacemaker does not answer'
        return 0
    fi
    ! in_maintenance || echo 'pacemaker is in maintenance mode'
    printf '%s\n' "$said" | sed -n 's/^OFFLINE: \[ *\(.*[^ ]\) *\]/pacemaker: offline \1/p; s/^Node \(.*\): \(standby\|maintenance\|UNCLEAN.*\)$/pacemaker: \1 is \2/p'
    printf '%s\n' "$said" | awk '/^Failed [Aa]ctions|^Failed Resource/ { bad = 1; next } bad && NF { sub(/^[* ]*/, ""); print "pacemaker: failed " $0; exit }'
    stopped_resources "$said"
}

# read_resources: reads the output of crm_mon and prints a line for each resource: `STATE NAME` for a single one, which may
# run on any node, and `STATE NAME NODE` for each node of a clone. STATE is running or stopped.
read_resources() {
    awk '
        /^ *(Clone|Master\/Slave) Set: / { sub(/.*Set: */, ""); set = $1; next }
        /^ ?[^ ]/ { set = "" }
        set != "" && /^ +(Started|Masters|Slaves): \[/ { for (i = 3; i < NF; i++) print "running", set, $i; next }
        set != "" && /^ +Stopped: \[/ { for (i = 3; i < NF; i++) print "stopped", set, $i; next }
        /\((ocf|lsb|systemd|upstart|service|stonith):/ {
            state = "stopped"; node = ""
            for (i = 2; i <= NF; i++) if ($i ~ /^(Started|Master|Slave)$/) { state = "running"; node = $(i + 1) }
            if (set == "") print state, $1; else if (state == "running") print state, set, node
        }'
}

# note_resources: adds the resources that run now to the list of those that must run after this update.
note_resources() {
    fresh_for_target "$MU/resources" || fail "cannot write $MU/resources"
    new=$(pacemaker_says | read_resources | sed -n 's/^running //p' | grep -vxF -f "$MU/resources")
    [ -z "$new" ] || printf '%s\n' "$new" >>"$MU/resources"
}

# stopped_resources OUTPUT: prints what is stopped: single resources and clones that run nowhere, and parts of clones that
# ran before this update (a clone need not run everywhere). What the operator disabled is left out.
stopped_resources() {
    printf '%s\n' "$1" | read_resources | {
        awk -v before="$MU/resources" -v key="$(target_key)" '
            $1 == "running" { runs[$2] = 1; there[$2 " " $3] = 1 }
            { known[$2] = 1 }
            NF == 3 { nodes[$3] = 1 }
            END {
                for (name in known) if (!(name in runs)) print name
                if ((getline line < before) > 0 && line == key)
                    while ((getline line < before) > 0)
                        if (split(line, part, " ") == 2 && part[1] in runs && part[2] in nodes && !(line in there)) print line
            }'
    } | sort | while read -r name node; do
        ! is_disabled "$name" || continue
        printf 'pacemaker: %s is stopped%s\n' "$name" "${node:+ on $node}"
    done
}

# is_disabled NAME: whether the operator stopped the resource, or the one in this clone.
is_disabled() { pcs resource show "$1" 2>/dev/null </dev/null | grep -q 'target-role=Stopped'; }

# in_maintenance: whether the whole cluster is in maintenance mode, whoever set it.
in_maintenance() { is_one_of "$(crm_attribute -t crm_config -n maintenance-mode -G -q 2>/dev/null </dev/null)" true yes on 1; }

# members PATTERN: prints on how many nodes pacemaker manages the resource, running or not; 0 if it does not know it.
members() {
    pacemaker_says | awk -v pattern="$1" '
        /Set: / { inside = $0 ~ pattern; next }
        inside && /(Started|Stopped|Masters|Slaves): \[/ { n += NF - 3; next }
        { inside = 0 }
        END { print n + 0 }'
}

galera_problem() {
    has_galera || return 0
    if ! said=$(mysql_says); then
        echo 'galera does not answer'
        return 0
    fi
    galera_state=$(printf '%s\n' "$said" | awk '$1 == "wsrep_local_state_comment" { print $2 }')
    galera_size=$(printf '%s\n' "$said" | awk '$1 == "wsrep_cluster_size" { print $2 }')
    [ "$galera_state" = Synced ] || echo "galera is ${galera_state:-in no state}, not Synced"
    if has_package pacemaker; then
        galera_want=$(members 'p_mysqld?[]]')
        [ "$galera_want" = 0 ] || [ "$galera_size" = "$galera_want" ] ||
            echo "galera has ${galera_size:-no} members, not $galera_want"
    fi
}

rabbit_problem() {
    has_package rabbitmq-server || return 0
    if ! said=$(rabbit_says); then
        echo 'rabbitmq does not answer'
        return 0
    fi
    said=$(printf '%s' "$said" | tr -d ' \n')
    case $said in
        *'{partitions,[]}'*) ;;
        *) echo 'rabbitmq: partitions' ;;
    esac
    if has_package pacemaker; then
        rabbit_want=$(members 'p_rabbitmq-server[]]')
        rabbit_have=$(printf '%s' "$said" | sed -n 's/.*{running_nodes,\[\([^]]*\)\]}.*/\1/p' | tr ',' '\n' | grep -c .)
        [ "$rabbit_want" = 0 ] || [ "$rabbit_have" -ge "$rabbit_want" ] ||
            echo "rabbitmq runs on $rabbit_have nodes, not $rabbit_want"
    fi
}

# as_user USER COMMAND…: runs it as that user if there is one. These tools open the log of their service, and a log that
# root created cannot be written by the service.
as_user() {
    user=$1
    shift
    if [ "$(id -u)" = 0 ] && id "$user" >/dev/null 2>&1; then
        timeout 120 su -s /bin/sh -c "$*" "$user"
    else
        timeout 120 "$@"
    fi
}

# Haproxy's servers that are not up, lines BACKEND NODE STATE. `UP 1/3` is on its way down. What the operator took out of
# service (MAINT, DRAIN) and what is not checked is left out.
haproxy_down() {
    HAPROXY=$ROOT/var/lib/haproxy/stats
    if ! has_package haproxy || [ ! -e "$HAPROXY" ] || ! command -v socat >/dev/null; then return 0; fi
    if ! said=$(echo 'show stat' | timeout 30 socat - "UNIX-CONNECT:$HAPROXY" 2>>"$LOG"); then
        echo 'haproxy - unknown'
        return 0
    fi
    printf '%s\n' "$said" | awk -F , '$2 != "FRONTEND" && $2 != "BACKEND" && $18 ~ /^(DOWN|UP [0-9])/ { print $1, $2, $18 }'
}
haproxy_problem() { haproxy_down | awk '$3 == "DOWN" { print "haproxy: " $1 " on " $2 " is down" } $2 == "-" { print "haproxy does not answer" }'; }

# controller_problem SINCE: prints what of this controller is not in service again: its servers in haproxy, its services of
# nova and cinder that have not reported since that time (UTC), its agents of neutron.
controller_problem() {
    me=$(hostname)
    haproxy_down | awk -v me="$me" '{ name = $2; sub(/[.].*/, "", name); sub(/[.].*/, "", me) } name == me { print "haproxy: " $1 " on " $2 " is " $3 }'
    {
        for of in nova cinder; do
            asks_services "$of" | awk -v of="$of" -v me="$me" -v since="$1" '
                $2 == me && $4 == "enabled" && ($5 == "XXX" || ($6 " " $7) < since) { print of ": " $1 " on " $2 " does not report" }'
        done
        asks_neutron | awk -v me="$me" '$1 == "xxx" && $3 == me { print "neutron: " $2 " on " $3 " is down" }'
    } 3>&1
}
controller_serves() { [ -z "$(controller_problem "$1")" ]; }

# asks_for NAME COMMAND…: runs a query and prints its output, without empty lines. A query that fails or prints nothing
# prints a problem to file descriptor 3 instead: what cannot be asked is not known to be well.
asks_for() {
    asked=$1
    shift
    if ! answer=$("$@" 2>"$MU/query" </dev/null); then
        printf '%s cannot be queried: %s\n' "$asked" "$({ cat "$MU/query"; printf '%s\n' "$answer"; } | grep . | tail -n 1 | one_line)" >&3
    elif ! printf '%s\n' "$answer" | grep -v '^Binary  *Host' | grep -q .; then
        printf '%s cannot be queried: the answer is empty\n' "$asked" >&3
    else
        printf '%s\n' "$answer" | grep .
    fi
    cat "$MU/query" >>"$LOG"
    rm -f "$MU/query"
}

agents_problem() {
    {
        for of in nova cinder; do
            asks_services "$of" |
                awk -v of="$of" '$4 == "enabled" && $5 == "XXX" { print of ": " $1 " on " $2 " is down" }'
        done
        asks_neutron | awk '$1 == "xxx" { print "neutron: " $2 " on " $3 " is down" }'
    } 3>&1
}

# asks_services nova|cinder: asked where the API is, because the credentials of the database are there.
asks_services() {
    if ! has_package "$1-api" || ! command -v "$1-manage" >/dev/null; then return 0; fi
    asks_for "$1: services" as_user "$1" "$1-manage" service list
}
asks_neutron() {
    if ! has_package neutron-server || ! command -v neutron >/dev/null; then return 0; fi
    asks_for 'neutron: agents' neutron_agents
}

# In a subshell, because openrc sets variables.
neutron_agents() {
    (
        [ -r "$ROOT/root/openrc" ] || { echo '/root/openrc is missing' && exit 1; }
        # shellcheck disable=SC1091
        . "$ROOT/root/openrc"
        timeout 120 neutron agent-list -f value -c alive -c binary -c host
    )
}

# ceph_problem: judges each part of the summary (`HEALTH_WARN part; part; …`). Fuel's default number of placement groups
# exceeds ceph's limit in small clusters, so only that part is accepted.
ceph_problem() {
    has_ceph || return 0
    # A node with the client's libraries alone has no cluster to ask.
    [ -e "$ROOT/etc/ceph/ceph.conf" ] || return 0
    if ! said=$(ceph_says health); then
        echo 'ceph does not answer'
        return 0
    fi
    said=$(printf '%s\n' "$said" | head -n 1)
    case $said in HEALTH_OK*) return 0 ;; esac
    parts=$(printf '%s\n' "$said" | sed 's/^HEALTH_[A-Z]* *//; s/; */\n/g' | grep -v '^too many PGs per OSD ([^)]*)$' | grep .)
    case $said in
        'HEALTH_WARN '*) [ -z "$parts" ] || echo "ceph: $(printf '%s\n' "$parts" | one_line)" ;;
        *) echo "ceph: $said" ;;
    esac
}

# cluster_problems: prints a line for each problem; nothing if all is well.
cluster_problems() {
    pacemaker_problem
    galera_problem
    rabbit_problem
    agents_problem
    haproxy_problem
    ceph_problem
}
cluster_is_well() { [ -z "$(cluster_problems)" ]; }

phase_check_cluster() {
    room=$(dump_problem)
    [ -z "$room" ] || fail "$room"
    if [ "$MU_SKIP_CLUSTER_CHECKS" = 1 ]; then
        log 'skipped on request'
        return 0
    fi
    found=$(cluster_problems)
    [ -z "$found" ] || fail "$(printf '%s\n' "$found" | one_line)"
}

phase_verify_cluster() {
    if [ "$MU_SKIP_CLUSTER_CHECKS" = 1 ]; then
        log 'skipped on request'
        return 0
    fi
    # Agents report once a minute, so the cluster gets time to settle.
    wait_until "$MU_CLUSTER_WAIT" cluster_is_well || fail "$(cluster_problems | one_line)"
}

# --- pacemaker ---------------------------------------------------------------------------------------

undo_maintenance() { wait_until "$MU_CLUSTER_WAIT" quietly pcs property set maintenance-mode=false; }

# restart_pacemaker: starts the new binaries of pacemaker and corosync while the resources keep running.
restart_pacemaker() {
    log 'restarting corosync and pacemaker in maintenance mode'
    if in_maintenance; then
        log 'the operator has set maintenance mode: it stays set'
    else
        note_undo maintenance
        quietly pcs property set maintenance-mode=true || return 1
    fi
    act_on pacemaker stop 300
    act_on corosync restart 120 || return 1
    # After such a restart pacemaker is known to need a second attempt.
    act_on pacemaker start 120 || act_on pacemaker start 120 || return 1
    wait_until "$MU_CLUSTER_WAIT" this_node_online || return 1
    [ -e "$UNDO/maintenance" ] || return 0
    undo_maintenance && rm -f "$UNDO/maintenance"
}
this_node_online() {
    me=$(hostname)
    pacemaker_says | sed -n 's/^Online: \[\(.*\)\]/\1/p' | tr ' ' '\n' | grep -q "^$me\(\.\|\$\)"
}
