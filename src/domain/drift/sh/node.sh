# Tells what a node can differ in from others. Plain POSIX sh, as old as dash 0.5.7, mawk 1.3.3, dpkg 1.17.5 and apt 1.0.1;
# it reads, never writes, and takes no lock. It runs behind prelude.sh, probe.sh and the graph's list of services, which
# set R, W, the answers of the probe, and SERVICES. Each line begins with a word that says what it is.
printf '\n#fuel-updates %s begin\nmu %s\nstate %s\nlock %s\nuid %s\n%s\ndrift\n' "$W" "$M" "$S" "$L" "$N" "$F"
D=$R/var/lib/dpkg
# A test's tree has a package database of its own.
Q='' G=''; [ -z "$R" ] || { Q=--admindir=$D; G="-o RootDir=$R"; }
# The addresses of repositories and proxies may hold a password: it stays here.
masked() { sed 's#//[^/@" ]*@#//***@#g'; }
# Whether somebody holds the lock of dpkg. The list of all locks tells it without taking one.
locked() {
  for f in "$D/lock" "$D/lock-frontend"; do
    i=$(ls -i "$f" 2>/dev/null) || continue
    i=${i%% *}
    while read -r _ kind _ mode _ where _; do
      case "$kind $mode $where" in ("POSIX WRITE "*":$i") return 0;; esac
    done </proc/locks
  done 2>/dev/null
  return 1
}

# The packages: state, name, architecture, version; then the status and the first words of dpkg-query itself.
if command -v dpkg-query >/dev/null 2>&1; then
  echo 'manager dpkg'
  locked && echo busy
  { E=$({ dpkg-query $Q -W -f 'p ${db:Status-Abbrev} ${Package} ${Architecture} ${Version}\n' </dev/null; echo "status $?" >&2; } 2>&1 >&3 3>&-); } 3>&1
  printf '\nbook %s %s\n' "${E##*status }" "$(printf '%s\n' "$E" | head -n 1 | head -c 200)"
  locked && echo busy
elif command -v rpm >/dev/null 2>&1; then echo 'manager rpm'
else echo 'manager none'
fi

# Which installed packages no repository has, and which ones a MOS repository has in another version. apt reads its lists
# as a user who cannot write: as root it would renew its cache.
# No place for a cache of its own: an empty one is no value to the apt of Ubuntu 14.04.
T='-o Dir::Cache::pkgcache=/nonexistent/p -o Dir::Cache::srcpkgcache=/nonexistent/s'
as() { "$@"; }
if [ -z "$R" ] && chroot --userspec=65534:65534 / /bin/true 2>/dev/null; then
  as() { chroot --userspec=65534:65534 / "$@"; }
  T='-o Dir::Cache::pkgcache=/nonexistent/p'
fi
if command -v apt-cache >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
  {
    dpkg-query $Q -W -f '${db:Status-Abbrev} ${binary:Package}\n' 2>/dev/null </dev/null | awk 'substr($1, 2, 1) !~ /[nc]/ { print $NF }' |
      as xargs apt-cache $T $G policy 2>&1
    echo "@status $?"
  } | awk '
    function told() {
      if (name == "" || installed == "" || installed == "(none)") return
      if (!offered) text = text "o package " name "\n"
      else if (!known && !(mos && candidate != installed)) text = text "o version " name "\n"
      if (mos && candidate != installed) text = text "u " name " " candidate "\n"
    }
    /^@status/ { status = $2; next }
    /^[EWN]: / { if (complaint == "" && $1 != "N:") complaint = substr($0, 1, 200); next }
    /^[^ ]/ { told(); name = $0; sub(/:$/, "", name); installed = candidate = at = ""; offered = known = mos = 0; next }
    /^  Installed:/ { installed = $2; next }
    /^  Candidate:/ { candidate = $2; next }
    /^ \*\*\* / { at = $2; next }
    /^     [^ ]/ { at = $1; next }
    /^       / {
      if ($2 ~ /\/dpkg\/status$/) next
      offered = repositories = 1
      if (at == installed) known = 1
      if (at == candidate && $3 ~ /^mos[0-9]/) mos = 1
    }
    END {
      told()
      if (status != 0) printf "apt failed %s\n", complaint
      else if (!repositories) print "apt empty"
      else printf "%sapt ok\n", text
    }'
else echo 'apt missing'
fi

