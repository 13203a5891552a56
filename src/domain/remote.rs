//! Commands that run on nodes: one exec each, framed, the same constant text for every node of a run.
//!
//! The text is [`RemoteCommand::SCRIPT`] behind `prelude.sh`, which undoes what a user's profile did to the shell. The
//! answer stands between two lines that carry a random word of the run, so that nothing that a profile, a banner or an
//! earlier run prints can be taken for it:
//!
//! ```text
//! Welcome to node-5                      ignored
//! #fuel-updates 5f3c… begin
//! mu missing                             the answer
//! #fuel-updates 5f3c… end
//! ```

use thiserror::Error;

use super::text::one_line;

/// What every line of a frame begins with.
const MARK: &str = "#fuel-updates";
const PRELUDE: &str = include_str!("prelude.sh");

/// A command that runs on nodes. Its text holds nothing that an operator or a node could have chosen.
pub trait RemoteCommand {
    /// Plain POSIX sh. It prints `#fuel-updates $W begin`, its answer and `#fuel-updates $W end`, each on lines of their
    /// own. The prelude has set `W` to the run's word and `R` to the root of the node's file tree (empty in the field).
    /// It is in parts, so that a part of several commands is in the program once.
    const SCRIPT: &'static [&'static str];
    /// The programs that it starts, separated by spaces. A node without one of them is told as such.
    const PROGRAMS: &'static str;
    /// The most that a node may print, in bytes: the largest answer, and room for a noisy profile.
    const LIMIT: usize;
    /// What a node answers.
    type Answer;

    /// Reads the answer: the lines between those of the frame.
    ///
    /// # Errors
    /// The part of the answer that is not as the script prints it.
    fn parse(answer: &str) -> Result<Self::Answer, Garbled>;
}

/// A part of an answer that is not as the script prints it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("its answer is garbled ({0})")]
pub struct Garbled(pub &'static str);

/// Why a node's output holds no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AnswerError {
    /// No begin line: the command did not run, or something else answered.
    #[error("no answer in its output")]
    NoAnswer,
    /// A begin line without the end line.
    #[error("its answer breaks off")]
    CutShort,
    /// A frame that the command did not print, or more than one.
    #[error("its output holds an answer that the command did not print")]
    Foreign,
    /// A program that the command needs is not on the node.
    #[error("the program `{0}` is missing")]
    MissingProgram(String),
    /// The login shell allows no redirections and no paths.
    #[error("the login shell is restricted")]
    RestrictedShell,
    /// The answer is not as the script prints it.
    #[error(transparent)]
    Garbled(#[from] Garbled),
}

/// The frame of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    word: String,
}

impl Frame {
    /// A frame with this word. It must be random, so that nobody can know it before the command runs.
    pub fn new(random: [u8; 8]) -> Self {
        Self { word: format!("w{:016x}", u64::from_be_bytes(random)) }
    }

    /// The word, as it stands in the command.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The text of a command, without the comments of its source.
    pub fn command<C: RemoteCommand>(&self) -> String {
        let code = |text: &'static str| text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let lines: Vec<_> = code(PRELUDE).chain(C::SCRIPT.iter().copied().flat_map(code)).collect();
        lines.join("\n").replace("@WORD@", &self.word).replace("@PROGRAMS@", C::PROGRAMS)
    }

    /// Reads a node's answer out of what it printed.
    ///
    /// # Errors
    /// [`AnswerError`] when there is not exactly one complete, well-formed answer.
    pub fn answer<C: RemoteCommand>(&self, output: &[u8]) -> Result<C::Answer, AnswerError> {
        Ok(C::parse(&self.open(output)?)?)
    }

