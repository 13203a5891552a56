//! Parses the arguments of the process into a [`Cli`].

use std::ffi::OsString;
use std::path::Path;

use clap::builder::{OsStr, Resettable};
use clap::error::ErrorKind;
use clap::{FromArgMatches as _, ValueEnum as _};

use super::blame::name_the_variable;
use super::{Cli, Format, Origin, Origins, help, shared};

/// Reads the command line and the variables.
///
/// # Errors
/// clap's: a usage error, or the text of `--help` and `--version`.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let arguments: Vec<OsString> = without_the_clients_word(arguments).collect();
    let mut plain = tree(&arguments);
    let matches = match plain.try_get_matches_from_mut(&arguments) {
        Ok(matches) if !shared::stands_before_the_command(&plain, &matches) => matches,
        Err(text) if !text.use_stderr() => return Err(text),
        // A tree that takes shared options before the command as well is larger by far, and most command lines do without.
        _ => {
            let mut command = shared::accept_before_the_command(tree(&arguments));
            let matches = command.try_get_matches_from_mut(&arguments);
            matches.map_err(|error| name_the_variable(error, &plain, &arguments))?
        }
    };
    let path = shared::refuse_unused(&plain, &matches)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut plain))?;
    cli.origins = Origins::of(&plain, &matches);
    let format = cli.command.settings().output.format;
    if !format.everywhere() && !help::more_formats(&path).contains(&format) {
        let text = format!("`{path}` has no `-f {}`\n", format.name());
        return Err(clap::Error::raw(ErrorKind::InvalidValue, text));
    }
    if let Some(events) = cli.command.settings().events.events {
        let given = |id: &str| matches!(cli.origins.get(id), Some(Origin::Option(_)));
        if path == "config show" {
            return Err(clap::Error::raw(ErrorKind::UnknownArgument, "--events has no effect on `config show`\n"));
        }
        if events == Path::new("-") && ["format", "columns", "sort"].into_iter().any(given) {
            let text =
                "--events - writes the result as an event: --format, --column and --sort-columns have no effect\n";
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, text));
        }
    }
    cli.path = path;
    Ok(cli)
}

/// The commands and options, with the texts that these arguments need.
fn tree(arguments: &[OsString]) -> clap::Command {
    let command = help::command_for(arguments);
    let any_empty = std::env::vars_os().any(|(_, value)| value.is_empty());
    if any_empty { without_empty_variables(command) } else { command }
}

/// Accepts the words of the Fuel client as well: `updates --env 1 check installed`.
fn without_the_clients_word(arguments: impl IntoIterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    arguments
        .into_iter()
        .enumerate()
        .filter(|(position, word)| *position != 1 || word != "updates")
        .map(|(_, word)| word)
}

/// The format that a command line asks for, as far as that can be told of one that does not parse: an error is printed in
/// it, too.
pub(crate) fn format_wanted(arguments: impl IntoIterator<Item = OsString>) -> Option<Format> {
    let words: Vec<String> = arguments.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let named = words.iter().enumerate().filter_map(|(at, word)| match word.as_str() {
        "-f" | "--format" => words.get(at + 1).map(String::as_str),
        word => word.strip_prefix("--format=").or_else(|| word.strip_prefix("-f")),
    });
    // The last one counts.
    named.rev().find_map(|name| Format::from_str(name, true).ok())
}

/// Treats empty variables as unset: with `FUEL_UPDATES_ENV= fuel-updates ...` a script clears a variable.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let empty =
        |arg: &clap::Arg| arg.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|v| v.is_empty()));
    let command = command.mut_args(|arg| if empty(&arg) { arg.env(Resettable::<OsStr>::Reset) } else { arg });
    command.mut_subcommands(without_empty_variables)
}

#[cfg(test)]
mod tests {
    use super::super::{Command, command};
    use super::*;

    fn parsed(line: &str) -> Result<Cli, String> {
        parse(line.split(' ').map(OsString::from)).map_err(|e| e.to_string().lines().next().unwrap_or("").to_owned())
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
        shared::accept_before_the_command(command()).debug_assert();
    }

