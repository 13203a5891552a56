//! Options of `install`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::duration::duration;
use super::whole::whole;
use super::{
    AskOptions, CertificateOption, EventsOption, MirrorOption, NailgunOption, OutputOptions, ProgressOption,
    SettingsOptions,
};
use crate::domain::run::RunRef;
use crate::domain::saved_plan::SavedOptions;
use crate::domain::select::Selection;
use crate::domain::window::WindowEnd;

/// How many computes may be updated at the same time.
const BATCH: RangeInclusive<u16> = 1..=50;

#[derive(Clone, Debug, Args)]
pub(crate) struct InstallOptions {
    /// Print the plan and exit; nothing is changed.
    #[arg(long, conflicts_with_all = ["attach", "detach", "stop", "yes"])]
    pub(crate) dry_run: bool,

    /// Run only the pre-checks, which change nothing.
    ///
    /// Prints what they found on each node.
    #[arg(long, conflicts_with_all = ["attach", "detach", "stop", "dry_run"])]
    pub(crate) precheck: bool,

    /// Run only the pre-checks, and save what the installation would do in this file.
    ///
    /// Nodes, order, package versions, services that restart: for somebody to read and approve.
    #[arg(long, value_name = "FILE", hide_short_help = true, conflicts_with_all = ["attach", "detach", "stop", "dry_run"])]
    pub(crate) save_plan: Option<PathBuf>,

    /// Do exactly what this saved plan says.
    ///
    /// Shows it and asks, as always. If nodes, mirror, Nailgun or the results of the pre-checks have changed since it was saved,
    /// changes nothing and lists the differences. Nodes and restarts are the plan's; where to log in is not.
    #[arg(long, value_name = "FILE", hide_short_help = true, conflicts_with_all = ["attach", "stop", "save_plan"])]
    pub(crate) plan: Option<PathBuf>,

    /// Start without asking for confirmation.
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,

    /// Ask before each phase of the update.
    ///
    /// The phases are those of the plan: first controller, other controllers, storage, first compute, computes, other nodes.
    /// With --yes it reports each phase and does not ask.
    #[arg(long, hide_short_help = true, conflicts_with_all = ["attach", "detach", "stop", "dry_run", "precheck", "save_plan"])]
    pub(crate) step: bool,

    /// Start no further node after this time, the end of the maintenance window.
    ///
    /// Nodes that are being updated then are finished; install again later for the rest. TIME is 05:00 (UTC),
    /// 2026-11-30T05:00+02:00, or a duration from now such as 4h or 90m. This program keeps watch over the time: if it ends
    /// before, come back with --attach --not-after.
    #[arg(long, hide_short_help = true, value_name = "TIME", conflicts_with_all = ["detach", "stop", "precheck", "save_plan"])]
    pub(crate) not_after: Option<WindowEnd>,

    /// Wait for the pre-checks, start the update, and exit.
    ///
    /// Watch it later with --attach. Nailgun has to be of 9.1 or newer.
    #[arg(long, conflicts_with_all = ["attach", "stop"])]
    pub(crate) detach: bool,

    /// Watch an installation that was started before.
    ///
    /// TASK is its Nailgun task, parent or child [default: the newest].
    #[arg(long, value_name = "TASK", num_args = 0..=1, default_missing_value = RunRef::NEWEST, conflicts_with = "stop")]
    pub(crate) attach: Option<RunRef>,

    /// Stop an installation.
    ///
    /// Running tasks finish, no new ones start. TASK is its Nailgun task, parent or child [default: the newest].
    #[arg(long, value_name = "TASK", num_args = 0..=1, default_missing_value = RunRef::NEWEST)]
    pub(crate) stop: Option<RunRef>,

    /// Wait up to this long (90s, 30m, 2h) while another task runs in the environment, instead of refusing to install.
    #[arg(long, hide_short_help = true, value_name = "DURATION", value_parser = duration, conflicts_with_all = ["attach", "stop", "dry_run"])]
    pub(crate) wait: Option<Duration>,

    /// Execute this command with `sh -c` at the end, however the installation ended.
    ///
    /// It learns the end from the variables FUEL_UPDATES_RESULT (verified, failed, stopped, ...), FUEL_UPDATES_EXIT,
    /// FUEL_UPDATES_TASK, FUEL_UPDATES_ENV and FUEL_UPDATES_MESSAGE. Its output goes to stderr. This program waits for it;
    /// use `timeout 60 COMMAND` to limit how long.
    #[arg(long, hide_short_help = true, value_name = "COMMAND", conflicts_with_all = ["stop", "dry_run"])]
    pub(crate) on_end: Option<String>,

