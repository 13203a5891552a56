//! The settings: command line, variables and configuration file put together. No module behind this one uses clap.
//!
//! Highest precedence first: option, `FUEL_UPDATES_*` variable (clap reads both), configuration file, default.

mod error;
mod file;
mod ledger;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::{Ledger, Shown as _};

pub use error::SettingsError;
pub use file::TEMPLATE;
pub use ledger::Setting;

use crate::cli::{Format, GlobalOptions, HostKeys, Origin, Origins, OutputOptions, SettingsOptions, SshOptions};
use crate::domain::mos_version::MosVersion;
use crate::domain::numbers::EnvId;
use crate::domain::select::Selection;

/// The default mirror, formerly run by Mirantis.
pub const DEFAULT_MIRROR: &str = "http://mirror.fuel-infra.org";

/// The settings of one run of the program.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The environment, if it was given.
    pub env: Option<EnvId>,
    /// The node list, if it was given.
    pub inventory: Option<PathBuf>,
    /// Which of its nodes to use.
    pub selection: Selection,
    /// The environment's MOS version, if it was given.
    pub mos_version: Option<MosVersion>,
    /// How to log in.
    pub ssh: SshSettings,
    /// The mirror.
    pub mirror: String,
    /// Certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// Whether Nailgun's certificate is accepted without verification.
    pub insecure_tls: bool,
    /// How to print results.
    pub output: OutputSettings,
    /// Whether to print neither progress nor warnings.
    pub quiet: bool,
    /// The user's home.
    pub home: PathBuf,
    /// The folder of the program's own state.
    pub state_dir: PathBuf,
    /// Nailgun's address and user from the configuration file.
    pub nailgun: NailgunLogin,
    /// Each setting with where its value comes from, for `config show`.
    pub explained: Vec<Setting>,
}

/// Nailgun's address and user from the configuration file. A password cannot stand there.
#[derive(Clone, Debug, Default)]
pub struct NailgunLogin {
    /// The file.
    pub file: PathBuf,
    /// Nailgun's address.
    pub url: Option<String>,
    /// The user.
    pub username: Option<String>,
    /// The user's tenant.
    pub tenant: Option<String>,
}

/// How to log in to nodes.
#[derive(Clone, Debug)]
pub struct SshSettings {
    /// From the command line or a variable. Takes precedence over the node list.
    pub given: Login,
    /// From the configuration file, for nodes without their own values in the node list.
    pub configured: Login,
    /// The default key files.
    pub usual_keys: Vec<PathBuf>,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// The port, for nodes without one in the node list.
    pub port: Option<u16>,
    /// What to do about host keys.
    pub host_keys: HostKeys,
    /// Whether to offer old algorithms, for nodes without their own value in the node list.
    pub legacy_algorithms: bool,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time from the connection to the accepted login.
    pub handshake_timeout: Duration,
    /// Total time for a node.
    pub node_timeout: Duration,
    /// How many nodes to ask at the same time.
    pub fanout: usize,
}

/// User, keys and jump host of a login.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// Key files to use instead of the agent and the default files.
    pub keys: Vec<PathBuf>,
    /// The jump host.
    pub jump: Option<String>,
}

/// How to print results.
#[derive(Clone, Debug, Default)]
pub struct OutputSettings {
    /// The format.
    pub format: Format,
    /// Print only these columns.
    pub columns: Vec<String>,
    /// Sort rows by these columns.
    pub sort: Vec<String>,
}

impl Settings {
    /// Reads the configuration file and puts it together with the options.
    ///
    /// # Errors
    /// The configuration file cannot be read, or has an unknown key or a value out of range.
    pub(crate) fn new(
        global: &GlobalOptions,
        given: SettingsOptions,
        origins: &Origins,
    ) -> Result<Self, SettingsError> {
        let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let home = variable("HOME").map(PathBuf::from).unwrap_or_else(|| PathBuf::from("/root"));
        let (file, path) = file::load(global.config.as_deref(), &home)?;
        let mut ledger = Ledger::new(origins, path.clone());
        let nodes = given.nodes;
        let env = ledger.pick("env", "env", global.env, None, None);
        let inventory = ledger.pick("inventory", "inventory", given.inventory.inventory, file.inventory, None);
        let mos_version = ledger.pick("mos_version", "mos_version", given.version.mos_version, file.mos_version, None);
        let default_mirror = Some(DEFAULT_MIRROR.to_owned());
        let mirror_url = ledger.pick("mirror", "mirror", given.mirror.mirror, file.mirror, default_mirror);
        let ca_file = ledger.pick("ca_file", "ca_file", given.certificates.ca_file, file.ca_file, None);
        let ssh = SshSettings::new(given.ssh, file.ssh, &home, &mut ledger);
        let (state_dir, origin) = state_dir(&home);
        ledger.note("state_dir", Some(state_dir.display().to_string()), origin);
        Ok(Self {
            env,
            inventory,
            selection: Selection { nodes: nodes.nodes, roles: nodes.roles, exclude: nodes.exclude },
            mos_version,
            ssh,
            mirror: mirror_url.unwrap_or_default(),
            ca_file,
            insecure_tls: given.nailgun.insecure_tls,
            output: given.output.into(),
            quiet: global.quiet,
            home,
            state_dir,
            nailgun: NailgunLogin {
                file: path,
                url: file.nailgun.url,
                username: file.nailgun.username,
                tenant: file.nailgun.tenant,
            },
            explained: ledger.settings,
        })
    }
}

