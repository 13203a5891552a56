//! Completion, as the shells themselves do it with the scripts that the program prints.

#![allow(clippy::print_stderr)]

use std::path::Path;
use std::process::Command;

use crate::program::Program;

/// A line, what a shell has to offer for it, and what it must not offer.
const LINES: &[(&str, &[&str], &[&str])] = &[
    ("fuel-updates ", &["check", "install", "inventory", "completions"], &["installed"]),
    ("fuel-updates ch", &["check"], &["install"]),
    ("fuel-updates check ", &["installed", "available"], &["inventory"]),
    ("fuel-updates check installed --fan", &["--fanout"], &["--format"]),
    ("fuel-updates --env 1 check available --mir", &["--mirror"], &[]),
    ("fuel-updates check installed --host-keys ", &["accept-new", "strict", "off"], &["installed"]),
    ("fuel-updates inventory forget-", &["forget-host-key"], &["import"]),
    ("fuel-updates inventory forget-host-key --ssh-", &["--ssh-user", "--ssh-key", "--ssh-port"], &["--nodes"]),
    ("fuel-updates install --re", &["--restart-mysql", "--restart-rabbitmq"], &["--batch"]),
];

/// Asks bash: it calls the function that the script registers, as it does when somebody presses Tab.
const ASK_BASH: &str = r#"
source "$1"
read -ra COMP_WORDS <<<"$2"
case "$2" in *' ') COMP_WORDS+=('') ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
registered=$(complete -p fuel-updates)
function=${registered#*-F }
"${function%% *}" fuel-updates "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[*]}"
"#;

const ASK_FISH: &str = "source $argv[1]; complete -C $argv[2] | string replace -r '\\t.*' ''";

/// What a shell offers; nothing where this machine does not have it.
fn offered(shell: &str, script: &Path, line: &str) -> Option<Vec<String>> {
    let mut command = Command::new(shell);
    match shell {
        "bash" => command.args(["--norc", "--noprofile", "-c", ASK_BASH, "bash"]),
        "fish" => command.args(["--no-config", "-c", ASK_FISH]),
        _ => command.arg("-f").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/ask.zsh")),
    };
    let out = match command.arg(script).arg(line).output() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
        out => out.expect(shell),
    };
    assert!(out.status.success(), "{shell}: {}", String::from_utf8_lossy(&out.stderr));
    Some(String::from_utf8_lossy(&out.stdout).split_whitespace().map(str::to_owned).collect())
}

fn shell_completes(shell: &str) {
    let program = Program::new();
    let script = program.file("script", program.run(&format!("completions {shell}")).stdout);
    for (line, wanted, unwanted) in LINES {
        let Some(offered) = offered(shell, &script, line) else {
            assert!(std::env::var_os("CI").is_none(), "{shell} is not installed: scripts/prepare.sh installs it");
            eprintln!("skipped: {shell} is not installed; scripts/prepare.sh installs it");
            return;
        };
        let missing: Vec<_> = wanted.iter().filter(|word| !offered.iter().any(|o| o == *word)).collect();
        let odd: Vec<_> = unwanted.iter().filter(|word| offered.iter().any(|o| o == *word)).collect();
        assert!(missing.is_empty() && odd.is_empty(), "{shell} for `{line}`: {offered:?}: no {missing:?}, but {odd:?}");
    }
}

#[test]
fn bash_completes_at_every_depth() {
    shell_completes("bash");
}

#[test]
fn zsh_completes_at_every_depth() {
    shell_completes("zsh");
}

#[test]
fn fish_completes_at_every_depth() {
    shell_completes("fish");
}
