//! The record of a run in our state folder. It is written before the run is started and completed afterwards, so that
//! `--attach` finds the run even if this process dies in between.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::command::state_dir;
use crate::domain::numbers::{EnvId, TaskId};
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::write_atomically;

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunRecord {
    /// Its id, which is also in the nodes' state files and logs.
    pub(super) run: String,
    /// The environment.
    pub(super) env: EnvId,
    /// Its name with that of its master, see [`super::context::Context::key`]; none in records of earlier versions, which
    /// count for every master.
    #[serde(default)]
    pub(super) key: Option<String>,
    /// Nailgun's task; none while Nailgun has not answered the start.
    pub(super) task: Option<TaskId>,
    /// The newest task that Nailgun knew before the start.
    #[serde(default)]
    pub(super) after: TaskId,
    /// Whether only the pre-checks are run.
    #[serde(default)]
    pub(super) precheck: bool,
    /// When it was submitted, RFC 3339 in UTC.
    pub(super) started: String,
    /// Nodes that were left out, with the reason.
    pub(super) left_out: Vec<(String, String)>,
}

impl RunRecord {
    /// Writes the record.
    pub(super) fn write(&self, state: &Path) -> Result<(), AppError> {
        let folder = state_dir::open(&state.join("runs"))?;
        let name = self.key.clone().unwrap_or_else(|| format!("env-{}", self.env));
        let path = folder.join(format!("{name}-{}.json", self.run));
        let text = serde_json::to_vec_pretty(self).map_err(|e| AppError::from_error(Exit::Error, &e))?;
        Ok(write_atomically(&path, &text, 0o600)?)
    }

    /// The newest record of an environment. Run ids sort by time.
    pub(super) fn newest(state: &Path, key: &str, env: EnvId) -> Option<Self> {
        Self::of_environment(state, key, env).max_by(|a, b| a.run.cmp(&b.run))
    }

    /// The record of a run, if this host has it.
    pub(super) fn of_run(state: &Path, key: &str, env: EnvId, run: &str) -> Option<Self> {
        Self::of_environment(state, key, env).find(|record| record.run == run)
    }

    fn of_environment(state: &Path, key: &str, env: EnvId) -> impl Iterator<Item = Self> {
        let entries = fs::read_dir(state.join("runs")).into_iter().flatten().flatten();
        let records = entries.filter_map(|e| serde_json::from_slice::<Self>(&fs::read(e.path()).ok()?).ok());
        records.filter(move |record| record.env == env && record.key.as_deref().is_none_or(|of| of == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_is_found_again_also_before_nailgun_has_answered() {
        let dir = tempfile::tempdir().unwrap();
        let record = |run: &str, task| RunRecord {
            run: run.into(),
            env: EnvId(1),
            key: Some("a-env-1".into()),
            task,
            after: TaskId(6),
            precheck: false,
            started: "t".into(),
            left_out: vec![],
        };
        assert_eq!(RunRecord::newest(dir.path(), "a-env-1", EnvId(1)), None);
        for (run, task) in [("20261123T1", Some(TaskId(7))), ("20261123T2", Some(TaskId(9))), ("20261123T3", None)] {
            record(run, task).write(dir.path()).unwrap();
        }
        assert_eq!(RunRecord::newest(dir.path(), "a-env-1", EnvId(1)), Some(record("20261123T3", None)));
        assert_eq!(
            RunRecord::of_run(dir.path(), "a-env-1", EnvId(1), "20261123T1"),
            Some(record("20261123T1", Some(TaskId(7))))
        );
        assert_eq!(RunRecord::newest(dir.path(), "b-env-1", EnvId(1)), None);
    }

    #[test]
    fn records_of_earlier_versions_are_read() {
        let old = r#"{"run": "r", "env": 1, "task": 3, "started": "t", "left_out": [["node-3", "offline"]]}"#;
        let record: RunRecord = serde_json::from_str(old).unwrap();
        assert_eq!((record.task, record.after, record.precheck), (Some(TaskId(3)), TaskId(0), false));
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("runs")).unwrap();
        fs::write(dir.path().join("runs/env-1-r.json"), old).unwrap();
        for key in ["a-env-1", "b-env-1"] {
            assert_eq!(RunRecord::newest(dir.path(), key, EnvId(1)), Some(record.clone()), "of whatever master");
        }
        assert_eq!(RunRecord::newest(dir.path(), "a-env-2", EnvId(2)), None);
    }
}
