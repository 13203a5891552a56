//! What the command line, the variables and the configuration file mean together. Nothing past here sees clap.
//!
//! Highest first: option, `FUEL_UPDATES_*` variable (both by clap), configuration file, default.

mod file;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{Format, Global, HostKeys};
use crate::domain::probe::is_mos_version;
use crate::domain::select::Selection;
use crate::error::AppError;
use crate::exit::Exit;

/// The mirror that Mirantis ran.
pub const DEFAULT_MIRROR: &str = "http://mirror.fuel-infra.org";

/// What holds for the whole run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The environment, where it was named.
    pub env: Option<u32>,
    /// The node list, where it was named.
    pub inventory: Option<PathBuf>,
    /// Which nodes of it.
    pub selection: Selection,
    /// The environment's MOS version, where it was named.
    pub mos_version: Option<String>,
    /// How to log in.
    pub ssh: Ssh,
    /// The mirror.
    pub mirror: String,
    /// Certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// Whether Nailgun's certificate is not checked.
    pub insecure_tls: bool,
    /// The form of the output.
    pub output: Output,
    /// Neither progress nor warnings.
    pub quiet: bool,
    /// The folder of our own state.
    pub state_dir: PathBuf,
}

/// How to log in to nodes.
#[derive(Clone, Debug)]
pub struct Ssh {
    /// What the command line or a variable says: it beats the node list.
    pub given: Login,
    /// What the configuration file says, for nodes of which the node list says nothing.
    pub configured: Login,
    /// The usual key files.
    pub usual_keys: Vec<PathBuf>,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// The port, for nodes that name none.
    pub port: Option<u16>,
    /// What to do about host keys.
    pub host_keys: HostKeys,
    /// Whether to offer old algorithms, for nodes that say nothing of it.
    pub legacy_algorithms: bool,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time from the connection to the accepted login.
    pub handshake_timeout: Duration,
    /// Time for a node in all.
    pub node_timeout: Duration,
    /// How many nodes at the same time.
    pub fanout: usize,
}

/// As whom, with which keys and through which host.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// Key files that replace agent and usual files.
    pub keys: Vec<PathBuf>,
    /// The jump host.
    pub jump: Option<String>,
}

/// The form of the output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Table, JSON and so on.
    pub format: Format,
    /// Only these columns.
    pub columns: Vec<String>,
    /// Sorted by these columns.
    pub sort: Vec<String>,
}

impl Settings {
    /// Puts the sources together.
    ///
    /// # Errors
    /// A configuration file that cannot be read or has an unknown key; a value that cannot be.
    pub(crate) fn new(global: Global) -> Result<Self, AppError> {
        let file = file::load(global.config.as_deref())?;
        let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let home = variable("HOME").map(PathBuf::from).unwrap_or_else(|| PathBuf::from("/root"));
        let mos_version = global.select.mos_version.or(file.mos_version);
        if let Some(version) = &mos_version
            && !is_mos_version(version)
        {
            return Err(AppError::new(Exit::Usage, format!("`{version}` is no MOS version such as 9.0")));
        }
        let seconds = |given: Option<f64>, file: Option<f64>, default: f64| {
            Duration::from_secs_f64(given.or(file).unwrap_or(default).clamp(0.1, 3600.0))
        };
        let keys = |keys: Vec<PathBuf>| keys.iter().map(|key| expand_home(key, &home)).collect();
        let usual = |name: &str| home.join(".ssh").join(name);
        Ok(Self {
            env: global.env,
            inventory: global.select.inventory.or(file.inventory),
            selection: Selection {
                nodes: global.select.nodes,
                roles: global.select.roles,
                exclude: global.select.exclude,
            },
            mos_version,
            ssh: Ssh {
                given: Login { user: global.ssh.ssh_user, keys: keys(global.ssh.ssh_key), jump: global.ssh.jump },
                configured: Login { user: file.ssh.user, keys: keys(file.ssh.keys), jump: file.ssh.jump },
                usual_keys: ["id_rsa", "id_ed25519", "id_ecdsa"].map(usual).to_vec(),
                agent: variable("SSH_AUTH_SOCK").map(PathBuf::from),
                port: global.ssh.ssh_port.or(file.ssh.port),
                host_keys: global.ssh.host_keys.or(file.ssh.host_keys).unwrap_or(HostKeys::AcceptNew),
                legacy_algorithms: file.ssh.legacy_algorithms.unwrap_or(false),
                connect_timeout: seconds(global.ssh.connect_timeout, file.ssh.connect_timeout, 5.0),
                handshake_timeout: seconds(global.ssh.handshake_timeout, file.ssh.handshake_timeout, 10.0),
                node_timeout: seconds(global.ssh.node_timeout, file.ssh.node_timeout, 30.0),
                fanout: global.ssh.fanout.or(file.ssh.fanout).unwrap_or(100).max(1).into(),
            },
            mirror: global.mirror.mirror.or(file.mirror).unwrap_or_else(|| DEFAULT_MIRROR.to_owned()),
            ca_file: global.mirror.ca_file.or(file.ca_file),
            insecure_tls: global.mirror.insecure_tls,
            output: Output { format: global.output.format, columns: global.output.columns, sort: global.output.sort },
            quiet: global.quiet,
            state_dir: state_dir(&home),
        })
    }
}

/// As root `/var/lib/fuel-updates`, else below `$XDG_STATE_HOME`; `FUEL_UPDATES_STATE_DIR` names another.
fn state_dir(home: &Path) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = variable("FUEL_UPDATES_STATE_DIR") {
        return dir;
    }
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/fuel-updates");
    }
    variable("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state")).join("fuel-updates")
}

/// `~/x` as a shell would read it; the file has no shell.
pub(crate) fn expand_home(path: &Path, home: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home.join(rest))
}
