//! A running lab.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::keys::Keys;
use super::mirror::{Mirror, MirrorFault};
use super::nailgun::NailgunControl;
use super::network::Network;
use super::node::LabNode;
use super::scenario::Scenario;
use super::shell::{NodeShell, Processes};
use super::sshd::SshNode;
use super::web::WebServer;
use super::{LabError, inventory, seed, stubs};

/// Commands that must never reach the machine that the lab runs on; where no stub stands for one of them,
/// it fails on a lab node.
const NEVER_REAL: &[&str] = &[
    "apt",
    "apt-get",
    "apt-cache",
    "apt-mark",
    "aptitude",
    "crm",
    "dpkg",
    "dpkg-query",
    "halt",
    "initctl",
    "invoke-rc.d",
    "killall",
    "pcs",
    "pkill",
    "poweroff",
    "puppet",
    "reboot",
    "restart",
    "service",
    "shutdown",
    "start",
    "stop",
    "systemctl",
    "telinit",
    "update-rc.d",
];

/// A running lab. Dropping it stops everything and removes its folder.
pub struct Lab {
    dir: PathBuf,
    scenario: Scenario,
    keys: Keys,
    inventory: PathBuf,
    nodes: Vec<LabNode>,
    mirror: Arc<Mirror>,
    mirror_server: WebServer,
    nailgun: NailgunControl,
    processes: Processes,
    runtime: Option<Runtime>,
    _network: Network,
}

