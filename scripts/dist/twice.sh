#!/bin/sh
# Builds the packages of HEAD twice, in two folders, and compares the bytes. Prints both lists of checksums.
set -eu
cd "$(dirname "$0")/../.."
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
for folder in one another/folder; do
    mkdir -p "$top/$folder"
    git archive HEAD | tar -x -C "$top/$folder"
    # Without git in the copy: its commit and time are given, as a packager gives them.
    (
        cd "$top/$folder"
        git init -q . && git config user.name x && git config user.email x@localhost
        GIT_AUTHOR_DATE=@1700000000 GIT_COMMITTER_DATE=@1700000000 sh -c 'git add -A && git commit -q -m x'
        make dist
    )
done
echo "first:" && cat "$top/one/target/dist/SHA256SUMS"
echo "second:" && cat "$top/another/folder/target/dist/SHA256SUMS"
cmp "$top/one/target/dist/SHA256SUMS" "$top/another/folder/target/dist/SHA256SUMS"
(cd "$top/one/target/dist" && sha256sum --quiet -c SHA256SUMS)
echo "the same bytes"
