//! Describes a lab: plain data with builders.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::nailgun::AuthMode;
use super::nailgun_mode::NailgunMode;
use super::sshd::SshFault;

/// A lab to be started.
///
/// Everything has a default; [`Scenario::new`] is an environment 1 of MOS 9.0 on a Nailgun of 9.2, without
/// nodes and with an empty mirror.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The environment's ID.
    pub env: u32,
    /// The environment's MOS version, as `fuel_version` and the inventory say it.
    pub mos_version: String,
    /// The version of Nailgun that the lab imitates.
    pub nailgun: NailgunMode,
    /// How Nailgun asks for a token.
    pub auth: AuthMode,
    /// Who may use Nailgun.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// What Nailgun says of the environment's status.
    pub env_status: String,
    /// Whether the environment was ever deployed, that is, whether its primary nodes are chosen already.
    pub deployed: bool,
    /// The nodes, also those that only Nailgun lists.
    pub nodes: Vec<NodeSpec>,
    /// The mirror's files: path below its root, and content.
    pub mirror: Vec<(String, Vec<u8>)>,
    /// The address of the MOS repositories in Nailgun's settings; `None` is an address from which nobody fetches.
    pub mos_uri: Option<String>,
    /// Packages in the MOS repositories of every node, beside the node's own.
    pub repo: Vec<(String, String)>,
    /// Variables of every process on a node. They shorten the waits of the graph's scripts, which are longer in the field.
    pub variables: Vec<(String, String)>,
    /// Time added to every task of a graph.
    pub task_delay: Duration,
    /// How long a run stays `pending`, as it does while Nailgun serializes it.
    pub serialize_delay: Duration,
}

/// Which environment a node belongs to in Nailgun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The scenario's.
    Scenario,
    /// Another one.
    Other(u32),
    /// None.
    None,
}

/// A node of the lab.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// Nailgun's number, from 1.
    pub id: u32,
    /// Its host name.
    pub name: String,
    /// The name in Fuel's web interface.
    pub label: Option<String>,
    /// Its roles, without `primary-`.
    pub roles: Vec<String>,
    /// Its environment in Nailgun.
    pub membership: Membership,
    /// What `/etc/nailgun_uid` says; `None` leaves the file out.
    pub uid: Option<String>,
    /// What `fuel_version` says; `None` is the scenario's.
    pub fuel_version: Option<String>,
    /// Files in the node's tree when the lab starts: path from `/`, content and mode.
    pub files: Vec<(String, Vec<u8>, u32)>,
    /// Installed packages: name and version.
    pub packages: Vec<(String, String)>,
    /// What the repositories of this node hold beyond the scenario's: name and version.
    pub repo: Vec<(String, String)>,
    /// Packages on hold.
    pub holds: Vec<String>,
    /// Services and whether they run.
    pub services: Vec<(String, bool)>,
    /// Faults of the stubs: name and argument (`lab/src/stubs/README.md`).
    pub stub_faults: Vec<(String, String)>,
    /// Faults of its SSH server.
    pub ssh_faults: Vec<SshFault>,
    /// Whether the inventory lists it.
    pub in_inventory: bool,
    /// Whether Nailgun lists it.
    pub in_nailgun: bool,
    /// What Nailgun says of `online`.
    pub online: bool,
    /// What Nailgun says of `status`: `ready`, `discover`, …
    pub status: String,
    /// What Nailgun says of `error_type`.
    pub error_type: Option<String>,
    /// What Nailgun says of `pending_addition`.
    pub pending_addition: bool,
    /// What Nailgun says of `pending_deletion`.
    pub pending_deletion: bool,
    /// Whether Nailgun remembers it as the primary of its roles.
    pub primary: bool,
    /// Whether mcollective on it answers Astute.
    pub reachable_by_astute: bool,
    /// A root of its own with everything real in it, instead of a tree with stubs.
    pub real: Option<RealNode>,
}

/// A node made outside the lab: the lab only runs tasks in it, as mcollective does. Its SSH server is not the lab's.
#[derive(Clone, Debug)]
pub struct RealNode {
    /// Its root folder, seen from here.
    pub root: PathBuf,
    /// A program that runs its arguments there.
    pub enter: PathBuf,
}

impl Scenario {
    /// Environment 1 of MOS 9.0 on a Nailgun of 9.2, without nodes.
    pub fn new() -> Self {
        Self {
            env: 1,
            mos_version: "9.0".into(),
            nailgun: NailgunMode::V9_2,
            auth: AuthMode::Fake,
            user: "admin".into(),
            password: "admin".into(),
            env_status: "operational".into(),
            deployed: true,
            nodes: Vec::new(),
            mirror: Vec::new(),
            mos_uri: None,
            repo: Vec::new(),
            variables: [("MU_POLL", "0.1"), ("MU_SETTLE", "0.1")]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            task_delay: Duration::ZERO,
            serialize_delay: Duration::from_millis(20),
        }
    }

    /// Sets the environment's ID.
    #[must_use]
    pub fn env(mut self, env: u32) -> Self {
        self.env = env;
        self
    }

    /// Another MOS version.
    #[must_use]
    pub fn mos_version(mut self, version: &str) -> Self {
        self.mos_version = version.into();
        self
    }

    /// Another Nailgun.
    #[must_use]
    pub fn nailgun(mut self, mode: NailgunMode) -> Self {
        self.nailgun = mode;
        self
    }

