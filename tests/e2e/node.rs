//! A real node, and a look at it that goes past our own program.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::packages;
use super::roots::{POLICY, Roots};
use crate::sshd::output;

/// How long anything here may take at the most.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What a node is to be.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// Nailgun's number.
    pub(crate) id: u32,
    /// Its roles.
    pub(crate) roles: &'static [&'static str],
}

/// A node.
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Its root, seen from here.
    pub(crate) root: PathBuf,
    /// The program that runs its arguments there.
    pub(crate) enter: PathBuf,
    folder: PathBuf,
    repository: PathBuf,
    address: Option<SocketAddr>,
    init: Option<Child>,
}

/// Something that a service was asked to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// Seconds since 1970.
    pub(crate) at: f64,
    pub(crate) service: String,
    pub(crate) action: String,
}

impl Node {
    /// A node that is switched off, with the release's packages.
    pub(crate) fn install(kind: Kind, roots: &Roots, folder: &Path, repository: &Path) -> Self {
        let folder = folder.join(format!("node-{}", kind.id));
        fs::create_dir_all(&folder).expect("a folder");
        let root = roots.mount(kind.roles, &folder);
        let enter = folder.join("enter");
        let node = Self { kind, root, enter, folder, repository: repository.to_owned(), address: None, init: None };
        node.furnish();
        node
    }

    /// What the deployment writes on a node.
    fn furnish(&self) {
        let id = self.kind.id;
        self.write("/etc/hostname", &format!("node-{id}\n"));
        self.write("/etc/nailgun_uid", &format!("{id}\n"));
        let roles: String = self.kind.roles.iter().map(|role| format!("- {role}\n")).collect();
        self.write("/etc/astute.yaml", &format!("uid: '{id}'\nfuel_version: '9.0'\nroles:\n{roles}"));
        for part in ["", "-updates", "-security", "-holdback"] {
            let line = format!("deb [trusted=yes] {} mos9.0{part} main restricted\n", super::site::MOS_URI);
            self.write(&format!("/etc/apt/sources.list.d/mos{part}.list"), &line);
        }
    }

    /// Switches it on: a process namespace whose first process is the SSH server, then its services.
    pub(crate) fn boot(&mut self, address: SocketAddr, public_key: &str) {
        let server = format!("exec chroot $0 {}", ssh_server(address));
        self.start(address, public_key, &server);
        for service in self.services() {
            self.run(&format!("service {service} start"));
        }
    }

    /// Switches it on with upstart as the first process. The SSH server is a job, and so are these services: name, command.
    pub(crate) fn boot_by_upstart(&mut self, address: SocketAddr, public_key: &str, jobs: &[(&str, &str)]) {
        self.write("/etc/init/ssh.conf", &format!("start on startup\nexec {}\n", ssh_server(address)));
        for (name, command) in jobs {
            let job = format!("start on startup\nrespawn\nrespawn limit unlimited\nexec {command}\n");
            self.write(&format!("/etc/init/{name}.conf"), &job);
        }
        let init = "mount -t tmpfs tmpfs $0/run && mkdir $0/run/sshd $0/run/lock && \
             exec chroot $0 /sbin/init --no-inherit-env --default-console=none";
        self.start(address, public_key, init);
    }

