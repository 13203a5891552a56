//! Doing one task on one node.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::super::super::seed::below;
use super::super::super::shell::{Ending, NodeShell};
use super::super::serialize::Sent;

/// Upper limit of the pause between attempts; Astute's default of two seconds would only make tests slower.
const LONGEST_INTERVAL: Duration = Duration::from_millis(20);

/// What goes wrong with a task beyond what its script does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskFault {
    /// It fails without being run.
    Fail,
    /// It never ends.
    Hang,
    /// It begins its work only when this is taken away.
    Hold,
}

/// The nodes that tasks are done on.
#[derive(Debug)]
pub(in super::super) struct Site {
    /// By number as text, and `master`.
    shells: BTreeMap<String, NodeShell>,
    /// How much longer every task takes.
    delay: Duration,
    faults: Mutex<Vec<(String, Option<u32>, TaskFault)>>,
    closed: Mutex<bool>,
    closing: Condvar,
}

impl Site {
    pub(in super::super) fn new(shells: BTreeMap<String, NodeShell>, delay: Duration) -> Arc<Self> {
        let (faults, closed, closing) = (Mutex::default(), Mutex::default(), Condvar::new());
        Arc::new(Self { shells, delay, faults, closed, closing })
    }

    pub(in super::super) fn set_fault(&self, task: &str, node: Option<u32>, fault: Option<TaskFault>) {
        let mut faults = lock(&self.faults);
        faults.retain(|(id, at, _)| id != task || *at != node);
        faults.extend(fault.map(|fault| (task.to_owned(), node, fault)));
        drop(faults);
        // Whoever looks right now gets to see it, or is waiting already.
        drop(lock(&self.closed));
        self.closing.notify_all();
    }

    /// Wakes everything that waits.
    pub(in super::super) fn close(&self) {
        *lock(&self.closed) = true;
        self.closing.notify_all();
    }

    /// Waits; `false` when the lab ends meanwhile.
    pub(in super::super) fn pause(&self, time: Duration) -> bool {
        let closed = lock(&self.closed);
        let (closed, _) =
            self.closing.wait_timeout_while(closed, time, |c| !*c).unwrap_or_else(PoisonError::into_inner);
        !*closed
    }

    /// Does a task; returns whether it succeeded.
    pub(super) fn perform(&self, node: &str, task: &Sent) -> bool {
        match self.fault(node, &task.id) {
            Some(TaskFault::Fail) => return false,
            Some(TaskFault::Hang) => {
                drop(self.closing.wait_while(lock(&self.closed), |c| !*c).unwrap_or_else(PoisonError::into_inner));
                return false;
            }
            Some(TaskFault::Hold) => {
                let held = |closed: &mut bool| !*closed && self.fault(node, &task.id) == Some(TaskFault::Hold);
                drop(self.closing.wait_while(lock(&self.closed), held).unwrap_or_else(PoisonError::into_inner));
            }
            None => {}
        }
        if !self.pause(self.delay) {
            return false;
        }
        let place = if task.kind == "master_shell" { "master" } else { node };
        let Some(shell) = self.shells.get(place) else { return false };
        let nothing = Value::Null;
        let parameters = task.parameters.as_ref().unwrap_or(&nothing);
        let done = match task.kind.as_str() {
            "shell" | "master_shell" => return self.attempts(shell, &task.id, parameters),
            "upload_file" => upload(shell, parameters),
            "copy_files" => self.copy(shell, parameters),
            // These have no effect on a lab node; the log records that they were requested.
            _ => Ok(true),
        };
        let result = match &done {
            Ok(true) => "done".to_owned(),
            Ok(false) => "refused: parameters are missing".to_owned(),
            Err(error) => format!("failed: {error}"),
        };
        log(shell, &format!("== {} ({}): {result}\n", task.id, task.kind));
        done.unwrap_or(false)
    }

    /// In a noop run a task does nothing, but its delay and its faults apply.
    pub(super) fn pretend(&self, node: &str, task: &Sent) -> bool {
        self.fault(node, &task.id) != Some(TaskFault::Fail) && self.pause(self.delay)
    }

    fn fault(&self, node: &str, task: &str) -> Option<TaskFault> {
        let here = |at: &Option<u32>| at.is_none_or(|at| at.to_string() == node);
        lock(&self.faults).iter().find(|(id, at, _)| id == task && here(at)).map(|(.., fault)| *fault)
    }

    /// A failing command is run again, twice unless the task says otherwise.
    fn attempts(&self, shell: &NodeShell, id: &str, parameters: &Value) -> bool {
        let Some(cmd) = parameters["cmd"].as_str() else {
            log(shell, &format!("== {id} (shell): no cmd\n"));
            return false;
        };
        let number = |key: &str, default: u64| parameters[key].as_u64().unwrap_or(default);
        let timeout = Duration::from_secs(number("timeout", 300));
        let interval = Duration::from_secs(number("interval", 2)).min(LONGEST_INTERVAL);
        let retries = number("retries", 2);
        let command = format!("cd {} && {cmd}", parameters["cwd"].as_str().unwrap_or("/"));
        for attempt in 0..=retries {
            let mut output = Vec::new();
            let ending = shell.run(&command, timeout, &mut |_, bytes| {
                output.extend_from_slice(bytes);
                output.len() < 4 * 1024 * 1024
            });
            let text = String::from_utf8_lossy(&output);
            log(shell, &format!("== {id} (shell), attempt {}: {ending:?}\n{text}", attempt + 1));
            match ending {
                Ok(Ending::Exit(0)) => return true,
                Err(_) => return false,
                Ok(_) => {}
            }
            if attempt < retries && !self.pause(interval) {
                return false;
            }
        }
        false
    }

    fn copy(&self, shell: &NodeShell, parameters: &Value) -> io::Result<bool> {
        let Some(master) = self.shells.get("master") else { return Ok(false) };
        for file in parameters["files"].as_array().into_iter().flatten() {
            let (Some(from), Some(to)) = (file["src"].as_str(), file["dst"].as_str()) else { return Ok(false) };
            let content = fs::read(below(&master.tree, from)?)?;
            place(shell, to, &content, parameters)?;
        }
        Ok(true)
    }
}

fn upload(shell: &NodeShell, parameters: &Value) -> io::Result<bool> {
    match (parameters["path"].as_str(), parameters["data"].as_str()) {
        (Some(path), Some(data)) if !data.is_empty() => {
            place(shell, path, data.as_bytes(), parameters)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn place(shell: &NodeShell, path: &str, content: &[u8], parameters: &Value) -> io::Result<()> {
    let file = below(&shell.tree, path)?;
    let mode = |key: &str| parameters[key].as_str().and_then(|text| u32::from_str_radix(text, 8).ok());
    if let Some(folder) = file.parent().filter(|folder| !folder.exists()) {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(mode("dir_permissions").unwrap_or(0o755)))?;
    }
    fs::write(&file, content)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(mode("permissions").unwrap_or(0o644)))
}

/// Appends to the node's own log of tasks.
fn log(shell: &NodeShell, text: &str) {
    let path: PathBuf = shell.tree.join(".lab/tasks.log");
    // A log that cannot be written is no reason to fail a task.
    let _ =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
