//! What `doctor` looks at, and what it found.

use super::numbers::EnvId;
use super::remote::{Garbled, RemoteCommand};

/// Something that the commands need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The list of nodes.
    NodeList,
    /// Private keys and the agent.
    Keys,
    /// Recorded host keys.
    HostKeys,
    /// One login.
    Login,
    /// The clocks of this host and of a node.
    Clock,
    /// How many files this process may open.
    OpenFiles,
    /// The folder of the program's own state.
    StateFolder,
    /// The mirror.
    Mirror,
    /// Nailgun and its credentials.
    Nailgun,
}

impl Need {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NodeList => "node list",
            Self::Keys => "keys",
            Self::HostKeys => "host keys",
            Self::Login => "login",
            Self::Clock => "clock",
            Self::OpenFiles => "open files",
            Self::StateFolder => "state folder",
            Self::Mirror => "mirror",
            Self::Nailgun => "Nailgun",
        }
    }

    /// Whether `check installed` cannot do without it.
    pub fn is_for_every_check(self) -> bool {
        matches!(self, Self::NodeList | Self::Keys | Self::HostKeys | Self::Login | Self::OpenFiles)
    }
}

/// In which state something is that the commands need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// In order.
    Ok,
    /// It works, but the operator should know something.
    Warning,
    /// It does not work.
    Fault,
    /// It could not be looked at, because something else is not in order.
    Skipped,
}

impl Health {
    /// Its name in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
            Self::Skipped => "skipped",
        }
    }
}

/// What was found of one need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The need.
    pub need: Need,
    /// Its state.
    pub health: Health,
    /// What was found. Safe to show.
    pub found: String,
    /// The command or step that mends it. Safe to show.
    pub mend: Option<String>,
}

impl Diagnosis {
    /// It is in order.
    pub fn ok(need: Need, found: impl Into<String>) -> Self {
        Self { need, health: Health::Ok, found: found.into(), mend: None }
    }

    /// It works, but the operator should know something.
    pub fn warning(need: Need, found: impl Into<String>, mend: impl Into<Option<String>>) -> Self {
        Self { need, health: Health::Warning, found: found.into(), mend: mend.into() }
    }

    /// It does not work.
    pub fn fault(need: Need, found: impl Into<String>, mend: impl Into<Option<String>>) -> Self {
        Self { need, health: Health::Fault, found: found.into(), mend: mend.into() }
    }

    /// It could not be looked at without what is named.
    pub fn skipped(need: Need, without: Need) -> Self {
        Self { need, health: Health::Skipped, found: format!("needs the {}", without.as_str()), mend: None }
    }
}

/// What `doctor` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoctorReport {
    /// The environment, if it is known.
    pub env: Option<EnvId>,
    /// A diagnosis of each need.
    pub findings: Vec<Diagnosis>,
}

impl DoctorReport {
    /// Whether everything is in order.
    pub fn in_order(&self) -> bool {
        self.findings.iter().all(|finding| finding.health == Health::Ok)
    }

    /// Whether `check installed` can work.
    pub fn checks_work(&self) -> bool {
        let stops = |finding: &Diagnosis| {
            finding.need.is_for_every_check() && matches!(finding.health, Health::Fault | Health::Skipped)
        };
        !self.findings.iter().any(stops)
    }

    /// The report in one sentence.
    pub fn answer(&self) -> String {
        let names = |wanted: Health| {
            let named = self.findings.iter().filter(|finding| finding.health == wanted);
            named.map(|finding| finding.need.as_str()).collect::<Vec<_>>().join(", ")
        };
        let (faults, warnings) = (names(Health::Fault), names(Health::Warning));
        match (faults.is_empty(), warnings.is_empty()) {
            (true, true) => "everything is in order".to_owned(),
            (true, false) => format!("everything works; to be looked at: {warnings}"),
            (false, true) => format!("not in order: {faults}"),
            (false, false) => format!("not in order: {faults}; to be looked at: {warnings}"),
        }
    }
}

/// The command that reads a node's clock.
#[derive(Clone, Copy, Debug)]
pub enum ReadClock {}

impl RemoteCommand for ReadClock {
    const SCRIPT: &'static [&'static str] =
        &[r##"T=$(date +%s); printf '\n#fuel-updates %s begin\n%s\n#fuel-updates %s end\n' "$W" "$T" "$W"
"##];
    const PROGRAMS: &'static str = "date";
    /// A number, and a noisy profile.
    const LIMIT: usize = 64 * 1024;
    /// Seconds since 1970.
    type Answer = i64;

    fn parse(answer: &str) -> Result<i64, Garbled> {
        answer.trim().parse().map_err(|_| Garbled("time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::remote::testing::ask;

    #[test]
    fn a_clock_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let told = ask::<ReadClock>(dir.path()).unwrap();
        assert!((told - jiff::Timestamp::now().as_second()).abs() < 60, "{told}");
        assert!(ReadClock::parse("noon\n").is_err());
    }

    #[test]
    fn what_only_an_installation_needs_stops_no_check() {
        let report = |findings: Vec<Diagnosis>| DoctorReport { env: None, findings };
        let good = || Diagnosis::ok(Need::Login, "");
        assert!(report(vec![good()]).in_order() && report(vec![good()]).checks_work());
        let nailgun = report(vec![good(), Diagnosis::fault(Need::Nailgun, "", None)]);
        assert!(!nailgun.in_order() && nailgun.checks_work());
        assert!(!report(vec![good(), Diagnosis::fault(Need::Keys, "", None)]).checks_work());
        let list =
            report(vec![Diagnosis::fault(Need::NodeList, "", None), Diagnosis::skipped(Need::Login, Need::NodeList)]);
        assert_eq!((list.checks_work(), list.answer().as_str()), (false, "not in order: node list"));
    }
}
