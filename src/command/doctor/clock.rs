//! The clocks of this host and of a node: certificates, logs and the times of updates depend on them.

use jiff::Timestamp;

use crate::command::nodes::Nodes;
use crate::domain::doctor::{Diagnosis, Need, ReadClock};
use crate::domain::node::Node;
use crate::error::AppError;

/// A difference too small to report, in seconds: the answer takes time, too.
const TOLERATED: u64 = 30;

/// Compares the clocks.
pub(super) fn look(nodes: &Nodes<'_>, node: &Node) -> Result<Diagnosis, AppError> {
    let answers = nodes.run::<ReadClock>(std::slice::from_ref(node))?;
    let ours = Timestamp::now().as_second();
    Ok(match answers.into_iter().next() {
        Some(Ok(theirs)) => compare(ours, theirs, &node.name),
        Some(Err(failure)) => {
            Diagnosis::warning(Need::Clock, format!("{}: {}", node.name, failure.cause), failure.hint)
        }
        None => Diagnosis::skipped(Need::Clock, Need::Login),
    })
}

fn compare(ours: i64, theirs: i64, node: &str) -> Diagnosis {
    let ahead = ours.saturating_sub(theirs);
    if ahead.unsigned_abs() <= TOLERATED {
        return Diagnosis::ok(Need::Clock, format!("the same here and on {node}"));
    }
    let where_to = if ahead > 0 { "ahead of" } else { "behind" };
    Diagnosis::warning(
        Need::Clock,
        format!("this host is {} s {where_to} {node}", ahead.unsigned_abs()),
        "see `ntpq -p` or `chronyc tracking` on both, and set the clock that is wrong".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::doctor::Health;

    #[test]
    fn a_difference_is_told_with_its_direction() {
        assert_eq!(compare(1000, 990, "node-1").health, Health::Ok);
        let told = |ours, theirs| compare(ours, theirs, "node-1").found;
        assert_eq!(told(1000, 900), "this host is 100 s ahead of node-1");
        assert_eq!(told(1000, 8200), "this host is 7200 s behind node-1");
        assert_eq!(told(i64::MIN, i64::MAX), "this host is 9223372036854775808 s behind node-1");
    }
}
