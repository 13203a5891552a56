# Asks one node, in one go, everything that a check needs to know. Plain POSIX sh; reads, never writes. It runs behind
# prelude.sh, which sets R and W. Each answer is one line
#   NAME STATUS [HEX BYTES]
# Programs are what a node pays for here: at most one for each of the two files, one for its number and release, one for
# the lock. All of it is printed at once: printed bit by bit it would cost both sides a packet for each bit.
# What is at path $1: A becomes a word for it, and where it is a file, its first 65537 bytes in hexadecimal.
look() {
  d=${1%/*}
  if [ -f "$1" ]; then
    if [ ! -r "$1" ]; then A=unreadable
    elif A=$(od -A n -v -t x1 -w65537 -N 65537 "$1" 2>/dev/null); then A="read $A"
    else A=broken; fi
  elif [ -e "$1" ]; then A=special
  elif [ -L "$1" ]; then A=dangling
  else
    while [ ! -e "$d" ] && [ ! -L "$d" ] && [ -n "$d" ]; do d=${d%/*}; done
    if [ -d "${d:-/}" ] && [ -x "${d:-/}" ]; then A=missing; else A=unreadable; fi
  fi
}
look "$R/etc/fuel/mu-version.json"; M=$A
look "$R/var/lib/fuel-mu/state.json"; S=$A
# The node's number and its release: lines PATH:TEXT. Nothing else of its configuration, which holds secrets, is read out.
# (A count as in x{1,40} would make grep's start take half as long again.)
U=$R/etc/nailgun_uid
F=$(grep -H -s -a -o -D skip -d skip -m 1 -E '^(fuel_version:.*|[0-9]+)$' "$U" "$R/etc/astute.yaml" "$R/etc/hiera/cluster.yaml")
# The number counts only where nothing else stands in the file; whatever else does is shown.
if [ -f "$U" ] && [ -r "$U" ]; then
  a= b= c=; { IFS= read -r a; IFS= read -r b; IFS= read -r c; } <"$U"
  case "$b$c$F" in
    ("$U:$a"|"$U:$a
"*) N=number;;
    (*) look "$U"; N=$(printf %.200s "$A");;
  esac
else look "$U"; N=$A; fi
L=$R/var/lib/fuel-mu/lock
if [ ! -f "$L" ]; then L=free
elif [ ! -r "$L" ]; then L=unknown
else
  { flock -n -s 9 2>/dev/null; L=$?; } 9<"$L"
  case $L in (0) L=free;; (1) L=held;; (*) L=unknown;; esac
fi