    /// Leave out nodes that are offline or unreachable, instead of refusing to install.
    #[arg(long, hide_short_help = true)]
    pub(crate) allow_offline: bool,

    /// Record the update as installed even if the repositories have nothing newer and no package was upgraded.
    #[arg(long, hide_short_help = true)]
    pub(crate) accept_empty: bool,

    /// Accept a selection without a controller, and do not check the health of the cluster.
    #[arg(long, hide_short_help = true)]
    pub(crate) skip_cluster_checks: bool,

    /// Also restart RabbitMQ.
    #[arg(long, hide_short_help = true)]
    pub(crate) restart_rabbitmq: bool,

    /// Also restart MySQL (Galera).
    #[arg(long, hide_short_help = true)]
    pub(crate) restart_mysql: bool,

    /// Restart all services of each node's roles, not only those that load a changed package.
    #[arg(long, hide_short_help = true)]
    pub(crate) restart_all: bool,

    /// Do not save the database before packages of controllers change.
    #[arg(long, hide_short_help = true)]
    pub(crate) no_db_backup: bool,

    /// Before services restart, wait up to this many minutes on each node for running migrations, snapshots and stacks.
    ///
    /// Then go on. Without it, running ones are only listed.
    #[arg(long, hide_short_help = true, value_name = "MINUTES", value_parser = whole(1..=60_u32))]
    pub(crate) wait_for_quiet: Option<u32>,

    /// Update this many compute nodes at the same time.
    #[arg(long, hide_short_help = true, value_name = "N", default_value = "5", value_parser = whole(BATCH))]
    pub(crate) batch: u16,

    /// Download at most this many KiB per second on each node; up to 20 nodes download at the same time [default: no limit].
    #[arg(long, hide_short_help = true, value_name = "KIB", value_parser = whole(1..=u32::MAX))]
    pub(crate) download_rate: Option<u32>,

    /// Stop watching after this many seconds without progress; the installation itself continues.
    #[arg(long, hide_short_help = true, value_name = "SECONDS", default_value = "10800", value_parser = whole(1..=u32::MAX))]
    pub(crate) give_up_after: u32,

    /// Do not record packages and settings of the nodes before and after; then the end does not tell what changed.
    ///
    /// A record (a snapshot of `check drift`) is one more login to each node, and a fifth of a second of its CPU time.
    #[arg(long, hide_short_help = true)]
    pub(crate) no_snapshots: bool,

    /// Use the graph in this folder instead of the built-in one.
    #[arg(long, hide_short_help = true, value_name = "DIR")]
    pub(crate) graph: Option<PathBuf>,

    #[command(flatten)]
    ask: AskOptions,
    #[command(flatten)]
    mirror: MirrorOption,
    #[command(flatten)]
    certificates: CertificateOption,
    #[command(flatten)]
    nailgun: NailgunOption,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    progress: ProgressOption,
    #[command(flatten)]
    events: EventsOption,
}

impl InstallOptions {
    /// The same, but only to run the pre-checks.
    pub(crate) fn only_checking(&self) -> Self {
        Self { precheck: true, ..self.clone() }
    }

    /// The same with what a saved plan fixes. Its selection of nodes is a setting.
    pub(crate) fn fixed_by(&self, saved: &SavedOptions) -> Self {
        Self {
            allow_offline: saved.allow_offline,
            accept_empty: saved.accept_empty,
            skip_cluster_checks: saved.skip_cluster_checks,
            restart_rabbitmq: saved.restart_rabbitmq,
            restart_mysql: saved.restart_mysql,
            restart_all: saved.restart_all,
            no_db_backup: saved.no_db_backup,
            batch: saved.batch.clamp(*BATCH.start(), *BATCH.end()),
            ..self.clone()
        }
    }

    /// What a plan saves of these options and of the selection of nodes.
    pub(crate) fn to_save(&self, selection: &Selection) -> SavedOptions {
        SavedOptions {
            nodes: selection.nodes.clone(),
            roles: selection.roles.clone(),
            exclude: selection.exclude.clone(),
            allow_offline: self.allow_offline,
            accept_empty: self.accept_empty,
            skip_cluster_checks: self.skip_cluster_checks,
            restart_rabbitmq: self.restart_rabbitmq,
            restart_mysql: self.restart_mysql,
            restart_all: self.restart_all,
            no_db_backup: self.no_db_backup,
            batch: self.batch,
        }
    }

    pub(super) fn settings(&self) -> SettingsOptions {
        SettingsOptions {
            mirror: self.mirror.clone(),
            certificates: self.certificates.clone(),
            nailgun: self.nailgun.clone(),
            output: self.output.clone(),
            progress: self.progress,
            events: self.events.clone(),
            ..self.ask.settings()
        }
    }
}
