//! A node: a directory tree, the stubs, the values of a run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use fuel_updates::domain::mu::Mu;
use fuel_updates::domain::numbers::EnvId;
use fuel_updates::domain::update_state::UpdateState;
use fuel_updates::graph::{Graph, RunOptions, RunValues};
use serde_json::Value;
use tempfile::TempDir;

/// What the mirror publishes in these tests.
pub(crate) const MU_FILE: &str =
    "{\"id\": 3, \"title\": \"9.2-mu-3\", \"timestamp\": 1467647277, \"doc_link\": \"x\"}\n";

/// The phases in the order of the graph, as a primary controller goes through them.
pub(crate) const PHASES: &[&str] = &[
    "check",
    "check-cluster",
    "download",
    "backup",
    "backup-database",
    "agents",
    "update",
    "ha",
    "verify",
    "verify-cluster",
    "commit",
];

/// A node's tree. Removed when dropped.
pub(crate) struct Node {
    folder: TempDir,
    pub(crate) values: RunValues,
    /// Seconds that the scripts wait for anything; short where a test wants them to give up.
    pub(crate) patience: u32,
}

/// The phases of a node that is no primary controller.
pub(crate) const NODE_PHASES: &[&str] = &["check", "download", "backup", "agents", "update", "verify", "commit"];

/// What a phase did.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) text: String,
}

impl Node {
    /// A node with these roles, one version behind.
    pub(crate) fn new(roles: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let values = RunValues {
            run: "20261123T002301Z-1a2b".into(),
            env: Some(EnvId(1)),
            target: Mu::parse(MU_FILE.as_bytes()).unwrap(),
            file: MU_FILE.into(),
            repos: Vec::new(),
            sources: Vec::new(),
            before: Vec::new(),
            roles: vec![(5, roles.iter().map(|role| (*role).to_owned()).collect())],
            mos_version: "9.0".parse().ok(),
            canary: None,
            restart_rabbitmq: false,
            restart_mysql: false,
            skip_cluster_checks: false,
            options: RunOptions::default(),
        };
        let node = Self { folder, values, patience: 60 };
        node.write("etc/nailgun_uid", "5");
        node.write("etc/apt/sources.list.d/mos.list", "deb http://10.20.0.2:8080/mos mos9.0 main restricted\n");
        node.write("etc/fuel/keep", "");
        node.write(".lab/installed", "fuel-misc 9.0-1\nlibc6 2.19\nnova-common 1:1.0\n");
        node.write(".lab/repo", "fuel-misc 9.0-2\nnova-common 1:2.0\nnot-here 1\n");
        node
    }