    #[test]
    fn options_stand_before_between_and_after_the_commands() {
        for line in [
            "fuel-updates --env 1 --fanout 5 -f json check installed",
            "fuel-updates check --env 1 --fanout 5 -f json installed",
            "fuel-updates check installed --env 1 --fanout 5 -f json",
            "fuel-updates --fanout 5 check --env 1 installed -f json",
            "fuel-updates --fanout 5 check --env 1 -f json",
        ] {
            let cli = parsed(line).expect(line);
            let settings = cli.command.settings();
            assert_eq!(cli.global.env.map(|env| env.0), Some(1), "{line}");
            assert_eq!((settings.ssh.fanout, settings.output.format), (Some(5), Format::Json), "{line}");
            assert_eq!(cli.origins.get("fanout").map(|o| o.to_string()).as_deref(), Some("option --fanout"), "{line}");
        }
    }

    #[test]
    fn the_fuel_clients_word_may_stand_first_and_nowhere_else() {
        let cli = parsed("fuel-updates updates --env 1 check installed").expect("the client's words");
        assert!(matches!(cli.command, Command::Check(_)) && cli.global.env.map(|env| env.0) == Some(1));
        assert_eq!(
            parsed("fuel-updates check updates").expect_err("no command of `check`"),
            "error: unrecognized subcommand 'updates'"
        );
    }

    #[test]
    fn events_take_stdout_alone_and_only_where_something_happens() {
        assert!(parsed("fuel-updates --events - check installed").is_ok());
        assert!(parsed("fuel-updates check installed --events e.ndjson -f json").is_ok());
        assert_eq!(
            parsed("fuel-updates check installed --events - -f json").expect_err("both on stdout"),
            "error: --events - writes the result as an event: --format, --column and --sort-columns have no effect"
        );
        assert_eq!(
            parsed("fuel-updates config show --events e").expect_err("nothing happens"),
            "error: --events has no effect on `config show`"
        );
        assert!(
            parsed("fuel-updates history --events e").expect_err("nothing happens").contains("has no option --events")
        );
    }

    #[test]
    fn an_option_that_does_nothing_for_a_command_is_refused() {
        let refused = |line: &str| parsed(&format!("fuel-updates {line}")).expect_err(line);
        assert_eq!(
            refused("man --fanout 5"),
            "error: `man` has no option --fanout; these commands have it: check, check installed, check available, \
             check drift, install, doctor, inventory show, inventory import, inventory forget-host-key, mirror verify, \
             config show"
        );
        assert_eq!(refused("--fanout 5 man"), refused("man --fanout 5"));
        assert_eq!(
            refused("check --mirror http://m installed"),
            "error: `check installed` has no option --mirror; these commands have it: check, check available, \
             install, doctor, graph show, config show"
        );
        for line in
            ["graph check -f json", "history --nodes 1", "completions bash -c id", "--insecure-tls check available"]
        {
            assert!(refused(line).contains(" has no option --"), "{line}");
        }
        for (line, message) in [
            ("inventory import nodes.json --ssh-user ops", "error: --ssh-user has no effect without --from"),
            ("--mirror http://m graph show", "error: --mirror has no effect without --compiled"),
            ("graph show --compiled -s task", "error: --sort-columns has no effect with --compiled"),
            ("--nodes 1 install --attach", "error: --nodes has no effect with --attach"),
            ("install --stop 3 --batch 5", "error: --batch has no effect with --stop"),
        ] {
            assert_eq!(refused(line), message);
        }
        assert!(parsed("fuel-updates install --attach --give-up-after 60 --ssh-user ops").is_ok());
        assert_eq!(refused("check installed -f ansible"), "error: invalid value 'ansible' for '--format <FORMAT>'");
        assert_eq!(refused("-f ansible check installed"), "error: `check installed` has no `-f ansible`");
        assert_eq!(refused("-f nagios config show"), "error: `config show` has no `-f nagios`");
        assert!(parsed("fuel-updates -f ansible inventory show").is_ok());
        assert!(parsed("fuel-updates -f nagios check").is_ok());
        assert!(parsed("fuel-updates check -f nagios available").is_ok());
    }

    /// Every shared option is an option of some command, before it and after it.
    #[test]
    fn config_show_has_all_shared_options() {
        let line = "--inventory i --nodes 1 --roles r --exclude 2 --mos-version 9.0 --ssh-user u --ssh-key k \
                    --ssh-port 22 --jump j --host-keys off --connect-timeout 1 --handshake-timeout 1 --node-timeout 1 \
                    --fanout 1 --mirror m --ca-file c --insecure-tls -f csv -c id -s id";
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        for line in [format!("fuel-updates {line} config show"), format!("fuel-updates config show {line}")] {
            let settings = parsed(&line).unwrap().command.settings();
            assert_eq!((settings.nodes.nodes, settings.nailgun.insecure_tls), (vec!["1".to_owned()], true), "{line}");
        }
    }
}
