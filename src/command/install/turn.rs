//! `--wait`: waits for whoever holds the environment, another installation on this host or a task of Nailgun.

use std::time::{Duration, Instant};

use super::context::Context;
use super::gather::refuse_when_busy;
use super::lock::InstallLock;
use crate::error::AppError;
use crate::exit::Exit;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// The wait for one's turn. Without `--wait` it is over at once.
pub(super) struct Turn<'a> {
    context: &'a Context<'a>,
    until: Option<Instant>,
    told: String,
}

impl<'a> Turn<'a> {
    /// The wait begins now.
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self { context, until: context.options.wait.map(|time| Instant::now() + time), told: String::new() }
    }

    /// Waits until nobody holds the environment. The error at the end of the time says who still does.
    pub(super) fn wait(&mut self) -> Result<(), AppError> {
        if self.until.is_none() {
            return Ok(());
        }
        let mut answered = false;
        loop {
            match self.look() {
                Ok(()) => return Ok(()),
                Err(error) if error.exit == Exit::Busy => {
                    answered = true;
                    self.pause(error)?;
                }
                // Nailgun may restart meanwhile.
                Err(error) if answered && error.exit != Exit::Interrupted => self.pause(error)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits a moment after an installation found that somebody else was faster; the error itself where no time is left.
    pub(super) fn again(&mut self, error: AppError) -> Result<(), AppError> {
        self.pause(error)
    }

    /// Whether somebody holds the environment.
    fn look(&self) -> Result<(), AppError> {
        let context = self.context;
        drop(InstallLock::take(&context.state, &context.key(), context.env)?);
        refuse_when_busy(context)
    }

    fn pause(&mut self, error: AppError) -> Result<(), AppError> {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default();
        if left.is_zero() {
            return Err(error);
        }
        if self.told != error.message {
            self.context.ui.status(&format!("{}; waiting for it up to {}", error.message, words(left)));
            self.told = error.message;
        }
        if self.context.interrupt.wait(PAUSE.min(left)) { Err(self.context.interrupted()) } else { Ok(()) }
    }
}

/// `29 min`, `2 h 10 min`, `45 s`: rounded up.
fn words(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let minutes = seconds.div_ceil(60);
    match minutes {
        0..=1 => format!("{seconds} s"),
        2..=59 => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_in_words() {
        let words = [1, 60, 61, 1800, 3600, 7750].map(|seconds| words(Duration::from_secs(seconds)));
        assert_eq!(words, ["1 s", "60 s", "2 min", "30 min", "1 h", "2 h 10 min"]);
    }
}
