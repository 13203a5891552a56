//! Undoing what a killed script left on a node: a command that only an installation runs, after it failed.

use super::remote::{Garbled, RemoteCommand};
use super::text::one_line;

/// The command that undoes what a killed script left.
#[derive(Clone, Copy, Debug)]
pub enum UndoChanges {}

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

impl RemoteCommand for UndoChanges {
    const SCRIPT: &'static [&'static str] = &[include_str!("cleanup.sh")];
    const PROGRAMS: &'static str = "ls flock sh grep head";
    const LIMIT: usize = 64 * 1024;
    type Answer = Cleanup;

    fn parse(answer: &str) -> Result<Cleanup, Garbled> {
        let mut lines = answer.lines();
        match (lines.next(), lines.next()) {
            (Some("nothing"), _) => Ok(Cleanup::Nothing),
            (Some("done"), _) => Ok(Cleanup::Done),
            (Some("left"), Some(reason)) => Ok(Cleanup::Left(one_line(reason, 200))),
            _ => Err(Garbled("result")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::remote::testing;
    use super::*;

    #[test]
    fn only_a_journal_that_holds_something_is_worked_off_and_only_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let ask = || testing::ask::<UndoChanges>(dir.path()).unwrap();
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
    fn a_garbled_answer_is_not_a_clean_node() {
        for answer in ["", "what\n\n", "left"] {
            assert_eq!(UndoChanges::parse(answer), Err(Garbled("result")), "{answer}");
        }
    }
}
