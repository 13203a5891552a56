//! Wiring: parses the command line, picks the command, prints what went wrong.

use std::process::ExitCode;

use crate::cli::{self, CheckCommand, Cli, Command, ConfigCommand, GraphCommand};
use crate::command;
use crate::domain::report;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::ui::Ui;

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(said) => return refused(&said).into(),
    };
    let ui = Ui::new(cli.command.settings().output.into(), cli.global.quiet);
    let found = match dispatch(cli, &ui) {
        Ok(exit) => exit,
        Err(error) => {
            ui.error(&error);
            error.exit
        }
    };
    ui.end(found).into()
}

/// Prints what clap says in place of a command line: help and version, or a usage error.
fn refused(said: &clap::Error) -> Exit {
    let ui = Ui::new(cli::OutputOptions::default().into(), false);
    let text = said.render();
    let (plain, coloured) = (text.to_string(), text.ansi().to_string());
    if said.use_stderr() {
        ui.usage(&plain, &coloured);
        ui.end(Exit::Usage)
    } else {
        ui.help(&plain, &coloured);
        ui.end(Exit::Ok)
    }
}

fn dispatch(cli: Cli, ui: &Ui) -> Result<Exit, AppError> {
    let given = cli.command.settings();
    // Not every command needs settings; those that do not must not fail because of a broken configuration file.
    let settings = || Settings::new(&cli.global, given, &cli.origins);
    match cli.command {
        Command::Completions(options) => Ok(command::manual::completions(&options, ui)),
        Command::Man(options) => command::manual::man(&options, ui),
        Command::Check(CheckCommand::Installed(options)) => {
            command::check::run(report::Check::Installed, options.rows, &settings()?, ui)
        }
        Command::Check(CheckCommand::Available(options)) => {
            command::check::run(report::Check::Available, options.rows, &settings()?, ui)
        }
        Command::Check(CheckCommand::Drift(options)) => command::drift::run(&options, &settings()?, ui),
        Command::Inventory(command) => command::inventory::run(command, &settings()?, ui),
        Command::History(options) => command::history::run(&options, &settings()?, ui),
        Command::Install(options) => command::install::run(&options, &settings()?, ui),
        Command::Graph(GraphCommand::Show(options)) if options.compiled => {
            command::graph::compiled(&options, &settings()?, ui)
        }
        Command::Graph(GraphCommand::Show(options)) => command::graph::show(&options, ui),
        Command::Graph(GraphCommand::Check(options)) => command::graph::check(&options, ui),
        Command::Config(ConfigCommand::Show(_)) => command::config::show(&settings()?, ui),
    }
}
