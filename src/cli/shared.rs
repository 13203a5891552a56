//! Options that several commands share may also stand before the command: `--fanout 5 check installed`,
//! `check --fanout 5 installed`.
//!
//! To make that work, the top level has a hidden copy of each of them. clap passes the value of a copy on to the command,
//! even to a command without the option; there the option is refused by this module.

use clap::builder::{OsStr, Resettable};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _, Command};

use super::help::WITHOUT_ENVIRONMENT;
use super::{SettingsOptions, combination, global_options};

/// The shared options, without the commands.
fn options() -> Vec<Arg> {
    SettingsOptions::augment_args(Command::new("shared")).get_arguments().cloned().collect()
}

/// Adds the hidden copies.
pub(super) fn accept_before_the_command(command: Command) -> Command {
    // The command itself reads the variable and has the default; the copies must not override it with either.
    let copy = |arg: Arg| {
        arg.global(true).hide(true).env(Resettable::<OsStr>::Reset).default_value(Resettable::<OsStr>::Reset)
    };
    // `check` has these options itself, which keeps the copies away from the commands below it.
    let below = |sub: Command| {
        let inner: Vec<String> = sub.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
        let own = |command: &Command, arg: &Arg| command.get_arguments().any(|other| other.get_id() == arg.get_id());
        let kept: Vec<Arg> = options().into_iter().filter(|arg| own(&sub, arg)).collect();
        inner.into_iter().fold(sub, |sub, name| {
            sub.mut_subcommand(name, |inner| {
                let missing: Vec<Arg> = kept.iter().filter(|arg| !own(&inner, arg)).cloned().map(copy).collect();
                inner.args(missing)
            })
        })
    };
    command.mut_subcommands(below).args(options().into_iter().map(copy))
}

/// Whether an option stands before a command that follows it: a command reads only what stands behind its own name.
pub(super) fn stands_before_the_command(command: &Command, matches: &ArgMatches) -> bool {
    let Some((name, matches_below)) = matches.subcommand() else { return false };
    let Some(below) = command.find_subcommand(name) else { return false };
    let mut own = command.get_arguments().filter(|arg| !arg.is_global_set());
    own.any(|arg| on_the_command_line(matches, arg)) || stands_before_the_command(below, matches_below)
}

/// Whether the option was given to the command of these matches, which may not have it.
fn on_the_command_line(matches: &ArgMatches, option: &Arg) -> bool {
    let id = option.get_id().as_str();
    matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// Refuses an option that the given command does not have, or that does nothing there. Returns the command's names.
///
/// # Errors
/// A usage error that names the option and where it does something.
pub(super) fn refuse_unused(plain: &Command, matches: &ArgMatches) -> Result<String, clap::Error> {
    let (mut command, mut given, mut path) = (plain, matches, Vec::new());
    while let Some((name, below)) = given.subcommand() {
        let Some(sub) = command.find_subcommand(name) else { break };
        path.push(name.to_owned());
        (command, given) = (sub, below);
    }
    let path = path.join(" ");
    if WITHOUT_ENVIRONMENT.contains(&path.as_str()) {
        let stray = global_options().into_iter().find(|arg| on_the_command_line(given, arg));
        if let Some(stray) = stray {
            let text = format!("`{path}` has no option --{}\n", stray.get_long().unwrap_or_default());
            return Err(clap::Error::raw(ErrorKind::UnknownArgument, text));
        }
    }
    for option in options() {
        let id = option.get_id();
        let has_it = |command: &Command| command.get_arguments().any(|arg| arg.get_id() == id);
        if !has_it(command) && on_the_command_line(given, &option) {
            let name = option.get_long().unwrap_or_default();
            let mut others = Vec::new();
            commands_with(plain, &has_it, "", &mut others);
            let text = format!("`{path}` has no option --{name}; these commands have it: {}\n", others.join(", "));
            return Err(clap::Error::raw(ErrorKind::UnknownArgument, text));
        }
    }
    combination::refuse_without_effect(&path, given)?;
    Ok(path)
}

fn commands_with(command: &Command, has_it: &dyn Fn(&Command) -> bool, path: &str, found: &mut Vec<String>) {
    for sub in command.get_subcommands() {
        let path = format!("{path}{}{}", if path.is_empty() { "" } else { " " }, sub.get_name());
        if has_it(sub) {
            found.push(path.clone());
        }
        commands_with(sub, has_it, &path, found);
    }
}
