//! What every step of an installation needs.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::on_end::Ending;
use crate::cli::InstallOptions;
use crate::command::nodes::Nodes;
use crate::command::pending::Pending;
use crate::command::{connect, state_dir};
use crate::domain::numbers::{EnvId, TaskId};
use crate::domain::saved_plan::SavedPlan;
use crate::domain::time::format_utc;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::Graph;
use crate::nailgun::{Nailgun, NailgunError};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::Ui;

/// How far an installation has come at Nailgun: what a signal leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing that changes anything was sent.
    Asking,
    /// The graph was uploaded, or is being uploaded.
    Uploading,
    /// A start was sent, and its answer is not known.
    Starting,
    /// The pre-checks are running.
    PreChecks(TaskId),
    /// The update is running.
    Running(TaskId),
    /// The run is over, and the nodes have not proved it yet.
    Over(TaskId),
}

/// What every step of an installation needs.
pub(super) struct Context<'a> {
    pub(super) env: EnvId,
    pub(super) options: &'a InstallOptions,
    pub(super) settings: &'a Settings,
    pub(super) ui: &'a Ui,
    /// The saved plan that is to be carried out, if one was given.
    pub(super) approved: Option<&'a SavedPlan>,
    /// The end of the maintenance window, if one was given.
    window_end: Option<Timestamp>,
    /// What is told at the end to the operator's own command.
    pub(super) ending: &'a Ending,
    pub(super) interrupt: Interrupt,
    /// The folder of our own state.
    pub(super) state: PathBuf,
    nailgun: Arc<Nailgun>,
    stage: Cell<Stage>,
    /// Whether this Nailgun stops runs at all.
    stops: Cell<bool>,
}

impl<'a> Context<'a> {
    /// Reads credentials, opens the state folder and begins to listen to signals.
    pub(super) fn open(
        options: &'a InstallOptions,
        settings: &'a Settings,
        ui: &'a Ui,
        approved: Option<&'a SavedPlan>,
        ending: &'a Ending,
    ) -> Result<Self, AppError> {
        let env = settings
            .env
            .ok_or_else(|| AppError::new(Exit::Usage, "install needs --env ID: the environment is never guessed"))?;
        let now = Timestamp::now();
        let window_end = options.not_after.map(|end| end.moment(now));
        if let Some(end) = window_end.filter(|end| *end <= now) {
            let message = format!("--not-after: {} is in the past", format_utc(end));
            return Err(AppError::new(Exit::Usage, message));
        }
        Ok(Self {
            env,
            options,
            window_end,
            settings,
            ui,
            approved,
            ending,
            nailgun: Arc::new(connect::nailgun(settings)?),
            interrupt: Interrupt::listen()?,
            state: state_dir::open(&settings.state_dir)?,
            stage: Cell::new(Stage::Asking),
            stops: Cell::new(true),
        })
    }