# Repositories, pins and keys.
cd "$R/etc/apt" 2>/dev/null && {
  for f in sources.list sources.list.d/*.list; do
    [ -f "$f" ] || continue
    if [ -r "$f" ]; then cat "$f"; echo; else echo "unreadable $f"; fi
  done | awk '{ sub(/#.*/, "") } NF { $1 = $1; print "s " substr($0, 1, 400) }' | masked | sort -u | head -n 300
  for f in sources.list.d/*.sources; do
    [ -f "$f" ] || continue
    if [ -r "$f" ]; then cat "$f"; echo; echo; else printf 'Types: unreadable\nURIs: %s\n\n' "$f"; fi
  done | awk '
    function told() { if (line != "") print "s" substr(line, 1, 400); line = "" }
    /^#/ { next }
    /^[ \t]*$/ { told(); next }
    /^[ \t]/ { next }
    { key = $1; sub(/^[^:]*:[ \t]*/, "", $0); $1 = $1; line = line " " key " " $0 }
    END { told() }' | masked | sort -u | head -n 300
  for f in preferences preferences.d/*; do
    [ -f "$f" ] || continue
    case $f in (*.dpkg-*|*.bak|*.disabled|*~) continue;; esac
    if [ -r "$f" ]; then cat "$f"; echo; echo; else printf 'Package: unreadable %s\n\n' "$f"; fi
  done | awk '
    function told() { if (package != "") print "i " (priority == "" ? "none" : priority) " " substr(package ", " pin, 1, 400); package = pin = priority = "" }
    /^#/ { next }
    /^[ \t]*$/ { told(); next }
    { value = $0; sub(/^[^:]*:[ \t]*/, "", value) }
    /^Package:/ { package = value }
    /^Pin:/ { pin = value }
    /^Pin-Priority:/ { priority = value }
    END { told() }' | sort -u | head -n 300
  for f in trusted.gpg trusted.gpg.d/*.gpg trusted.gpg.d/*.asc keyrings/*; do
    [ -f "$f" ] || continue
    i=$(md5sum <"$f" 2>/dev/null) || i=unreadable
    printf 'k %s %s\n' "${i%% *}" "$f"
  done | head -n 300
  cd /
}
# The settings of apt. What every kernel's package writes there is left out, and folders.
if command -v apt-config >/dev/null 2>&1; then
  { apt-config $G dump 2>/dev/null </dev/null; echo "@status $?"; } | awk '
    /^@status/ { print "settings " $2; next }
    /^(Dir|RootDir|APT::NeverAutoRemove|APT::VersionedKernelPackages|APT::LastInstalledKernel|CommandLine|Binary)/ || / "";$/ { next }
    count++ < 400 { print "c " substr($0, 1, 300) }' | masked
else echo 'settings missing'
fi

# Kernel, reboot, time.
printf 'kernel %s\n' "$(uname -r)"
printf 'image %s\n' "$(ls "$R/boot" 2>/dev/null | sed -n 's/^vmlinuz-//p' | sort -V | tail -n 1)"
if [ -e "$R/var/run/reboot-required" ] || [ -e "$R/run/reboot-required" ]; then
  printf 'reboot %s\n' "$(cat "$R/var/run/reboot-required.pkgs" "$R/run/reboot-required.pkgs" 2>/dev/null | sort -u | head -n 20 | tr '\n' ' ')"
fi
Z=; [ ! -r "$R/etc/timezone" ] || { read -r Z <"$R/etc/timezone"; }
[ -n "$Z" ] || { Z=$(readlink "$R/etc/localtime" 2>/dev/null); Z=${Z##*/zoneinfo/}; }
printf 'zone %s %s\n' "$(date +%z)" "$Z"

