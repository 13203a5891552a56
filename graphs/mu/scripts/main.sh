# shellcheck shell=sh
# Entry point: `node.sh PHASE`. It is the last part of the bundle, so a truncated bundle only defines functions.

main() {
    PHASE=${1-}
    case $PHASE in
        check | download | backup | agents | update | ha | verify | commit | cleanup) command="phase_$PHASE" ;;
        backup-database) command=phase_backup_database ;;
        check-cluster) command=phase_check_cluster ;;
        verify-cluster) command=phase_verify_cluster ;;
        *)
            echo "node.sh: unknown phase '$PHASE'" >&2
            exit 2
            ;;
    esac
    [ -n "${FUEL_MU_CLEAN-}" ] || start_with_clean_environment "$@"
    trap on_exit EXIT
    trap 'FAILURE="stopped by a signal"; exit 129' HUP
    trap 'FAILURE="stopped by a signal"; exit 130' INT
    trap 'FAILURE="stopped by a signal"; exit 143' TERM
    if ! { mkdir -p "$MU/log" && chmod 0700 "$MU/log"; }; then fail "cannot create $MU/log"; fi
    load_values
    LOG=$MU/log/$MU_RUN.log
    : >>"$LOG" || fail "cannot write $LOG"
    exec 9>>"$MU/lock" || fail "cannot open $MU/lock"
    flock -w "$MU_OWN_LOCK_WAIT" 9 || fail 'another script of an update is running on this node'
    log begins
    # Closed for the phase: a service started by a package would inherit the lock and keep it.
    run_phase 9>&-
}

# start_with_clean_environment ARGUMENT…: runs this script again without the caller's environment. Settings of a login
# profile (GREP_OPTIONS, TAR_OPTIONS, http_proxy, APT_CONFIG, …) change what the tools print and do; a task of Nailgun has
# none of them, a run by hand or over SSH may. Only the root of a test and the limits (numbers) are kept.
start_with_clean_environment() {
    unset GREP_OPTIONS
    # shellcheck disable=SC2046 # numbers only
    exec env -i FUEL_MU_CLEAN=1 "PATH=$PATH" "HOME=$HOME" ${FUEL_MU_ROOT+"FUEL_MU_ROOT=$FUEL_MU_ROOT"} \
        $(env | grep '^MU_[A-Z_]*=[0-9.]*$') sh "$0" "$@"
}

run_phase() {
    undo_all || fail 'temporary changes of an earlier run cannot be undone'
    read_state
    list_upstart_jobs
    "$command"
}

# Run by hand or by the client: run_phase has undone what a killed run left behind.
phase_cleanup() { :; }

main "$@" </dev/null
exit $?
