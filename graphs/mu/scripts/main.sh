# shellcheck shell=sh
# The entry: `node.sh PHASE`. Stands last, so a bundle that was cut short defines much and does nothing.

main() {
    PHASE=${1-}
    case $PHASE in
        check | backup | agents | channel | update | ha | verify | commit | cleanup) command="phase_$PHASE" ;;
        check-cluster) command=phase_check_cluster ;;
        verify-cluster) command=phase_verify_cluster ;;
        *)
            echo "node.sh: unknown phase '$PHASE'" >&2
            exit 2
            ;;
    esac
    trap on_exit EXIT
    trap 'FAILURE="stopped by a signal"; exit 129' HUP
    trap 'FAILURE="stopped by a signal"; exit 130' INT
    trap 'FAILURE="stopped by a signal"; exit 143' TERM
    if ! { mkdir -p "$MU/log" && chmod 0700 "$MU/log"; }; then fail "$MU/log cannot be made"; fi
    load_values
    LOG=$MU/log/$MU_RUN.log
    : >>"$LOG" || fail "$LOG cannot be written"
    exec 9>>"$MU/lock" || fail "$MU/lock cannot be opened"
    flock -w "$MU_OWN_LOCK_WAIT" 9 || fail 'another script of an update is at work on this node'
    log begins
    # Closed for the phase: a service that a package starts would hold the lock for ever.
    run_phase 9>&-
}

run_phase() {
    undo_all || fail 'what an earlier run left behind cannot be undone'
    read_state
    know_upstart_jobs
    "$command"
}

# By hand: undo what a killed run left behind.
phase_cleanup() { :; }

main "$@" </dev/null
exit $?