# Services of the roles, and what every node has. Lines NAME STATE PROCESS.
V=$(printf '%s\n' "$SERVICES" | awk 'NF >= 2 { print $2 }'; printf '%s\n' mcollective libvirt-bin libvirtd ceph-osd-all ceph-mon-all pacemaker corosync)
V=$(printf '%s\n' $V | sort -u)
services() {
  if [ -d "$R/run/systemd/system" ]; then
    systemctl show -p Id -p LoadState -p ActiveState -p SubState -p MainPID $(for s in $V; do case $s in (*.target) echo "$s";; (*) echo "$s.service";; esac; done) 2>/dev/null </dev/null | awk -F = '
      function told() {
        if (v["LoadState"] == "loaded") {
          name = v["Id"]; sub(/\.service$/, "", name)
          state = v["ActiveState"] == "active" ? "running" : "stopped"
          if (v["SubState"] ~ /^auto-restart/) state = "restarting"
          print name, state, v["MainPID"] + 0
        }
        split("", v)
      }
      NF < 2 { told(); next }
      { v[$1] = $2 }
      END { told() }'
  else
    U=
    if command -v initctl >/dev/null 2>&1; then
      U=$(initctl list 2>/dev/null </dev/null | awk -v names=" $(printf '%s ' $V)" 'index(names, " " $1 " ") {
        process = 0; for (i = 2; i < NF; i++) if ($i == "process") process = $(i + 1) + 0
        print $1, ($0 ~ /start\/running/ ? "running" : "stopped"), process }')
      [ -z "$U" ] || printf '%s\n' "$U"
    fi
    for s in $V; do
      case "
$U" in (*"
$s "*) continue;; esac
      [ -x "$R/etc/init.d/$s" ] || continue
      i=0
      for f in "$R/run/$s.pid" "$R/var/run/$s.pid" "$R/var/run/$s/$s.pid"; do [ ! -s "$f" ] || { read -r i <"$f"; break; }; done 2>/dev/null
      if timeout 10 service "$s" status >/dev/null 2>&1 </dev/null; then echo "$s running $i"; else echo "$s stopped 0"; fi
    done
  fi
}
A=$(services)
# What of a service is older than its files: a mapped file that is gone (one line VERDICT NAME), and the start of what runs Python.
P=$R/proc
J=$(printf '%s\n' "$A" | while read -r s state i; do
  case $state$i in (running[1-9]*) ;; (*) continue;; esac
  if grep -q -s -E ' /(usr|lib|lib64|bin|sbin|opt)/.*\(deleted\)$' "$P/$i/maps"; then echo "replaced $s"
  else
    case $(readlink "$P/$i/exe" 2>/dev/null) in
      (*/python*) printf 'start %s %s\n' "$s" "$(sed 's/^.*) //' "$P/$i/stat" 2>/dev/null | cut -d ' ' -f 20)";;
    esac
  fi
done)
printf '%s\n' "$J" | sed -n 's/^replaced /old /p'
# A Python service runs old code where its own package, or one of the Python packages that it depends on, was unpacked after its start.
case $J in (*start*)
  {
    sed -n 's/^btime /@boot /p' "$P/stat"
    stat -c '@list %Y %n' "$D"/info/python*.list $(for s in $(printf '%s\n' "$J" | awk '$1 == "start" { print $2 }'); do printf '%s\n' "$D/info/$s.list" "$D/info/${s%%-*}-common.list"; done) 2>/dev/null
    cat "$D/status"
    printf '%s\n' "$J" | sed -n 's/^start /@start /p'
  } | awk '
    /^@boot/ { boot = $2; next }
    /^@list/ { file = $3; sub(/^.*\//, "", file); sub(/\.list$/, "", file); sub(/:.*/, "", file); unpacked[file] = $2; next }
    /^@start/ {
      begun = boot + $3 / 100; project = $2; sub(/-.*/, "", project)
      split("", seen); split("", queue); last = 1; queue[1] = $2; seen[$2] = 1; old = ""
      for (at = 1; at <= last && at < 2000; at++) {
        package = queue[at]
        if ((package in unpacked) && unpacked[package] > begun + 1) old = old == "" ? package : old
        n = split(needs[package], need, /[,|]/)
        for (j = 1; j <= n; j++) {
          name = need[j]; sub(/^ +/, "", name); sub(/[ :(].*/, "", name)
          if (!(name in seen) && (name ~ /^python/ || name == project "-common")) { seen[name] = 1; queue[++last] = name }
        }
      }
      if (old != "") print "old " $2 " " old
      next
    }
    /^Package: / { package = $2 }
    /^(Pre-)?Depends: / { line = $0; sub(/^[^:]*: /, "", line); needs[package] = needs[package] "," line }';;
esac

# The mu-version.json that fuel-misc ships, if it ships one: is it what lies there?
if [ -r "$D/info/fuel-misc.list" ] && grep -q -x /etc/fuel/mu-version.json "$D/info/fuel-misc.list"; then
  i=$(md5sum <"$R/etc/fuel/mu-version.json" 2>/dev/null); i=${i%% *}
  if { sed -n 's/ .*mu-version.json$//p' "$D/info/fuel-misc.md5sums" 2>/dev/null; dpkg-query $Q -W -f '${Conffiles}\n' fuel-misc 2>/dev/null | awk '$1 ~ /mu-version.json$/ { print $2 }'; } | grep -q -x -F "${i:-none}"
  then echo 'shipped same'; else echo 'shipped other'; fi
fi
