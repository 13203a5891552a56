# shellcheck shell=sh
# shellcheck disable=SC2034 # the reader uses them
# To be read by a script at the top of the tree. Sets what is being built:
#   commit   of git, with `-modified` where files differ from it; empty without git
#   SOURCE_DATE_EPOCH   as given, else the commit's time, else that of the changelog
#   date     the day of it; empty without git, unless SOURCE_DATE_EPOCH was given
commit='' date=''
if git ls-files --error-unmatch Cargo.toml >/dev/null 2>&1; then
    commit=$(git describe --always --abbrev=12 --exclude='*' --dirty=-modified)
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
fi
[ -z "${SOURCE_DATE_EPOCH:-}" ] || date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(stat -c %Y CHANGELOG.md)}"
