//! Asks nodes over SSH: the one owner of login settings, host keys, cancellation and progress.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::cli::HostKeys;
use crate::domain::failure::{FailureKind, NodeFailure};
use crate::domain::node::Node;
use crate::domain::probe::Probe;
use crate::domain::remote::RemoteCommand;
use crate::domain::row::Row;
use crate::error::{AppError, Explain};
use crate::event::{Event, Events};
use crate::exit::Exit;
use crate::fleet::{self, FleetError, FleetEvent, FleetSettings, FoundKeys, HostKeyPolicy, Jump, JumpError, Target};
use crate::settings::SshSettings;
use crate::signals::Interrupt;
use crate::ui::Ui;

/// The nodes of an environment, reachable as the settings say.
pub(crate) struct Nodes<'a> {
    ssh: &'a SshSettings,
    known_hosts: PathBuf,
    interrupt: &'a Interrupt,
    ui: &'a Ui,
}

impl<'a> Nodes<'a> {
    /// Nodes whose host keys are recorded in the state folder. `interrupt` ends every command early.
    pub(crate) fn new(ssh: &'a SshSettings, state: &Path, interrupt: &'a Interrupt, ui: &'a Ui) -> Self {
        Self { ssh, known_hosts: state.join("known_hosts"), interrupt, ui }
    }

    /// Asks all nodes at once what they run; a row for each, in the order of `nodes`, with progress shown.
    pub(crate) fn ask(&self, nodes: &[Node]) -> Result<Vec<Row>, AppError> {
        self.ask_with::<Probe>(nodes, &mut |index, answer, elapsed| {
            let node = nodes.get(index)?.clone();
            Some(match answer {
                Ok(answer) => Row::answered(node, &answer, elapsed),
                Err(failure) => Row::not_asked(node, failure, elapsed),
            })
        })
    }

    /// Runs any command on all nodes at once with progress shown, as [`Self::ask`] does; `take` makes a row of each answer
    /// as it arrives, by the position of its node, and keeps of it what it needs.
    pub(crate) fn ask_with<C: RemoteCommand>(
        &self,
        nodes: &[Node],
        take: &mut dyn FnMut(usize, Result<C::Answer, NodeFailure>, Duration) -> Option<Row>,
    ) -> Result<Vec<Row>, AppError> {
        let total = nodes.len();
        let mut progress = self.ui.progress();
        progress.event(&Event::Asking { total });
        let mut done = 0;
        let mut at_work: BTreeSet<usize> = BTreeSet::new();
        let mut rows: Vec<Option<Row>> = vec![None; total];
        let asked = self.each::<C>(nodes, &mut |told| match told {
            Told::Warning(text) => progress.event(&Event::Warning(&text)),
            Told::Begun(index) => {
                at_work.insert(index);
            }
            Told::Waiting => {
                let names: Vec<&str> = at_work.iter().filter_map(|i| Some(nodes.get(*i)?.name.as_str())).collect();
                progress.event(&Event::Waiting { nodes: &names, done, total });
            }
            Told::Answer { index, answer, elapsed } => {
                at_work.remove(&index);
                let (Some(row), Some(slot)) = (take(index, answer, elapsed), rows.get_mut(index)) else { return };
                done += 1;
                progress.event(&Event::Answered { row: &row, done, total });
                *slot = Some(row);
            }
        });
        progress.event(&Event::Asked);
        asked?;
        let rows = rows.into_iter().zip(nodes);
        Ok(rows
            .map(|(row, node)| row.unwrap_or_else(|| Row::not_asked(node.clone(), interrupted(), Duration::ZERO)))
            .collect())
    }

    /// The keys that a login to these nodes would try. Nobody is connected to.
    pub(crate) fn keys(&self, nodes: &[Node]) -> Result<FoundKeys, AppError> {
        Ok(fleet::keys(&self.targets(nodes)?, &self.settings(0))?)
    }

    /// How many of these nodes would be asked at the same time. Nobody is connected to.
    pub(crate) fn at_once(&self, nodes: &[Node]) -> Result<usize, AppError> {
        Ok(fleet::at_once(&self.targets(nodes)?, self.ssh.fanout)?)
    }

    fn targets(&self, nodes: &[Node]) -> Result<Vec<Target>, LoginError> {
        nodes.iter().map(|node| login(node, self.ssh)).collect()
    }

    /// Runs a command on all nodes at once; an answer or a failure for each, in the order of `nodes`.
    pub(crate) fn run<C: RemoteCommand>(
        &self,
        nodes: &[Node],
    ) -> Result<Vec<Result<C::Answer, NodeFailure>>, AppError> {
        let mut answers: Vec<_> = nodes.iter().map(|_| Err(interrupted())).collect();
        self.run_with::<C>(nodes, &mut |index, answer, _| {
            if let Some(slot) = answers.get_mut(index) {
                *slot = answer;
            }
        })?;
        Ok(answers)
    }

