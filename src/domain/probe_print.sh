# Prints what probe.sh found.
printf '\n#fuel-updates %s begin\nmu %s\nstate %s\nlock %s\nuid %s\n%s\n#fuel-updates %s end\n' "$W" "$M" "$S" "$L" "$N" "$F" "$W"
