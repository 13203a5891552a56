//! Output: the only module that writes to the terminal. stdout carries only data; progress, warnings, hints and errors
//! go to stderr.

mod check;
mod confirm;
mod doctor;
mod document;
mod drift;
mod events;
mod history;
mod install;
mod lists;
mod mirror;
mod monitoring;
mod node_list;
mod plan;
mod precheck;
mod progress;
mod show;
mod streams;
mod table;
pub mod timeline;

use std::cell::Cell;
use std::io::{self, IsTerminal as _};
use std::path::Path;

pub use check::{ShownCheck, ShownRows};
pub(crate) use confirm::Confirmation;
pub use doctor::ShownDoctor;
pub use drift::{ShownDrift, drift_page};
pub use history::{HistoryReport, RunReport};
pub use install::ShownInstall;
pub use lists::{ShownChange, ShownChanges, ShownGraph, ShownGraphTask, ShownSetting, ShownSettings};
pub use mirror::ShownMirror;
pub use node_list::ShownNodeList;
pub use plan::PlanNotes;
pub use precheck::ShownPrecheck;
pub use progress::{Progress, event_text};
pub use show::Show;
pub use table::Table;

use document::Envelope;
use events::{EventDocument, EventStream};
use progress::{Glyphs, ProgressKind};
use streams::Stdout;

use crate::cli::{Format, ProgressWhen};
use crate::domain::environment::Environment;
use crate::domain::numbers::EnvId;
use crate::domain::plan::{Plan, Refusal};
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::OutputSettings;

/// Where output goes and how it looks. Decided once, at the start.
#[derive(Debug)]
pub struct Ui {
    quiet: bool,
    progress: ProgressKind,
    colour: bool,
    coloured_stdout: bool,
    output: OutputSettings,
    stdout: Stdout,
    /// Whether data was printed: then an error adds no document of its own.
    answered: Cell<bool>,
    events: Option<EventStream>,
}

impl Ui {
    /// Reads the streams and the variables `NO_COLOR` and `TERM`.
    pub fn new(output: OutputSettings, progress: ProgressWhen, quiet: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let stdout = io::stdout();
        let colours = !dumb && !no_colour;
        Self {
            quiet,
            progress: match progress {
                _ if quiet => ProgressKind::Silent,
                ProgressWhen::None => ProgressKind::Hidden,
                ProgressWhen::Auto if io::stderr().is_terminal() && !dumb => {
                    ProgressKind::Bars { colour: colours, glyphs: Glyphs::of_locale(|name| std::env::var(name).ok()) }
                }
                ProgressWhen::Auto | ProgressWhen::Plain => ProgressKind::Lines,
            },
            colour: io::stderr().is_terminal() && colours,
            coloured_stdout: stdout.is_terminal() && colours,
            output,
            stdout: Stdout::default(),
            answered: Cell::new(false),
            events: None,
        }
    }

