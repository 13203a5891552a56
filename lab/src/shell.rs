//! Running a command on a node: `/bin/sh` with the node's tree and the stubs, in a process group of its own.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// The PATH that mcollective gives to a task.
const REAL_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It exited.
    Exit(i32),
    /// By a signal, the lab's end included.
    Signal(i32),
    /// It was killed because it took too long.
    TimedOut,
    /// It was killed because the receiver of its output is gone.
    Unwanted,
}

/// What runs in the lab, so that nothing of it outlives the lab.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    closed: bool,
    /// The process groups, named by their leaders.
    groups: BTreeSet<i32>,
}

impl Processes {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut running = self.lock();
        if running.closed {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "the lab is stopping"));
        }
        let child = command.spawn()?;
        running.groups.insert(child.id().cast_signed());
        Ok(child)
    }

    fn forget(&self, child: &Child) {
        let id = child.id().cast_signed();
        kill(id);
        self.lock().groups.remove(&id);
    }

    /// Kills everything that runs and lets nothing new start.
    pub(crate) fn close(&self) {
        let mut running = self.lock();
        running.closed = true;
        running.groups.iter().copied().for_each(kill);
    }
}

fn kill(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        // It may be gone already.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// A node's shell.
#[derive(Clone, Debug)]
pub(crate) struct NodeShell {
    /// The node's file tree, `FUEL_MU_ROOT` of every command.
    pub(crate) tree: PathBuf,
    /// The folder of the recording stubs, first in `PATH`.
    pub(crate) stubs: PathBuf,
    /// More variables.
    pub(crate) variables: Vec<(String, String)>,
    /// What runs in the lab.
    pub(crate) processes: Processes,
    /// The program that runs its arguments on a node with a root of its own: no tree, no stubs.
    pub(crate) enter: Option<PathBuf>,
}

impl NodeShell {
    /// Runs `command`, hands its output to `sink` as it comes, and returns how it ended. `sink` returns
    /// whether it wants more. What the command left running in its group is killed.
    pub(crate) fn run(
        &self,
        command: &str,
        timeout: Duration,
        sink: &mut dyn FnMut(Stream, &[u8]) -> bool,
    ) -> io::Result<Ending> {
        let mut shell = match &self.enter {
            None => Command::new("/bin/sh"),
            Some(enter) => Command::new(enter),
        };
        shell.env_clear().env("LC_ALL", "C");
        if self.enter.is_some() {
            shell.args(["/bin/sh", "-c", command]).env("PATH", REAL_PATH).env("HOME", "/root");
        } else {
            shell
                .args(["-c", command])
                .env("FUEL_MU_ROOT", &self.tree)
                .env("PATH", search_path(&self.stubs))
                .env("HOME", self.tree.join("root"));
        }
        shell
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = self.processes.spawn(&mut shell)?;
        let cut = follow(&mut child, timeout, sink);
        if !matches!(cut, Ok(None)) {
            kill(child.id().cast_signed());
        }
        let status = child.wait();
        // What it left running in its group goes with it.
        self.processes.forget(&child);
        let status = status?;
        Ok(cut?.unwrap_or_else(|| ended(status)))
    }
}

/// Hands on the output until the child is gone; `Some` when it is to be killed, with the reason.
fn follow(
    child: &mut Child,
    timeout: Duration,
    sink: &mut dyn FnMut(Stream, &[u8]) -> bool,
) -> io::Result<Option<Ending>> {
    let Some(pid) = Pid::from_raw(child.id().cast_signed()) else { return Ok(None) };
    let gone = pidfd_open(pid, PidfdFlags::empty())?;
    let mut pipes = [
        child.stdout.take().map(|pipe| (Stream::Out, OwnedFd::from(pipe))),
        child.stderr.take().map(|pipe| (Stream::Err, OwnedFd::from(pipe))),
    ];
    let deadline = Instant::now() + timeout;
    let mut exited = false;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() && !exited {
            return Ok(Some(Ending::TimedOut));
        }
        let mut fds: Vec<PollFd<'_>> =
            pipes.iter().flatten().map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN)).collect();
        let watched = fds.len();
        if !exited {
            fds.push(PollFd::new(&gone, PollFlags::IN));
        }
        // After the end only what is in the pipes already counts: a grandchild may hold them open for ever.
        let wait = if exited { Duration::ZERO } else { left };
        let ready = poll(&mut fds, Some(&timespec(wait)))?;
        if ready == 0 {
            if exited {
                return Ok(None);
            }
            continue;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        exited |= ready.get(watched).copied().unwrap_or(false);
        let open: Vec<usize> = (0..pipes.len()).filter(|&index| pipes[index].is_some()).collect();
        for (index, _) in open.into_iter().zip(&ready).filter(|(_, ready)| **ready) {
            let Some((stream, pipe)) = &pipes[index] else { continue };
            let mut buffer = [0; 16 * 1024];
            let read = rustix::io::read(pipe, &mut buffer)?;
            if read == 0 {
                pipes[index] = None;
            } else if !sink(*stream, &buffer[..read]) {
                return Ok(Some(Ending::Unwanted));
            }
        }
        if exited && pipes.iter().all(Option::is_none) {
            return Ok(None);
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: time.subsec_nanos().into() }
}

fn search_path(stubs: &Path) -> String {
    format!("{}:/usr/bin:/bin", stubs.display())
}

fn ended(status: ExitStatus) -> Ending {
    status.code().map_or_else(|| Ending::Signal(status.signal().unwrap_or_default()), Ending::Exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> NodeShell {
        NodeShell {
            tree: "/nonexistent".into(),
            stubs: "/nonexistent".into(),
            variables: Vec::new(),
            processes: Processes::default(),
            enter: None,
        }
    }

    fn run(command: &str, timeout: Duration) -> (Ending, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let ending = shell()
            .run(command, timeout, &mut |stream, bytes| {
                if stream == Stream::Out { &mut out } else { &mut err }.extend_from_slice(bytes);
                true
            })
            .unwrap();
        (ending, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn output_and_status_come_back() {
        let (ending, out, err) = run("echo $FUEL_MU_ROOT; echo oops >&2; exit 3", Duration::from_secs(10));
        assert_eq!((ending, out.as_str(), err.as_str()), (Ending::Exit(3), "/nonexistent\n", "oops\n"));
        assert_eq!(run("kill -TERM $$", Duration::from_secs(10)).0, Ending::Signal(15));
    }

    #[test]
    fn much_output_arrives_whole() {
        let (ending, out, _) = run(
            "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done",
            Duration::from_secs(10),
        );
        assert_eq!((ending, out.len()), (Ending::Exit(0), 3000 * 41));
    }

    #[test]
    fn what_takes_too_long_is_killed_with_its_children() {
        let begun = Instant::now();
        let (ending, out, _) = run("(sleep 1000 & echo $!; wait)", Duration::from_millis(100));
        assert_eq!(ending, Ending::TimedOut);
        assert!(begun.elapsed() < Duration::from_secs(5));
        let pid = Pid::from_raw(out.trim().parse().unwrap()).unwrap();
        while rustix::process::test_kill_process(pid).is_ok() {
            let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            if state.contains(") Z") {
                break;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_child_in_the_background_does_not_hold_up_the_end() {
        let begun = Instant::now();
        let (ending, out, _) = run("sleep 1000 & echo done", Duration::from_secs(60));
        assert_eq!((ending, out.as_str()), (Ending::Exit(0), "done\n"));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_closed_lab_runs_nothing() {
        let shell = shell();
        shell.processes.close();
        assert!(shell.run("true", Duration::from_secs(1), &mut |_, _| true).is_err());
    }
}
