# shellcheck shell=sh
# Services: which services the roles of this node have, whether they run, and their restart in order.

# role_services: prints the services of the roles in the order of the list, whether the node has them or not.
role_services() {
    roles=$(node_roles | tr '\n' ' ')
    printf '%s\n' "$SERVICES" | awk -v roles=" $roles" -v release="$MU_MOS" '
        function number(text, part) { split(text, part, "."); return part[1] * 100 + part[2] }
        NF < 2 { next }
        # If the roles are unknown every row counts: what the node does not have is skipped.
        roles != " " && !index(roles, " " $1 " ") { next }
        NF == 4 && release != "" && (number(release) < number($3) || number(release) > number($4)) { next }
        !seen[$2]++ { print $2 }'
}

# list_upstart_jobs: asked once, because most services of the lists are not on a node.
UPSTART_JOBS=''
list_upstart_jobs() { UPSTART_JOBS=" $(initctl list 2>/dev/null | awk '{ print $1 }' | tr '\n' ' ')"; }
is_upstart_job() { case $UPSTART_JOBS in *" $1 "*) return 0 ;; *) return 1 ;; esac }

under_systemd() { [ -d "$ROOT/run/systemd/system" ]; }
unit() { case $1 in *.target) echo "$1" ;; *) echo "$1.service" ;; esac }

# act_on NAME stop|start|restart SECONDS. `service` does not know targets of systemd.
act_on() {
    if under_systemd; then
        quietly timeout -k 10 "$3" systemctl "$2" "$(unit "$1")"
    else
        quietly timeout -k 10 "$3" service "$1" "$2"
    fi
}

# service_state NAME: prints running, stopped or absent.
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
        # initctl exits with 0 for a stopped job as well.
        case $(initctl status "$1" 2>/dev/null) in *start/running*) echo running ;; *) echo stopped ;; esac
    elif [ -x "$ROOT/etc/init.d/$1" ]; then
        if timeout 60 service "$1" status >/dev/null 2>&1 </dev/null; then echo running; else echo stopped; fi
    else
        echo absent
    fi
}
is_running() { [ "$(service_state "$1")" = running ]; }

# processes_of NAME: prints lines that stay the same while a service runs in the same process: its number, and under
# systemd the count of automatic restarts. A job NAME-all or a target stands for its instances: one line for each that
# runs. Scripts in /etc/init.d do not tell the number.
processes_of() {
    if under_systemd; then
        case $1 in
            *.target)
                systemctl show -p Id -p MainPID -p NRestarts "${1%.target}@*.service" 2>/dev/null |
                    awk 'NF { line = line " " $0; next } { print line; line = "" } END { print line }' | grep 'MainPID=[1-9]' | sort
                ;;
            *) systemctl show -p MainPID -p NRestarts "$(unit "$1")" 2>/dev/null | sort | paste -s -d ' ' - ;;
        esac
    elif is_upstart_job "$1"; then
        case $1 in
            *-all) initctl list 2>/dev/null | awk -v job="${1%-all}" '$1 == job && /start\/running/' | sort ;;
            *) initctl status "$1" 2>/dev/null | head -n 1 ;;
        esac
    fi
}
count_processes() { processes_of "$1" | grep -c .; }
# is_back NAME COUNT: it runs, with at least so many instances.
is_back() { is_running "$1" && [ "$(count_processes "$1")" -ge "$2" ]; }

# note_running: adds the services of the roles that run now to the list of those that must run after this update. A
# service that did not run before the update is not started.
note_running() {
    fresh_for_target "$MU/services" || fail "cannot write $MU/services"
    for name in $(role_services | grep -vxF -f "$MU/services"); do
        ! is_running "$name" || printf '%s\n' "$name" >>"$MU/services"
    done
}

# wanted_services: prints the services that must run, in the order of the list.
wanted_services() {
    [ "$(head -n 1 "$MU/services" 2>/dev/null)" = "$(target_key)" ] || return 0
    role_services | grep -xF -f "$MU/services" || :
}

services_down() {
    for name in $(wanted_services); do
        is_running "$name" || printf '%s\n' "$name"
    done
}

# unsteady_services: watches the services for MU_SETTLE seconds and prints those that are down, and those that another
# process runs at the end: upstart and systemd say "running" of a service that crashes and is started again and again.
unsteady_services() {
    [ -n "$(wanted_services)" ] || return 0
    use_work
    for name in $(wanted_services); do processes_of "$name" >"$WORK/processes.$name"; done
    sleep "$MU_SETTLE"
    for name in $(wanted_services); do
        if ! is_running "$name"; then
            printf '%s\n' "$name"
        elif ! processes_of "$name" | cmp -s - "$WORK/processes.$name"; then
            printf '%s (crashes and is started again)\n' "$name"
        fi
    done
}

# restart_services: those that load a changed package, one after the other; then all must keep running.
restart_services() {
    for name in $(wanted_services | affected_among); do
        log "restarting $name"
        instances=$(count_processes "$name")
        # An upstart job that is not running can be started but not restarted.
        act_on "$name" restart "$MU_SERVICE_WAIT" || act_on "$name" start "$MU_SERVICE_WAIT"
        wait_until "$MU_SERVICE_WAIT" is_back "$name" "$instances" || {
            SERVICE_PROBLEM="$name does not start"
            return 1
        }
    done
    down=$(unsteady_services | one_line)
    [ -z "$down" ] || {
        SERVICE_PROBLEM="not running any more: $down"
        return 1
    }
}