    /// Writes what happens from now on into a file as JSON lines, or to stdout, which then has nothing else. `command` is
    /// the one that runs.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open_events(&mut self, path: &Path, command: &str, env: Option<EnvId>) -> Result<(), AppError> {
        let stream = EventStream::open(path)?;
        let tool = env!("CARGO_PKG_VERSION");
        stream.write(&EventDocument::Begun { tool, command, env: env.map(|env| env.0) });
        self.events = Some(stream);
        Ok(())
    }

    /// Whether what was printed can be replaced: on a terminal that knows how to clear its screen.
    pub fn can_replace(&self) -> bool {
        io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Clears the screen of the terminal: what is printed next takes the place of what was there.
    pub fn clear_screen(&self) {
        self.stdout.write("\x1b[H\x1b[2J");
    }

    fn emit(&self, event: &EventDocument<'_>) {
        if let Some(stream) = &self.events {
            stream.write(event);
        }
    }

    fn stdout_has_events(&self) -> bool {
        self.events.as_ref().is_some_and(EventStream::is_stdout)
    }

    /// A display for events: bars on a terminal, lines elsewhere, unless the options say otherwise.
    pub fn progress(&self) -> Progress<'_> {
        Progress::new(self.progress, self.events.as_ref())
    }

    /// Prints data to stdout. A failure is told at the end, by [`Ui::end`].
    pub fn data(&self, text: &str) {
        if self.stdout_has_events() {
            return;
        }
        self.answered.set(true);
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.stdout.write(&format!("{text}{end}"));
    }

    /// Prints a help text to stdout, coloured where colours are seen.
    pub fn help(&self, plain: &str, coloured: &str) {
        self.data(if self.coloured_stdout { coloured } else { plain });
    }

    /// Prints what is wrong with the command line to stderr, coloured where colours are seen.
    pub fn usage(&self, plain: &str, coloured: &str) {
        self.line("", "", if self.colour { coloured } else { plain }.trim_end());
    }

    /// The exit status of the program, for the status that a command found. A report that could not be written is an
    /// error; what the command found still counts.
    pub fn end(&self, found: Exit) -> Exit {
        let lost = |found: Exit, fault: &str| {
            self.line("31", "error: ", fault);
            if found == Exit::Ok { Exit::Error } else { found }
        };
        let found = match self.stdout.fault() {
            None => found,
            Some(fault) => lost(found, &format!("stdout: {fault}")),
        };
        self.emit(&EventDocument::Ended { exit: found as u8 });
        match self.events.as_ref().and_then(EventStream::fault) {
            None => found,
            Some(fault) => lost(found, &fault),
        }
    }

    /// Prints a line of information; not with `--quiet`.
    pub fn status(&self, text: &str) {
        self.emit(&EventDocument::Note { text });
        if !self.quiet {
            self.line("", "", text);
        }
    }

    /// Prints a warning; not with `--quiet`.
    pub fn warning(&self, text: &str) {
        self.emit(&EventDocument::Warning { text });
        if !self.quiet {
            self.line("33", "warning: ", text);
        }
    }

    /// Prints a hint; not with `--quiet`.
    pub fn hint(&self, text: &str) {
        self.emit(&EventDocument::Hint { text });
        if !self.quiet {
            self.line("36", "hint: ", text);
        }
    }

    /// Prints an error with its causes and its hint, also with `--quiet`. Errors are printed nowhere else.
    pub fn error(&self, error: &AppError) {
        let (text, causes, hint) = (&error.message, &error.causes, error.hint.as_deref());
        self.emit(&EventDocument::Error { text, causes, hint });
        self.line("31", "error: ", &error.message);
        for cause in &error.causes {
            self.line("", "  caused by: ", cause);
        }
        if let Some(hint) = &error.hint {
            self.line("36", "hint: ", hint);
        }
    }

    /// Prints the error that ended a command: for people on stderr, and for programs on stdout.
    pub fn failed(&self, error: &AppError, command: &str, env: Option<EnvId>, taken_at: &str) {
        self.for_programs(error, Some(command), env, taken_at);
        self.error(error);
    }

    /// Tells programs of a command line that was refused; people read what clap says of it.
    pub fn refused(&self, error: &AppError, taken_at: &str) {
        self.for_programs(error, None, None, taken_at);
    }

    /// Prints an error on stdout in the format that was asked for, unless something stands there already.
    fn for_programs(&self, error: &AppError, command: Option<&str>, env: Option<EnvId>, taken_at: &str) {
        if self.answered.get() {
            return;
        }
        match self.output.format {
            Format::Json | Format::Yaml => {
                let conditions = document::condition(error.exit).into_iter().collect();
                let envelope = Envelope::new(command, env, taken_at, document::error(error));
                self.document(&envelope.ended(error.exit, conditions));
            }
            Format::Nagios => self.data(&monitoring::nagios_of_error(&error.message)),
            Format::Prometheus => self.data(&monitoring::prometheus_of_error(error.exit)),
            Format::Table | Format::Csv | Format::Value | Format::Ansible => {}
        }
    }

    /// Whether the columns that were asked for are in this table: asked before the work, not after it.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn check_columns(&self, table: &Table) -> Result<(), AppError> {
        match self.output.format {
            Format::Table | Format::Csv | Format::Value => table.check(&self.output),
            Format::Json | Format::Yaml | Format::Ansible | Format::Prometheus | Format::Nagios => Ok(()),
        }
    }

    /// Prints what a command found in the form that was asked for.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn show(&self, found: &impl Show) -> Result<(), AppError> {
        self.tell_result(found);
        if self.stdout_has_events() {
            return Ok(());
        }
        match self.output.format {
            Format::Json | Format::Yaml | Format::Ansible => self.document(&found.document()),
            Format::Prometheus => self.data(&found.prometheus()),
            Format::Nagios => self.data(&found.nagios()),
            Format::Csv | Format::Value => self.data(&found.table().plain(&self.output)?),
            Format::Table => self.people(found)?,
        }
        Ok(())
    }

    /// The answer, the table or its folded form where it is taller than the screen, and what follows it.
    fn people(&self, found: &impl Show) -> Result<(), AppError> {
        let (answer, groups, lines) = (found.answer(), found.groups(), found.lines());
        let table = found.table();
        let (width, height) = streams::stdout_size();
        let rendered = table.render(&self.output, width, self.coloured_stdout)?;
        // The note below, a hint and the prompt count: else they push the answer off the screen.
        let rows_of = |line: &String| {
            let cells = unicode_width::UnicodeWidthStr::width(line.as_str());
            cells.div_ceil(width.map_or(usize::MAX, usize::from)).max(1)
        };
        let around: usize = answer.iter().chain(&groups).chain(&lines).map(rows_of).sum::<usize>() + 5;
        let too_tall = height.is_some_and(|height| rendered.text.lines().count() + around > height);
        let folded = found.folded().filter(|_| too_tall && self.output.columns.is_empty());
        if let Some(answer) = answer {
            self.data(&answer);
        }
        let folds = folded.is_some();
        let shown = match folded {
            Some(folded) => folded.render(&OutputSettings::default(), width, self.coloured_stdout)?,
            None => rendered,
        };
        // On a narrow screen even the folded table can push the answer away; a line for each group takes less.
        let after: usize = lines.iter().map(rows_of).sum::<usize>() + 6;
        let in_lines = folds
            && height.is_some_and(|height| shown.text.lines().count() + after > height)
            && groups.iter().map(rows_of).sum::<usize>() < shown.text.lines().count();
        let asked = !self.output.columns.is_empty() || !self.output.sort.is_empty();
        let read = asked || found.table_is_read();
        if !table.is_empty() && read && !in_lines {
            self.data(&shown.text);
        }
        for line in groups.iter().filter(|_| !folds || in_lines).chain(&lines) {
            self.data(line);
        }
        if folds {
            self.status("nodes with the same answer are folded; --all prints a row for each node");
        } else if read && !shown.left_out.is_empty() {
            self.status(&format!("no room for: {} (a wider terminal or -c shows them)", shown.left_out.join(", ")));
        }
        Ok(())
    }

    /// Writes what a command found as an event alone, where people read something else.
    pub fn tell_result(&self, found: &impl Show) {
        if self.events.is_some()
            && let Ok(document) = serde_json::value::to_raw_value(&found.document())
        {
            self.emit(&EventDocument::Result { document: &document });
        }
    }

    /// Prints the plan of an installation: to stdout as part of the table format, else to stderr, as a document follows.
    pub fn plan(&self, plan: &Plan, env: &Environment, notes: &PlanNotes) {
        self.emit(&events::plan(plan, env, notes));
        for line in plan::lines(plan, env, notes) {
            if self.output.format == Format::Table && !self.stdout_has_events() {
                self.data(&line);
            } else if !self.quiet {
                self.line("", "", &line);
            }
        }
    }

    /// Prints what prevents an installation.
    pub fn refusals(&self, refusals: &[Refusal]) {
        for line in plan::refusals(refusals) {
            self.line("", "", &line);
        }
    }

    /// The output format.
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

    fn line(&self, colour: &str, label: &str, text: &str) {
        let line = if self.colour && !colour.is_empty() {
            format!("\x1b[1;{colour}m{label}\x1b[0m{text}\n")
        } else {
            format!("{label}{text}\n")
        };
        // When stderr is lost, nobody is left to tell.
        let _ = streams::write_stderr(&line);
    }
}