    /// A process namespace, until its SSH server listens. `first` is a shell command that becomes the first process.
    fn start(&mut self, address: SocketAddr, public_key: &str, first: &str) {
        self.kill();
        self.write("/root/.ssh/authorized_keys", public_key);
        let script = format!("mount -t proc proc $0/proc && mount --bind $1 $0/srv/mos && {first}");
        let mut init = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child=KILL", "sh", "-c", &script])
            .arg(&self.root)
            .arg(&self.repository)
            .stdin(Stdio::null())
            .stderr(fs::File::create(self.folder.join("sshd.log")).expect("a log"))
            .spawn()
            .expect("a node");
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            let log = fs::read_to_string(self.folder.join("sshd.log")).unwrap_or_default();
            assert!(init.try_wait().expect("its state").is_none(), "the node ends: {log}");
            assert!(Instant::now() < end, "its SSH server does not listen: {log}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let children = format!("/proc/{0}/task/{0}/children", init.id());
        let first = fs::read_to_string(children).expect("its first process");
        let enter = format!(
            "#!/bin/sh\nexec nsenter --target {} --mount --pid chroot {} \"$@\"\n",
            first.trim(),
            self.root.display()
        );
        fs::write(&self.enter, enter).expect("a program");
        fs::set_permissions(&self.enter, fs::Permissions::from_mode(0o755)).expect("a mode");
        (self.address, self.init) = (Some(address), Some(init));
    }

    /// Power off, without a goodbye.
    pub(crate) fn kill(&mut self) {
        if let Some(mut init) = self.init.take() {
            init.kill().expect("its end");
            init.wait().expect("its end");
        }
        // What it had mounted is gone, and so is its address.
        let gone = self.address.is_none_or(|address| {
            let end = Instant::now() + PATIENCE;
            while TcpStream::connect(address).is_ok() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
            TcpStream::connect(address).is_err()
        });
        assert!(gone, "it still listens");
    }

    /// A new installation of the same node.
    pub(crate) fn reinstall(&mut self, roots: &Roots) {
        self.kill();
        output(Command::new("umount").arg(&self.root));
        for part in ["upper", "work"] {
            fs::remove_dir_all(self.folder.join(part)).expect("its disk");
        }
        roots.mount(self.kind.roles, &self.folder);
        self.furnish();
    }

    /// Runs a shell command there as root, which must succeed.
    pub(crate) fn run(&self, command: &str) -> String {
        output(Command::new(&self.enter).args(["/bin/sh", "-c", command]).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"))
    }

    /// Runs one from outside its root, in its namespaces; `$0` is the root, `$1` the package repository.
    pub(crate) fn run_outside(&self, command: &str) -> String {
        let target = self.init_pid().as_raw_nonzero().to_string();
        output(
            Command::new("nsenter")
                .args(["--target", &target, "--mount", "--pid", "sh", "-c", command])
                .arg(&self.root)
                .arg(&self.repository),
        )
    }

    /// Its packages out of those of the release.
    pub(crate) fn packages(&self) -> Vec<&'static str> {
        packages::of_roles(self.kind.roles)
    }

    /// Its services.
    pub(crate) fn services(&self) -> Vec<&'static str> {
        self.packages().into_iter().filter(|name| packages::is_service(name)).collect()
    }

    /// The versions of its packages, by dpkg's own book; with a word where one is not in order.
    pub(crate) fn versions(&self) -> Vec<String> {
        self.packages().iter().map(|name| self.version(name)).collect()
    }

    /// The version of a package, with dpkg's state where it is not properly installed.
    pub(crate) fn version(&self, name: &str) -> String {
        let book = format!("--admindir={}", self.root.join("var/lib/dpkg").display());
        let said =
            output(Command::new("dpkg-query").arg(book).args(["-W", "-f", "${Version} ${db:Status-Abbrev}", name]));
        said.trim_end().strip_suffix(" ii").unwrap_or(&said).to_owned()
    }

    /// Whether all its packages are those of an update.
    pub(crate) fn has_packages_of(&self, update: u64) -> bool {
        self.versions().iter().all(|version| *version == packages::version(update))
    }