impl From<OutputOptions> for OutputSettings {
    fn from(given: OutputOptions) -> Self {
        Self { format: given.format, columns: given.columns, sort: given.sort }
    }
}

impl SshSettings {
    fn new(given: SshOptions, file: file::SshSection, home: &Path, ledger: &mut Ledger<'_>) -> Self {
        let usual_keys = ["id_rsa", "id_ed25519", "id_ecdsa"].map(|name| home.join(".ssh").join(name)).to_vec();
        let agent = std::env::var_os("SSH_AUTH_SOCK").filter(|v| !v.is_empty()).map(PathBuf::from);
        let keys: Vec<PathBuf> = given.ssh_key.iter().map(|key| expand_home(key, home)).collect();
        // Both are kept: the values of the node list come between them.
        ledger.note_either("ssh.user", "ssh_user", given.ssh_user.as_ref(), file.user.as_ref(), "root");
        let some = |keys: &Vec<PathBuf>| (!keys.is_empty()).then(|| keys.clone());
        let usual = format!("{}{}", if agent.is_some() { "agent, " } else { "" }, usual_keys.shown());
        ledger.note_either("ssh.keys", "ssh_key", some(&keys).as_ref(), some(&file.keys).as_ref(), &usual);
        let port = ledger.pick("ssh.port", "ssh_port", given.ssh_port, file.port, Some(22));
        ledger.note_either("ssh.jump", "jump", given.jump.as_ref(), file.jump.as_ref(), "");
        let policy =
            ledger.pick("ssh.host_keys", "host_keys", given.host_keys, file.host_keys, Some(HostKeys::AcceptNew));
        let legacy = ledger.pick("ssh.legacy_algorithms", "", None, file.legacy_algorithms, Some(false));
        let mut seconds = |name, arg, given, file, default: f64| {
            let seconds = ledger.pick(name, arg, given, file, Some(default)).unwrap_or(default);
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(3600))
        };
        let connect =
            seconds("ssh.connect_timeout", "connect_timeout", given.connect_timeout, file.connect_timeout, 5.0);
        let handshake = seconds(
            "ssh.handshake_timeout",
            "handshake_timeout",
            given.handshake_timeout,
            file.handshake_timeout,
            10.0,
        );
        let node = seconds("ssh.node_timeout", "node_timeout", given.node_timeout, file.node_timeout, 30.0);
        let fanout = ledger.pick("ssh.fanout", "fanout", given.fanout, file.fanout, Some(100));
        Self {
            given: Login { user: given.ssh_user, keys, jump: given.jump },
            configured: Login { user: file.user, keys: file.keys, jump: file.jump },
            usual_keys,
            agent,
            port,
            host_keys: policy.unwrap_or(HostKeys::AcceptNew),
            legacy_algorithms: legacy.unwrap_or(false),
            connect_timeout: connect,
            handshake_timeout: handshake,
            node_timeout: node,
            fanout: fanout.unwrap_or(100).max(1).into(),
        }
    }
}

/// `$FUEL_UPDATES_STATE_DIR`; without it, `/var/lib/fuel-updates` for root and a folder in `$XDG_STATE_HOME` for others.
fn state_dir(home: &Path) -> (PathBuf, Origin) {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let name = "FUEL_UPDATES_STATE_DIR";
    if let Some(dir) = variable(name) {
        return (dir, Origin::Variable(name.to_owned()));
    }
    if rustix::process::geteuid().is_root() {
        return (PathBuf::from("/var/lib/fuel-updates"), Origin::Default);
    }
    let name = "XDG_STATE_HOME";
    match variable(name) {
        Some(state) => (state.join("fuel-updates"), Origin::Variable(name.to_owned())),
        None => (home.join(".local/state/fuel-updates"), Origin::Default),
    }
}

/// Replaces `~` at the beginning of a path by the user's home, as a shell does.
pub(crate) fn expand_home(path: &Path, home: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home.join(rest))
}
