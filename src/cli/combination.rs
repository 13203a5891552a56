//! Options that do nothing because of another option of the same command, given or not given.

use clap::ArgMatches;
use clap::error::ErrorKind;
use clap::parser::ValueSource;

/// When options do nothing.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Without this option.
    Without(&'static str),
    /// With this option.
    With(&'static str),
}

/// What `install --attach` and `install --stop` do not read: the run was planned before.
const PLANNING: &[&str] = &[
    "nodes",
    "roles",
    "exclude",
    "mos_version",
    "mirror",
    "allow_offline",
    "accept_empty",
    "skip_cluster_checks",
    "restart_rabbitmq",
    "restart_mysql",
    "restart_all",
    "no_db_backup",
    "wait_for_quiet",
    "batch",
    "download_rate",
    "graph",
];

/// What a saved plan says itself.
const PLANNED: &[&str] = &[
    "nodes",
    "roles",
    "exclude",
    "allow_offline",
    "accept_empty",
    "skip_cluster_checks",
    "restart_rabbitmq",
    "restart_mysql",
    "restart_all",
    "no_db_backup",
    "batch",
];

const SSH: &[&str] = &[
    "ssh_user",
    "ssh_key",
    "ssh_port",
    "jump",
    "host_keys",
    "connect_timeout",
    "handshake_timeout",
    "node_timeout",
    "fanout",
];

/// Command, condition, and the options (by their ids) that do nothing then.
const RULES: &[(&str, When, &[&str])] = &[
    ("check", When::With("summary"), &["format", "columns", "sort"]),
    ("check installed", When::With("summary"), &["format", "columns", "sort"]),
    ("check available", When::With("summary"), &["format", "columns", "sort"]),
    ("check", When::With("watch"), &["format", "events"]),
    ("check installed", When::With("watch"), &["format", "events"]),
    ("check available", When::With("watch"), &["format", "events"]),
    ("inventory import", When::Without("from"), SSH),
    ("graph show", When::Without("compiled"), &["inventory", "mos_version", "mirror", "ca_file"]),
    ("graph show", When::With("compiled"), &["format", "columns", "sort"]),
    ("graph show", When::With("env_neutral"), &["inventory"]),
    ("install", When::With("plan"), PLANNED),
    ("install", When::With("save_plan"), &["yes"]),
    ("install", When::With("attach"), PLANNING),
    ("install", When::With("stop"), PLANNING),
    ("install", When::With("stop"), &["give_up_after", "no_snapshots"]),
    ("install", When::With("dry_run"), &["no_snapshots"]),
    ("install", When::With("precheck"), &["no_snapshots"]),
    ("install", When::With("stop"), SSH),
];

/// Refuses an option that does nothing in this combination. `matches` are those of the command at `path`.
///
/// # Errors
/// A usage error that names both options.
pub(super) fn refuse_without_effect(path: &str, matches: &ArgMatches) -> Result<(), clap::Error> {
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    for (_, when, options) in RULES.iter().filter(|(command, ..)| *command == path) {
        let (applies, how, other) = match when {
            When::Without(other) => (!given(other), "without", other),
            When::With(other) => (given(other), "with", other),
        };
        if applies && let Some(option) = options.iter().find(|id| given(id)) {
            let text = format!("{} has no effect {how} {}\n", dashed(option), dashed(other));
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, text));
        }
    }
    Ok(())
}

fn dashed(id: &str) -> String {
    let name = match id {
        "columns" => "column",
        "sort" => "sort-columns",
        id => id,
    };
    format!("--{}", name.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_rule_names_options_that_the_command_has() {
        for (path, when, options) in RULES {
            let mut command = &Cli::command();
            for name in path.split(' ') {
                command = command.find_subcommand(name).expect(path);
            }
            let (When::Without(other) | When::With(other)) = when;
            for id in options.iter().chain([other]) {
                let arg = command.get_arguments().find(|arg| arg.get_id() == id).expect(id);
                assert_eq!(format!("--{}", arg.get_long().expect(id)), dashed(id), "{path}");
            }
        }
    }
}
