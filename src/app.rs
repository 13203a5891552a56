//! Wiring: parses the command line, picks the command, prints what went wrong.

use std::process::ExitCode;

use crate::cli::{self, CheckCommand, Cli, Command, ConfigCommand, Format, GraphCommand, ProgressWhen};
use crate::command::{self, clock::now};
use crate::domain::report;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::ui::Ui;

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    if std::env::args_os().len() <= 1 {
        let ui = Ui::new(cli::OutputOptions::default().into(), ProgressWhen::Auto, false);
        ui.usage(cli::START, cli::START);
        return ui.end(Exit::Usage).into();
    }
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(said) => return refused(&said),
    };
    let given = cli.command.settings();
    let mut ui = Ui::new(given.output.into(), given.progress.progress, cli.global.quiet);
    let variables = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    for warning in cli::unknown_variables(variables) {
        ui.warning(&warning);
    }
    let (path, env) = (cli.path.clone(), cli.global.env);
    let opened = given.events.events.map_or(Ok(()), |file| ui.open_events(&file, &path, env));
    let found = match opened.and_then(|()| dispatch(cli, &ui)) {
        Ok(exit) => exit,
        Err(error) => {
            ui.failed(&error, &path, env, &now());
            error.exit
        }
    };
    status(ui.end(found), ui.format())
}

/// The exit status of the process. A Nagios plugin has statuses of its own.
fn status(exit: Exit, format: Format) -> ExitCode {
    if format == Format::Nagios { exit.of_plugin().into() } else { exit.into() }
}

/// Prints what clap says in place of a command line: help and version, or a usage error.
fn refused(said: &clap::Error) -> ExitCode {
    let format = cli::format_wanted(std::env::args_os()).unwrap_or(Format::Table);
    let ui = Ui::new(cli::OutputOptions { format, ..Default::default() }.into(), ProgressWhen::Auto, false);
    let text = said.render();
    let (plain, coloured) = (text.to_string(), text.ansi().to_string());
    if !said.use_stderr() {
        ui.help(&plain, &coloured);
        return ui.end(Exit::Ok).into();
    }
    let line = |label: &str| plain.lines().find_map(|line| line.trim_start().strip_prefix(label)).map(str::to_owned);
    let error = AppError::new(Exit::Usage, line("error: ").unwrap_or_default()).hinted(line("tip: "));
    ui.refused(&error, &now());
    ui.usage(&plain, &coloured);
    status(ui.end(Exit::Usage), format)
}

fn dispatch(cli: Cli, ui: &Ui) -> Result<Exit, AppError> {
    let given = cli.command.settings();
    // Not every command needs settings; those that do not must not fail because of a broken configuration file.
    let settings = || Settings::new(&cli.global, given, &cli.origins);
    match cli.command {
        Command::Schema(options) => Ok(command::schema::schema(&options, ui)),
        Command::Completions(options) => Ok(command::manual::completions(&options, ui)),
        Command::Man(options) => command::manual::man(&options, ui),
        Command::Check(options) => match &options.which {
            None => command::check::run(report::Check::Both, options.both.rows, &settings()?, ui),
            Some(CheckCommand::Installed(options)) => {
                command::check::run(report::Check::Installed, options.rows, &settings()?, ui)
            }
            Some(CheckCommand::Available(options)) => {
                command::check::run(report::Check::Available, options.rows, &settings()?, ui)
            }
            Some(CheckCommand::Drift(options)) => command::drift::run(options, &settings()?, ui),
        },
        Command::Inventory(command) => command::inventory::run(command, &settings()?, ui),
        Command::Doctor(_) => command::doctor::run(&settings()?, ui),
        Command::History(options) => command::history::run(&options, &settings()?, ui),
        Command::Install(options) => command::install::run(&options, &settings()?, ui),
        Command::Graph(GraphCommand::Show(options)) if options.compiled => {
            command::graph::compiled(&options, &settings()?, ui)
        }
        Command::Graph(GraphCommand::Show(options)) => command::graph::show(&options, ui),
        Command::Graph(GraphCommand::Check(options)) => command::graph::check(&options, ui),
        Command::Config(ConfigCommand::Init) => Ok(command::config::init(ui)),
        Command::Mirror(command) => command::mirror::run(&command, &settings()?, ui),
        Command::Config(ConfigCommand::Show(_)) => command::config::show(&settings()?, ui),
    }
}
