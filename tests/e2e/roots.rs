//! What all nodes are made of: one root from Debian's installer, where a test wants it with the tools of an older
//! release, and a layer with the release's packages for each kind of node. Made once and kept in the build folder.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::packages;
use super::tools::Tools;
use crate::sshd::output;

/// The roles of each kind of node.
pub(crate) const KINDS: [&[&str]; 4] = [&["controller"], &["compute"], &["cinder", "compute"], &["base-os"]];

/// The policy that an operator has on every node here: without one nothing starts in such a root.
pub(crate) const POLICY: &str = "#!/bin/sh\n# the operator's own\nexit 0\n";

/// Where everything lies.
pub(crate) struct Roots {
    base: PathBuf,
    made: PathBuf,
}

impl Roots {
    /// Makes what is missing; whoever comes second waits.
    pub(crate) fn ready(tools: Tools) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e");
        fs::create_dir_all(&folder).expect("a folder");
        let lock = fs::File::create(folder.join("lock")).expect("a lock");
        lock.lock().expect("the lock");
        let path = |kind: &str, of: u64| folder.join(format!("{kind}{}-{of:016x}", tools.suffix()));
        let debian = folder.join(format!("base-{:016x}", debian_recipe()));
        let roots = Self { base: path("base", base_recipe(tools)), made: path("made", recipe(tools)) };
        make(&folder, &debian, bootstrap);
        make(&folder, &roots.base, |fresh| {
            output(Command::new("cp").arg("-a").arg(&debian).arg(fresh));
            tools.lay(fresh);
        });
        make(&folder, &roots.made, |fresh| {
            fs::create_dir_all(fresh.join("pool")).expect("a folder");
            packages::build(&fresh.join("pool"));
            for roles in KINDS {
                roots.layer(fresh, roles);
            }
        });
        roots
    }

    /// The built packages.
    pub(crate) fn pool(&self) -> PathBuf {
        self.made.join("pool")
    }

    /// Mounts a fresh root for a node of these roles at `at`/root; what it changes goes to `at`.
    pub(crate) fn mount(&self, roles: &[&str], at: &Path) -> PathBuf {
        let lower = format!("{}:{}", self.made.join(kind(roles)).display(), self.base.display());
        overlay(&lower, at)
    }

    /// Installs the release's packages for `roles` and keeps what that changed.
    fn layer(&self, into: &Path, roles: &[&str]) {
        let work = tempfile::tempdir().expect("a folder");
        mount(&["-t", "tmpfs", "-o", "size=512m", "tmpfs"], work.path());
        let root = overlay(&self.base.display().to_string(), work.path());
        let debs = root.join("debs");
        fs::create_dir(&debs).expect("a folder");
        for name in packages::of_roles(roles) {
            let file = format!("{name}_{}.deb", packages::version(0));
            fs::copy(into.join("pool").join(&file), debs.join(&file)).expect("a package");
        }
        // What the packages start ends with the namespace.
        output(
            Command::new("unshare")
                .args(["--mount", "--pid", "--fork", "--kill-child=KILL"])
                .arg(format!("--mount-proc={}/proc", root.display()))
                .arg("chroot")
                .arg(&root)
                .args(["sh", "-c", "dpkg -i /debs/*.deb && rm -rf /debs /run/*.pid /var/log/services"]),
        );
        output(Command::new("umount").arg(&root));
        output(Command::new("cp").arg("-a").arg(work.path().join("upper")).arg(into.join(kind(roles))));
        output(Command::new("umount").arg(work.path()));
    }
}

/// Makes a folder whole or not at all, and removes those that were made by other recipes.
fn make(folder: &Path, wanted: &Path, how: impl FnOnce(&Path)) {
    if wanted.exists() {
        return;
    }
    let name = wanted.file_name().and_then(|name| name.to_str()).expect("a name");
    let (kind, _) = name.split_once('-').expect("a name");
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.file_name().to_string_lossy().starts_with(&format!("{kind}-")) {
            fs::remove_dir_all(entry.path()).expect("what is old goes");
        }
    }
    let fresh = folder.join(format!("{kind}.new"));
    how(&fresh);
    fs::rename(fresh, wanted).expect("it is whole");
}

fn kind(roles: &[&str]) -> String {
    roles.join("-")
}

/// What the packages and layers are made from, as a number.
fn recipe(tools: Tools) -> u64 {
    number((include_str!("packages.rs"), base_recipe(tools), crate::program::mu(1)))
}

/// What the base is made from, as a number.
fn base_recipe(tools: Tools) -> u64 {
    match tools.recipe() {
        None => debian_recipe(),
        Some(of_tools) => number((debian_recipe(), of_tools)),
    }
}

/// What the root with Debian's own tools is made from, as a number.
fn debian_recipe() -> u64 {
    number(include_str!("roots.rs"))
}

fn number(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// A Debian as small as it comes, with OpenSSH's server and Python, from where this machine gets its own packages.
fn bootstrap(into: &Path) {
    let (uri, suite) = package_mirror();
    output(
        Command::new("debootstrap")
            .args(["--variant=minbase", "--include=openssh-server,python3-minimal", &suite])
            .arg(into)
            .arg(uri)
            // The machine's own proxy is hidden from tests; to fetch packages it may be needed.
            .envs(std::env::var("DEBOOTSTRAP_PROXY").map(|proxy| ("http_proxy", proxy))),
    );
    output(Command::new("chroot").arg(into).args(["apt-get", "clean"]));
    let policy = into.join("usr/sbin/policy-rc.d");
    fs::write(&policy, POLICY).expect("a policy");
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o755)).expect("a mode");
    for folder in ["run/sshd", "root/.ssh", "srv/mos", "etc/e2e", ".lab", "etc/fuel"] {
        fs::create_dir_all(into.join(folder)).expect("a folder");
    }
}

/// Address and suite of this machine's own package mirror, as apt is configured.
fn package_mirror() -> (String, String) {
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages",
    ]));
    let known = |suite: &str| Path::new("/usr/share/debootstrap/scripts").join(suite).exists();
    targets
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [uri, suite, "main"] if known(suite) => Some((uri.to_owned(), suite.to_owned())),
                _ => None,
            }
        })
        .next()
        .unwrap_or_else(|| panic!("apt knows no mirror that debootstrap could use:\n{targets}"))
}

fn overlay(lower: &str, at: &Path) -> PathBuf {
    let [upper, work, root] = ["upper", "work", "root"].map(|name| at.join(name));
    for folder in [&upper, &work, &root] {
        fs::create_dir_all(folder).expect("a folder");
    }
    let options = format!("lowerdir={lower},upperdir={},workdir={}", upper.display(), work.display());
    mount(&["-t", "overlay", "-o", &options, "overlay"], &root);
    root
}

/// Mounts something; it goes with the namespace.
pub(crate) fn mount(what: &[&str], at: &Path) {
    output(Command::new("mount").args(what).arg(at));
}
