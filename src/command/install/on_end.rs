//! `--on-end`: executes the operator's command when an installation has ended, in whatever way.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};

use crate::domain::numbers::{EnvId, TaskId};
use crate::error::AppError;
use crate::exit::Exit;
use crate::ui::Ui;

/// What an installation says of its end, for the operator's command.
#[derive(Debug, Default)]
pub(super) struct Ending(RefCell<EndTold>);

#[derive(Clone, Debug, Default)]
struct EndTold {
    result: Option<&'static str>,
    task: Option<TaskId>,
    message: String,
}

impl Ending {
    /// Notes the result in one word, Nailgun's task if one was started, and the result in a sentence.
    pub(super) fn note(&self, result: &'static str, task: Option<TaskId>, message: String) {
        *self.0.borrow_mut() = EndTold { result: Some(result), task, message };
    }
}

/// Executes the command with what is known in variables. It has no input, its output goes to stderr, and it is waited for.
/// Its failure is a warning: it changes nothing of how the installation ended.
pub(super) fn execute(line: &str, ending: &Ending, env: Option<EnvId>, ended: &Result<Exit, AppError>, ui: &Ui) {
    let mut told = ending.0.borrow().clone();
    let exit = match ended {
        Ok(exit) => *exit,
        Err(error) => {
            // The error came last: it says how it ended.
            if error.exit == Exit::Interrupted {
                told.result = None;
            }
            told.message.clone_from(&error.message);
            error.exit
        }
    };
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", line])
        .env("FUEL_UPDATES_RESULT", told.result.unwrap_or_else(|| word(exit)))
        .env("FUEL_UPDATES_EXIT", (exit as u8).to_string())
        .env("FUEL_UPDATES_TASK", told.task.map(|task| task.to_string()).unwrap_or_default())
        .env("FUEL_UPDATES_ENV", env.map(|env| env.to_string()).unwrap_or_default())
        .env("FUEL_UPDATES_MESSAGE", &told.message)
        .stdin(Stdio::null())
        .stdout(stderr.map_or_else(|_| Stdio::null(), Stdio::from));
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => ui.warning(&format!("the command of --on-end failed: {status}")),
        Err(error) => ui.warning(&format!("the command of --on-end cannot be executed: {error}")),
    }
}

/// The result where an installation did not come to one.
fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Interrupted => "interrupted",
        Exit::Busy => "busy",
        Exit::Ok => "ok",
        _ => "error",
    }
}
