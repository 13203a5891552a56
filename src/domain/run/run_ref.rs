//! Which run the operator means.

use std::fmt;
use std::str::FromStr;

use crate::domain::numbers::TaskId;

/// A run of our graph: the newest one, or the one with this Nailgun task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunRef {
    /// The newest run in the environment.
    Newest,
    /// The run of this task, parent or child.
    Task(TaskId),
}

impl RunRef {
    /// What [`RunRef::Newest`] is called on the command line.
    pub const NEWEST: &str = "newest";
}

impl FromStr for RunRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == Self::NEWEST {
            return Ok(Self::Newest);
        }
        let task = text.parse().ok().filter(|task: &u64| *task > 0);
        task.map(|task| Self::Task(TaskId(task))).ok_or("give the number of a Nailgun task, or `newest`")
    }
}

impl fmt::Display for RunRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str(Self::NEWEST),
            Self::Task(task) => write!(f, "{task}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_task_or_the_newest() {
        assert_eq!("newest".parse(), Ok(RunRef::Newest));
        assert_eq!("17".parse(), Ok(RunRef::Task(TaskId(17))));
        for bad in ["", "0", "-1", "last", "1.5"] {
            assert!(bad.parse::<RunRef>().is_err(), "{bad:?}");
        }
    }
}
