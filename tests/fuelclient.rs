//! `fuel2 updates`: the plugin of packaging/fuelclient under the real python-fuelclient 10.0.0.
//!
//! python-fuelclient comes from PyPI into a virtual environment below target/tools, once. Where PyPI cannot be reached the
//! tests say so and are skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fuel_lab::{Lab, NodeSpec, Scenario};

#[path = "support/program.rs"]
mod program;

use program::{MU_FILE, mu};

/// The Fuel client with our plugin.
struct Client {
    /// The words that start `fuel2`.
    start: Vec<PathBuf>,
    /// What Python imports from in addition.
    path: Option<PathBuf>,
}

impl Client {
    /// With the newest cliff that this machine's Python 3 takes.
    fn of_today() -> Option<Self> {
        let folder = tools("fuelclient-3");
        let bin = folder.join("bin");
        let made = once(&folder, || {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            // setuptools: python-fuelclient uses pkg_resources; with wheel it builds the plugin.
            let pip = ["install", "--quiet", "--no-compile", "python-fuelclient==10.0.0", "setuptools<81", "wheel"];
            run(Command::new(bin.join("pip")).args(pip))?;
            // pip builds beside the sources: in a copy, so that nothing of it stays in the tree.
            let copy = folder.join("plugin");
            run(Command::new("cp").arg("-R").arg(plugin()).arg(&copy))?;
            run(Command::new(bin.join("pip"))
                .args(["install", "--quiet", "--no-deps", "--no-build-isolation"])
                .arg(&copy))?;
            // python-fuelclient is older than PyYAML 6, whose `load` demands a loader.
            let shim =
                "import yaml\nload = yaml.load\nyaml.load = lambda text, Loader=yaml.SafeLoader: load(text, Loader)\n";
            let python =
                run(Command::new(bin.join("python"))
                    .args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]))?;
            fs::write(Path::new(python.trim()).join("sitecustomize.py"), shim).map_err(|e| e.to_string())
        });
        made.then(|| Self { start: vec![bin.join("fuel2")], path: None })
    }

    /// With the Python 2.7 and the cliff of a master.
    fn of_its_time() -> Option<Self> {
        if run(Command::new("python2.7").arg("--version")).is_err() {
            println!("skipped: there is no python2.7 here");
            return None;
        }
        let folder = tools("fuelclient-2.7");
        let made = once(&folder, || {
            let versions = root().join("tests/fuelclient/of-its-time.txt");
            let mut pip = Command::new("python2.7");
            pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--target"]).arg(&folder);
            run(pip.arg("-c").arg(versions).args(["python-fuelclient==10.0.0", "PyYAML"]))?;
            // By hand, as the rpm does it.
            let info = folder.join("fuel_updates_fuelclient-0.1.0.egg-info");
            let copied = fs::create_dir_all(&info)
                .and_then(|()| fs::copy(plugin().join("entry_points.txt"), info.join("entry_points.txt")))
                .and_then(|_| fs::write(info.join("PKG-INFO"), "Metadata-Version: 1.0\nName: x\nVersion: 0.1.0\n"))
                .and_then(|()| {
                    let module = "fuel_updates_fuelclient.py";
                    fs::copy(plugin().join(module), folder.join(module))
                });
            copied.map(|_| ()).map_err(|e| e.to_string())
        });
        made.then(|| Self { start: vec!["python2.7".into(), folder.join("bin/fuel2")], path: Some(folder) })
    }

    /// Runs `fuel2`, which finds the lab by its variables and the binary by `PATH`.
    fn fuel2(&self, lab: &Lab, line: &str) -> Output {
        let binary = Path::new(env!("CARGO_BIN_EXE_fuel-updates")).parent().unwrap();
        self.with_path(lab, &format!("{}:", binary.display()), line)
    }

    fn with_path(&self, lab: &Lab, folders: &str, line: &str) -> Output {
        let mut command = Command::new(&self.start[0]);
        command.args(&self.start[1..]).args(line.split_whitespace()).env_clear().envs(lab.environment());
        command.env("PATH", format!("{folders}{}", std::env::var("PATH").unwrap()));
        command.envs(self.path.iter().map(|path| ("PYTHONPATH", path)));
        command.env("FUEL_UPDATES_STATE_DIR", lab.dir().join("state"));
        command.env("HOME", lab.dir()).env("XDG_CONFIG_HOME", lab.dir()).output().expect("fuel2 starts")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn plugin() -> PathBuf {
    root().join("packaging/fuelclient")
}

/// A folder for what is made once, named after what it is made from.
fn tools(name: &str) -> PathBuf {
    let mut made_from = Vec::new();
    for file in ["fuel_updates_fuelclient.py", "entry_points.txt", "setup.py"] {
        made_from.extend(fs::read(plugin().join(file)).unwrap());
    }
    made_from.extend(fs::read(root().join("tests/fuelclient/of-its-time.txt")).unwrap());
    let sum = made_from.iter().fold(5381_u64, |sum, byte| sum.wrapping_mul(33) ^ u64::from(*byte));
    root().join("target/tools").join(format!("{name}-{sum:x}"))
}

/// Makes a folder unless it is there whole. Without PyPI it says so.
fn once(folder: &Path, make: impl FnOnce() -> Result<(), String>) -> bool {
    let whole = folder.join("whole");
    if whole.exists() {
        return true;
    }
    let (tools, name) = (folder.parent().unwrap(), folder.file_name().unwrap().to_str().unwrap());
    fs::create_dir_all(tools).unwrap();
    let kind = name.rsplit_once('-').unwrap().0;
    for older in fs::read_dir(tools).unwrap().map(Result::unwrap) {
        if older.file_name().to_str().unwrap().rsplit_once('-').is_some_and(|(other, _)| other == kind) {
            fs::remove_dir_all(older.path()).unwrap();
        }
    }
    match make() {
        Ok(()) => fs::write(whole, "").is_ok(),
        Err(said) => {
            let pypi =
                ["No matching distribution", "Could not find a version", "connection", "Connection", "timed out"];
            assert!(pypi.iter().any(|words| said.contains(words)), "{said}");
            println!("SKIPPED: python-fuelclient cannot be had from PyPI here:\n{said}");
            false
        }
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    let out = command.output().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stdout) + &text(&out.stderr)) }
}

