# Asks one node, in one go, everything that a check needs to know. Plain POSIX sh; reads, never writes.
# Sent as the command of one SSH exec, so it holds nothing that an operator or a node could have chosen.
# Below FUEL_MU_ROOT (empty in the field) lies the node's file tree. Each answer is one line
#   NAME STATUS [BASE64]
# between a begin and an end line, so that banners and profile noise around them do no harm. All of it is printed
# at once: printed bit by bit it would cost both sides a packet for each bit.
LC_ALL=C; export LC_ALL; R=${FUEL_MU_ROOT-}
# At most $3 + 1 bytes of file $2 as section $1; two bytes `ok` behind them tell that the read succeeded.
section() {
  d=${2%/*}
  if [ -f "$2" ]; then
    if [ -r "$2" ]; then
      printf '%s read ' "$1"; { head -c $(($3 + 1)) <"$2" && printf ok || printf no; } 2>/dev/null | base64 -w 0; echo
    else echo "$1 unreadable"; fi
  elif [ -e "$2" ]; then echo "$1 special"
  elif [ -L "$2" ]; then echo "$1 dangling"
  else
    while [ ! -e "$d" ] && [ ! -L "$d" ] && [ -n "$d" ]; do d=${d%/*}; done
    if [ -d "${d:-/}" ] && [ -x "${d:-/}" ]; then echo "$1 missing"; else echo "$1 unreadable"; fi
  fi
}
A=$(
printf '\n#fuel-updates-answer 1\n'
section mu "$R/etc/fuel/mu-version.json" 65536
section state "$R/var/lib/fuel-mu/state.json" 65536
section uid "$R/etc/nailgun_uid" 64
printf 'release read '; { grep -h -m 1 '^fuel_version:' "$R/etc/astute.yaml" "$R/etc/hiera/cluster.yaml" 2>/dev/null | head -c 200; printf ok; } | base64 -w 0; echo
L=$R/var/lib/fuel-mu/lock
if [ -f "$L" ]; then
  flock -n -s "$L" true 2>/dev/null
  case $? in (0) echo 'lock free';; (1) echo 'lock held';; (*) echo 'lock unknown';; esac
else echo 'lock free'; fi
echo '#fuel-updates-end'
)
printf '%s\n' "$A"
