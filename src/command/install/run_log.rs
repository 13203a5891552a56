//! The log of a run in our state folder, `log/RUN.log`: every event line with its time, whatever the terminal shows.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::command::{clock, state_dir};
use crate::domain::outcome::RunLogs;
use crate::event::{Event, Events};
use crate::ui::event_text;

/// Passes events on to a display, and writes their lines to the log.
pub(super) struct RunLog<'a> {
    file: Option<File>,
    display: &'a mut dyn Events,
}

/// The id of a run as the name of files. With --attach it comes from Nailgun.
pub(super) fn name_of_files(run: &str) -> String {
    let name: String = run.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// Where the logs of a run are: ours, and those of the graph's scripts.
pub(super) fn places(state: &Path, run: &str) -> RunLogs {
    let file = format!("{}.log", name_of_files(run));
    RunLogs { here: state.join("log").join(&file), on_nodes: format!("/var/lib/fuel-mu/log/{file}") }
}

impl<'a> RunLog<'a> {
    /// Opens the log of a run and appends to what an earlier watch wrote. A log that cannot be written is only a warning:
    /// the run continues without it.
    pub(super) fn open(state: &Path, run: &str, display: &'a mut dyn Events) -> Self {
        let name = name_of_files(run);
        let opened = state_dir::open(&state.join("log")).map_err(|e| e.message).and_then(|folder| {
            let path = folder.join(format!("{name}.log"));
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
            file.map_err(|e| format!("{}: {e}", path.display()))
        });
        if let Err(error) = &opened {
            display.event(&Event::Warning(&format!("no log is written: {error}")));
        }
        Self { file: opened.ok(), display }
    }

    /// Writes a line that is not shown.
    pub(super) fn line(&mut self, text: &str) {
        let Some(file) = &mut self.file else { return };
        let now = clock::now();
        let lines: String = text.lines().map(|line| format!("{now} {line}\n")).collect();
        if let Err(error) = file.write_all(lines.as_bytes()) {
            self.file = None;
            self.display.event(&Event::Warning(&format!("the log ends here: {error}")));
        }
    }
}

impl Events for RunLog<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.line(&event_text(event));
        self.display.event(event);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[derive(Default)]
    struct Shown(Vec<String>);

    impl Events for Shown {
        fn event(&mut self, event: &Event<'_>) {
            self.0.push(event_text(event));
        }
    }

    #[test]
    fn lines_with_their_time_in_a_file_of_our_own() {
        let dir = tempfile::tempdir().unwrap();
        let mut shown = Shown::default();
        for _ in 0..2 {
            let mut log = RunLog::open(dir.path(), "../2026-a/", &mut shown);
            log.event(&Event::Note("one"));
            log.line("kept\nalone");
        }
        let path = dir.path().join("log/2026-a.log");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().map(|l| l.get(21..).unwrap()).collect();
        assert_eq!(lines, ["one", "kept", "alone", "one", "kept", "alone"]);
        assert!(text.starts_with("20") && text.as_bytes()[19] == b'Z', "{text}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(shown.0, ["one\n", "one\n"]);
    }

    #[test]
    fn without_a_log_the_run_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("log"), "").unwrap();
        let mut shown = Shown::default();
        RunLog::open(dir.path(), "x", &mut shown).event(&Event::Note("one"));
        assert!(shown.0[0].starts_with("warning: no log is written: "), "{:?}", shown.0);
        assert_eq!(shown.0[1], "one\n");
    }
}
