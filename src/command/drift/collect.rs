//! Asks nodes for all that they can differ in. An answer is taken apart as it arrives: of 60 KB a few hundred bytes stay.

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::Origin;
use crate::command::nodes::Nodes;
use crate::domain::drift::ask::{AskNode, NodeAnswer};
use crate::domain::drift::{DriftNode, FactPool};
use crate::domain::failure::NodeFailure;
use crate::domain::node::Node;
use crate::domain::remote::RemoteCommand;
use crate::domain::row::Row;
use crate::error::AppError;
use crate::settings::{Settings, SshSettings};

/// A node that reads every file of every package needs longer than one that lists them.
const FILES_TIMEOUT: Duration = Duration::from_secs(600);
/// So many nodes are asked at the same time: an answer on its way takes a quarter of a megabyte.
const AT_ONCE: usize = 50;

/// How to log in. Fewer nodes are asked at once than for a short answer, and with `files` each gets more time, unless the
/// operator said how many and how much.
pub(crate) fn login_settings(settings: &Settings, files: bool) -> SshSettings {
    let given =
        |name: &str| settings.explained.iter().any(|found| found.name == name && found.origin != Origin::Default);
    for_long_answers(settings.ssh.clone(), given, files)
}

fn for_long_answers(mut ssh: SshSettings, given: impl Fn(&str) -> bool, files: bool) -> SshSettings {
    if !given("ssh.fanout") {
        ssh.fanout = ssh.fanout.min(AT_ONCE);
    }
    if files && !given("ssh.node_timeout") {
        ssh.node_timeout = FILES_TIMEOUT;
    }
    ssh
}

/// Nodes with their facts.
pub(crate) struct Collected {
    /// What every check says of them.
    pub(crate) rows: Vec<Row>,
    /// The nodes, in the order in which they were given.
    pub(crate) nodes: Vec<DriftNode>,
    /// The facts.
    pub(crate) pool: FactPool,
}

/// Asks all nodes at once with one of the commands for it.
pub(crate) fn collect<C: RemoteCommand<Answer = NodeAnswer>>(
    asker: &Nodes<'_>,
    nodes: &[Node],
) -> Result<Collected, AppError> {
    let mut pool = FactPool::default();
    let mut found: Vec<Option<DriftNode>> = vec![None; nodes.len()];
    let rows = asker.ask_with::<C>(nodes, &mut |index, answer, elapsed| {
        let now = Timestamp::now();
        let (row, node) = taken(nodes.get(index)?.clone(), answer, elapsed, now, &mut pool);
        *found.get_mut(index)? = Some(node);
        Some(row)
    })?;
    // Without an answer there is still a row, which says why.
    let nodes = found.into_iter().zip(&rows).map(|(node, row)| node.unwrap_or_else(|| DriftNode::new(row, None)));
    Ok(Collected { nodes: nodes.collect(), rows, pool })
}

/// Asks all nodes at once, without showing progress, for everything but files. After a signal the nodes are missing that
/// had not answered.
pub(crate) fn collect_quietly(asker: &Nodes<'_>, nodes: &[Node]) -> Result<(Vec<DriftNode>, FactPool), AppError> {
    let mut pool = FactPool::default();
    let mut found: Vec<Option<DriftNode>> = vec![None; nodes.len()];
    asker.run_with::<AskNode>(nodes, &mut |index, answer, elapsed| {
        let (Some(node), Some(slot)) = (nodes.get(index), found.get_mut(index)) else { return };
        *slot = Some(taken(node.clone(), answer, elapsed, Timestamp::now(), &mut pool).1);
    })?;
    Ok((found.into_iter().flatten().collect(), pool))
}

/// A row and the facts of one answer that arrived `now`, `elapsed` after its login began.
fn taken(
    node: Node,
    answer: Result<NodeAnswer, NodeFailure>,
    elapsed: Duration,
    now: Timestamp,
    pool: &mut FactPool,
) -> (Row, DriftNode) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            let row = Row::not_asked(node, failure, elapsed);
            let node = DriftNode::new(&row, None);
            return (row, node);
        }
    };
    let row = Row::answered(node, &answer.probe, elapsed);
    let mut node = DriftNode::new(&row, Some(&answer.packages));
    node.take(&row, &answer.facts, pool);
    if node.is_compared() {
        let now = Duration::try_from(now.as_duration()).unwrap_or_default().as_secs_f64();
        node.clock = answer.clock.map(|clock| (clock - now, clock - now + elapsed.as_secs_f64()));
        node.unknown = answer.unknown;
    }
    (row, node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::HostKeys;
    use crate::settings::Login;

    #[test]
    fn fewer_nodes_at_once_and_more_time_unless_the_operator_said_otherwise() {
        let second = Duration::from_secs(1);
        let ssh = |fanout: usize| SshSettings {
            given: Login::default(),
            configured: Login::default(),
            usual_keys: vec![],
            agent: None,
            port: None,
            host_keys: HostKeys::Strict,
            legacy_algorithms: false,
            connect_timeout: second,
            handshake_timeout: second,
            node_timeout: second,
            fanout,
        };
        let seen = |fanout: usize, given: &str, files: bool| {
            let ssh = for_long_answers(ssh(fanout), |name| name == given, files);
            (ssh.fanout, ssh.node_timeout)
        };
        assert_eq!(seen(100, "", false), (50, second));
        assert_eq!(seen(100, "ssh.fanout", false), (100, second));
        assert_eq!(seen(100, "", true), (50, FILES_TIMEOUT));
        assert_eq!(seen(100, "ssh.node_timeout", true), (50, second));
    }

    #[test]
    fn the_help_tells_the_same_limits() {
        let mut command = crate::cli::command();
        let check = command.find_subcommand_mut("check").expect("a command");
        let help = check.find_subcommand_mut("drift").expect("a command").render_long_help().to_string();
        for told in [format!("[default: {AT_ONCE}]"), format!("with --files {}]", FILES_TIMEOUT.as_secs())] {
            assert!(help.contains(&told), "{told}: {help}");
        }
    }
}
