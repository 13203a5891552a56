//! What the help texts add to the options: examples, exit statuses and variables, and which formats a command has.
//!
//! `-h` fits a screen of 24 lines: options that few need are marked `hide_short_help`. `--help` has everything.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Arg, Command, CommandFactory as _, ValueEnum as _};

use super::manual::topics_text;
use super::{Cli, Format};

/// What the program says without a command.
pub(crate) const START: &str = "\
fuel-updates tells which Maintenance Update every node of a Fuel environment
runs, and installs a newer one.

  fuel-updates --env 1 check installed   what does each node run? (SSH only)
  fuel-updates --env 1 check available   is there a newer update? (SSH, mirror)
  fuel-updates --env 1 install           install it (Nailgun runs the graph)

  fuel-updates --env 1 doctor            is everything there that these need?
  fuel-updates COMMAND -h                the usual options of a command
  fuel-updates COMMAND --help            all options, examples, exit statuses
  fuel-updates -h                        all commands
";

/// Variables that are no option's.
const OTHERS: &[(&str, &str)] = &[
    ("FUEL_UPDATES_STATE_DIR", "folder of known host keys and records of runs"),
    ("FUEL_UPDATES_NAILGUN_URL", "Nailgun's address"),
];

/// Variables that a command of `--on-end` gets; if it is this program, they mean nothing to it.
const TOLD: &[&str] = &["FUEL_UPDATES_RESULT", "FUEL_UPDATES_EXIT", "FUEL_UPDATES_TASK", "FUEL_UPDATES_MESSAGE"];

/// Commands that work on no environment and read no configuration file.
pub(super) const WITHOUT_ENVIRONMENT: &[&str] =
    &["graph check", "inventory init", "config init", "completions", "man", "schema"];

/// The command line with everything that its help says.
pub(crate) fn command() -> Command {
    complete(Cli::command(), "", &Texts::All)
}

/// The command line for these arguments, as complete as they need it: to put the long texts together takes longer than
/// everything else that happens before a command begins.
pub(super) fn command_for(arguments: &[OsString]) -> Command {
    let asks = |word: &OsString| {
        let word = word.to_string_lossy();
        let short = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        word == "help" || word.starts_with("--h") || short.is_some_and(|letters| letters.contains('h'))
    };
    let texts = if arguments.iter().any(asks) { Texts::All } else { Texts::Named(arguments) };
    complete(Cli::command(), "", &texts)
}

/// Which texts are put together.
#[derive(Debug)]
enum Texts<'a> {
    /// Those of the long help, of all commands.
    All,
    /// Those that tell the formats, of commands with a name among these words.
    Named(&'a [OsString]),
}

impl Texts<'_> {
    fn of(&self, command: &Command) -> bool {
        match self {
            Self::All => true,
            Self::Named(words) => words.iter().any(|word| word == command.get_name()),
        }
    }
}

fn complete(command: Command, path: &str, texts: &Texts<'_>) -> Command {
    let mut command = if matches!(texts, Texts::All) {
        let tail = tail(&command, path);
        command.mut_args(|arg| of_command(arg, path)).after_long_help(tail)
    } else if command.get_arguments().any(|arg| arg.get_id() == "format") {
        command.mut_arg("format", |arg| of_command(arg, path))
    } else {
        command
    };
    if WITHOUT_ENVIRONMENT.contains(&path) {
        command = command.args(super::global_options().into_iter().map(|arg| arg.hide(true)));
    }
    command.mut_subcommands(|sub| {
        if !texts.of(&sub) {
            return sub;
        }
        let below = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
        complete(sub, &below, texts)
    })
}

/// The formats of a command beside those of all.
pub(super) fn more_formats(path: &str) -> &'static [Format] {
    match path {
        "check" | "check installed" | "check available" => &[Format::Prometheus, Format::Nagios],
        "inventory show" => &[Format::Ansible],
        _ => &[],
    }
}

/// Options that `-h` leaves out, so that it fits a screen.
const LONG_HELP_ONLY: &[(&str, &[&str])] = &[
    ("", &["sort"]),
    ("check", &["nodes", "roles", "exclude", "columns", "all", "problems"]),
    ("check available", &["exclude"]),
    ("check drift", &["roles", "exclude", "columns"]),
    ("install", &["mirror", "columns"]),
    ("config show", &["nodes", "roles", "exclude", "mirror"]),
    ("doctor", &["roles", "exclude", "columns"]),
];

/// What a command says of an option that is something else there than elsewhere.
const OWN_HELP: &[(&str, &str, &str)] = &[
    ("check drift", "fanout", "Ask at most this many nodes at the same time [default: 50]"),
    ("check drift", "node_timeout", "Total time limit per node, in seconds [default: 30; with --files 600]"),
    ("mirror verify", "mos_version", "Check only this MOS version [default: all that the mirror announces]"),
    ("mirror fetch", "mos_version", "Copy only this MOS version [default: all that the mirror announces]"),
];

