# The services once more: one that has another process by now keeps restarting. Then the clock, at the very end.
B=$(services)
printf '%s\n' "$A" | while read -r s state i; do
  [ -n "$s" ] || continue
  case "
$B
" in (*"
$s $state $i
"*) ;; (*) state=restarting;; esac
  printf 'v %s %s\n' "$state" "$s"
done
printf 'clock %s\n#fuel-updates %s end\n' "$(date +%s.%N)" "$W"
