# Asks zsh's own completion what it offers for a line: $1 is the completion script, $2 the line. It works only on a
# terminal, so a second zsh runs on one.
zmodload zsh/zpty || exit 3
zpty shell zsh -f -i
zpty -w shell "PROMPT=; stty -echo; autoload -Uz compinit; compinit -u -D; source $1"
zpty -w shell 'offered=(); compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then builtin compadd "$@"; return; fi
  local -a found; builtin compadd -A found "$@"; offered+=("${found[@]}")
}
ask() { _main_complete >/dev/null 2>&1; print -r -- "OFFERED ${offered[*]} END"; exit }
zle -C ask complete-word ask; bindkey "^I" ask; print READY-$((1+1))'
while zpty -r shell line; do [[ $line == *READY-2* ]] && break; done
zpty -w -n shell "$2"$'\t'
while zpty -r shell line; do
    [[ $line == *OFFERED*END* ]] && print -r -- "${${line#*OFFERED }% END*}" && break
done
zpty -d shell
