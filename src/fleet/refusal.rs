//! Nodes that let us log in and then print something else than the answer: what that is, in their own words.

use super::answer::Answer;
use super::cause;
use crate::domain::failure::{FailureKind, NodeFailure};
use crate::domain::remote::AnswerError;
use crate::domain::text::{last_lines, one_line};

/// What is shown of a node's words, in characters.
const SHOWN: usize = 120;

/// Messages of login shells and forced commands that refuse: a part of the message in lower case, what it means, and
/// what to do.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("please login as", "it asks for another user", "log in as that user: --ssh-user, or `user` in the node list"),
    (
        "sftp connections only",
        "the user may use sftp only",
        "log in as another user (--ssh-user), or remove `ForceCommand internal-sftp` in the node's sshd_config",
    ),
    (
        "account is currently not available",
        "the user may not log in",
        "log in as another user (--ssh-user), or give this one a login shell",
    ),
    (
        "restricted",
        "the login shell is restricted",
        "log in as another user (--ssh-user), or give this one a normal login shell",
    ),
];

/// The failure of a node whose output holds no answer; `word` is the one of the run's frame.
pub(super) fn explain(answer: &Answer, error: &AnswerError, word: &str) -> NodeFailure {
    let remote = |cause: String, hint: &str| NodeFailure::new(FailureKind::RemoteError, cause).hinted(hint);
    match error {
        AnswerError::MissingProgram(_) => {
            return remote(error.to_string(), "install it on the node, or repair PATH in the profile of the user");
        }
        AnswerError::RestrictedShell => {
            let hint = "log in as another user (--ssh-user), or give this one a normal login shell";
            return remote(error.to_string(), hint);
        }
        AnswerError::Foreign => {
            return remote(error.to_string(), "log in by hand: what does the profile of the user print?");
        }
        AnswerError::NoAnswer | AnswerError::CutShort | AnswerError::Garbled(_) => {}
    }
    // The end of our own frame says nothing.
    let last = last_lines(&answer.stdout, 1, SHOWN).pop().filter(|line| !line.contains(word));
    let words = answer.complaint().or(last);
    if *error == AnswerError::NoAnswer {
        if let Some(complaint) = not_posix(answer, word) {
            return remote(
                format!("the login shell is not a POSIX shell: \"{complaint}\""),
                "give the user a POSIX login shell (chsh -s /bin/sh), or log in as another user (--ssh-user)",
            );
        }
        if let Some((line, (_, meaning, hint))) = polite_refusal(answer) {
            return remote(format!("{meaning}: \"{line}\""), hint);
        }
        // What a POSIX shell exits with when it cannot run a command.
        if let Some(exit @ (126 | 127)) = answer.exit {
            return cause::shell_failed(exit, words.as_deref());
        }
    }
    let exit = answer.exit.filter(|e| *e != 0).map_or_else(String::new, |e| format!(", exit status {e}"));
    let words = words.map_or_else(String::new, |words| format!(": {words}"));
    let hint = "log in by hand: does the login shell run commands, without a menu or a forced command?";
    remote(format!("{error}{exit}{words}"), hint)
}

/// The lines of both outputs.
fn lines(answer: &Answer) -> Vec<String> {
    let text = [&answer.stderr[..], b"\n", &answer.stdout].concat();
    String::from_utf8_lossy(&text).lines().map(|line| one_line(line, SHOWN)).collect()
}

/// The complaint of a shell that cannot even assign a variable (csh, fish). It repeats the assignment with the random
/// word in it; a POSIX shell that traces its commands repeats that too, but does not complain.
fn not_posix(answer: &Answer, word: &str) -> Option<String> {
    let complains = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.contains(word) && ["not found", "unsupported use", "unknown command"].iter().any(|c| line.contains(c))
    };
    lines(answer).into_iter().find(|line| complains(line))
}

fn polite_refusal(answer: &Answer) -> Option<(String, &'static (&'static str, &'static str, &'static str))> {
    lines(answer).into_iter().find_map(|line| {
        let lower = line.to_ascii_lowercase();
        let refusal = REFUSALS.iter().find(|(part, ..)| lower.contains(part))?;
        Some((line, refusal))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cause(stdout: &str, stderr: &str, exit: u32) -> String {
        let (stdout, stderr) = (stdout.as_bytes().to_vec(), stderr.as_bytes().to_vec());
        let answer = Answer { stdout, stderr, exit: Some(exit), elapsed: Duration::ZERO };
        let failure = explain(&answer, &AnswerError::NoAnswer, "w0123");
        assert!(failure.hint.is_some_and(|hint| !hint.is_empty()));
        failure.cause
    }

    #[test]
    fn a_node_that_refuses_politely_is_quoted() {
        let cloud = "Please login as the user \"ubuntu\" rather than the user \"root\".\n\n";
        for (stdout, stderr, exit, told) in [
            (
                "This account is currently not available.\n",
                "",
                1,
                "the user may not log in: \"This account is currently not available.\"",
            ),
            (
                "This service allows sftp connections only.\n",
                "",
                1,
                "the user may use sftp only: \"This service allows sftp connections only.\"",
            ),
            (
                cloud,
                "",
                142,
                "it asks for another user: \"Please login as the user \"ubuntu\" rather than the user \"root\".\"",
            ),
            (
                "",
                "rbash: line 1: /dev/null: restricted: cannot redirect output\n",
                1,
                "the login shell is restricted: \"rbash: line 1: /dev/null: restricted: cannot redirect output\"",
            ),
            ("Closed for today\n", "", 0, "no answer in its output: Closed for today"),
            ("menu\n", "bad choice\x1b[2J\n", 3, "no answer in its output, exit status 3: bad choice [2J"),
            ("", "", 0, "no answer in its output"),
            ("", "sh: 1: /x: not found\n", 127, "the shell could not run the command (exit 127): sh: 1: /x: not found"),
        ] {
            assert_eq!(cause(stdout, stderr, exit), told);
        }
    }

    #[test]
    fn a_shell_that_is_not_posix_is_told_as_such() {
        let fish = "fish: Unsupported use of '='. In fish, please use 'set W w0123'.\nW=w0123\n^~~~~~^\n";
        let told = "the login shell is not a POSIX shell: \"fish: Unsupported use of '='. In fish, please use 'set W w0123'.\"";
        assert_eq!(cause("", fish, 127), told);
        let csh = "W=w0123: Command not found.\nBadly placed ()'s.\n";
        assert_eq!(cause("", csh, 1), "the login shell is not a POSIX shell: \"W=w0123: Command not found.\"");
        // A trace of a POSIX shell, which fails for another reason.
        assert_eq!(cause("", "+ W=w0123\nsh: od: gone\n", 1), "no answer in its output, exit status 1: sh: od: gone");
    }
}
