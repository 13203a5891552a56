//! Wiring: parses the command line, picks the command, prints what went wrong.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::cli::{Check, Cli, Command, Config, Format, Inventory, Origins};
use crate::command;
use crate::domain::report;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::{Output, Settings};
use crate::ui::Ui;

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(said) => return refused(&said).into(),
    };
    let output = &cli.global.output;
    let output = Output { format: output.format, columns: output.columns.clone(), sort: output.sort.clone() };
    let ui = Ui::new(output, cli.global.quiet);
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
    let ui = Ui::new(Output { format: Format::Table, columns: vec![], sort: vec![] }, false);
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

/// The command line, with where each value came from.
fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut command))?;
    cli.global.origins = Origins::of(&command, &matches);
    Ok(cli)
}

fn dispatch(cli: Cli, ui: &Ui) -> Result<Exit, AppError> {
    let ansible = cli.global.output.format == Format::Ansible;
    if ansible && !matches!(cli.command, Command::Inventory(Inventory::Show)) {
        return Err(AppError::new(Exit::Usage, "`-f ansible` is for `inventory show` alone"));
    }
    match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "fuel-updates", &mut script);
            ui.data(&String::from_utf8_lossy(&script));
            Ok(Exit::Ok)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|e| AppError::from_error(Exit::Error, &e))?;
            ui.data(&String::from_utf8_lossy(&page));
            Ok(Exit::Ok)
        }
        Command::Check(check) => {
            let settings = Settings::new(cli.global)?;
            let check = match check {
                Check::Installed => report::Check::Installed,
                Check::Available => report::Check::Available,
            };
            command::check::run(check, &settings, ui)
        }
        Command::Inventory(action) => command::inventory::run(action, &Settings::new(cli.global)?, ui),
        Command::History(options) => command::history::run(&options, &Settings::new(cli.global)?, ui),
        Command::Install(options) => command::install::run(&options, &Settings::new(cli.global)?, ui),
        Command::Graph(action) => command::graph::run(action, cli.global, ui),
        Command::Config(Config::Show) => command::config::show(&Settings::new(cli.global)?, ui),
    }
}
