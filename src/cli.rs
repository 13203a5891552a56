//! The command line. Its doc comments are the help that operators read.

mod origin;

use std::path::PathBuf;

pub use origin::Origin;
pub(crate) use origin::Origins;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::mos_version::MosVersion;

/// Which Maintenance Update runs on every node of a Fuel environment, and how to apply a newer one.
///
/// `check` asks the nodes themselves over SSH and never Nailgun; `install` lets Nailgun run a graph, watches it and
/// proves the result on every node.
#[derive(Debug, Parser)]
#[command(
    name = "fuel-updates",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Exit status: 0 nothing needs attention, 1 not answered or refused, 2 usage, 3 some nodes did not answer properly, \
4 nodes differ, 5 an update is available, 6 an installation did not end verified, 7 busy, 130 interrupted.")]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that stand before or after any subcommand.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Environment to work on (Nailgun's number of it).
    #[arg(long, short = 'e', global = true, env = "FUEL_UPDATES_ENV", value_name = "ID", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) env: Option<u32>,

    /// Configuration file instead of /etc/fuel-updates/config.yaml.
    #[arg(long, global = true, env = "FUEL_UPDATES_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print neither progress nor warnings, only data and errors.
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) select: Select,
    #[command(flatten)]
    pub(crate) ssh: Ssh,
    #[command(flatten)]
    pub(crate) mirror: MirrorArgs,
    #[command(flatten)]
    pub(crate) output: Output,

    #[arg(skip)]
    pub(crate) origins: Origins,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Nodes")]
pub(crate) struct Select {
    /// Node list, or folder with env-ID.yaml files in it.
    #[arg(long, global = true, env = "FUEL_UPDATES_INVENTORY", value_name = "FILE|DIR")]
    pub(crate) inventory: Option<PathBuf>,

    /// Only these nodes: ids, ranges, names or folded names, such as 1,3-5,node-7,node-[9-12].
    #[arg(long, global = true, value_name = "LIST")]
    pub(crate) nodes: Vec<String>,

    /// Only nodes with one of these roles; controller includes the primary one.
    #[arg(long, global = true, value_name = "LIST")]
    pub(crate) roles: Vec<String>,

    /// Leave these nodes out; the same words as for --nodes.
    #[arg(long, global = true, value_name = "LIST")]
    pub(crate) exclude: Vec<String>,

    /// MOS version of the environment, where neither the node list nor the nodes tell.
    #[arg(long, global = true, env = "FUEL_UPDATES_MOS_VERSION", value_name = "X.Y")]
    pub(crate) mos_version: Option<MosVersion>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "SSH")]
pub(crate) struct Ssh {
    /// User to log in as [default: root].
    #[arg(long, global = true, env = "FUEL_UPDATES_SSH_USER", value_name = "USER")]
    pub(crate) ssh_user: Option<String>,

    /// Private key instead of the agent's and the usual files; repeat to try several in order.
    #[arg(long, global = true, env = "FUEL_UPDATES_SSH_KEY", value_name = "FILE")]
    pub(crate) ssh_key: Vec<PathBuf>,

    /// Port of the nodes whose inventory entry names none [default: 22].
    #[arg(long, global = true, env = "FUEL_UPDATES_SSH_PORT", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) ssh_port: Option<u16>,

    /// Reach all nodes through this host, over one connection to it.
    #[arg(long, global = true, env = "FUEL_UPDATES_JUMP", value_name = "USER@HOST:PORT")]
    pub(crate) jump: Option<String>,

    /// What to do about host keys [default: accept-new].
    #[arg(long, global = true, env = "FUEL_UPDATES_HOST_KEYS", value_name = "POLICY")]
    pub(crate) host_keys: Option<HostKeys>,

    /// Seconds to connect [default: 5].
    #[arg(long, global = true, env = "FUEL_UPDATES_CONNECT_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) connect_timeout: Option<f64>,

    /// Seconds from the connection to the accepted login [default: 10].
    #[arg(long, global = true, env = "FUEL_UPDATES_HANDSHAKE_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) handshake_timeout: Option<f64>,

    /// Seconds for a node in all [default: 30].
    #[arg(long, global = true, env = "FUEL_UPDATES_NODE_TIMEOUT", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) node_timeout: Option<f64>,

    /// Nodes asked at the same time [default: 100].
    #[arg(long, global = true, env = "FUEL_UPDATES_FANOUT", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub(crate) fanout: Option<u16>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Mirror and Nailgun")]
pub(crate) struct MirrorArgs {
    /// Mirror: http://, https://, file://, a path, or a mu-version.json itself [default: http://mirror.fuel-infra.org].
    #[arg(long, global = true, env = "FUEL_UPDATES_MIRROR", value_name = "URL|PATH")]
    pub(crate) mirror: Option<String>,

    /// Certificates (PEM) to trust for https instead of the built-in ones.
    #[arg(long, global = true, env = "FUEL_UPDATES_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Do not check Nailgun's certificate (Nailgun only).
    #[arg(long, global = true)]
    pub(crate) insecure_tls: bool,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Form of the output.
    #[arg(long = "format", short = 'f', global = true, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: Format,

    /// Only this column; repeat for several (table, csv, value).
    #[arg(long = "column", short = 'c', global = true, value_name = "COLUMN")]
    pub(crate) columns: Vec<String>,

    /// Sort by these columns (table, csv, value).
    #[arg(long = "sort-columns", short = 's', global = true, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) sort: Vec<String>,
}

/// The forms of output that fuel2 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Table,
    /// One document, schema fuel-updates/1.
    Json,
    /// The same document as YAML.
    Yaml,
    /// The table's rows with a header.
    Csv,
    /// The table's rows, separated by spaces.
    Value,
    /// Ansible's dynamic inventory (`inventory show` only).
    Ansible,
}

