//! What every node is asked for a comparison, and what its answer says.

use super::kind::Kind;
use super::read::parse;
use crate::domain::probe::{PROBE, ProbeAnswer};
use crate::domain::remote::{Garbled, RemoteCommand};

/// What a node tells of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeAnswer {
    /// The answer to what every check asks.
    pub probe: ProbeAnswer,
    /// What manages its packages, and whether the list of them is whole.
    pub packages: PackageBook,
    /// What it can differ in.
    pub facts: Vec<RawFact>,
    /// Kinds of facts that the node could not tell, with the cause. Safe to show.
    pub unknown: Vec<(Kind, String)>,
    /// Its clock at the end of the answer: seconds since 1970.
    pub clock: Option<f64>,
}

/// What a node says of its list of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageBook {
    /// dpkg listed all of them.
    Whole,
    /// Somebody holds the lock of dpkg: packages are being changed.
    Busy,
    /// dpkg could not list them; the cause, safe to show.
    Broken(String),
    /// The node has rpm.
    Rpm,
    /// It has neither dpkg-query nor rpm.
    Missing,
}

/// One thing that a node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFact {
    /// What kind of thing.
    pub kind: Kind,
    /// Which: the name of a package, the path of a file. Safe to show.
    pub key: String,
    /// How it is there: a version, a checksum. Safe to show.
    pub value: String,
}

const NODE: &str = include_str!("sh/node.sh");
/// The graph's lists of services: those of controllers, then those of all other roles.
const CONTROLLER_SERVICES: &str = include_str!("../../../graphs/mu/scripts/cluster-lists.sh");
const SERVICES: &str = include_str!("../../../graphs/mu/scripts/lists.sh");

/// Declares one of the commands: with or without files of packages, with or without configuration.
macro_rules! command {
    ($(#[$about:meta])* $name:ident, $($part:literal),*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl RemoteCommand for $name {
            const SCRIPT: &'static [&'static str] =
                &[PROBE, CONTROLLER_SERVICES, SERVICES, NODE, $(include_str!($part),)* include_str!("sh/end.sh")];
            const PROGRAMS: &'static str = "od grep flock awk sed md5sum";
            /// 1,500 packages are 60 KB; ten times as many, and room for a noisy profile.
            const LIMIT: usize = 1024 * 1024;
            type Answer = NodeAnswer;

            fn parse(answer: &str) -> Result<NodeAnswer, Garbled> {
                parse(answer)
            }
        }
    };
}

command!(
    /// Asks for everything but files.
    AskNode,
);
command!(
    /// Also for changed files of packages.
    AskNodeFiles, "sh/files.sh"
);
command!(
    /// Also for configuration files.
    AskNodeConfig, "sh/config.sh"
);
command!(
    /// For everything.
    AskNodeAll, "sh/files.sh", "sh/config.sh"
);

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
