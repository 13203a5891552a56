# shellcheck shell=sh
# state.json: how far this node got, and the packages that this target upgraded here.

# read_state: STATE_ID, STATE_TIMESTAMP, STATE_PHASE, STATE_EVIDENCE; empty where there is none.
read_state() {
    STATE_ID='' STATE_TIMESTAMP='' STATE_PHASE='' STATE_EVIDENCE=null
    [ -e "$STATE" ] || return 0
    state_text=$(head -c 65536 "$STATE" | tr -d '\n')
    STATE_ID=$(printf '%s' "$state_text" | sed -n 's/.*"target":{"id":\([0-9]*\),.*/\1/p')
    STATE_TIMESTAMP=$(printf '%s' "$state_text" | sed -n 's/.*"timestamp":\(-\{0,1\}[0-9]*\)},"phase":.*/\1/p')
    STATE_PHASE=$(printf '%s' "$state_text" | sed -n 's/.*},"phase":"\([a-z]*\)","since":.*/\1/p')
    STATE_EVIDENCE=$(printf '%s' "$state_text" | sed -n 's/.*,"evidence":\({.*}\)}$/\1/p')
    [ -n "$STATE_EVIDENCE" ] || STATE_EVIDENCE=null
    # Something is there that we did not write like this: it counts as unfinished.
    [ -n "$STATE_PHASE" ] || STATE_PHASE=unknown
}

# write_state PHASE [EVIDENCE]
write_state() {
    printf '{"run":"%s","target":%s,"phase":"%s","since":%s,"evidence":%s}\n' \
        "$MU_RUN" "$TARGET" "$1" "$(now)" "${2:-null}" | write_file "$STATE" 0644 ||
        fail "$STATE cannot be written"
    read_state
    log "state: $1"
}

state_is_ours() { [ "$STATE_ID" = "$MU_TARGET_ID" ] && [ "$STATE_TIMESTAMP" = "$MU_TARGET_TIMESTAMP" ]; }
unfinished() { [ -n "$STATE_PHASE" ] && [ "$STATE_PHASE" != 'done' ]; }

# begin: the state file says so before anything changes.
begin() {
    if state_is_ours && unfinished; then return 0; fi
    write_state started
}

# committed: the state is finished for this target and the file on the node is the mirror's.
committed() {
    state_is_ours && [ "$STATE_PHASE" = 'done' ] && [ -f "$TARGET_FILE" ] || return 1
    printf '%s' "$MU_FILE_B64" | base64 -d | cmp -s - "$TARGET_FILE"
}

# Files kept per target begin with a line that names it; those of another target are begun anew.
target_key() { printf 'target %s %s' "$MU_TARGET_ID" "$MU_TARGET_TIMESTAMP"; }
fresh_for_target() {
    [ "$(head -n 1 "$1" 2>/dev/null)" = "$(target_key)" ] || printf '%s\n' "$(target_key)" | write_file "$1" 0644
}

# remember_plan FILE: notes lines `PACKAGE FROM TO` before they are carried out, so that a crash loses none.
remember_plan() {
    if ! { fresh_for_target "$MU/upgraded" && sort -u "$1" >>"$MU/upgraded"; }; then fail "$MU/upgraded cannot be written"; fi
}

# upgraded_packages: names that this target brought to a version that is installed now, over all runs.
upgraded_packages() {
    fresh_for_target "$MU/upgraded" || return 1
    # shellcheck disable=SC2016
    dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null |
        awk 'FILENAME == ARGV[1] { if (FNR > 1) want[$1 " " $3] = 1; next } ($1 " " $2) in want { print $1 }' "$MU/upgraded" - | sort -u
}