/// What to do about a node's host key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HostKeys {
    /// Record unknown keys, refuse changed ones.
    AcceptNew,
    /// Refuse unknown and changed keys.
    Strict,
    /// Accept every key.
    Off,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask what is installed or available.
    #[command(subcommand)]
    Check(Check),
    /// Apply the mirror's Maintenance Update with a graph that Nailgun runs.
    Install(Install),
    /// Show the runs of the graph, or every task of one of them.
    History(History),
    /// Look after the node list.
    #[command(subcommand)]
    Inventory(Inventory),
    /// Look at the graph that `install` runs.
    #[command(subcommand)]
    Graph(Graph),
    /// Look at the settings.
    #[command(subcommand)]
    Config(Config),
    /// Print a completion script.
    Completions {
        /// Shell to complete for.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff).
    Man,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Check {
    /// Which Maintenance Update does every node really run? Asks the nodes over SSH, never Nailgun.
    Installed,
    /// Is there a newer one on the mirror? Asks nodes and mirror, never Nailgun.
    Available,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// Print the plan and end; nothing that changes anything is sent.
    #[arg(long, conflicts_with_all = ["attach", "detach", "stop", "yes"])]
    pub(crate) dry_run: bool,

    /// Run only the pre-checks, which change nothing, and print what each node found.
    #[arg(long, conflicts_with_all = ["attach", "detach", "stop", "dry_run"])]
    pub(crate) precheck: bool,

    /// Start without asking.
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    /// Start and leave; come back with --attach.
    #[arg(long, conflicts_with_all = ["attach", "stop"])]
    pub(crate) detach: bool,

    /// Watch a run that was started before: its task (parent or child), or the newest.
    #[arg(long, value_name = "TASK", num_args = 0..=1, default_missing_value = "0", conflicts_with = "stop")]
    pub(crate) attach: Option<u64>,

    /// Stop a run: its task, or the newest. Tasks at work end, nothing new starts.
    #[arg(long, value_name = "TASK", num_args = 0..=1, default_missing_value = "0")]
    pub(crate) stop: Option<u64>,

    /// Leave out nodes that are offline or unreachable instead of refusing.
    #[arg(long)]
    pub(crate) allow_offline: bool,

    /// Commit even if no node had a package to upgrade.
    #[arg(long)]
    pub(crate) accept_empty: bool,

    /// Take a selection without a controller, and skip the checks of the cluster.
    #[arg(long)]
    pub(crate) skip_cluster_checks: bool,

    /// Restart RabbitMQ as well.
    #[arg(long)]
    pub(crate) restart_rabbitmq: bool,

    /// Restart MySQL (Galera) as well.
    #[arg(long)]
    pub(crate) restart_mysql: bool,

    /// Computes updated at the same time.
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=50))]
    pub(crate) batch: u16,

    /// Seconds without any progress after which the watch gives up; the run itself goes on.
    #[arg(long, value_name = "SECONDS", default_value = "10800", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) give_up_after: u32,

    /// Use the graph in this folder instead of the built-in one.
    #[arg(long, value_name = "DIR")]
    pub(crate) graph: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// A run: Nailgun's task, parent or child. Without it all runs of the environment are listed.
    pub(crate) task: Option<u64>,

    /// Write a page with a bar per task and node; of the newest run where no TASK is given.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) timeline: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Inventory {
    /// Print the node list that a check would use; `-f ansible` for Ansible's dynamic inventory.
    Show,
    /// Bring the node list up to date from Nailgun, and print what changed.
    Sync {
        /// File to write instead of the node list in use (/etc/fuel-updates/inventory/env-ID.yaml).
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Write a node list of any form, or a node's own astute.yaml, in our form.
    #[command(group = clap::ArgGroup::new("source").required(true))]
    Import {
        /// Node list of any form; `-` for standard input.
        #[arg(value_name = "FILE", group = "source")]
        file: Option<PathBuf>,
        /// Fetch the node list from this node over SSH: its address, or its name in the node list.
        #[arg(long, value_name = "NODE", group = "source")]
        from: Option<String>,
        /// File to write instead of the node list in use (/etc/fuel-updates/inventory/env-ID.yaml); `-` prints it.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Forget recorded host keys, after a node was reinstalled.
    ForgetHostKey {
        /// Nodes, as for --nodes.
        #[arg(required = true, value_name = "NODE")]
        which: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Config {
    /// Print each setting with where it came from; passwords are masked.
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Graph {
    /// Print the graph's tasks in order, or one file for `fuel2 graph upload`.
    Show {
        /// Folder of an operator's graph instead of the built-in one.
        dir: Option<PathBuf>,

        /// Print one self-contained YAML file, compiled for what the mirror announces (needs --env, takes --mirror and --mos-version).
        #[arg(long)]
        compiled: bool,

        /// Computes updated at the same time, with --compiled.
        #[arg(long, value_name = "N", default_value = "5", requires = "compiled", value_parser = clap::value_parser!(u16).range(1..=50))]
        batch: u16,
    },
    /// Check the graph for everything that Nailgun accepts silently.
    Check {
        /// Folder of an operator's graph instead of the built-in one.
        dir: Option<PathBuf>,
    },
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(s) if (0.1..=3600.0).contains(&s) => Ok(s),
        _ => Err("not a number of seconds between 0.1 and 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_subcommand() {
        for line in [
            "fuel-updates --env 1 check installed",
            "fuel-updates check installed --env 1",
            "fuel-updates check --env 1 installed",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).expect(line);
            assert_eq!(cli.global.env, Some(1), "{line}");
        }
    }
}
