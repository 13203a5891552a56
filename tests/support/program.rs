//! Runs the real binary as its user would, with a home, a state folder and variables of its own, and gives
//! exit status, stdout and stderr as one picture.

#![allow(dead_code, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use fuel_lab::Lab;

/// A home of its own for the program.
pub(crate) struct Program {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
    redactions: Vec<(String, &'static str)>,
}

/// What a run of the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    redactions: Vec<(String, &'static str)>,
}

impl Program {
    /// A program that knows nothing.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let redactions = vec![(home.path().display().to_string(), "[HOME]")];
        Self { home, variables: vec![], redactions }
    }

    /// A program that finds a lab by its variables.
    pub(crate) fn in_lab(lab: &Lab) -> Self {
        let mut program = Self::new();
        program.variables = lab.environment();
        program.variables.retain(|(name, _)| !matches!(name.as_str(), "HOME" | "XDG_STATE_HOME" | "XDG_CONFIG_HOME"));
        let port = lab.nodes().first().map_or(0, |n| n.port());
        program.redactions.push((lab.mirror_url(), "[MIRROR]"));
        program.redactions.push((lab.dir().display().to_string(), "[LAB]"));
        program.redactions.push((format!("port {port}"), "port PORT"));
        program.redactions.push((format!(":{port}"), ":PORT"));
        program.redactions.push((format!("\"port\": {port}"), "\"port\": PORT"));
        program
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(n, _)| n != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Shows `text` as `as_` in pictures.
    pub(crate) fn redact(mut self, text: &str, as_: &'static str) -> Self {
        self.redactions.push((text.to_owned(), as_));
        self
    }

    /// Writes a file into the home and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below the home")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// The folder of the program's own state.
    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// The command line, ready to be started; words are separated by spaces.
    pub(crate) fn command(&self, line: &str) -> Command {
        self.started_by(&[], line)
    }

    /// The same, started by another program: its words stand before the binary.
    pub(crate) fn started_by(&self, starter: &[&str], line: &str) -> Command {
        // Tests may run where signals are ignored (a background job, nohup); the program must not inherit that.
        let mut command = Command::new("env");
        command
            .arg("--default-signal=HUP,INT,TERM")
            .args(starter)
            .arg(env!("CARGO_BIN_EXE_fuel-updates"))
            .args(line.split_whitespace())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("FUEL_UPDATES_STATE_DIR", self.state())
            .envs(self.variables.iter().map(|(n, v)| (n.as_str(), v.as_str())))
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command line to its end.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.ran(self.command(line).output().expect("the binary starts"))
    }

    /// What a finished process did.
    pub(crate) fn ran(&self, output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            redactions: self.redactions.clone(),
        }
    }
}

impl Ran {
    /// Exit status, stdout and stderr in one picture.
    pub(crate) fn picture(&self) -> String {
        let mut text = format!("exit {}\n", self.code.map_or_else(|| "by signal".to_owned(), |c| c.to_string()));
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                text.push_str(&format!("--- {name}\n{stream}"));
            }
        }
        for (from, to) in &self.redactions {
            text = text.replace(from.as_str(), to);
        }
        // Progress depends on how fast things are.
        text.lines().filter(|line| timed(line).is_none()).map(|line| age_redacted(line) + "\n").collect()
    }

    /// The lines of progress, without their time.
    pub(crate) fn progress(&self) -> Vec<&str> {
        self.stderr.lines().filter_map(timed).collect()
    }

    /// stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("stdout is no JSON: {e}\n{}", self.picture()))
    }

    /// The lines of stderr that begin with `label`.
    pub(crate) fn lines(&self, label: &str) -> Vec<&str> {
        self.stderr.lines().filter_map(|l| l.strip_prefix(label)).collect()
    }
}

/// A `mu-version.json`.
pub(crate) fn mu(id: u64) -> String {
    format!(
        r#"{{"id": {id}, "title": "9.0-mu-{id}", "timestamp": {}, "doc_link": "https://example.org/mu{id}"}}"#,
        1_467_647_277 + id * 86_400
    )
}

/// Where the update of a node stands.
pub(crate) const MU_FILE: &str = "/etc/fuel/mu-version.json";

/// Whether a path exists, for assertions that read well.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// What follows the time in a line of progress: `13:05:59Z asking 3 nodes`.
fn timed(line: &str) -> Option<&str> {
    let (time, rest) = line.split_once("Z ")?;
    let form = |(at, c): (usize, char)| if matches!(at, 2 | 5) { c == ':' } else { c.is_ascii_digit() };
    (time.len() == 8 && time.char_indices().all(form)).then_some(rest)
}

/// `(native, 3 s old)` → `(native, AGE old)`.
fn age_redacted(line: &str) -> String {
    match line.strip_suffix(" old)").and_then(|head| head.rsplit_once(", ")) {
        Some((head, _)) => format!("{head}, AGE old)"),
        None => line.to_owned(),
    }
}
