# Fetches the file of a node that lists its whole environment: /etc/astute.yaml up to 9.x, /etc/hiera/cluster.yaml on
# 10.0. Plain POSIX sh; reads, never writes; holds nothing that an operator or a node could have chosen.
LC_ALL=C; export LC_ALL; R=${FUEL_MU_ROOT-}
printf '\n#fuel-updates-nodes 1\n'
for f in /etc/hiera/cluster.yaml /etc/astute.yaml; do
  if [ -f "$R$f" ] && [ -r "$R$f" ]; then
    printf '%s read ' "$f"; { head -c 16777217 <"$R$f" && printf ok || printf no; } 2>/dev/null | base64 -w 0; echo
  elif [ -e "$R$f" ] || [ -L "$R$f" ]; then echo "$f unreadable"
  else echo "$f missing"; fi
done
echo '#fuel-updates-end'
