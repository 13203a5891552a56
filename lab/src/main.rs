//! The command `fuel-lab`: a Fuel site in one process on loopback, to try `fuel-updates` against.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand, ValueEnum};
use fuel_lab::{Lab, NailgunMode, Scenario, sample};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};

/// A Fuel site in one process on loopback: SSH nodes, a mirror and a Nailgun.
#[derive(Debug, Parser)]
#[command(name = "fuel-lab", version)]
struct Cli {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Start a site, print shell exports for fuel-updates, and serve until Ctrl-C or SIGTERM
    Serve(Site),
    /// Demonstrate check, install and a second check with the given binary
    Demo {
        /// Path of the fuel-updates binary
        #[arg(long, value_name = "PATH")]
        binary: PathBuf,
        #[command(flatten)]
        site: Site,
    },
}

#[derive(Debug, clap::Args)]
struct Site {
    /// Number of nodes; by default twelve, of which one is outdated and one is powered off
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    nodes: Option<u32>,
    /// Version of Nailgun to imitate
    #[arg(long, value_name = "VERSION", default_value = "9.2")]
    nailgun: Version,
    /// Delay added to every task, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    task_delay: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Version {
    #[value(name = "9.0")]
    V9_0,
    #[value(name = "9.0.1")]
    V9_0_1,
    #[value(name = "9.1")]
    V9_1,
    #[value(name = "9.2")]
    V9_2,
    #[value(name = "10.0")]
    V10_0,
}

impl Site {
    fn scenario(&self) -> Scenario {
        let mode = match self.nailgun {
            Version::V9_0 => NailgunMode::V9_0,
            Version::V9_0_1 => NailgunMode::V9_0_1,
            Version::V9_1 => NailgunMode::V9_1,
            Version::V9_2 => NailgunMode::V9_2,
            Version::V10_0 => NailgunMode::V10_0,
        };
        let scenario = self.nodes.map_or_else(sample::demo, sample::site);
        scenario.nailgun(mode).task_delay(Duration::from_millis(self.task_delay))
    }
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        What::Serve(site) => serve(site.scenario()),
        What::Demo { binary, site } => demo(&binary, site.scenario()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// Variables with which `fuel-updates` finds the lab, and a state folder that is removed with the lab.
fn environment(lab: &Lab) -> Vec<(String, String)> {
    let state = lab.dir().join("home/state").display().to_string();
    lab.environment().into_iter().chain([("FUEL_UPDATES_STATE_DIR".to_owned(), state)]).collect()
}

fn serve(scenario: Scenario) -> Result<ExitCode, Box<dyn Error>> {
    let (mut stopped, writer) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        pipe::register(signal, writer.try_clone()?)?;
    }
    let lab = Lab::start(scenario)?;
    let mut text = String::new();
    for node in lab.nodes() {
        let roles = node.spec().roles.join(", ");
        text += &format!("# {:<8} {}:{}  {roles}\n", node.spec().name, node.address(), node.port());
    }
    // Without HOME: these lines are for `eval` in the user's own shell.
    let ours = |name: &str| name.starts_with("FUEL_UPDATES_") || name.starts_with("OS_");
    for (name, value) in environment(&lab).into_iter().filter(|(name, _)| ours(name)) {
        text += &format!("export {name}='{}'\n", value.replace('\'', r"'\''"));
    }
    print!("{text}");
    io::stdout().flush()?;
    eprintln!("serving {} nodes until Ctrl-C or SIGTERM", lab.nodes().len());
    stopped.read_exact(&mut [0])?;
    Ok(ExitCode::SUCCESS)
}

/// The steps of the demonstration: explanation, command line, expected exit status.
const STEPS: &[(&str, &[&str], i32)] = &[
    ("Which update does every node really have? One is behind, one is powered off.", &["check", "installed"], 3),
    ("Is there a newer one on the mirror?", &["check", "available"], 5),
    ("Apply it. Refused: one node is offline.", &["install", "--yes"], 1),
    ("Leave that node out.", &["install", "--yes", "--allow-offline"], 3),
    ("Every node that answers proves it.", &["check", "installed"], 3),
];

fn demo(binary: &Path, scenario: Scenario) -> Result<ExitCode, Box<dyn Error>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    let begun = Instant::now();
    let lab = Lab::start(scenario)?;
    println!("A Fuel site on loopback: {} nodes, a mirror, a Nailgun.", lab.nodes().len());
    let env = lab.scenario().env.to_string();
    let mut wrong = 0;
    for (why, words, expected) in STEPS {
        println!("\n# {why}\n$ fuel-updates --env {env} {}", words.join(" "));
        io::stdout().flush()?;
        let status = Command::new(binary)
            .args(["--env", &env])
            .args(*words)
            .envs(environment(&lab))
            .stdin(Stdio::null())
            .status()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let code = status.code();
        let shown = code.map_or_else(|| status.to_string(), |code| code.to_string());
        if code == Some(*expected) {
            println!("exit status {shown}");
        } else {
            println!("exit status {shown}, and it should have been {expected}");
            wrong += 1;
        }
        if interrupted.load(Ordering::SeqCst) {
            eprintln!("interrupted");
            return Ok(ExitCode::from(130));
        }
    }
    println!("\n{} steps in {:.1} s.", STEPS.len(), begun.elapsed().as_secs_f64());
    drop(lab);
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
