#!/bin/sh
# Words that must not stay in what is committed.
set -eu
cd "$(dirname "$0")/.."

fail=0
forbid() { # pattern, why, paths…
    pattern=$1 why=$2
    shift 2
    if found=$(git grep -nE "$pattern" -- "$@"); then
        printf '%s\n%s\n' "$found" "error: $why" >&2
        fail=1
    fi
}
forbid 'todo!|unimplemented!|dbg!\(|FIXM[E]|XX[X]:' 'finish it or say in an issue what is left' 'src/*.rs' 'lab/*.rs' 'tests/*.rs' 'graphs/*' 'scripts/*' ':!scripts/forbid.sh'
forbid '#\[ignor[e]' 'a test that never runs asserts nothing' 'src/*.rs' 'lab/*.rs' 'tests/*.rs'
forbid '^[^#]*[[:space:]]+$' 'white space at the end of a line' 'src/*.rs' 'lab/*.rs' 'graphs/*.sh' 'scripts/*.sh'
forbid '[Pp]roduct page|[Dd]omain facts|house\.md' 'a document that a reader of the repository does not have' '*.rs' '*.sh' '*.md' '*.toml' '*.yaml' Makefile .ci ':!scripts/forbid.sh'
exit $fail
