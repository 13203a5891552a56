//! Undoing what a killed script left on a node: a command that only an installation runs, after it failed.

use super::text::one_line;

/// The most that an answer can be, in bytes.
pub const MAX_ANSWER: usize = 64 * 1024;

const SCRIPT: &str = include_str!("cleanup.sh");

/// The command: a constant, without the comments of its source.
pub fn command() -> String {
    SCRIPT.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// What became of a node's temporary changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// There were none.
    Nothing,
    /// They are undone.
    Done,
    /// They are still there, and why. Safe to show.
    Left(String),
}

impl Cleanup {
    /// Reads the answer out of an exec's output.
    pub fn parse(output: &[u8]) -> Self {
        let text = String::from_utf8_lossy(output);
        let mut lines = text.lines().skip_while(|line| *line != "#fuel-updates-cleanup 1").skip(1);
        match (lines.next(), lines.next()) {
            (Some("nothing"), _) => Self::Nothing,
            (Some("done"), _) => Self::Done,
            (Some("left"), Some(reason)) => Self::Left(one_line(reason, 200)),
            _ => Self::Left("it gave no answer".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_a_journal_that_holds_something_is_worked_off_and_only_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let ask = || {
            let mut shell = Command::new("/bin/sh");
            let out = shell.arg("-c").arg(command()).env("FUEL_MU_ROOT", dir.path()).output().unwrap();
            assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
            Cleanup::parse(&out.stdout)
        };
        assert_eq!(ask(), Cleanup::Nothing);
        let folder = dir.path().join("var/lib/fuel-mu");
        fs::create_dir_all(folder.join("undo")).unwrap();
        assert_eq!(ask(), Cleanup::Nothing);
        fs::write(folder.join("undo/policy"), "").unwrap();
        assert_eq!(ask(), Cleanup::Left(format!("{}/node.sh is missing", folder.display())));

        // The script decides what undoing means; here it removes the note, or refuses to.
        fs::write(folder.join("node.sh"), "echo 'x: NOT UNDONE: policy (\x1b)'; exit 1").unwrap();
        assert_eq!(ask(), Cleanup::Left("x: NOT UNDONE: policy ( )".into()));
        let undoes = format!("[ \"$1\" = cleanup ] && rm {}/undo/policy", folder.display());
        fs::write(folder.join("node.sh"), undoes).unwrap();
        let lock = fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        assert_eq!(ask(), Cleanup::Left("a script is at work there".into()));
        lock.unlock().unwrap();
        assert_eq!(ask(), Cleanup::Done);
        assert_eq!(ask(), Cleanup::Nothing);
    }

    #[test]
    fn no_answer_is_not_a_clean_node() {
        for output in ["", "done", "#fuel-updates-cleanup 1\nwhat\n\n", "#fuel-updates-cleanup 1\nleft"] {
            assert_eq!(Cleanup::parse(output.as_bytes()), Cleanup::Left("it gave no answer".into()), "{output}");
        }
    }
}