/// Exit status and stdout.
fn said(out: &Output) -> (Option<i32>, String) {
    (out.status.code(), String::from_utf8(out.stdout.clone()).unwrap())
}

fn the_users_words(client: &Client) {
    let node = |id, update| NodeSpec::new(id, &["compute"]).file(MU_FILE, mu(update));
    let lab = Lab::start(Scenario::new().node(node(1, 1)).node(node(2, 2)).published(mu(2))).expect("a lab");
    // Started for the first time, python-fuelclient writes its settings and says so on stdout.
    client.fuel2(&lab, "help");
    // The statuses of the program: 4 nodes differ, 5 an update is available, 2 usage, 0 all well.
    let installed = client.fuel2(&lab, "updates --env 1 check installed -f value -c name -c MU");
    assert_eq!(said(&installed), (Some(4), "node-1 9.0-mu-1\nnode-2 9.0-mu-2\n".to_owned()), "{installed:?}");
    let available = client.fuel2(&lab, "updates --env 1 check available -f value -c name -c verdict");
    assert_eq!(said(&available), (Some(5), "node-1 update-available\nnode-2 up-to-date\n".to_owned()));
    // Without a terminal and --yes an installation is not started.
    let install = client.fuel2(&lab, "updates --env 1 install");
    assert_eq!(install.status.code(), Some(2), "{install:?}");
    assert!(String::from_utf8_lossy(&install.stderr).contains("--yes"), "{install:?}");
    let planned = client.fuel2(&lab, "updates --env 1 install --dry-run -f json --skip-cluster-checks");
    let plan: serde_json::Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert_eq!((planned.status.code(), &plan["result"]), (Some(0), &"planned".into()));
    // fuel2 takes --quiet for itself; the plugin gives it back.
    let quiet = client.fuel2(&lab, "updates -q --env 1 check installed --nodes 2 -f value -c MU");
    assert_eq!((said(&quiet).1.as_str(), quiet.stderr.len()), ("9.0-mu-2\n", 0), "{quiet:?}");
}

fn the_help(client: &Client) {
    let lab = Lab::start(Scenario::new().node(NodeSpec::new(1, &["compute"]))).expect("a lab");
    let (code, list) = said(&client.fuel2(&lab, "help"));
    let line = list.lines().find(|l| l.trim_start().starts_with("updates ")).unwrap_or_else(|| panic!("{list}"));
    assert!(code == Some(0) && line.contains("Report and install Maintenance Updates on the nodes"), "{line}");
    let (code, help) = said(&client.fuel2(&lab, "help updates"));
    assert!(code == Some(0) && help.contains("Usage: fuel-updates") && help.contains("check"), "{help}");
    let (code, help) = said(&client.fuel2(&lab, "updates help check installed"));
    assert!(code == Some(0) && help.contains("Report the update installed on each node"), "{help}");
}

fn without_the_program(client: &Client) {
    let lab = Lab::start(Scenario::new().node(NodeSpec::new(1, &["compute"]))).expect("a lab");
    let out = client.with_path(&lab, "", "updates --env 1 check installed");
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(
        (out.status.code(), told.trim()),
        (Some(127), "error: fuel-updates is not installed: no folder of PATH has it")
    );
}

#[test]
fn fuel2_of_today() {
    let Some(client) = Client::of_today() else { return };
    the_users_words(&client);
    the_help(&client);
    without_the_program(&client);
}

#[test]
fn fuel2_as_on_a_master() {
    let Some(client) = Client::of_its_time() else { return };
    the_users_words(&client);
    the_help(&client);
    without_the_program(&client);
}

#[test]
fn the_plugin_has_the_version_of_the_program() {
    let setup = fs::read_to_string(plugin().join("setup.py")).unwrap();
    assert!(setup.contains(concat!("version='", env!("CARGO_PKG_VERSION"), "'")), "{setup}");
}
