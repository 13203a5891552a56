//! What a node and a mirror hold before the lab starts.
//!
//! The only file of the lab that names `mu-version.json`: while the lab runs, only the graph's scripts write
//! it or the state file (`lab/tests/lab/rules.rs` checks the source for that).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::LabError;
use super::scenario::{NodeSpec, Scenario};

/// The name of the MU's file, on a node and on the mirror.
pub(super) const MU_FILE: &str = "mu-version.json";

/// Packages and services of every node: what carries a task to it.
const EVERY_NODE: &[&str] = &["mcollective", "nailgun-agent"];

/// Services by role; the package of each has its name.
const BY_ROLE: &[(&str, &[&str])] = &[
    (
        "controller",
        &[
            "nova-api",
            "nova-conductor",
            "nova-scheduler",
            "neutron-server",
            "glance-api",
            "heat-api",
            "cinder-api",
            "apache2",
        ],
    ),
    ("compute", &["nova-compute", "neutron-openvswitch-agent"]),
    ("cinder", &["cinder-volume"]),
    ("ceph-osd", &["ceph-osd"]),
    ("mongo", &["mongodb"]),
    ("ironic", &["ironic-conductor"]),
];

/// The version of every package before any update.
const GA_VERSION: &str = "1:1.0-1~u14.04+mos1";

impl NodeSpec {
    /// An MU that the node had before the lab started.
    #[must_use]
    pub fn installed(self, content: impl Into<Vec<u8>>) -> Self {
        self.file(&format!("/etc/fuel/{MU_FILE}"), content)
    }
}

/// What makes a controller a member of its cluster.
const CLUSTER_PACKAGES: &[&str] = &["pacemaker", "corosync", "mysql-wsrep-server-5.6", "rabbitmq-server"];

impl NodeSpec {
    /// A member of the controllers' cluster: pacemaker, galera and rabbit with these nodes in it, itself included.
    #[must_use]
    pub fn clustered(mut self, names: &[&str]) -> Self {
        for package in CLUSTER_PACKAGES {
            self = self.package(package, GA_VERSION);
        }
        for resource in ["p_heat-engine", "neutron-l3-agent", "p_mysqld"] {
            self = self.file(&format!("/.lab/cluster/resources/{resource}"), "Started\n");
        }
        let members: String = names.iter().map(|name| format!("{name}.domain.tld\n")).collect();
        self.service("pacemaker", true)
            .service("corosync", true)
            .file("/.lab/cluster/nodes", members)
            .file("/.lab/cluster/galera-size", format!("{}\n", names.len()))
    }
}

/// Gives a node the packages and services of its roles.
pub(super) fn role_defaults(node: &mut NodeSpec) {
    let of_roles = BY_ROLE.iter().filter(|(role, _)| node.roles.iter().any(|own| own == role));
    let names = EVERY_NODE.iter().chain(of_roles.flat_map(|(_, names)| names.iter()));
    for name in names {
        if node.services.iter().all(|(known, _)| known != name) {
            node.packages.push(((*name).to_owned(), GA_VERSION.to_owned()));
            node.services.push(((*name).to_owned(), true));
        }
    }
}

/// The MOS repositories of an environment: name, and what follows the suite's `mosX.Y`.
pub(super) const MOS_REPOSITORIES: [(&str, &str); 4] =
    [("mos", ""), ("mos-updates", "-updates"), ("mos-security", "-security"), ("mos-holdback", "-holdback")];

/// Their URL unless the scenario sets one. Nothing is fetched from it: the nodes' apt is a stub.
pub(super) fn mos_uri(scenario: &Scenario, version: &str) -> String {
    let default = || format!("http://mirror.example.org/mos-repos/ubuntu/{version}/");
    scenario.mos_uri.clone().unwrap_or_else(default)
}

/// Makes a node's tree below `root`.
pub(super) fn tree(root: &Path, node: &NodeSpec, scenario: &Scenario) -> Result<(), LabError> {
    for folder in
        ["etc/fuel", "etc/apt/sources.list.d", "var/lib/dpkg", "var/log", "root", "tmp", ".lab/services", ".lab/faults"]
    {
        fs::create_dir_all(root.join(folder))?;
    }
    if let Some(uid) = &node.uid {
        fs::write(root.join("etc/nailgun_uid"), format!("{uid}\n"))?;
    }
    let version = node.fuel_version.as_deref().unwrap_or(&scenario.mos_version);
    let mut astute = format!("uid: '{}'\nfqdn: {}.domain.tld\nfuel_version: '{version}'\nroles:\n", node.id, node.name);
    for role in &node.roles {
        astute += &format!("- {role}\n");
    }
    // 10.0 keeps the settings of a node where hiera reads them.
    let settings = if version.starts_with("10.") { "etc/hiera/cluster.yaml" } else { "etc/astute.yaml" };
    write(root, settings, astute.as_bytes(), 0o600)?;
    for (name, part) in MOS_REPOSITORIES {
        let line = format!("deb {} mos{version}{part} main restricted\n", mos_uri(scenario, version));
        write(root, &format!("etc/apt/sources.list.d/{name}.list"), line.as_bytes(), 0o644)?;
    }

    write(root, ".lab/installed", lines(&node.packages).as_bytes(), 0o644)?;
    let repo: Vec<_> = scenario.repo.iter().chain(&node.repo).cloned().collect();
    write(root, ".lab/repo", lines(&repo).as_bytes(), 0o644)?;
    let holds: String = node.holds.iter().map(|name| format!("{name}\n")).collect();
    write(root, ".lab/holds", holds.as_bytes(), 0o644)?;
    write(root, ".lab/calls", b"", 0o644)?;
    for (name, running) in &node.services {
        let state = if *running { "running\n" } else { "stopped\n" };
        write(root, &format!(".lab/services/{name}"), state.as_bytes(), 0o644)?;
    }
    for (name, argument) in &node.stub_faults {
        write(root, &format!(".lab/faults/{name}"), argument.as_bytes(), 0o644)?;
    }
    if node.roles.iter().any(|role| role == "controller") {
        // Every controller has the credentials of OpenStack's administrator.
        write(root, "root/openrc", b"OS_USERNAME=admin\nexport OS_USERNAME\n", 0o600)?;
    }
    for (path, content, mode) in &node.files {
        write(root, path, content, *mode)?;
    }
    Ok(())
}

/// Fills the mirror's folder.
pub(super) fn mirror(root: &Path, scenario: &Scenario) -> Result<(), LabError> {
    fs::create_dir_all(root)?;
    for (path, content) in &scenario.mirror {
        write(root, path, content, 0o644)?;
    }
    Ok(())
}

/// Joins a path from `/` to a tree; one that would leave the tree is refused.
pub(super) fn below(root: &Path, path: &str) -> io::Result<PathBuf> {
    let relative = path.trim_start_matches('/');
    if relative.is_empty() || relative.split('/').any(|part| part == "..") {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path:?} is not below the tree")));
    }
    Ok(root.join(relative))
}

/// Writes a file of a tree with the folders above it.
pub(super) fn write(root: &Path, path: &str, content: &[u8], mode: u32) -> io::Result<()> {
    let file = below(root, path)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&file, content)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(mode))
}

fn lines(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, version)| format!("{name} {version}\n")).collect()
}
