//! The mark of a run: a stage without work whose name tells the run and what it installs.
//!
//! Every Nailgun lists the names of tasks in a deployment history. That of 9.0 lists nothing else of them, so only there a
//! run can tell what it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::mu::Mu;
use crate::domain::text::one_line;

/// How the name of a mark begins.
const PREFIX: &str = "mu_run_";
/// The most bytes of a title: Nailgun keeps names of up to 255 characters.
const MAX_TITLE: usize = 90;

/// How much of an installation a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunExtent {
    /// The pre-checks alone.
    PreChecks,
    /// A part of the update: one of several runs, as Nailgun before 9.1 needs them.
    Part,
    /// What was chosen of the whole graph.
    Graph,
}

impl RunExtent {
    const ALL: [Self; 3] = [Self::PreChecks, Self::Part, Self::Graph];

    fn word(self) -> &'static str {
        match self {
            Self::PreChecks => "checks",
            Self::Part => "part",
            Self::Graph => "graph",
        }
    }
}

/// What a run tells by its mark. Safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunMark {
    /// The run's id.
    pub run: String,
    /// How much of an installation it does.
    pub extent: RunExtent,
    /// What it installs; a long title is cut.
    pub target: Mu,
}

impl RunMark {
    /// The name of the stage.
    pub fn task(&self) -> String {
        let mut title = self.target.title.as_str();
        while title.len() > MAX_TITLE {
            title = title.char_indices().next_back().map_or("", |(at, _)| &title[..at]);
        }
        let (extent, title) = (self.extent.word(), URL_SAFE_NO_PAD.encode(title));
        format!("{PREFIX}{}_{extent}_{}_{}_{title}", self.run, self.target.id, self.target.timestamp)
    }

    /// Reads the name of a task; nothing if it is no mark. The name is untrusted.
    pub fn parse(task: &str) -> Option<Self> {
        let mut parts = task.strip_prefix(PREFIX)?.splitn(5, '_');
        let mut part = || parts.next();
        let (run, extent, id, timestamp, title) = (part()?, part()?, part()?, part()?, part()?);
        let title = String::from_utf8(URL_SAFE_NO_PAD.decode(title).ok()?).ok()?;
        let number = |text: &str| text.parse::<u64>().ok();
        let target = serde_json::json!({"id": number(id)?, "title": title, "timestamp": number(timestamp)?});
        Some(Self {
            run: Some(one_line(run, 64)).filter(|run| !run.is_empty())?,
            extent: RunExtent::ALL.into_iter().find(|one| one.word() == extent)?,
            target: Mu::parse(target.to_string().as_bytes()).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::run_values::tests::values;
    use super::*;

    #[test]
    fn what_was_marked_is_read_back() {
        let values = values();
        for extent in RunExtent::ALL {
            let mark = RunMark { run: values.run.clone(), extent, target: values.target.clone() };
            let task = mark.task();
            assert!(task.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'), "{task}");
            assert_eq!(RunMark::parse(&task), Some(mark));
        }
    }

    #[test]
    fn a_long_title_is_cut_between_characters() {
        let target = Mu { title: "\u{fc}".repeat(100), ..values().target };
        let task = RunMark { run: "r".into(), extent: RunExtent::Graph, target }.task();
        assert!(task.len() < 255, "{}", task.len());
        assert_eq!(RunMark::parse(&task).unwrap().target.title, "\u{fc}".repeat(45));
    }

    #[test]
    fn other_names_are_no_marks() {
        for task in [
            "",
            "mu_run_",
            "mu_end",
            "mu_run_r_graph_1_2",
            "mu_run_r_all_1_2_eA",
            "mu_run__graph_1_2_eA",
            "mu_run_r_graph_x_2_eA",
        ] {
            assert_eq!(RunMark::parse(task), None, "{task}");
        }
    }
}