    fn open(&self, output: &[u8]) -> Result<String, AnswerError> {
        let (mut answer, mut begun, mut ended) = (String::new(), false, false);
        for line in String::from_utf8_lossy(output).lines() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let Some(mark) = line.strip_prefix(MARK) else {
                if begun && !ended {
                    answer.push_str(line);
                    answer.push('\n');
                }
                continue;
            };
            let told = mark.strip_prefix(' ').and_then(|mark| mark.strip_prefix(self.word())?.strip_prefix(' '));
            match told {
                Some("begin") if !begun => begun = true,
                Some("end") if begun && !ended => ended = true,
                Some("restricted") if !begun => return Err(AnswerError::RestrictedShell),
                Some(other) if !begun && other.starts_with("missing ") => {
                    return Err(AnswerError::MissingProgram(one_line(&other["missing ".len()..], 20)));
                }
                _ => return Err(AnswerError::Foreign),
            }
        }
        match (begun, ended) {
            (false, _) => Err(AnswerError::NoAnswer),
            (true, false) => Err(AnswerError::CutShort),
            (true, true) => Ok(answer),
        }
    }
}

/// Runs commands with a real shell, for the tests of each of them.
#[cfg(test)]
pub(crate) mod testing {
    use std::path::Path;
    use std::process::Command;

    use super::{AnswerError, Frame, RemoteCommand};

    /// Runs a command on a file tree.
    pub(crate) fn ask<C: RemoteCommand>(tree: &Path) -> Result<C::Answer, AnswerError> {
        let frame = Frame::new(*b"any word");
        let mut shell = Command::new("/bin/sh");
        let out = shell.arg("-c").arg(frame.command::<C>()).env("FUEL_MU_ROOT", tree).output().unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
        frame.answer::<C>(&out.stdout)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// Prints what the shell and its programs are like.
    enum Look {}

    impl RemoteCommand for Look {
        const SCRIPT: &'static [&'static str] = &[r#"# a comment
X='a b'; N=0; for x in $X; do N=$((N+1)); done
false
G=$(printf 'red\n' | grep red)
printf '\n#fuel-updates %s begin\n%s|%s|%s|%s|%s\n#fuel-updates %s end\n' "$W" "$N" "$G" "$LC_ALL" "$nothing" "$(echo /e[t]c)" "$W"
"#];
        const PROGRAMS: &'static str = "grep od";
        const LIMIT: usize = 1000;
        type Answer = String;

        fn parse(answer: &str) -> Result<String, Garbled> {
            Ok(answer.to_owned())
        }
    }

    /// A program that no node has.
    enum Lacking {}

    impl RemoteCommand for Lacking {
        const SCRIPT: &'static [&'static str] = &["echo never"];
        const PROGRAMS: &'static str = "grep no-such-program";
        const LIMIT: usize = 1000;
        type Answer = String;

        fn parse(answer: &str) -> Result<String, Garbled> {
            Ok(answer.to_owned())
        }
    }

    fn frame() -> Frame {
        Frame::new([7; 8])
    }

    /// Runs a command in `shell` after `profile`, as sshd and a profile do.
    fn run(shell: &[&str], profile: &str, command: &str) -> std::process::Output {
        let dir = tempfile::tempdir().unwrap();
        let rc = dir.path().join("rc");
        std::fs::write(&rc, profile).unwrap();
        let mut child = Command::new(shell[0]);
        child.args(&shell[1..]).arg("-c").arg(command).env("BASH_ENV", &rc).stdin(Stdio::null());
        child.output().unwrap()
    }

    #[test]
    fn the_text_holds_no_comment_and_no_place_that_is_not_filled() {
        let text = frame().command::<Look>();
        assert!(text.starts_with("W=w0707070707070707\n"), "{text}");
        assert!(!text.contains("\n#") && !text.contains("\n  #") && !text.contains('@'), "{text}");
    }

