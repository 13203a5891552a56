# Undoes on one node what a killed script left: where the journal of temporary changes holds something, the graph's own
# script does it, as it lies there. Plain POSIX sh; holds nothing that an operator or a node could have chosen.
LC_ALL=C; export LC_ALL; D=${FUEL_MU_ROOT-}/var/lib/fuel-mu; S=
journal() { [ -n "$(ls -A "$D/undo" 2>/dev/null)" ]; }
if ! journal; then W=nothing
elif ! flock -n "$D/lock" true 2>/dev/null; then W=left; S='a script is at work there'
elif [ ! -f "$D/node.sh" ]; then W=left; S="$D/node.sh is missing"
else
  S=$(MU_LOCK_WAIT=${MU_LOCK_WAIT:-10} MU_OWN_LOCK_WAIT=5 sh "$D/node.sh" cleanup 2>&1 </dev/null | grep 'NOT UNDONE\|FAILED' | head -n 1 | head -c 300)
  if journal; then W=left; else W=done; S=; fi
fi
printf '\n#fuel-updates-cleanup 1\n%s\n%s\n#fuel-updates-end\n' "$W" "$S"