    /// Runs a command on all nodes at once as [`Self::run`] does; `take` gets each answer as it arrives, by the position of
    /// its node. After a signal the rest is missing.
    pub(crate) fn run_with<C: RemoteCommand>(
        &self,
        nodes: &[Node],
        take: &mut dyn FnMut(usize, Result<C::Answer, NodeFailure>, Duration),
    ) -> Result<(), AppError> {
        let mut progress = self.ui.progress();
        self.each::<C>(nodes, &mut |told| match told {
            Told::Warning(text) => progress.event(&Event::Warning(&text)),
            Told::Answer { index, answer, elapsed } => take(index, answer, elapsed),
            Told::Begun(_) | Told::Waiting => {}
        })
    }

    /// Runs a command and tells of every answer as it arrives. After a signal the rest is missing.
    fn each<C: RemoteCommand>(&self, nodes: &[Node], tell: &mut dyn FnMut(Told<C::Answer>)) -> Result<(), AppError> {
        let targets: Vec<Target> = nodes.iter().map(|node| login(node, self.ssh)).collect::<Result<_, _>>()?;
        let frame = fleet::frame()?;
        let ran = fleet::run(&targets, &frame.command::<C>(), &self.settings(C::LIMIT), &mut |event| match event {
            FleetEvent::Started { index } => tell(Told::Begun(index)),
            FleetEvent::Waiting => tell(Told::Waiting),
            FleetEvent::Warning { text } => tell(Told::Warning(text)),
            FleetEvent::Finished { index, result, elapsed } => {
                let answer = result.as_ref().map_err(NodeFailure::clone).and_then(|answer| answer.read::<C>(&frame));
                tell(Told::Answer { index, answer, elapsed });
            }
        });
        match ran {
            // The caller looks at the signal; what had come in was told.
            Ok(_) | Err(FleetError::Interrupted) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn settings(&self, answer_limit: usize) -> FleetSettings {
        let ssh = self.ssh;
        FleetSettings {
            fanout: ssh.fanout,
            connect_timeout: ssh.connect_timeout,
            handshake_timeout: ssh.handshake_timeout,
            node_timeout: ssh.node_timeout,
            host_keys: match ssh.host_keys {
                HostKeys::AcceptNew => HostKeyPolicy::AcceptNew,
                HostKeys::Strict => HostKeyPolicy::Strict,
                HostKeys::Off => HostKeyPolicy::Off,
            },
            known_hosts: self.known_hosts.clone(),
            default_keys: ssh.usual_keys.clone(),
            agent: ssh.agent.clone(),
            answer_limit,
            // Every answer is read as it arrives.
            keep_output: false,
            cancelled: Arc::clone(self.interrupt.flag()),
        }
    }
}

/// What happens while nodes are asked.
enum Told<A> {
    /// Something concerns all nodes.
    Warning(String),
    /// A node is begun with.
    Begun(usize),
    /// Time passes.
    Waiting,
    /// A node is done.
    Answer { index: usize, answer: Result<A, NodeFailure>, elapsed: Duration },
}

fn interrupted() -> NodeFailure {
    NodeFailure::new(FailureKind::Interrupted, "interrupted")
}

/// A node's jump host cannot be used.
#[derive(Debug, Error)]
#[error("{node}: jump host: {source}")]
pub(crate) struct LoginError {
    node: String,
    source: JumpError,
}

impl Explain for LoginError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// How to log in to a node: the command line beats the node list, which beats the configuration file.
pub(crate) fn login(node: &Node, ssh: &SshSettings) -> Result<Target, LoginError> {
    let (given, own, configured) = (&ssh.given, &node.access, &ssh.configured);
    let user = given.user.as_ref().or(own.user.as_ref()).or(configured.user.as_ref());
    let user = user.map_or("root", String::as_str);
    let keys = match &own.key {
        _ if !given.keys.is_empty() => given.keys.clone(),
        Some(key) => vec![key.clone()],
        None => configured.keys.clone(),
    };
    let jump = given.jump.as_ref().or(own.jump.as_ref()).or(configured.jump.as_ref());
    let jump = jump.map(|text| Jump::parse(text, user)).transpose();
    Ok(Target {
        host: node.host.clone(),
        port: node.port(),
        user: user.to_owned(),
        keys,
        jump: jump.map_err(|source| LoginError { node: node.name.clone(), source })?,
        legacy_algorithms: own.legacy_algorithms.unwrap_or(ssh.legacy_algorithms),
    })
}