    /// Each of these changes what a command does in bash, which reads a profile even for `ssh node command`.
    #[test]
    fn a_profile_changes_neither_the_shell_nor_the_programs() {
        for profile in [
            "",
            "set -e; trap 'echo trap; exit 1' ERR",
            "set -euo pipefail; trap 'exit 9' EXIT",
            "set -uCfx",
            "set -v",
            "set -a",
            "set -T; trap 'echo debug' DEBUG",
            "shopt -s expand_aliases; alias grep=false printf=false unset=false set=false command=false od=false",
            "grep() { echo fn; }; printf() { echo fn; }; unset() { echo fn; }; command() { echo fn; }; set() { echo fn; }",
            "unalias() { echo fn; }; trap() { echo fn; }; echo() { builtin echo fn; }; [() { return 1; }",
            "command_not_found_handle() { echo found; return 0; }",
            "IFS=b",
            "export GREP_OPTIONS=--color=always GREP_COLOR='1;32' LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8 2>/dev/null",
            "export POSIXLY_CORRECT=1; set -o posix",
            "CDPATH=/etc; umask 777; cd /",
            "shopt -s failglob nullglob nocasematch extglob",
            "enable -n printf",
            "PATH=/nonexistent",
            "unset PATH",
            "readonly LC_ALL=C; readonly TMOUT=300",
            "readonly PATH",
            "exec 2>&-",
        ] {
            let out = run(&["bash"], profile, &frame().command::<Look>());
            let answer = frame().answer::<Look>(&out.stdout);
            assert_eq!(answer.as_deref(), Ok("2|red|C||/etc\n"), "{profile}: {out:?}");
        }
        for shell in [&["sh"][..], &["sh", "-euf"], &["bash", "--posix"]] {
            let out = run(shell, "", &frame().command::<Look>());
            assert_eq!(frame().answer::<Look>(&out.stdout).as_deref(), Ok("2|red|C||/etc\n"), "{shell:?}: {out:?}");
        }
    }

    #[test]
    fn a_restricted_shell_and_a_missing_program_are_named() {
        let out = run(&["bash", "--restricted"], "", &frame().command::<Look>());
        assert_eq!(frame().answer::<Look>(&out.stdout), Err(AnswerError::RestrictedShell), "{out:?}");
        let out = run(&["sh"], "", &frame().command::<Lacking>());
        let missing = AnswerError::MissingProgram("no-such-program".into());
        assert_eq!(frame().answer::<Lacking>(&out.stdout), Err(missing), "{out:?}");
    }

    #[test]
    fn noise_around_the_answer_does_no_harm() {
        let mut noisy = b"Welcome to node-5\r\nmu read  68 65\n".to_vec();
        noisy.extend(run(&["sh"], "", &frame().command::<Look>()).stdout);
        noisy.write_all(b"bye\xff\n").unwrap();
        assert_eq!(frame().answer::<Look>(&noisy).as_deref(), Ok("2|red|C||/etc\n"));
    }

    #[test]
    fn only_one_frame_and_only_ours_is_taken() {
        let word = frame().word;
        let ours = format!("#fuel-updates {word} begin\nx\n#fuel-updates {word} end\n");
        let theirs = "#fuel-updates w0000000000000001 begin\ny\n#fuel-updates w0000000000000001 end\n";
        let before = "#fuel-updates-answer 2\nmu missing\n#fuel-updates-end\n";
        let answer = |output: &str| frame().answer::<Look>(output.as_bytes());
        assert_eq!(answer(&ours), Ok("x\n".to_owned()));
        for foreign in [
            theirs.to_owned(),
            format!("{theirs}{ours}"),
            format!("{ours}{theirs}"),
            format!("{ours}{ours}"),
            format!("{before}{ours}"),
            format!("#fuel-updates {word} end\n{ours}"),
            format!("{ours}#fuel-updates {word} missing od\n"),
            ours.replace("x\n", theirs),
        ] {
            assert_eq!(answer(&foreign), Err(AnswerError::Foreign), "{foreign}");
        }
        assert_eq!(answer("hello"), Err(AnswerError::NoAnswer));
        assert_eq!(answer(ours.split_once("x\n").unwrap().0), Err(AnswerError::CutShort));
    }
}
