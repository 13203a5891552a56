# Fetches what a pre-check found on a node and the end of its newest log. Plain POSIX sh; reads, never writes; holds
# nothing that an operator or a node could have chosen.
LC_ALL=C; export LC_ALL; D=${FUEL_MU_ROOT-}/var/lib/fuel-mu
printf '\n#fuel-updates-details 1\n'
printf 'report '; head -c 1048577 "$D/report.json" 2>/dev/null | base64 -w 0; echo
newest=; for f in "$D"/log/*.log; do [ -f "$f" ] && { [ -z "$newest" ] || [ "$f" -nt "$newest" ]; } && newest=$f; done
printf 'log '; [ -z "$newest" ] || tail -c 8192 "$newest" 2>/dev/null | base64 -w 0; echo
echo '#fuel-updates-end'
