//! The terminal: the only module that writes to it. stdout carries data alone; progress, warnings, hints and
//! errors go to stderr.

mod bars;
mod document;
mod history;
mod outcome;
mod plan;
mod progress;
mod report;
mod table;
pub mod timeline;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

pub use history::{HistoryReport, RunReport};
pub use plan::PlanNotes;
pub use progress::{Progress, event_text};
pub use table::Table;

use crate::cli::Format;
use crate::domain::environment::Environment;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Plan, Refusal};
use crate::domain::report::Report;
use crate::error::AppError;
use crate::settings::Output;

/// Where output goes and how it may look; decided once.
#[derive(Debug)]
pub struct Ui {
    quiet: bool,
    bars: bool,
    colour: bool,
    width: Option<u16>,
    output: Output,
    broken_pipe: std::cell::Cell<bool>,
}

impl Ui {
    /// Looks at the streams and the variables `NO_COLOR` and `TERM`.
    pub fn new(output: Output, quiet: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let stdout = io::stdout();
        let width = stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(&stdout).ok()).flatten();
        Self {
            quiet,
            bars: io::stderr().is_terminal() && !dumb && !quiet,
            colour: io::stderr().is_terminal() && !dumb && !no_colour,
            width: width.map(|w| w.ws_col).filter(|w| *w > 0),
            output,
            broken_pipe: std::cell::Cell::new(false),
        }
    }

    /// A display for events: bars on a terminal, lines elsewhere, nothing with `--quiet`.
    pub fn progress(&self) -> Progress {
        Progress::new(self.quiet, self.bars, self.colour)
    }

    /// Prints data to stdout.
    pub fn data(&self, text: &str) {
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        if out
            .write_all(text.as_bytes())
            .and_then(|()| out.write_all(end.as_bytes()))
            .and_then(|()| out.flush())
            .is_err()
        {
            self.broken_pipe.set(true);
        }
    }

    /// Whether the reader of stdout went away: nothing is left to say then, and it is no error.
    pub fn reader_left(&self) -> bool {
        self.broken_pipe.get()
    }

    /// Prints a line about what goes on; not with `--quiet`.
    pub fn status(&self, text: &str) {
        if !self.quiet {
            self.line("", "", text);
        }
    }

    /// Prints a warning; not with `--quiet`.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.line("33", "warning: ", text);
        }
    }

    /// Prints a hint; not with `--quiet`.
    pub fn hint(&self, text: &str) {
        if !self.quiet {
            self.line("36", "hint: ", text);
        }
    }

    /// Prints an error with its causes and hint; always. The one place where errors are printed.
    pub fn error(&self, error: &AppError) {
        self.line("31", "error: ", &error.message);
        for cause in &error.causes {
            self.line("", "  caused by: ", cause);
        }
        if let Some(hint) = &error.hint {
            self.line("36", "hint: ", hint);
        }
    }

    /// Prints the report of a check in the form that was asked for.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn report(&self, report: &Report, exit: u8) -> Result<(), AppError> {
        match self.output.format {
            Format::Json | Format::Ansible => self.data(&document::json(&document::of_check(report, exit))),
            Format::Yaml => self.data(&document::yaml(&document::of_check(report, exit))),
            Format::Table => {
                self.data(&report::table(report).render(&self.output, self.width)?);
                for line in report::summary(report) {
                    self.data(&line);
                }
            }
            Format::Csv | Format::Value => self.data(&report::table(report).render(&self.output, None)?),
        }
        Ok(())
    }

    /// Prints an installation's plan: as data where people read, to stderr where a document is to come.
    pub fn plan(&self, plan: &Plan, env: &Environment, notes: &PlanNotes) {
        for line in plan::lines(plan, env, notes) {
            if self.output.format == Format::Table {
                self.data(&line);
            } else {
                self.status(&line);
            }
        }
    }

    /// Prints what forbids an installation.
    pub fn refusals(&self, refusals: &[Refusal]) {
        for line in plan::refusals(refusals) {
            self.line("", "", &line);
        }
    }

    /// Prints the end of an installation in the form that was asked for.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn outcome(&self, outcome: &Outcome, taken_at: &str, exit: u8) -> Result<(), AppError> {
        match self.output.format {
            Format::Json | Format::Ansible => {
                self.data(&document::json(&document::of_install(outcome, taken_at, exit)));
            }
            Format::Yaml => self.data(&document::yaml(&document::of_install(outcome, taken_at, exit))),
            Format::Table => {
                if !outcome.nodes.is_empty() {
                    self.data(&outcome::table(outcome).render(&self.output, self.width)?);
                }
                for line in outcome::lines(outcome) {
                    self.data(&line);
                }
            }
            Format::Csv | Format::Value => self.data(&outcome::table(outcome).render(&self.output, None)?),
        }
        Ok(())
    }

    /// Prints runs, or the tasks of one, in the form that was asked for.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn history(&self, report: &HistoryReport) -> Result<(), AppError> {
        for note in history::notes(report) {
            self.status(&note);
        }
        match self.output.format {
            Format::Json | Format::Ansible => self.data(&document::json(&history::document(report))),
            Format::Yaml => self.data(&document::yaml(&history::document(report))),
            Format::Table if report.runs.is_empty() => {}
            Format::Table => self.data(&history::table(report).render(&self.output, self.width)?),
            Format::Csv | Format::Value => self.data(&history::table(report).render(&self.output, None)?),
        }
        Ok(())
    }

    /// Prints a table in the form that was asked for; JSON and YAML print its rows as objects.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn table(&self, table: &Table) -> Result<(), AppError> {
        match self.output.format {
            Format::Json | Format::Ansible => self.data(&document::json(&table.objects())),
            Format::Yaml => self.data(&document::yaml(&table.objects())),
            Format::Table | Format::Csv | Format::Value => self.data(&table.render(&self.output, self.width)?),
        }
        Ok(())
    }

    /// The form that was asked for.
    pub fn format(&self) -> Format {
        self.output.format
    }

    /// Prints any document as JSON or YAML.
    pub fn document(&self, value: &impl serde::Serialize) {
        match self.output.format {
            Format::Yaml => self.data(&document::yaml(value)),
            _ => self.data(&document::json(value)),
        }
    }

    /// Whether somebody can be asked a question.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question whose default is no.
    pub fn confirm(&self, question: &str) -> bool {
        let mut err = io::stderr().lock();
        if write!(err, "{question} [y/N] ").and_then(|()| err.flush()).is_err() {
            return false;
        }
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
    }

    fn line(&self, colour: &str, label: &str, text: &str) {
        let mut err = io::stderr().lock();
        // A lost stderr leaves nobody to tell.
        let _ = if self.colour && !colour.is_empty() {
            writeln!(err, "\x1b[1;{colour}m{label}\x1b[0m{text}")
        } else {
            writeln!(err, "{label}{text}")
        };
    }
}
