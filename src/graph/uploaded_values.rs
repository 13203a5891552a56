//! The values that a run uploaded to its nodes, read back from its deployment history.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{RunMark, RunValues};
use crate::domain::mu::Mu;
use crate::domain::text::one_line;

/// The values in the `env` file of a run; values that cannot be read are absent. Safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadedValues {
    /// The run's id; none where each node chose one.
    pub run: Option<String>,
    /// The maintenance update that it installs.
    pub target: Option<Mu>,
    /// What its nodes ran before, by number; missing for GA, and in the runs of earlier versions of this program.
    pub before: BTreeMap<u32, Mu>,
    /// The roles of its nodes, by number.
    pub roles: BTreeMap<u32, Vec<String>>,
}

/// Nodes that ran the same update before.
#[derive(serde::Deserialize)]
struct Before {
    nodes: Vec<u32>,
    mu: serde_json::Value,
}

impl UploadedValues {
    /// Reads the text that [`super::RunValues::to_env_file`] makes. The text is untrusted.
    pub fn parse(text: &str) -> Self {
        let value = |key: &str| {
            text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix("='")?.strip_suffix('\'')).unwrap_or_default()
        };
        let run = one_line(value("MU_RUN"), 64);
        let target = STANDARD.decode(value("MU_TARGET_JSON_B64")).ok().and_then(|json| Mu::parse(&json).ok());
        let roles = value("MU_ROLES").split(' ').filter_map(|entry| {
            let (id, roles) = entry.split_once(':')?;
            let roles = roles.split(',').filter(|r| !r.is_empty()).map(|r| one_line(r, 60)).collect();
            Some((id.parse().ok()?, roles))
        });
        let known = !run.is_empty() && run != RunValues::ANY_RUN;
        let before = STANDARD.decode(value("MU_BEFORE_B64")).ok();
        let before = before.and_then(|json| serde_json::from_slice::<Vec<Before>>(&json).ok()).unwrap_or_default();
        let before = before.into_iter().filter_map(|group| {
            let mu = Mu::parse(group.mu.to_string().as_bytes()).ok()?;
            Some(group.nodes.into_iter().map(move |node| (node, mu.clone())))
        });
        Self { before: before.flatten().collect(), run: Some(run).filter(|_| known), target, roles: roles.collect() }
    }
}

/// What the mark of a run tells of them.
impl From<RunMark> for UploadedValues {
    fn from(mark: RunMark) -> Self {
        Self { run: Some(mark.run), target: Some(mark.target), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::run_values::tests::values;
    use super::*;

    #[test]
    fn what_was_sent_is_read_back() {
        let sent = values();
        let told = UploadedValues::parse(&sent.to_env_file().unwrap());
        assert_eq!((told.run, told.target), (Some(sent.run), Some(sent.target)));
        assert_eq!(told.before.into_iter().collect::<Vec<_>>(), sent.before);
        assert_eq!(told.roles.into_iter().collect::<Vec<_>>(), sent.roles);
    }

    #[test]
    fn odd_text_tells_nothing() {
        for text in ["", "MU_RUN='auto'", "MU_RUN=x", "MU_RUN='", "MU_ROLES='x:y 1 2:'\nMU_TARGET_JSON_B64='!'"] {
            let told = UploadedValues::parse(text);
            assert_eq!((told.run, told.target, told.before.len()), (None, None, 0), "{text}");
        }
    }
}
