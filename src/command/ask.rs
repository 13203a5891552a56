//! What every command on nodes begins with: find the node list, select, ask all nodes at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::domain::failure::{FailureKind, NodeFailure};
use crate::domain::mos_version::MosVersion;
use crate::domain::node::Node;
use crate::domain::probe::Probe;
use crate::domain::remote::{Frame, RemoteCommand as _};
use crate::domain::report::Source;
use crate::domain::row::Row;
use crate::error::AppError;
use crate::event::{Event, Events};
use crate::exit::Exit;
use crate::fleet::{self, Answer, FleetError, FleetEvent, FleetSettings, HostKeyPolicy, Jump, Target};
use crate::inventory::{self, Loaded};
use crate::settings::{Settings, Ssh, expand_home};

/// The environment to work on and its selected nodes.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The environment.
    pub(crate) env: u32,
    /// All nodes of the node list.
    pub(crate) listed: Vec<Node>,
    /// The selected nodes.
    pub(crate) nodes: Vec<Node>,
    /// The environment's MOS version and where it is known from, where option or node list tell.
    pub(crate) mos_version: Option<(MosVersion, &'static str)>,
    /// Where the node list came from.
    pub(crate) source: Source,
    /// What the operator should know about the choice of the node list.
    pub(crate) warnings: Vec<String>,
    /// Whether `--env` was left out.
    pub(crate) env_guessed: bool,
}

/// Finds the node list and selects.
pub(crate) fn site(settings: &Settings) -> Result<Site, AppError> {
    let loaded = inventory::find(settings.inventory.as_deref(), settings.env, Path::new("/"))?;
    let Loaded { mut inventory, path, age, mut warnings } = loaded;
    warnings.append(&mut inventory.warnings);
    let env = settings.env.or(inventory.env).unwrap_or_default();
    for node in &mut inventory.nodes {
        node.port = node.port.or(settings.ssh.port);
        node.access.key = node.access.key.take().map(|key| expand_home(&key, &settings.home));
    }
    let listed = inventory.nodes.clone();
    let nodes = settings
        .selection
        .apply(inventory.nodes)
        .map_err(|e| AppError::from_error(Exit::Error, &e).hinted(Some("see `inventory show`".to_owned())))?;
    let option = settings.mos_version.clone().map(|v| (v, "option"));
    Ok(Site {
        env,
        listed,
        nodes,
        mos_version: option.or(inventory.mos_version.map(|v| (v, "inventory"))),
        source: Source {
            path: path.display().to_string(),
            format: inventory.format.as_str(),
            age_s: age.map(|a| a.as_secs()),
            left_out: inventory.left_out,
        },
        warnings,
        env_guessed: settings.env.is_none(),
    })
}

/// Asks all nodes at once; a row for each, in the order of `nodes`.
pub(crate) fn ask(
    nodes: &[Node],
    ssh: &Ssh,
    known_hosts: &Path,
    events: &mut dyn Events,
    cancel: &Arc<AtomicBool>,
) -> Result<Vec<Row>, AppError> {
    let total = nodes.len();
    events.event(&Event::Asking { total });
    let mut done = 0;
    let mut rows: Vec<Option<Row>> = vec![None; total];
    let frame = fleet::frame()?;
    let ran = run(nodes, &frame.command::<Probe>(), Probe::LIMIT, ssh, known_hosts, cancel, &mut |event| match event {
        FleetEvent::Started { .. } => {}
        FleetEvent::Warning { text } => events.event(&Event::Warning(&text)),
        FleetEvent::Finished { index, result, elapsed } => {
            let (Some(node), Some(slot)) = (nodes.get(index), rows.get_mut(index)) else { return };
            let row = row(node.clone(), result, elapsed, &frame);
            done += 1;
            events.event(&Event::Answered { row: &row, done, total });
            *slot = Some(row);
        }
    });
    events.event(&Event::Asked);
    ran?;
    let unasked = || NodeFailure::new(FailureKind::Interrupted, "interrupted");
    let rows = rows.into_iter().zip(nodes);
    Ok(rows.map(|(row, node)| row.unwrap_or_else(|| Row::not_asked(node.clone(), unasked(), Duration::ZERO))).collect())
}

/// Runs a command on nodes; events come as answers arrive.
pub(crate) fn run(
    nodes: &[Node],
    command: &str,
    limit: usize,
    ssh: &Ssh,
    known_hosts: &Path,
    cancel: &Arc<AtomicBool>,
    on_event: &mut dyn FnMut(FleetEvent<'_>),
) -> Result<(), AppError> {
    let targets: Vec<Target> = nodes.iter().map(|node| target(node, ssh)).collect::<Result<_, _>>()?;
    let settings = FleetSettings {
        fanout: ssh.fanout,
        connect_timeout: ssh.connect_timeout,
        handshake_timeout: ssh.handshake_timeout,
        node_timeout: ssh.node_timeout,
        host_keys: match ssh.host_keys {
            crate::cli::HostKeys::AcceptNew => HostKeyPolicy::AcceptNew,
            crate::cli::HostKeys::Strict => HostKeyPolicy::Strict,
            crate::cli::HostKeys::Off => HostKeyPolicy::Off,
        },
        known_hosts: known_hosts.to_owned(),
        default_keys: ssh.usual_keys.clone(),
        agent: ssh.agent.clone(),
        answer_limit: limit,
        cancelled: Arc::clone(cancel),
    };
    match fleet::run(&targets, command, &settings, on_event) {
        // Whoever looks at the flag knows; what had come in was told by events.
        Ok(_) | Err(FleetError::Interrupted) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn row(node: Node, result: &Result<Answer, NodeFailure>, elapsed: Duration, frame: &Frame) -> Row {
    match result.as_ref().map_err(Clone::clone).and_then(|answer| answer.read::<Probe>(frame)) {
        Ok(answer) => Row::answered(node, &answer, elapsed),
        Err(failure) => Row::not_asked(node, failure, elapsed),
    }
}

/// How to log in to a node: the command line beats the node list, which beats the configuration file.
fn target(node: &Node, ssh: &Ssh) -> Result<Target, AppError> {
    let (given, own, configured) = (&ssh.given, &node.access, &ssh.configured);
    let user = given.user.as_ref().or(own.user.as_ref()).or(configured.user.as_ref());
    let user = user.map_or("root", String::as_str);
    let keys = match &own.key {
        _ if !given.keys.is_empty() => given.keys.clone(),
        Some(key) => vec![key.clone()],
        None => configured.keys.clone(),
    };
    let jump = given.jump.as_ref().or(own.jump.as_ref()).or(configured.jump.as_ref());
    let jump = jump.map(|text| {
        Jump::parse(text, user)
            .map_err(|error| AppError::new(Exit::Usage, format!("{}: jump host: {error}", node.name)))
    });
    Ok(Target {
        host: node.host.clone(),
        port: node.port(),
        user: user.to_owned(),
        keys,
        jump: jump.transpose()?,
        legacy_algorithms: own.legacy_algorithms.unwrap_or(ssh.legacy_algorithms),
    })
}