    /// The nodes, reachable as the settings say.
    pub(super) fn nodes(&self) -> Nodes<'_> {
        Nodes::new(&self.settings.ssh, &self.state, &self.interrupt, self.ui)
    }

    /// Asks Nailgun in the background.
    pub(super) fn start_nailgun<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Nailgun) -> Result<T, NailgunError> + Send + 'static,
    ) -> Result<Pending<Result<T, NailgunError>>, AppError> {
        self.background(ask)
    }

    /// Asks Nailgun; nothing if a signal comes before the answer.
    pub(super) fn try_nailgun<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Nailgun) -> T + Send + 'static,
    ) -> Result<Option<T>, AppError> {
        Ok(self.background(ask)?.wait(&self.interrupt))
    }

    fn background<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Nailgun) -> T + Send + 'static,
    ) -> Result<Pending<T>, AppError> {
        let nailgun = Arc::clone(&self.nailgun);
        let pending = Pending::start("nailgun", move || ask(&nailgun));
        pending.map_err(|e| AppError::new(Exit::Error, format!("cannot start a thread: {e}")))
    }

    /// Asks Nailgun; a signal ends the installation here.
    pub(super) fn nailgun<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Nailgun) -> Result<T, NailgunError> + Send + 'static,
    ) -> Result<T, AppError> {
        Ok(self.try_nailgun(ask)?.ok_or_else(|| self.interrupted())??)
    }

    /// Ends the installation here if a signal has come.
    pub(super) fn go_on(&self) -> Result<(), AppError> {
        if self.interrupt.came() { Err(self.interrupted()) } else { Ok(()) }
    }

    /// The end of the maintenance window, if one was given.
    pub(super) fn window_end(&self) -> Option<Timestamp> {
        self.window_end
    }

    /// Whether something that changes nodes runs.
    pub(super) fn is_updating(&self) -> bool {
        matches!(self.stage.get(), Stage::Running(_))
    }

    /// That the maintenance window is over, in words.
    pub(super) fn window_over(&self) -> Option<String> {
        let over = self.window_end.filter(|end| *end <= Timestamp::now());
        over.map(|end| format!("the maintenance window is over (since {})", format_utc(end)))
    }

    /// Notes how far the installation has come.
    pub(super) fn reached(&self, stage: Stage) {
        self.stage.set(stage);
    }

    /// Notes whether this Nailgun stops runs: 9.0 forbids it in an environment that was deployed before. Later versions have
    /// `graphs/execute`, or tell their version only to those who have logged in.
    pub(super) fn learn_whether_it_stops(&self, executes_graphs: bool) {
        if !executes_graphs {
            let public = self.nailgun(Nailgun::tells_its_version_to_everybody);
            self.stops.set(!public.unwrap_or(false));
        }
    }

    /// The error for a signal at this stage: what was sent, and how to come back.
    pub(super) fn interrupted(&self) -> AppError {
        let back = |task: TaskId| self.attach_command(task);
        let (message, hint) = match self.stage.get() {
            Stage::Asking => ("interrupted; nothing was sent".to_owned(), None),
            Stage::Uploading => {
                ("interrupted; the graph was sent to Nailgun, but no task was started".to_owned(), None)
            }
            Stage::Starting => (
                "interrupted; a start was sent, and Nailgun has not answered whether it was accepted".to_owned(),
                Some(format!("find out with: fuel-updates --env {} install --attach", self.env)),
            ),
            Stage::PreChecks(task) => (
                format!("interrupted; only pre-checks were started (task {task}), and they change nothing"),
                Some(format!("see how they end with: {}", back(task))),
            ),
            Stage::Running(task) => (
                format!("interrupted; task {task} continues on the master"),
                Some(match self.stops.get() {
                    true => format!(
                        "come back with: {}; stop it with: fuel-updates --env {} install --stop {task}",
                        back(task),
                        self.env
                    ),
                    false => format!("come back with: {}", back(task)),
                }),
            ),
            Stage::Over(task) => (
                format!("interrupted; task {task} is over, but not every node was asked for proof"),
                Some(format!("ask the nodes again with: {}", back(task))),
            ),
        };
        AppError::new(Exit::Interrupted, message).hinted(hint)
    }

    /// Nailgun's host and port.
    pub(super) fn nailgun_address(&self) -> String {
        self.nailgun.url().host_and_port()
    }

    /// The environment in names of files: two masters have environments of the same number.
    pub(super) fn key(&self) -> String {
        key(&self.nailgun.url().host_and_port(), self.env)
    }

    /// The command that comes back to a run.
    pub(super) fn attach_command(&self, task: TaskId) -> String {
        format!("fuel-updates --env {} install --attach {task}", self.env)
    }

    /// The watch ends after this time without progress.
    pub(super) fn give_up_after(&self) -> Duration {
        Duration::from_secs(self.options.give_up_after.into())
    }

    /// The built-in graph or the operator's. One with mistakes that Nailgun does not report is refused.
    pub(super) fn graph(&self) -> Result<Graph, AppError> {
        let graph = match &self.options.graph {
            None => Graph::builtin(),
            Some(folder) => Graph::load(folder),
        }?;
        let findings = graph.lint();
        if findings.is_empty() {
            return Ok(graph);
        }
        let mut error = AppError::new(Exit::Error, "the graph has mistakes that Nailgun does not report");
        error.causes = findings.iter().map(ToString::to_string).collect();
        Err(error.hinted("see `fuel-updates graph check DIR`".to_owned()))
    }
}

/// `10.20.0.2-8000-env-1`
fn key(host_and_port: &str, env: EnvId) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
    let address: String = host_and_port.chars().map(harmless).collect();
    format!("{address}-env-{env}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_of_two_masters_have_names_of_their_own() {
        let keys =
            ["10.20.0.2:8000", "10.20.0.2:8443", "[fd00::2]:8000", "Fuel.Domain:8000"].map(|at| key(at, EnvId(1)));
        let names = ["10.20.0.2-8000-env-1", "10.20.0.2-8443-env-1", "-fd00--2--8000-env-1", "fuel.domain-8000-env-1"];
        assert_eq!(keys, names);
    }
}
