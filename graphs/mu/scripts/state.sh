# shellcheck shell=sh
# state.json: the progress of this node, and the packages that this target upgraded here.

# read_state: sets STATE_ID, STATE_TIMESTAMP, STATE_PHASE and STATE_EVIDENCE; empty if there is no state file.
read_state() {
    STATE_ID='' STATE_TIMESTAMP='' STATE_PHASE='' STATE_EVIDENCE=null
    [ -e "$STATE" ] || return 0
    state_text=$(head -c 65536 "$STATE" | tr -d '\n')
    STATE_ID=$(printf '%s' "$state_text" | sed -n 's/.*"target":{"id":\([0-9]*\),.*/\1/p')
    STATE_TIMESTAMP=$(printf '%s' "$state_text" | sed -n 's/.*"timestamp":\(-\{0,1\}[0-9]*\)},"phase":.*/\1/p')
    STATE_PHASE=$(printf '%s' "$state_text" | sed -n 's/.*},"phase":"\([a-z]*\)","since":.*/\1/p')
    STATE_EVIDENCE=$(printf '%s' "$state_text" | sed -n 's/.*,"evidence":\({.*}\)}$/\1/p')
    [ -n "$STATE_EVIDENCE" ] || STATE_EVIDENCE=null
    # A state file that cannot be read counts as unfinished.
    [ -n "$STATE_PHASE" ] || STATE_PHASE=unknown
}

# write_state PHASE [EVIDENCE]
write_state() {
    printf '{"run":"%s","target":%s,"phase":"%s","since":%s,"evidence":%s}\n' \
        "$MU_RUN" "$TARGET" "$1" "$(now)" "${2:-null}" | write_file "$STATE" 0644 ||
        fail "cannot write $STATE"
    read_state
    log "state: $1"
}

state_is_ours() { [ "$STATE_ID" = "$MU_TARGET_ID" ] && [ "$STATE_TIMESTAMP" = "$MU_TARGET_TIMESTAMP" ]; }
unfinished() { [ -n "$STATE_PHASE" ] && [ "$STATE_PHASE" != 'done' ]; }

# begin: writes to the state file that an update has started, before anything changes.
begin() {
    if state_is_ours && unfinished; then return 0; fi
    write_state started
}

# committed: whether the state is `done` for this target and the node's mu-version.json is the mirror's.
committed() {
    state_is_ours && [ "$STATE_PHASE" = 'done' ] && [ -f "$TARGET_FILE" ] || return 1
    printf '%s' "$MU_FILE_B64" | base64 -d | cmp -s - "$TARGET_FILE"
}

# fresh_for_target FILE: a file that is kept per target begins with a line that names it; the file of another target is
# emptied.
target_key() { printf 'target %s %s' "$MU_TARGET_ID" "$MU_TARGET_TIMESTAMP"; }
fresh_for_target() {
    [ "$(head -n 1 "$1" 2>/dev/null)" = "$(target_key)" ] || printf '%s\n' "$(target_key)" | write_file "$1" 0644
}

# remember_plan FILE: saves lines `PACKAGE FROM TO` before the upgrade, so that a crash loses none.
remember_plan() {
    if ! { fresh_for_target "$MU/upgraded" && sort -u "$1" >>"$MU/upgraded"; }; then fail "cannot write $MU/upgraded"; fi
}

# upgraded_packages: prints the packages that this target upgraded, in any run, and that still have that version.
upgraded_packages() {
    fresh_for_target "$MU/upgraded" || return 1
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null |
        awk 'FILENAME == ARGV[1] { if (FNR > 1) want[$1 " " $3] = 1; next } ($1 " " $2) in want { print $1 }' "$MU/upgraded" - | sort -u
}
