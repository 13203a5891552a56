# The files of packages that differ from what was installed, without configuration files. As slowly as the node can: nothing waits for it.
Y='nice -n 19'
! command -v ionice >/dev/null 2>&1 || Y="$Y ionice -c 3"
X=$({ $Y dpkg ${R:+--root=$R} --verify </dev/null 2>/dev/null; echo "@status $?"; } | awk '
  /^@status/ { status = $2; next }
  / c \// { next }
  { at = index($0, "/"); path = substr($0, at) }
  !at || path ~ /^\/usr\/share\/(doc|man|locale|info)\// { next }
  count++ < 500 { print path }
  END { print "@ " (status == 0 || status == 1 ? "ok" : "failed " status) " " count + 0 }')
printf '%s\n' "$X" | while IFS= read -r f; do
  case $f in
    ('@ '*) echo "verified ${f#@ }"; continue;;
    ('') continue;;
  esac
  if [ -f "$R$f" ]; then i=$(nice -n 19 md5sum <"$R$f" 2>/dev/null) || i=unreadable; elif [ -e "$R$f" ] || [ -L "$R$f" ]; then i=special; else i=missing; fi
  printf 'f %s %s\n' "${i%% *}" "$f"
done
printf '%s\n' "$X" | grep '^/' | tr '\n' '\0' | xargs -0 -r dpkg-query $Q -S 2>/dev/null | sed -n 's/^\([^ ]*\): \//w \1 \//p' | head -n 1000
