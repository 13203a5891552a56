//! Where the values of options come from. Only clap knows it, and only before its matches become structs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Where the value of a setting comes from, the highest precedence first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line, with its dashes.
    Option(String),
    /// An environment variable.
    Variable(String),
    /// A file.
    File(PathBuf),
    /// Nothing was given.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(name) => write!(f, "option {name}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The options that were given, by their ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Reads them from the matches of the whole command line.
    pub(super) fn of(command: &Command, matches: &ArgMatches) -> Self {
        let mut origins = Self::of_one(command, matches);
        if let Some((name, matches)) = matches.subcommand()
            && let Some(command) = command.find_subcommand(name)
        {
            origins.0.extend(Self::of(command, matches).0);
        }
        origins
    }

    fn of_one(command: &Command, matches: &ArgMatches) -> Self {
        let origin = |arg: &clap::Arg| {
            let id = arg.get_id().as_str();
            let source = matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id))?;
            let from = match source {
                ValueSource::CommandLine => Origin::Option(format!("--{}", arg.get_long()?)),
                ValueSource::EnvVariable => Origin::Variable(arg.get_env()?.to_string_lossy().into_owned()),
                _ => return None,
            };
            Some((id.to_owned(), from))
        };
        Self(command.get_arguments().filter_map(origin).collect())
    }

    /// Where the value of the option with this id comes from, if it was given.
    pub(crate) fn get(&self, id: &str) -> Option<Origin> {
        self.0.get(id).cloned()
    }
}
