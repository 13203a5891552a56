//! Completion scripts for shells.

use clap_complete::Shell;

/// The completion script for a shell.
pub(crate) fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "fuel-updates", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        // clap_complete names the branches of one `case` otherwise than the words that lead there if the program's name
        // has a hyphen (https://github.com/clap-rs/clap/issues/6421); then nothing below a command is completed.
        Shell::Bash => script.replace("fuel__subcmd__updates", "fuel__updates"),
        _ => script,
    }
}
