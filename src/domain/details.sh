# Fetches what a pre-check found on a node and the end of its newest log. Plain POSIX sh; reads, never writes. It runs
# behind prelude.sh, which sets R and W.
D=$R/var/lib/fuel-mu
printf '\n#fuel-updates %s begin\n' "$W"
printf 'report '; head -c 1048577 "$D/report.json" 2>/dev/null | base64 -w 0; echo
newest=; for f in "$D"/log/*.log; do [ -f "$f" ] && { [ -z "$newest" ] || [ "$f" -nt "$newest" ]; } && newest=$f; done
printf 'log '; [ -z "$newest" ] || tail -c 8192 "$newest" 2>/dev/null | base64 -w 0; echo
printf '#fuel-updates %s end\n' "$W"