impl Lab {
    /// Starts a lab.
    ///
    /// # Errors
    /// [`LabError`] where the scenario contradicts itself or the machine has no loopback address, port or
    /// room left.
    pub fn start(scenario: Scenario) -> Result<Self, LabError> {
        check(&scenario)?;
        let network = Network::take()?;
        let folder = Folder::create()?;
        let dir = folder.0.clone();
        for name in ["keys", "stubs", "nodes", "home"] {
            fs::create_dir(dir.join(name))?;
        }
        write_stubs(&dir.join("stubs"))?;
        let keys = Keys::create(&dir.join("keys"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lab-ssh")
            .enable_all()
            .build()?;

        let processes = Processes::default();
        let shell = |tree: PathBuf| NodeShell {
            tree,
            stubs: dir.join("stubs"),
            variables: scenario.variables.clone(),
            processes: processes.clone(),
            enter: None,
        };
        let ids: Vec<u32> = scenario.nodes.iter().map(|node| node.id).collect();
        let mut nodes = Vec::new();
        for (spec, listener) in scenario.nodes.iter().zip(network.listen(&ids)?) {
            let own = match &spec.real {
                None => {
                    let tree = dir.join("nodes").join(&spec.name);
                    seed::tree(&tree, spec, &scenario)?;
                    shell(tree)
                }
                Some(real) => NodeShell { enter: Some(real.enter.clone()), ..shell(real.root.clone()) },
            };
            let (accepted, faults) = (keys.accepted.clone(), spec.ssh_faults.clone());
            let ssh = SshNode::start(runtime.handle(), listener, own, accepted, faults)?;
            nodes.push(LabNode { spec: spec.clone(), address: network.node(spec.id)?, ssh });
        }

        let mirror_dir = dir.join("mirror");
        seed::mirror(&mirror_dir, &scenario)?;
        let mirror = Mirror::new(mirror_dir);
        let mirror_server = WebServer::start(network.server(253), Arc::<Mirror>::clone(&mirror))?;

        let master = dir.join("nodes/.master");
        fs::create_dir_all(master.join(".lab"))?;
        let mut shells: BTreeMap<String, NodeShell> =
            nodes.iter().map(|node: &LabNode| (node.spec.id.to_string(), node.ssh.shell().clone())).collect();
        shells.insert("master".into(), shell(master));
        let ips = nodes.iter().map(|node| (node.spec.id, node.address.to_string())).collect();
        let nailgun = NailgunControl::start(network.server(254), &scenario, &ips, shells)?;

        let inventory = dir.join("inventory.yaml");
        let listed: Vec<_> =
            nodes.iter().filter(|node| node.spec.in_inventory).map(|node| (&node.spec, node.address)).collect();
        let port = nodes.first().map_or(22, LabNode::port);
        fs::write(&inventory, inventory::native(&scenario, &listed, port, &keys.rsa))?;
        fs::set_permissions(&inventory, fs::Permissions::from_mode(0o600))?;

        folder.keep();
        Ok(Self {
            dir,
            scenario,
            keys,
            inventory,
            nodes,
            mirror,
            mirror_server,
            nailgun,
            processes,
            runtime: Some(runtime),
            _network: network,
        })
    }

    /// The lab's folder; it goes with the lab.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the lab was started from.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The private key as every Fuel master has it: RSA-2048, PEM.
    pub fn ssh_key(&self) -> &Path {
        &self.keys.rsa
    }

    /// All keys, also one that no node accepts.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The environment's node list in the native form.
    pub fn inventory(&self) -> &Path {
        &self.inventory
    }

    /// The mirror's address, without a final `/`.
    pub fn mirror_url(&self) -> String {
        format!("http://{}", self.mirror_server.address())
    }

    /// The folder that the mirror serves.
    pub fn mirror_dir(&self) -> PathBuf {
        self.dir.join("mirror")
    }

    /// Makes the mirror do something wrong, or everything right again.
    pub fn set_mirror_fault(&self, fault: impl Into<Option<MirrorFault>>) {
        self.mirror.set_fault(fault.into());
    }

    /// The paths that were asked of the mirror, in order.
    pub fn mirror_asked(&self) -> Vec<String> {
        self.mirror.asked()
    }

    /// The embedded Nailgun: its faults, and what it did.
    pub fn nailgun(&self) -> &NailgunControl {
        &self.nailgun
    }

    /// Nailgun's address, without a final `/`.
    pub fn nailgun_url(&self) -> String {
        self.nailgun.url()
    }

    /// The nodes, as the scenario lists them.
    pub fn nodes(&self) -> &[LabNode] {
        &self.nodes
    }

    /// The node with this number.
    ///
    /// # Panics
    /// If there is none: the scenario is the caller's own.
    #[expect(clippy::panic, reason = "a test or demo that asks for a node that it did not make is broken")]
    pub fn node(&self, id: u32) -> &LabNode {
        self.nodes.iter().find(|node| node.spec.id == id).unwrap_or_else(|| panic!("the lab has no node {id}"))
    }

    /// The environment variables with which `fuel-updates` finds this lab and nothing of the machine's own.
    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.dir.join("home");
        let path = |path: &Path| path.display().to_string();
        [
            ("FUEL_UPDATES_INVENTORY", path(&self.inventory)),
            ("FUEL_UPDATES_MIRROR", self.mirror_url()),
            ("FUEL_UPDATES_NAILGUN_URL", self.nailgun_url()),
            ("OS_USERNAME", self.scenario.user.clone()),
            ("OS_PASSWORD", self.scenario.password.clone()),
            ("FUEL_UPDATES_SSH_KEY", path(&self.keys.rsa)),
            ("HOME", path(&home)),
            ("XDG_STATE_HOME", path(&home.join("state"))),
            ("XDG_CONFIG_HOME", path(&home.join("config"))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.processes.close();
        self.nailgun.stop();
        self.nodes.clear();
        self.mirror_server.suspend();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
        // A file that cannot be removed stays until the temporary folder is emptied.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The lab's folder, removed again when starting fails half way.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self, LabError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("fuel-lab-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn keep(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.0.components().next().is_some() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

fn check(scenario: &Scenario) -> Result<(), LabError> {
    let mut seen = std::collections::BTreeSet::new();
    for node in &scenario.nodes {
        if node.id == 0 || !seen.insert(node.id) {
            return Err(LabError::Scenario(format!("node {}: the number is not unique and above 0", node.id)));
        }
        if node.name.is_empty() || node.name.contains('/') || node.name.starts_with('.') {
            return Err(LabError::Scenario(format!("node {}: {:?} is no name", node.id, node.name)));
        }
    }
    Ok(())
}

fn write_stubs(folder: &Path) -> io::Result<()> {
    for name in NEVER_REAL {
        let script = format!("#!/bin/sh\necho 'the lab has no {name}' >&2\nexit 127\n");
        fs::write(folder.join(name), script)?;
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755))?;
    }
    stubs::write_to(folder)
}
