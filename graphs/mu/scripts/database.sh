# shellcheck shell=sh
# The dump of the database on the primary controller, before packages of controllers change.

has_database() { has_galera && command -v mysqldump >/dev/null; }

# database_mb: prints the megabytes of all tables, which a compressed dump does not exceed.
database_mb() {
    asks_database 'SELECT CEILING(SUM(data_length) / 1048576) FROM information_schema.tables' | awk '/^[0-9]+$/ { mb = $1 } END { print mb + 0 }'
}
asks_database() { timeout 60 mysql --batch --skip-column-names -e "$1" 2>>"$LOG" </dev/null; }

# dump_problem: prints why there would be no dump, if it is wanted and possible here.
dump_problem() {
    if [ "$MU_DB_BACKUP" != 1 ] || ! has_database || [ -e "$MU/backup/$MU_RUN/database.sql.gz" ]; then return 0; fi
    needed=$(($(database_mb) + 200))
    free=$(free_mb /var)
    [ "${free:-0}" -ge "$needed" ] ||
        echo "not enough space on /var for the dump of the database: ${free:-0} MB free, $needed MB needed (--no-db-backup leaves it out)"
}

# Runs on the primary controller alone.
phase_backup_database() {
    into=$MU/backup/$MU_RUN/database.sql.gz
    if [ "$MU_DB_BACKUP" != 1 ]; then
        log 'no dump of the database, on request'
    elif ! has_database; then
        log 'no database on this node: no dump'
    elif grep -qs "\"run\":\"$MU_RUN\",\"packages\":\[\]" "$MU/report.json"; then
        log 'no dump of the database: nothing will change on this node'
    elif [ -e "$into" ]; then
        log "the database is saved already: $into"
    else
        room=$(dump_problem)
        [ -z "$room" ] || fail "$room"
        dump_database
    fi
}

# dump_database: a consistent dump that blocks nobody. It counts only with mysqldump's last line.
dump_database() {
    use_work
    if ! { mkdir -p "${into%/*}" && chmod 0700 "$MU/backup" "${into%/*}"; }; then fail "cannot create ${into%/*}"; fi
    log 'saving the database'
    rm -f "$into.new"
    (
        umask 077
        {
            nice -n 19 timeout "$MU_DUMP_WAIT" mysqldump --all-databases --single-transaction --quick --routines --triggers --events 2>"$WORK/dump"
            echo $? >"$WORK/dumped"
        } | nice -n 19 gzip -1 >"$into.new"
    ) || fail "cannot write $into (no space on /var?)"
    cat "$WORK/dump" >>"$LOG"
    [ "$(cat "$WORK/dumped")" = 0 ] || fail "the database cannot be saved: $(tail -n 1 "$WORK/dump" | one_line)"
    gzip -dc "$into.new" 2>>"$LOG" | tail -n 1 | grep -q '^-- Dump completed' || fail 'the dump of the database is not complete'
    timeout 120 sync
    mv -f "$into.new" "$into" || fail "cannot write $into"
    log "the database is saved: $(du -k "$into" | cut -f 1) KB in $into"
}

# busy_rows FILE: prints the work of cinder and heat that restarting the services and resources listed in the file would break.
busy_rows() {
    if grep -q '^cinder-volume\|^cinder-backup' "$1"; then
        busy_in 'cinder: volumes' "SELECT id FROM cinder.volumes WHERE deleted = 0 AND (status IN ('creating', 'deleting', 'downloading', 'uploading', 'extending', 'retyping', 'backing-up', 'restoring-backup') OR migration_status IN ('starting', 'migrating', 'completing'))"
        busy_in 'cinder: snapshots' "SELECT id FROM cinder.snapshots WHERE deleted = 0 AND status IN ('creating', 'deleting')"
    fi
    ! grep -q 'heat-engine' "$1" || busy_in 'heat: stacks' "SELECT name FROM heat.stack WHERE status = 'IN_PROGRESS' AND deleted_at IS NULL"
}

# busy_in WHAT QUERY: names at most five of them.
busy_in() {
    if ! rows=$(asks_database "$2"); then
        echo "$1 cannot be queried"
        return 0
    fi
    count=$(printf '%s\n' "$rows" | grep -c .)
    [ "$count" = 0 ] || echo "$1 in work: $count ($(printf '%s\n' "$rows" | head -n 5 | one_line))"
}
