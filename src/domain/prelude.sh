# Stands before every command that is sent to a node and brings its shell back to the defaults: the profile of the user
# may have changed the shell, and the environment of the programs that a command starts. Plain POSIX sh; starts no program.
# W is a random word of this run. A shell that cannot assign a variable like this repeats the word in its complaint.
W=@WORD@
# A restricted shell allows neither redirections nor paths: nothing below could work.
case $- in (*r*) printf '\n#fuel-updates %s restricted\n' "$W"; exit 0;; esac
case ${ZSH_VERSION-} in (?*) emulate -R sh;; esac
# In the POSIX mode of bash no function can stand before `unset`, `set` and `trap`; the backslash keeps aliases away.
POSIXLY_CORRECT=1
\unset -f unalias command printf echo read test [ awk base64 cat chroot cut date dpkg flock grep head id ls md5sum nice od readlink rpm sed service sh sort stat tail timeout tr true uname xargs command_not_found_handle
\unalias -a
set +e +u +f +C +a +v +x
trap - 0
case ${BASH_VERSION-} in (?*) trap - ERR DEBUG RETURN; shopt -u failglob nullglob nocasematch; set +E +T +o pipefail;; esac
unset POSIXLY_CORRECT
unset IFS CDPATH GREP_OPTIONS GREP_COLOR GREP_COLORS
# What is right already is left alone: a profile may have made it read-only.
case ${LC_ALL-} in (C|POSIX) ;; (*) LC_ALL=C;; esac
export LC_ALL
R=${FUEL_MU_ROOT-}
for P in @PROGRAMS@; do
  # Below the root of a test only the PATH that was given counts.
  case $R in ('') command -v "$P" >/dev/null 2>&1 || PATH=${PATH-}:/usr/sbin:/usr/bin:/sbin:/bin;; esac
  command -v "$P" >/dev/null 2>&1 || { printf '\n#fuel-updates %s missing %s\n' "$W" "$P"; exit 0; }
done
export PATH
