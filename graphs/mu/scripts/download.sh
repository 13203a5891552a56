# shellcheck shell=sh
# Lists and packages of a run. The first pre-check of a run fetches the lists, the phase `download` the packages, while
# everything still runs. All later phases of the run use these and fetch nothing, so what the pre-check reported is what is
# installed, whatever happens to the mirror meanwhile.

# The folder stays until the commit: after a failure the next run of the same target fetches only what is missing.
APT=$MU/apt
ARCHIVES=$APT/cache/archives

# of_this_run FILE: whether the file says that it was completed by this run.
of_this_run() { [ "$(cat "$APT/$1" 2>/dev/null)" = "$MU_RUN" ]; }

# forget_lists: the next phase fetches them again. For a pre-check that found a problem, which may be the mirror's.
forget_lists() { rm -f "$APT/listed" "$APT/fetched"; }

# prepare_apt: fetches the lists into the private folder unless this run has them. Sets APT_PROBLEM on failure.
prepare_apt() {
    use_work
    ! of_this_run listed || return 0
    rm -rf "$APT/listed" "$APT/fetched" "$APT/sources" "$APT/lists"
    mkdir -p "$APT/sources" "$APT/lists/partial" "$ARCHIVES/partial" || {
        APT_PROBLEM="cannot create folders in $APT (no space?)"
        return 1
    }
    for name in $(mos_sources); do
        if ! grep -qs '^deb[[:space:]]' "$ROOT/etc/apt/sources.list.d/$name.list"; then
            APT_PROBLEM="/etc/apt/sources.list.d/$name.list is missing or contains no repository"
            return 1
        fi
        # apt uses packages of `file:` where they are; `copy:` is the same and brings them to our folder.
        sed 's/^\(deb[[:space:]].*\)file:/\1copy:/' "$ROOT/etc/apt/sources.list.d/$name.list" >"$APT/sources/$name.list"
    done
    if [ -z "$(find "$APT/sources" -name '*.list')" ]; then
        APT_PROBLEM='no MOS repository in /etc/apt/sources.list.d'
        return 1
    fi
    log 'fetching the package lists'
    apt_reads update >"$WORK/update" 2>&1
    update_code=$?
    cat "$WORK/update" >>"$LOG"
    # Old versions of apt exit with 0 although an index could not be fetched. A line `Err` alone is no failure: apt 1.0
    # prints it for each compression that a repository does not offer.
    if [ "$update_code" -ne 0 ] || grep -q '^[EW]: .*[Ff]ailed to fetch\|^E: ' "$WORK/update"; then
        APT_PROBLEM="apt-get update: $(apt_reasons "$WORK/update")"
        return 1
    fi
    if [ -z "$(find "$APT/lists" -name '*_Packages*')" ]; then
        APT_PROBLEM='the MOS repositories provide no package index'
        return 1
    fi
    unverified=$(unverified_sources | one_line)
    if [ -n "$unverified" ]; then
        APT_PROBLEM="apt cannot verify the signature of: $unverified $(grep -o 'NO_PUBKEY [0-9A-F]*' "$WORK/update" | sort -u | one_line)"
        APT_PROBLEM=${APT_PROBLEM% }
        return 1
    fi
    printf '%s\n' "$MU_RUN" | write_file "$APT/listed" 0644 || {
        APT_PROBLEM="cannot write $APT/listed (no space?)"
        return 1
    }
}

# unverified_sources: prints the MOS repositories (URI SUITE) whose Release file apt did not verify, unless the source says
# trusted=yes or apt is configured to accept that. Both old versions of apt end `update` and a simulation with 0, and fail
# only when they install. A file InRelease or Release.gpg is left among the lists only if its signature was verified.
unverified_sources() {
    case $(apt-config shell allowed APT::Get::AllowUnauthenticated/b 2>/dev/null) in *true*) return 0 ;; esac
    cat "$APT"/sources/*.list | sed -n 's/^deb[[:space:]][[:space:]]*//p' | while read -r source; do
        case $source in
            '['*)
                case ${source%%]*} in *trusted=yes* | *trusted=true* | *trusted=1*) continue ;; esac
                source=${source#*]}
                ;;
        esac
        printf '%s\n' "$source" | while read -r uri suite _; do
            file=$APT/lists/$(list_name "$uri" "$suite")
            [ -e "${file}InRelease" ] || [ -e "${file}Release.gpg" ] || printf '%s %s\n' "$uri" "$suite" | sed 's/^copy:/file:/'
        done
    done | sort -u
}

# list_name URI SUITE: prints the beginning of the names that apt gives to the lists of a repository.
list_name() {
    printf '%s/dists/%s/' "${1%/}" "$2" | sed 's|^[a-z+]*:||; s|^//||; s|^[^/]*@||; s/_/%5f/g; s/~/%7e/g; s/=/%3d/g; s|/|_|g'
}

# Fetches the packages of the upgrade. Nothing that runs on the node is touched. A package that is missing on the mirror or
# damaged ends the run here, before the first change.
phase_download() {
    prepare_apt || fail "$APT_PROBLEM"
    simulate all dist-upgrade || fail "$APT_PROBLEM"
    refused_plan all || fail "$APT_PROBLEM"
    keep_good_archives
    download_code=0
    if [ -s "$WORK/all.plan" ]; then
        room_for dist-upgrade || fail "$APT_PROBLEM"
        log "downloading $(download_mb dist-upgrade) MB for $(wc -l <"$WORK/all.plan" | tr -d ' ') packages"
        apt_reads -y -d --no-remove -o Acquire::Retries=3 dist-upgrade >"$WORK/download" 2>&1
        download_code=$?
        cat "$WORK/download" >>"$LOG"
    else
        log 'nothing to download'
    fi
    # apt moves a package here when its checksum is right. After a failure the next run keeps those.
    sum_archives | write_file "$APT/sums" 0644 || fail "cannot write $APT/sums (no space on /var?)"
    [ "$download_code" -eq 0 ] || fail "packages cannot be downloaded: $(apt_reasons "$WORK/download")"
    absent=$(apt_reads -y --print-uris dist-upgrade 2>>"$LOG" | awk '$1 ~ /^.[a-z+]*:/ { print $2 }' | one_line)
    [ -z "$absent" ] || fail "packages were not downloaded: $absent"
    # The packages must be on disk before the note says so.
    timeout 120 sync
    printf '%s\n' "$MU_RUN" | write_file "$APT/fetched" 0644 || fail "cannot write $APT/fetched"
}

sum_archives() { (cd "$ARCHIVES" && find . -name '*.deb' -exec sha256sum {} +); }

# bad_archives: prints those of the downloaded packages that are missing or not as they were downloaded. apt itself only
# looks at the size of a package that it has already.
bad_archives() { (cd "$ARCHIVES" && sha256sum -c "$APT/sums" 2>/dev/null | sed -n 's|^\(\./\)*\(.*\): FAILED.*|\2|p'); }

# keep_good_archives: of what an earlier run fetched, keeps what is whole and still offered.
keep_good_archives() {
    rm -f "$APT/fetched"
    (
        cd "$ARCHIVES" || exit 0
        sha256sum -c "$APT/sums" 2>/dev/null | sed -n 's/: OK$//p' >"$WORK/whole"
        find . -name '*.deb' | grep -vxF -f "$WORK/whole" | while read -r file; do rm -f "$file"; done
    )
    apt_reads autoclean >>"$LOG" 2>&1
}

# drop_archives: after the upgrade.
drop_archives() {
    apt_reads clean >>"$LOG" 2>&1
    rm -f "$APT/fetched" "$APT/sums"
}
