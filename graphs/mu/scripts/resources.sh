# shellcheck shell=sh
# Restart of pacemaker's resources. A clone, as neutron's agents are, restarts on this controller within its own turn, so never
# on two controllers at once, and without the removal of what it has set up: routers and DHCP servers keep working.

# affected_resources OUTPUT: prints the resources of the cluster that load a changed package, in the order of the list.
affected_resources() {
    known=$(printf '%s\n' "$1" | awk '
        / Set: .*\[/ { sub(/.*\[/, ""); sub(/\].*/, ""); print; next }
        /\((ocf|lsb|systemd|upstart|service|stonith):/ { print $1 }')
    [ -z "$known" ] || printf '%s\n' "$HA_RESOURCES" | grep -xF "$known" | affected_among
}

# An attribute of the cluster lists resources that run old code and run once in the cluster: each controller adds to it, the
# primary controller reads it in this run or in a later one.
HA_NOTE=fuel-mu-restart
noted_for_restart() { crm_attribute -t crm_config -n "$HA_NOTE" -G -q 2>/dev/null </dev/null | tr ',' '\n'; }
ask_for_ha_restart() {
    wanted=$({ noted_for_restart; printf '%s\n' "$1"; } | grep . | sort -u | paste -s -d , -)
    quietly crm_attribute -t crm_config -n "$HA_NOTE" -v "$wanted"
}
ha_restart_wanted() {
    noted=$(noted_for_restart | grep .) || return 1
    printf '%s\n' "$HA_RESOURCES" | grep -xF "$noted"
}
ha_restart_done() { quietly crm_attribute -t crm_config -n "$HA_NOTE" -D; }

# pacemaker_name: prints pacemaker's name of this node.
pacemaker_name() {
    me=$(hostname)
    printf '%s\n' "$1" | sed -n 's/^Online: \[\(.*\)\]/\1/p' | tr ' ' '\n' | grep "^$me\(\.\|\$\)" | head -n 1
}

# clone_of RESOURCE OUTPUT: prints the clone that has it; nothing if it is a single resource or unknown.
clone_of() { printf '%s\n' "$2" | sed -n "s/^ *\(Clone\|Master\/Slave\) Set: *\([^ ]*\) \[$1\].*/\2/p" | head -n 1; }

# runs_here CLONE NODE
runs_here() { pacemaker_says | read_resources | grep -qxF "running $1 $2"; }
stopped_here() { said=$(pacemaker_says) && ! printf '%s\n' "$said" | read_resources | grep -qxF "running $1 $2"; }

# restart_resources_here: restarts the affected clones on this node, and notes the affected single resources for later. Sets
# RESOURCE_PROBLEM on failure.
restart_resources_here() {
    RESOURCE_PROBLEM='pacemaker does not answer'
    said_once=$(pacemaker_says) || return 1
    affected_resources "$said_once" >"$WORK/resources"
    [ -s "$WORK/resources" ] || return 0
    my_name=$(pacemaker_name "$said_once")
    keep_artifacts || {
        RESOURCE_PROBLEM='the resource scripts of neutron cannot be changed for the restart'
        return 1
    }
    # shellcheck disable=SC2013 # names without blanks
    for resource in $(cat "$WORK/resources"); do
        clone=$(clone_of "$resource" "$said_once")
        if [ -n "$clone" ] && ! in_maintenance; then
            restart_here "$resource" "$clone" "$my_name" || return 1
        else
            RESOURCE_PROBLEM='cannot set the attribute of pacemaker that requests the restart of its resources'
            ask_for_ha_restart "$resource" || return 1
        fi
    done
    undo_ocf && rm -f "$UNDO/ocf"
}

# restart_here RESOURCE CLONE NODE: a ban stops this node's instance alone; without the ban it starts again.
restart_here() {
    if ! runs_here "$2" "$3"; then
        log "the resource $1 does not run on this node: it is not restarted"
        return 0
    fi
    log "restarting the resource $1 on this node"
    note_undo ban "$2 $3"
    RESOURCE_PROBLEM="$1 does not stop on this node"
    quietly pcs resource ban "$2" "$3" || return 1
    wait_until "$MU_HA_WAIT" stopped_here "$2" "$3" || return 1
    RESOURCE_PROBLEM="$1 does not start again on this node"
    undo_ban "$2 $3" || return 1
    rm -f "$UNDO/ban"
}
# undo_ban 'CLONE NODE'
undo_ban() {
    quietly pcs resource clear "${1%% *}" "${1#* }" || return 1
    wait_until "$MU_HA_WAIT" runs_here "${1%% *}" "${1#* }"
}

# keep_artifacts: Fuel's agents remove routers, namespaces and ports when they stop and start, as their parameter
# remove_artifacts_on_stop_start says. A change of the parameter would restart them, so the resource scripts of this node do not
# look at it for the time of the restart.
resource_scripts() { grep -rls "$1" "$ROOT/usr/lib/ocf/resource.d"; }
keep_artifacts() {
    scripts=$(resource_scripts ' remove_artifacts_on_stop_start=\$') || return 0
    note_undo ocf
    for script in $scripts; do
        sed -i 's/ remove_artifacts_on_stop_start=\$/ remove_artifacts_on_stop_start=false #fuel-mu# $/' "$script" || return 1
    done
}
undo_ocf() {
    # shellcheck disable=SC2013 # paths without blanks
    for script in $(resource_scripts ' remove_artifacts_on_stop_start=false #fuel-mu# '); do
        sed -i 's/ remove_artifacts_on_stop_start=false #fuel-mu# \$/ remove_artifacts_on_stop_start=$/' "$script" || return 1
    done
}

# restart_resource NAME: stops and starts it on all controllers. A resource that the cluster does not know is skipped.
restart_resource() {
    shown=$(pcs resource show "$1" 2>/dev/null </dev/null) || return 0
    shown="$shown $(pcs resource show "clone_$1" 2>/dev/null </dev/null)"
    case $shown in
        *target-role=Stopped*)
            log "the resource $1 is disabled: it stays disabled"
            return 0
            ;;
    esac
    log "restarting the resource $1 on all controllers"
    note_undo "resource" "$1"
    quietly pcs resource disable "$1" "--wait=$MU_HA_WAIT" || return 1
    quietly pcs resource enable "$1" "--wait=$MU_HA_WAIT" || return 1
    rm -f "$UNDO/resource"
    quietly pcs resource cleanup "$1"
    return 0
}
undo_resource() { quietly pcs resource enable "$1" "--wait=$MU_HA_WAIT"; }

# Restarts resources of pacemaker that run once in the whole cluster, on the primary controller after the last controller.
phase_ha() {
    has_package pacemaker || return 0
    if [ "$MU_RESTART_MYSQL" = 1 ]; then
        for resource in $MYSQL_RESOURCES; do restart_resource "$resource" || fail "$resource does not start again"; done
        wait_until "$MU_HA_WAIT" no_problem galera_problem || fail "$(galera_problem | one_line)"
    fi
    if [ "$MU_RESTART_RABBITMQ" = 1 ]; then
        for resource in $RABBITMQ_RESOURCES; do restart_resource "$resource" || fail "$resource does not start again"; done
        wait_until "$MU_HA_WAIT" no_problem rabbit_problem || fail "$(rabbit_problem | one_line)"
    fi
    wanted=$(ha_restart_wanted)
    if [ -n "$wanted" ]; then
        for resource in $wanted; do restart_resource "$resource" || fail "$resource does not start again"; done
        ha_restart_done || fail 'cannot delete the attribute of pacemaker that requests the restart of its resources'
    else
        log 'no resource needs a restart'
    fi
    [ "$MU_SKIP_CLUSTER_CHECKS" = 1 ] || wait_until "$MU_HA_WAIT" no_problem pacemaker_problem || fail "$(pacemaker_problem | one_line)"
}
no_problem() { [ -z "$("$@")" ]; }
