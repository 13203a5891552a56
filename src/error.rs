//! Errors that end a command: what happened, why, and what to do next. Printed in one place, by `ui`.
//!
//! Each module has a narrow enum of its own errors. The enum implements [`Explain`] for the hint and the exit status,
//! and `?` in a command turns it into an [`AppError`].

use std::error::Error;

use crate::domain::text::without_error_number;
use crate::exit::Exit;

/// What a module's error tells the operator beside its message and its sources.
pub trait Explain: Error {
    /// The next step. Safe to show.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The exit status of a command that this error ends.
    fn exit(&self) -> Exit {
        Exit::Error
    }
}

impl<E: Explain> From<E> for AppError {
    fn from(error: E) -> Self {
        Self::from_error(error.exit(), &error).hinted(error.hint())
    }
}

/// An error that ends a command.
#[derive(Debug)]
pub struct AppError {
    /// The exit status.
    pub exit: Exit,
    /// What happened. Safe to show.
    pub message: String,
    /// Why, the nearest cause first. Safe to show.
    pub causes: Vec<String>,
    /// The next step.
    pub hint: Option<String>,
}

impl AppError {
    /// An error with its exit status.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: without_error_number(&message.into()), causes: vec![], hint: None }
    }

    /// An error from another one, with its chain of causes.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(c) = cause {
            let text = without_error_number(&c.to_string());
            // A message that already repeats its source needs no second line.
            if !error.to_string().contains(&text) {
                causes.push(text);
            }
            cause = c.source();
        }
        Self { exit, message: without_error_number(&error.to_string()), causes, hint: None }
    }

    /// The same with the next step, where there is one.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }
}