/// Shows the option as this command has it.
fn of_command(arg: Arg, path: &str) -> Arg {
    let arg = match OWN_HELP.iter().find(|(of, id, _)| *of == path && arg.get_id() == *id) {
        Some((_, _, text)) => arg.help(*text),
        None => arg,
    };
    let id = arg.get_id().as_str();
    let long_only = LONG_HELP_ONLY.iter().any(|(of, ids)| (of.is_empty() || *of == path) && ids.contains(&id));
    let short = arg.is_hide_short_help_set() || long_only;
    let arg = arg.hide_env(true).hide_short_help(short);
    if arg.get_id() != "format" {
        return arg;
    }
    let own = |format: &Format| format.everywhere() || more_formats(path).contains(format);
    let values = Format::value_variants().iter().filter(|f| own(f)).filter_map(|f| f.to_possible_value());
    let values: Vec<_> = values.map(|value| value.hide(false)).collect();
    let list = values.iter().map(|value| value.get_name()).collect::<Vec<_>>().join(", ");
    let names = PossibleValuesParser::new(values);
    arg.value_parser(names.try_map(|name| Format::from_str(&name, true)))
        .hide_possible_values(true)
        .hide_default_value(true)
        .help(format!("Print as {list}"))
        .long_help(format!(
            "Print as {list} [default: table].\n\njson and yaml print one document (schema fuel-updates/1), csv and value \
             the rows of the table."
        ))
}

/// What stands below the options in `--help`.
fn tail(command: &Command, path: &str) -> String {
    let mut text = topics_text(path);
    let mut variables = Vec::new();
    if !WITHOUT_ENVIRONMENT.contains(&path) {
        variables.extend(super::global_options().iter().filter_map(variable));
    }
    variables.extend(command.get_arguments().filter_map(variable));
    variables.sort();
    variables.dedup();
    let has = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    if has("ssh_user") || has("insecure_tls") {
        variables.extend(OTHERS.iter().map(|(name, what)| ((*name).to_owned(), (*what).to_owned())));
    }
    if !variables.is_empty() {
        text.push_str("\nVariables (an option takes precedence, an empty variable counts as unset):\n");
        for (name, what) in variables {
            text.push_str(&format!("  {name:<31} {what}\n"));
        }
    }
    if path.is_empty() {
        text.push_str("\nOptions may stand before or after the command.\n");
    }
    text
}

/// An option's variable and the option.
fn variable(arg: &Arg) -> Option<(String, String)> {
    Some((arg.get_env()?.to_string_lossy().into_owned(), format!("--{}", arg.get_long()?)))
}

/// A sentence for each variable of this name's kind that the program does not know.
pub(crate) fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    fn collect(command: &Command, known: &mut Vec<String>) {
        known.extend(command.get_arguments().filter_map(variable).map(|(name, _)| name));
        command.get_subcommands().for_each(|sub| collect(sub, known));
    }
    let names: Vec<String> = names.filter(|name| name.starts_with("FUEL_UPDATES_")).collect();
    if names.is_empty() {
        return vec![];
    }
    let mut known: Vec<String> = OTHERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    collect(&Cli::command(), &mut known);
    let mut unknown: Vec<String> =
        names.into_iter().filter(|name| !known.contains(name) && !TOLD.contains(&name.as_str())).collect();
    unknown.sort();
    let told = |name: &String| {
        let distance = |other: &&String| (strsim::osa_distance(name, other), (*other).clone());
        let nearest = known.iter().min_by_key(distance).filter(|near| strsim::osa_distance(name, near) <= 3);
        let meant = nearest.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        format!("the variable {name} has no effect: there is no such setting{meant}")
    };
    unknown.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_that_the_program_reads_is_known() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root];
        let mut named = std::collections::BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                for (at, _) in text.match_indices("\"FUEL_UPDATES_") {
                    named.insert(text[at + 1..].split('"').next().unwrap_or_default().to_owned());
                }
            }
        }
        named.retain(|name| {
            name.len() > "FUEL_UPDATES_".len() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        });
        named.retain(|name| !name.ends_with("FANUOT") && !name.ends_with("SOMETHING"));
        // These are known when the program is built, not when it runs.
        named.retain(|name| !["FUEL_UPDATES_DAY", "FUEL_UPDATES_VERSION"].contains(&name.as_str()));
        assert!(named.len() > 15, "the test finds too few variables: {named:?}");
        assert_eq!(unknown_variables(named.into_iter()), [] as [String; 0]);
    }

    #[test]
    fn an_unknown_variable_suggests_the_one_that_is_meant() {
        let names = ["FUEL_UPDATES_FANUOT", "FUEL_UPDATES_SOMETHING", "FUEL_UPDATES_ENV", "HOME"].map(str::to_owned);
        assert_eq!(
            unknown_variables(names.into_iter()),
            [
                "the variable FUEL_UPDATES_FANUOT has no effect: there is no such setting; did you mean \
                 FUEL_UPDATES_FANOUT?",
                "the variable FUEL_UPDATES_SOMETHING has no effect: there is no such setting",
            ]
        );
    }
}
