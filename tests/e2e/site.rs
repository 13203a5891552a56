//! A whole site of real nodes: three controllers, three computes, one node with two roles, one base node; a package
//! repository, a mirror, and the lab's Nailgun.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use fuel_lab::{Lab, NodeSpec, Scenario};
use tempfile::TempDir;

use super::node::{Kind, Node};
use super::packages;
use super::roots::{KINDS, Roots, mount};
use super::tools::Tools;
use crate::program::{Program, Ran, mu};
use crate::sshd::output;

/// Where the nodes have the MOS repositories.
pub(crate) const MOS_URI: &str = "file:/srv/mos/";

/// What is wrong with a package in the repository.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoilt {
    Missing,
    /// It has the size that its index says, and not the checksum.
    Damaged,
}

/// The site.
pub(crate) struct Site {
    pub(crate) nodes: Vec<Node>,
    pub(crate) lab: Lab,
    pub(crate) program: Program,
    roots: Roots,
    repository: PathBuf,
    public_key: String,
    _folder: TempDir,
}

impl Site {
    /// Eight nodes of the release; repository and mirror hold nothing newer.
    pub(crate) fn start(tools: Tools) -> Self {
        let [controller, compute, both, base] = KINDS;
        let roles = [controller, controller, controller, compute, compute, compute, both, base];
        let roots = Roots::ready(tools);
        let folder = tempfile::tempdir().expect("a folder");
        mount(&["-t", "tmpfs", "-o", "size=4g", "tmpfs"], folder.path());
        let repository = folder.path().join("repository");
        output(Command::new("mkdir").arg(&repository));
        output(Command::new("cp").arg("-a").arg(roots.pool()).arg(repository.join("pool")));
        packages::publish(&repository, &packages::offered(0));

        let kinds = (1..).zip(roles).map(|(id, roles)| Kind { id, roles });
        let mut nodes: Vec<Node> = kinds.map(|kind| Node::install(kind, &roots, folder.path(), &repository)).collect();
        // What waits for seconds in the field waits for moments here.
        let scenario = Scenario::new().mos_uri(MOS_URI).variable("MU_SETTLE", "0.3").variable("MU_LOCK_WAIT", "3");
        let spec = |node: &Node| NodeSpec::new(node.kind.id, node.kind.roles).real(&node.root, &node.enter);
        let lab = Lab::start(nodes.iter().map(spec).fold(scenario, Scenario::node)).expect("a lab");
        let public_key = output(Command::new("ssh-keygen").arg("-y").arg("-f").arg(lab.ssh_key()));
        for node in &mut nodes {
            node.boot(lab.node(node.kind.id).socket(), &public_key);
        }
        let program = Program::in_lab(&lab);
        Self { nodes, lab, program, roots, repository, public_key, _folder: folder }
    }

    /// A node by its number.
    pub(crate) fn node(&self, id: u32) -> &Node {
        self.nodes.iter().find(|node| node.kind.id == id).expect("a node of the site")
    }

    /// The repository offers an update's packages, and the mirror announces it.
    pub(crate) fn release(&self, update: u64) {
        self.offer(&packages::offered(update));
        self.announce(update);
    }

    /// The repository offers these packages.
    pub(crate) fn offer(&self, offered: &[(String, String)]) {
        packages::publish(&self.repository, offered);
    }

    /// Takes a package of an update out of the repository, or replaces it by another file of the same size; returns it as it
    /// was.
    pub(crate) fn spoil(&self, name: &str, update: u64, fault: Spoilt) -> Vec<u8> {
        let file = self.package(name, update);
        let whole = fs::read(&file).expect("a package");
        match fault {
            Spoilt::Missing => fs::remove_file(&file).expect("a package"),
            Spoilt::Damaged => fs::write(&file, vec![b'x'; whole.len()]).expect("a package"),
        }
        whole
    }

    /// Puts it back.
    pub(crate) fn mend(&self, name: &str, update: u64, whole: &[u8]) {
        fs::write(self.package(name, update), whole).expect("a package");
    }

    fn package(&self, name: &str, update: u64) -> PathBuf {
        self.repository.join("pool").join(format!("{name}_{}.deb", packages::version(update)))
    }

    /// The mirror announces an update.
    pub(crate) fn announce(&self, update: u64) {
        let path = self.lab.mirror_dir().join("mcv/mos/9.0/mu-version.json");
        fs::create_dir_all(path.parent().expect("a folder")).expect("the mirror");
        fs::write(path, mu(update)).expect("the mirror");
    }

    /// Switches a node on again.
    pub(crate) fn boot(&mut self, id: u32) {
        let address = self.lab.node(id).socket();
        let node = self.nodes.iter_mut().find(|node| node.kind.id == id).expect("a node of the site");
        node.boot(address, &self.public_key);
    }

    /// Switches a node on again, with upstart as its first process and these services: name, command.
    pub(crate) fn boot_by_upstart(&mut self, id: u32, jobs: &[(&str, &str)]) {
        let address = self.lab.node(id).socket();
        let node = self.nodes.iter_mut().find(|node| node.kind.id == id).expect("a node of the site");
        node.boot_by_upstart(address, &self.public_key, jobs);
    }

    /// Installs a node anew, with the release's packages.
    pub(crate) fn reinstall(&mut self, id: u32) {
        let node = self.nodes.iter_mut().find(|node| node.kind.id == id).expect("a node of the site");
        node.reinstall(&self.roots);
        self.boot(id);
    }

    /// Runs an installation and tells how long it took.
    pub(crate) fn install(&self, options: &str) -> Ran {
        let began = Instant::now();
        let ran = self.program.run(&format!("-e 1 install --yes {options}"));
        println!("install {options}: exit {:?} after {:.1} s", ran.code, began.elapsed().as_secs_f32());
        ran
    }

    /// The same where it must end well.
    pub(crate) fn install_well(&self, options: &str) -> Duration {
        let began = Instant::now();
        let ran = self.install(options);
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.picture(), self.logs());
        began.elapsed()
    }

    /// Every node has this update, all of it, and nothing of the installation is left.
    pub(crate) fn assert_complete(&self, update: u64) {
        for node in &self.nodes {
            let id = node.kind.id;
            assert_eq!(node.read(crate::program::MU_FILE), Some(mu(update)), "node-{id}: the mirror's bytes");
            assert!(node.has_packages_of(update), "node-{id}: {:?}", node.versions());
            assert_eq!(node.phase().as_deref(), Some("done"), "node-{id}");
            assert!(!node.root.join("var/lib/fuel-mu/apt").exists(), "node-{id}: lists and packages of the run");
        }
        self.assert_clean();
    }

    /// Nothing of an installation is left on any node.
    pub(crate) fn assert_clean(&self) {
        for node in &self.nodes {
            assert_eq!(node.left_behind(), Vec::<String>::new(), "node-{}", node.kind.id);
        }
    }

    /// The ids in the nodes' mu-version.json.
    pub(crate) fn mus(&self) -> Vec<Option<u64>> {
        self.nodes.iter().map(Node::mu).collect()
    }

    /// The state of each node's packages and files.
    pub(crate) fn systems(&self) -> Vec<String> {
        self.nodes.iter().map(Node::system).collect()
    }

    /// The ends of the nodes' own logs, for a test that fails.
    pub(crate) fn logs(&self) -> String {
        let tail = |node: &Node| {
            let text = node.read("/.lab/tasks.log").unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            format!("--- node-{}\n{}\n", node.kind.id, lines[lines.len().saturating_sub(25)..].join("\n"))
        };
        self.nodes.iter().map(tail).collect()
    }
}
