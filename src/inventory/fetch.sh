# Fetches the file of a node that lists its whole environment: /etc/astute.yaml up to 9.x, /etc/hiera/cluster.yaml on
# 10.0. Plain POSIX sh; reads, never writes. It runs behind prelude.sh, which sets R and W.
printf '\n#fuel-updates %s begin\n' "$W"
for f in /etc/hiera/cluster.yaml /etc/astute.yaml; do
  if [ -f "$R$f" ] && [ -r "$R$f" ]; then
    printf '%s read ' "$f"; { head -c 16777217 <"$R$f" && printf ok || printf no; } 2>/dev/null | base64 -w 0; echo
  elif [ -e "$R$f" ] || [ -L "$R$f" ]; then echo "$f unreadable"
  else echo "$f missing"; fi
done
printf '#fuel-updates %s end\n' "$W"
