# shellcheck shell=sh
# What an operator should know, though it forbids nothing: work that a restart would break, what runs old code afterwards, what an
# upgrade restarts by itself, and schemas of databases.

# busy_work FILE: prints a line for each kind of work that restarting the services and resources listed in the file would break.
busy_work() {
    ! grep -q '^nova-compute' "$1" || busy_instances
    # Only nodes with a database know.
    ! has_database || busy_rows "$1"
}

# In the part of controllers, which other nodes do not get.
command -v has_database >/dev/null || has_database() { return 1; }

# busy_instances: migrations and saves by libvirt's own word, and copies of disks, which belong to nova-compute.
busy_instances() {
    if command -v virsh >/dev/null; then
        for domain in $(timeout 60 virsh -r list --name 2>/dev/null </dev/null); do
            ! timeout 30 virsh -r domjobinfo "$domain" 2>/dev/null </dev/null | grep -q '^Job type: *\(Bounded\|Unbounded\)' ||
                echo "nova: $domain is being migrated or saved"
        done
    fi
    copies=$(grep -lsx 'qemu-img' "$PROC"/[0-9]*/comm | grep -c .)
    [ "$copies" = 0 ] || echo "nova: disks are being copied (qemu-img runs: $copies)"
}
PROC=$ROOT/proc

# await_quiet FILE: names that work in the log, and waits for its end as long as the operator wants.
await_quiet() {
    work=$(busy_work "$1")
    [ -n "$work" ] || return 0
    printf '%s\n' "$work" | while read -r line; do log "work that a restart breaks: $line"; done
    [ "$MU_WAIT_FOR_QUIET" != 0 ] || return 0
    log "waiting at most $MU_WAIT_FOR_QUIET minutes for its end"
    if wait_until $((MU_WAIT_FOR_QUIET * MU_MINUTE)) is_quiet "$1"; then log 'that work has ended'; else log "it goes on after $MU_WAIT_FOR_QUIET minutes: $(busy_work "$1" | one_line)"; fi
}
is_quiet() { [ -z "$(busy_work "$1")" ]; }

# plan_notes PLAN: prints what the packages of a plan mean beyond the restarts.
plan_notes() {
    awk '{ print $1 }' "$1" >"$WORK/names"
    if grep -qx 'openvswitch-switch' "$WORK/names"; then
        echo 'openvswitch-switch is upgraded and restarts ovs-vswitchd: network traffic of this node stops for some seconds'
    fi
    old=$(grep '^rabbitmq-server\|^erlang-\|^mysql-wsrep\|^mysql-server\|^galera\|^libvirt-bin\|^libvirt0\|^qemu-\|-dkms$' "$WORK/names" | one_line | tr ';' ' ')
    [ -z "$old" ] || echo "upgraded, but what runs keeps the old code until it is restarted: $old"
    schemas=$(while read -r package; do
        ! grep -qs '/migrate_repo/versions/.*[.]py$\|/alembic_migrations/versions/.*[.]py$\|/migrations\{0,1\}/.*versions/.*[.]py$' "$ROOT/var/lib/dpkg/info/$package.list" || printf '%s\n' "$package"
    done <"$WORK/names" | one_line | tr ';' ' ')
    [ -z "$schemas" ] || echo "has migrations of database schemas, which an update does not run (see its documentation): $schemas"
}

# old_in_memory: prints programs that nobody restarts for an update and that still run code of replaced files, and kernel
# modules of dkms that are loaded in another version than on disk.
old_in_memory() {
    for process in "$PROC"/[0-9]*; do
        program=$(cat "$process/comm" 2>/dev/null) || continue
        case $program in
            beam | beam.smp | epmd | mysqld | ovs-vswitchd | ovsdb-server | libvirtd | virtlogd | qemu-system-* | qemu-kvm | kvm) ;;
            *) continue ;;
        esac
        case $(readlink "$process/exe" 2>/dev/null) in
            *' (deleted)') printf '%s\n' "$program" ;;
            *) ! grep -qs ' /[^ ]*lib[^ ]*[.]so[^ ]* (deleted)$' "$process/maps" || printf '%s\n' "$program" ;;
        esac
    done | sort | uniq -c | awk '{ print $2 ($1 > 1 ? " (" $1 ")" : "") }'
    for module in "$ROOT"/var/lib/dkms/*; do
        name=${module##*/}
        loaded=$(cat "$ROOT/sys/module/$name/srcversion" 2>/dev/null) || continue
        disk=$(modinfo -F srcversion "$name" 2>/dev/null) || continue
        [ "$loaded" = "$disk" ] || printf 'kernel module %s\n' "$name"
    done
}
