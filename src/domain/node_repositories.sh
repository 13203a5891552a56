# Asks one node which MOS repositories its packages come from, and which packages it has. Plain POSIX sh; reads, never
# writes. It runs behind prelude.sh, which sets R and W. Lines: `source` and what stands behind `deb`; `package NAME VERSION`.
printf '\n#fuel-updates %s begin\n' "$W"
for F in "$R"/etc/apt/sources.list.d/mos*.list; do
  [ -r "$F" ] || continue
  sed -n 's/^[[:space:]]*deb[[:space:]][[:space:]]*/source /p' "$F"
done
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null | sed -n 's/^\([^ ][^ ]* [^ ][^ ]*\) [a-z]i.*$/package \1/p'
printf '\n#fuel-updates %s end\n' "$W"