    /// The same node once more, as it is now.
    pub(crate) fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (self.root().join("."), folder.path());
        assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
        Self { folder, values: self.values.clone(), patience: self.patience }
    }

    /// Runs a phase that fails because its patience ends; returns the line that says why.
    #[track_caller]
    pub(crate) fn gives_up(&mut self, phase: &str) -> String {
        let patience = std::mem::replace(&mut self.patience, 4);
        let reason = self.refusal(phase);
        self.patience = patience;
        reason
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Adds lines to a file.
    pub(crate) fn add(&self, path: &str, text: &str) {
        let before = fs::read_to_string(self.path(path)).unwrap_or_default();
        self.write(path, &format!("{before}{text}"));
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Installs a package and says what the repositories hold.
    pub(crate) fn package(&self, name: &str, installed: &str, repository: &str) {
        self.add(".lab/installed", &format!("{name} {installed}\n"));
        self.add(".lab/repo", &format!("{name} {repository}\n"));
    }

    /// Services that run.
    pub(crate) fn services(&self, names: &[&str]) {
        for name in names {
            self.write(&format!(".lab/services/{name}"), "running\n");
        }
    }

    pub(crate) fn fault(&self, name: &str, argument: &str) {
        self.write(&format!(".lab/faults/{name}"), &format!("{argument}\n"));
    }

    pub(crate) fn repair(&self, name: &str) {
        fs::remove_file(self.path(&format!(".lab/faults/{name}"))).unwrap();
    }

    /// Uploads script and values, as the graph does.
    pub(crate) fn upload(&self) {
        self.write("var/lib/fuel-mu/node.sh", script());
        self.write("var/lib/fuel-mu/env", &self.values.to_env_file().unwrap());
    }

    /// The command that runs one phase.
    pub(crate) fn command(&self, phase: &str) -> Command {
        self.upload();
        let mut command = Command::new("/bin/sh");
        command.arg(self.path("var/lib/fuel-mu/node.sh")).arg(phase).env_clear().process_group(0);
        command.env("FUEL_MU_ROOT", self.root()).env("PATH", format!("{}:/usr/bin:/bin", stubs().display()));
        command.env("MU_POLL", "0.05").env("MU_SETTLE", "0");
        for name in ["LOCK", "OWN_LOCK", "SERVICE", "HA", "CEPH", "CHANNEL", "CLUSTER"] {
            command.env(format!("MU_{name}_WAIT"), self.patience.to_string());
        }
        command
    }

    /// Runs one phase.
    pub(crate) fn run(&self, phase: &str) -> Outcome {
        let Output { status, stdout, stderr } = self.command(phase).output().unwrap();
        let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
        Outcome { code: status.code().unwrap_or(-1), text }
    }

    /// The command that runs one phase with a folder before the stubs in `PATH`.
    pub(crate) fn command_behind(&self, folder: &Path, phase: &str) -> Command {
        let mut command = self.command(phase);
        command.env("PATH", format!("{}:{}:/usr/bin:/bin", folder.display(), stubs().display()));
        command
    }

    /// Runs that command; returns whether it succeeded.
    pub(crate) fn run_behind(&self, folder: &Path, phase: &str) -> bool {
        self.command_behind(folder, phase).output().unwrap().status.success()
    }

    /// Runs phases that must succeed.
    #[track_caller]
    pub(crate) fn pass(&self, phases: &[&str]) {
        for phase in phases {
            let outcome = self.run(phase);
            assert_eq!(outcome.code, 0, "{phase}: {}", outcome.text);
        }
    }

    /// Runs a phase that must fail, and returns the line that says why.
    #[track_caller]
    pub(crate) fn refusal(&self, phase: &str) -> String {
        let outcome = self.run(phase);
        assert_eq!(outcome.code, 1, "{phase}: {}", outcome.text);
        let last = outcome.text.lines().last().unwrap_or_default().to_owned();
        let reason =
            last.split_once("FAILED: ").unwrap_or_else(|| panic!("no reason in: {}", outcome.text)).1.to_owned();
        assert!(self.log().trim_end().ends_with(&reason), "the log's last line is not the reason: {}", self.log());
        reason
    }

    pub(crate) fn log(&self) -> String {
        self.read(&format!("var/lib/fuel-mu/log/{}.log", self.values.run))
    }

    /// The state file; `None` where there is none.
    pub(crate) fn state(&self) -> Option<UpdateState> {
        let bytes = fs::read(self.path("var/lib/fuel-mu/state.json")).ok()?;
        Some(UpdateState::parse(&bytes).unwrap())
    }

    pub(crate) fn phase(&self) -> String {
        self.state().map_or_else(|| "-".to_owned(), |state| state.phase)
    }

    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.read("var/lib/fuel-mu/report.json")).unwrap()
    }

    pub(crate) fn installed(&self, package: &str) -> Option<String> {
        let list = self.read(".lab/installed");
        list.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix(' ')).map(str::to_owned)
    }

    /// Calls of the stubs that begin like this, and forgets them all.
    pub(crate) fn calls(&self, beginning: &str) -> Vec<String> {
        let calls = fs::read_to_string(self.path(".lab/calls")).unwrap_or_default();
        self.write(".lab/calls", "");
        calls.lines().filter(|call| call.starts_with(beginning)).map(str::to_owned).collect()
    }

    /// Nothing temporary is left.
    #[track_caller]
    pub(crate) fn assert_tidy(&self) {
        for path in ["var/lib/fuel-mu/work", "var/lib/fuel-mu/undo", "var/lib/fuel-mu/policy-rc.d.saved"] {
            assert!(!self.exists(path), "{path} was left behind: {}", self.log());
        }
        if self.exists("usr/sbin/policy-rc.d") {
            assert!(!self.read("usr/sbin/policy-rc.d").contains("fuel-updates"), "policy-rc.d was left behind");
        }
        assert!(!self.exists(".lab/cluster/maintenance"), "maintenance mode was left on");
        let strays: Vec<_> = fs::read_dir(self.path("var/lib/fuel-mu"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("mu-new"))
            .collect();
        assert!(strays.is_empty(), "{strays:?}");
    }
}

fn script() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| Graph::builtin().unwrap().node_script().unwrap())
}

/// A folder with scripts of a test's own, to be put before the stubs.
pub(crate) fn scripts(scripts: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in scripts {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// A folder with recording stand-ins for ordinary commands, which do as the real ones do.
pub(crate) fn recorders(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        // What the record itself calls is not recorded.
        let text = format!(
            "#!/bin/sh\nif [ -n \"${{RECORDING-}}\" ]; then PATH=/usr/bin:/bin; exec {name} \"$@\"; fi\n\
             RECORDING=1; export RECORDING\n. {}/lib\nunset RECORDING\nreal {name} \"$@\"\n",
            stubs().display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// The stubs on disk, once for all tests: below `target`, as the tests run from the repository.
pub(crate) fn stubs() -> &'static Path {
    static STUBS: OnceLock<PathBuf> = OnceLock::new();
    STUBS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stubs-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/src/stubs")).unwrap() {
            let from = entry.unwrap().path();
            if from.extension().is_none() {
                let to = folder.join(from.file_name().unwrap());
                fs::write(&to, fs::read(&from).unwrap()).unwrap();
                fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        folder
    })
}
