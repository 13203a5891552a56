# shellcheck shell=sh
# Services: which ones this node's roles have, whether they run, restarting them in order.

# role_services: names of the role's services in the order of the list, whether the node has them or not.
role_services() {
    roles=$(node_roles | tr '\n' ' ')
    printf '%s\n' "$SERVICES" | awk -v roles=" $roles" -v release="$MU_MOS" '
        function number(text, part) { split(text, part, "."); return part[1] * 100 + part[2] }
        NF < 2 { next }
        # Without known roles every row counts: what the node does not have is passed over.
        roles != " " && !index(roles, " " $1 " ") { next }
        NF == 4 && release != "" && (number(release) < number($3) || number(release) > number($4)) { next }
        !seen[$2]++ { print $2 }'
}

# The names of upstart's jobs are asked for once: most services of the lists are not on a node.
UPSTART_JOBS=''
know_upstart_jobs() { UPSTART_JOBS=" $(initctl list 2>/dev/null | awk '{ print $1 }' | tr '\n' ' ')"; }
is_upstart_job() { case $UPSTART_JOBS in *" $1 "*) return 0 ;; *) return 1 ;; esac }

under_systemd() { [ -d "$ROOT/run/systemd/system" ]; }
unit() { case $1 in *.target) echo "$1" ;; *) echo "$1.service" ;; esac }

# act_on NAME stop|start|restart, for at most SECONDS. `service` cannot name a target of systemd.
act_on() {
    if under_systemd; then
        quietly timeout -k 10 "$3" systemctl "$2" "$(unit "$1")"
    else
        quietly timeout -k 10 "$3" service "$1" "$2"
    fi
}

# service_state NAME: running, stopped or absent.
service_state() {
    if under_systemd; then
        if ! systemctl show -p LoadState "$(unit "$1")" 2>/dev/null | grep -q '=loaded'; then
            echo absent
        elif systemctl is-active "$(unit "$1")" >/dev/null 2>&1; then
            echo running
        else
            echo stopped
        fi
    elif is_upstart_job "$1"; then
        # Upstart ends with 0 for a stopped job as well.
        case $(initctl status "$1" 2>/dev/null) in *start/running*) echo running ;; *) echo stopped ;; esac
    elif [ -x "$ROOT/etc/init.d/$1" ]; then
        if timeout 60 service "$1" status >/dev/null 2>&1 </dev/null; then echo running; else echo stopped; fi
    else
        echo absent
    fi
}
is_running() { [ "$(service_state "$1")" = running ]; }

# note_running: adds the role's services that run now to those that this target must leave running. A service
# that did not run before the update is not started by it.
note_running() {
    fresh_for_target "$MU/services" || fail "$MU/services cannot be written"
    for name in $(role_services | grep -vxF -f "$MU/services"); do
        ! is_running "$name" || printf '%s\n' "$name" >>"$MU/services"
    done
}

# wanted_services: the services that must run, in the order of the list.
wanted_services() {
    [ "$(head -n 1 "$MU/services" 2>/dev/null)" = "$(target_key)" ] || return 0
    role_services | grep -xF -f "$MU/services" || :
}

services_down() {
    for name in $(wanted_services); do
        is_running "$name" || printf '%s\n' "$name"
    done
}

# restart_services: one after the other, then all of them must stay up.
restart_services() {
    for name in $(wanted_services); do
        log "restarting $name"
        # An upstart job that is not running can be started and not restarted.
        act_on "$name" restart "$MU_SERVICE_WAIT" || act_on "$name" start "$MU_SERVICE_WAIT"
        wait_until "$MU_SERVICE_WAIT" is_running "$name" || {
            SERVICE_PROBLEM="$name does not come back"
            return 1
        }
    done
    [ -z "$(wanted_services)" ] || sleep "$MU_SETTLE"
    down=$(services_down | one_line)
    [ -z "$down" ] || {
        SERVICE_PROBLEM="not running any more: $down"
        return 1
    }
}

# calls_for_restart: whether a package of the list on standard input (first word) is more than a tool.
calls_for_restart() {
    set -f
    while read -r package _; do
        # shellcheck disable=SC2086
        is_one_of "$package" $QUIET_PACKAGES || {
            set +f
            return 0
        }
    done
    set +f
    return 1
}