    /// Another way to ask for a token.
    #[must_use]
    pub fn auth(mut self, mode: AuthMode) -> Self {
        self.auth = mode;
        self
    }

    /// The environment was never deployed: no primary node is chosen yet.
    #[must_use]
    pub fn never_deployed(mut self) -> Self {
        self.deployed = false;
        self
    }

    /// One more node.
    #[must_use]
    pub fn node(mut self, node: NodeSpec) -> Self {
        self.nodes.push(node);
        self
    }

    /// A file on the mirror, `path` below its root.
    #[must_use]
    pub fn mirror_file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.mirror.push((path.into(), content.into()));
        self
    }

    /// What the mirror publishes for the scenario's MOS version.
    #[must_use]
    pub fn published(self, content: impl Into<Vec<u8>>) -> Self {
        let path = format!("mcv/mos/{}/{}", self.mos_version, super::seed::MU_FILE);
        self.mirror_file(&path, content)
    }

    /// Where Nailgun says that the MOS repositories lie.
    #[must_use]
    pub fn mos_uri(mut self, uri: &str) -> Self {
        self.mos_uri = Some(uri.into());
        self
    }

    /// A package in the MOS repositories of every node.
    #[must_use]
    pub fn repo(mut self, package: &str, version: &str) -> Self {
        self.repo.push((package.into(), version.into()));
        self
    }

    /// A variable of everything that runs on a node; replaces the one of this name.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Adds this time to every task.
    #[must_use]
    pub fn task_delay(mut self, delay: Duration) -> Self {
        self.task_delay = delay;
        self
    }

    /// Keeps a run `pending` for this long.
    #[must_use]
    pub fn serialize_delay(mut self, delay: Duration) -> Self {
        self.serialize_delay = delay;
        self
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

impl NodeSpec {
    /// A healthy node `node-ID` with these roles and what such a node runs.
    pub fn new(id: u32, roles: &[&str]) -> Self {
        let mut node = Self {
            id,
            name: format!("node-{id}"),
            label: None,
            roles: roles.iter().map(|&role| role.into()).collect(),
            membership: Membership::Scenario,
            uid: Some(id.to_string()),
            fuel_version: None,
            files: Vec::new(),
            packages: Vec::new(),
            repo: Vec::new(),
            holds: Vec::new(),
            services: Vec::new(),
            stub_faults: Vec::new(),
            ssh_faults: Vec::new(),
            in_inventory: true,
            in_nailgun: true,
            online: true,
            status: "ready".into(),
            error_type: None,
            pending_addition: false,
            pending_deletion: false,
            primary: false,
            reachable_by_astute: true,
            real: None,
        };
        super::seed::role_defaults(&mut node);
        node
    }

    /// A node with a root of its own.
    #[must_use]
    pub fn real(mut self, root: &Path, enter: &Path) -> Self {
        self.real = Some(RealNode { root: root.to_owned(), enter: enter.to_owned() });
        // Its real SSH server listens where the lab's would.
        self.ssh_fault(SshFault::Offline)
    }

    /// Changes its name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the name in Fuel's web interface.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.label = Some(label.into());
        self
    }

    /// A file in its tree as it is before the lab starts, mode 0644.
    #[must_use]
    pub fn file(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.file_mode(path, content, 0o644)
    }

    /// The same with a mode.
    #[must_use]
    pub fn file_mode(mut self, path: &str, content: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.files.push((path.into(), content.into(), mode));
        self
    }

    /// An installed package; replaces the one of this name.
    #[must_use]
    pub fn package(mut self, name: &str, version: &str) -> Self {
        self.packages.retain(|(known, _)| known != name);
        self.packages.push((name.into(), version.into()));
        self
    }

    /// A package in the repositories of this node alone.
    #[must_use]
    pub fn repo(mut self, name: &str, version: &str) -> Self {
        self.repo.push((name.into(), version.into()));
        self
    }

    /// A package on hold.
    #[must_use]
    pub fn hold(mut self, name: &str) -> Self {
        self.holds.push(name.into());
        self
    }

    /// A service and whether it runs.
    #[must_use]
    pub fn service(mut self, name: &str, running: bool) -> Self {
        self.services.retain(|(known, _)| known != name);
        self.services.push((name.into(), running));
        self
    }

    /// A fault of its stubs.
    #[must_use]
    pub fn stub_fault(mut self, name: &str, argument: &str) -> Self {
        self.stub_faults.push((name.into(), argument.into()));
        self
    }

    /// A fault of its SSH server.
    #[must_use]
    pub fn ssh_fault(mut self, fault: SshFault) -> Self {
        self.ssh_faults.push(fault);
        self
    }

    /// Powered off: nothing listens, and Nailgun knows.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.online = false;
        self.reachable_by_astute = false;
        self.ssh_fault(SshFault::Offline)
    }

    /// What Nailgun says of its status.
    #[must_use]
    pub fn status(mut self, status: &str) -> Self {
        self.status = status.into();
        self
    }

    /// Only Nailgun knows it.
    #[must_use]
    pub fn only_in_nailgun(mut self) -> Self {
        self.in_inventory = false;
        self
    }

    /// Only the inventory knows it.
    #[must_use]
    pub fn only_in_inventory(mut self) -> Self {
        self.in_nailgun = false;
        self
    }

    /// It belongs to another environment, or to none.
    #[must_use]
    pub fn member_of(mut self, membership: Membership) -> Self {
        self.membership = membership;
        self
    }

    /// Nailgun remembers it as the primary of its roles.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.primary = true;
        self
    }
}