    /// A file there.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path.trim_start_matches('/'))).ok()
    }

    /// Writes a file there.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Removes a file there.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root.join(path.trim_start_matches('/'))).expect("a file");
    }

    /// Its first process; all of it ends with that one.
    pub(crate) fn init_pid(&self) -> rustix::process::Pid {
        let enter = fs::read_to_string(&self.enter).expect("a program");
        let first = enter.split_whitespace().skip_while(|word| *word != "--target").nth(1).expect("its first process");
        rustix::process::Pid::from_raw(first.parse().expect("a number")).expect("a process")
    }

    /// Waits until a file is there: the program that writes it is at work.
    #[cfg(feature = "e2e-full")]
    pub(crate) fn wait_for_file(&self, path: &str) {
        let end = Instant::now() + PATIENCE;
        while self.read(path).is_none() {
            assert!(Instant::now() < end, "{path} never came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The id in its mu-version.json.
    pub(crate) fn mu(&self) -> Option<u64> {
        let text = self.read(crate::program::MU_FILE)?;
        serde_json::from_str::<Value>(&text).expect("whole or not there").get("id")?.as_u64()
    }

    /// The phase in our state file.
    pub(crate) fn phase(&self) -> Option<String> {
        let text = self.read("/var/lib/fuel-mu/state.json")?;
        Some(serde_json::from_str::<Value>(&text).expect("whole or not there")["phase"].as_str()?.to_owned())
    }

    /// What its services were asked to do, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let line = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [at, service, action] = words[..] else { panic!("a torn record: {line}") };
            Asked { at: at.parse().expect("a time"), service: service.to_owned(), action: action.to_owned() }
        };
        self.read("/var/log/services").unwrap_or_default().lines().map(line).collect()
    }

    /// How often a service was restarted.
    pub(crate) fn restarts(&self, service: &str) -> usize {
        self.asked().iter().filter(|asked| asked.service == service && asked.action == "restart").count()
    }

    /// Everything that could change there: every file with size, mode and time of change, except logs of ours.
    pub(crate) fn everything(&self) -> String {
        let mut command = Command::new("find");
        command.arg(&self.root).args(["-xdev", "-path", "*/var/lib/fuel-mu/*", "-prune", "-o"]);
        command.args(["-path", "*/.lab/*", "-prune", "-o", "-type", "f", "-printf", "%P %s %m %T@\\n"]);
        let mut lines: Vec<String> = output(&mut command).lines().map(str::to_owned).collect();
        lines.sort();
        lines.join("\n")
    }

    /// The part of [`Self::everything`] that packages and we write.
    pub(crate) fn system(&self) -> String {
        let ours =
            |line: &&str| ["etc/", "usr/", "var/lib/dpkg/", "var/log/services"].iter().any(|p| line.starts_with(p));
        // A lock is opened by whoever looks.
        self.everything().lines().filter(ours).filter(|line| !line.contains("/lock")).collect::<Vec<_>>().join("\n")
    }

    /// What an installation left behind there that it should not have.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let mut left = Vec::new();
        if self.read("/usr/sbin/policy-rc.d").as_deref() != Some(POLICY) {
            left.push("policy-rc.d is not the operator's".to_owned());
        }
        for name in ["undo", "work", "policy-rc.d.saved"] {
            if self.root.join("var/lib/fuel-mu").join(name).exists() {
                left.push(format!("/var/lib/fuel-mu/{name}"));
            }
        }
        for folder in ["etc/fuel", "usr/sbin", "var/lib/fuel-mu"] {
            let Ok(entries) = fs::read_dir(self.root.join(folder)) else { continue };
            let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
            left.extend(
                names.filter(|n| n.contains(".mu-new") || n.contains(".dpkg-")).map(|n| format!("{folder}/{n}")),
            );
        }
        left
    }
}

/// The command of a node's SSH server.
fn ssh_server(address: SocketAddr) -> String {
    let (port, ip) = (address.port(), address.ip());
    format!("/usr/sbin/sshd -D -e -p {port} -o ListenAddress={ip} -o UsePAM=no -o UseDNS=no -o StrictModes=no")
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut init) = self.init.take() {
            // A test that fails half way ends in here; the namespace takes the rest.
            let _ = init.kill();
            let _ = init.wait();
        }
    }
}
