# Undoes on one node what a killed script left: where the journal of temporary changes holds something, the graph's own
# script does it, as it lies there. Plain POSIX sh. It runs behind prelude.sh, which sets R and W.
D=$R/var/lib/fuel-mu; S=
journal() { [ -n "$(ls -A "$D/undo" 2>/dev/null)" ]; }
if ! journal; then A=nothing
elif flock -n "$D/lock" true 2>/dev/null; [ $? -eq 1 ]; then A=left; S='a script is at work there'
elif [ ! -f "$D/node.sh" ]; then A=left; S="$D/node.sh is missing"
else
  S=$(MU_LOCK_WAIT=${MU_LOCK_WAIT:-10} MU_OWN_LOCK_WAIT=5 sh "$D/node.sh" cleanup 2>&1 </dev/null | grep 'NOT UNDONE\|FAILED' | head -n 1 | head -c 300)
  if journal; then A=left; else A=done; S=; fi
fi
printf '\n#fuel-updates %s begin\n%s\n%s\n#fuel-updates %s end\n' "$W" "$A" "$S" "$W"
