//! How many tasks on nodes have which result.

use super::TaskResult;

/// How many tasks on nodes have which result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// Done.
    pub done: usize,
    /// Failed, including failures that Nailgun ignored.
    pub failed: usize,
    /// Running.
    pub running: usize,
    /// Not started in a run that goes on.
    pub waiting: usize,
    /// Never started in a run that is over.
    pub not_executed: usize,
    /// Not chosen.
    pub skipped: usize,
}

impl TaskCounts {
    /// Those that will not change any more.
    pub fn over(&self) -> usize {
        self.done + self.failed + self.skipped
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.over() + self.running + self.waiting + self.not_executed
    }
}

impl FromIterator<TaskResult> for TaskCounts {
    fn from_iter<I: IntoIterator<Item = TaskResult>>(results: I) -> Self {
        let mut counts = Self::default();
        for result in results {
            *match result {
                TaskResult::Done => &mut counts.done,
                TaskResult::Failed | TaskResult::FailureIgnored => &mut counts.failed,
                TaskResult::Running => &mut counts.running,
                TaskResult::Waiting => &mut counts.waiting,
                TaskResult::NotExecuted => &mut counts.not_executed,
                TaskResult::Skipped => &mut counts.skipped,
            } += 1;
        }
        counts
    }
}
