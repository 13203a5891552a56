//! `/var/lib/fuel-mu/state.json`: how far the last installation got on a node.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::mu::{Mu, MuError};
use super::text::one_line;

/// The phase of a finished installation.
const DONE: &str = "done";

/// What a node's state file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateState {
    /// The run that wrote it.
    pub run: String,
    /// The update that it brings.
    pub target: Mu,
    /// The phase in one word; `done` once committed.
    pub phase: String,
    /// Since when it is in this phase, seconds since 1970 (UTC).
    pub since: i64,
    /// What the node found when it verified itself.
    pub evidence: Option<Evidence>,
}

/// What a node found about itself after its packages were upgraded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// Packages that this update upgraded here, over all runs.
    pub upgraded: u64,
    /// MOS packages that could still be upgraded; `null` when it could not be told.
    pub upgradable: Option<u64>,
    /// `clean`, or what `dpkg --audit` complains of.
    pub audit: String,
    /// `up`, or the services of its roles that are down.
    pub services: String,
    /// How fuel-misc's own mu-version.json compares: `absent`, `equal` or `differs`.
    pub fuel_misc: String,
    /// Programs that nobody restarts for an update and that still run old code.
    pub old_in_memory: String,
}

impl Evidence {
    /// What is missing to a proof, in a few words; nothing when the node proves its update.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match self.upgradable {
            Some(0) => {}
            Some(n) => faults.push(format!("{n} MOS packages are still to be upgraded")),
            None => faults.push("it is not known whether MOS packages are left to upgrade".to_owned()),
        }
        if self.audit != "clean" {
            faults.push(format!("dpkg: {}", one_line(&self.audit, 80)));
        }
        if self.services != "up" {
            faults.push(format!("services down: {}", one_line(&self.services, 80)));
        }
        if !matches!(self.fuel_misc.as_str(), "absent" | "equal") {
            faults.push("fuel-misc ships another mu-version.json".to_owned());
        }
        faults
    }
}

/// Why some bytes are no state file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// Not JSON of the expected shape.
    #[error("{0}")]
    Shape(String),
    /// Its `target` is no update.
    #[error("target: {0}")]
    Target(#[from] MuError),
}

impl UpdateState {
    /// Whether the node's packages are upgraded and only the commit is missing.
    pub fn only_commit_is_missing(&self) -> bool {
        matches!(self.phase.as_str(), "updated" | "verified")
    }

    /// Reads a state file.
    ///
    /// # Errors
    /// [`StateError`] says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        #[derive(Deserialize)]
        struct Raw {
            run: String,
            target: Box<serde_json::value::RawValue>,
            phase: String,
            since: i64,
            evidence: Option<Evidence>,
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(|e| StateError::Shape(one_line(&e.to_string(), 100)))?;
        Ok(Self {
            run: one_line(&raw.run, 64),
            target: Mu::parse(raw.target.get().as_bytes())?,
            phase: one_line(&raw.phase, 32),
            since: raw.since,
            evidence: raw.evidence,
        })
    }

    /// Whether the installation was committed.
    pub fn finished(&self) -> bool {
        self.phase == DONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE_STATE: &str = r#"{"run":"r1","target":{"id":2,"title":"t","timestamp":5},"phase":"done","since":7,
        "evidence":{"upgraded":3,"upgradable":0,"audit":"clean","services":"up","fuel_misc":"absent"}}"#;

    #[test]
    fn a_finished_state_with_evidence() {
        let state = UpdateState::parse(DONE_STATE.as_bytes()).unwrap();
        assert!(state.finished());
        assert_eq!((state.target.id, state.since), (2, 7));
        assert_eq!(state.evidence.unwrap().faults(), Vec::<String>::new());
    }

    #[test]
    fn each_lack_of_evidence_is_named() {
        let text = DONE_STATE
            .replace("\"upgradable\":0", "\"upgradable\":2")
            .replace("clean", "half-configured: nova-api")
            .replace("\"up\"", "\"nova-api\"")
            .replace("absent", "differs");
        let faults = UpdateState::parse(text.as_bytes()).unwrap().evidence.unwrap().faults();
        assert_eq!(
            faults,
            [
                "2 MOS packages are still to be upgraded",
                "dpkg: half-configured: nova-api",
                "services down: nova-api",
                "fuel-misc ships another mu-version.json"
            ]
        );
        let empty = Evidence::default().faults();
        assert_eq!(empty.len(), 4, "{empty:?}");
    }

    #[test]
    fn faults_name_the_place() {
        let fault = |text: &str| UpdateState::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(fault("").starts_with("EOF"), "{}", fault(""));
        assert!(fault("{}").starts_with("missing field `run`"));
        assert_eq!(fault(&DONE_STATE.replace("\"id\":2,", "")), "target: `id` is missing");
    }
}
