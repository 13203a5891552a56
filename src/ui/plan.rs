//! The plan of an installation, for people.

use crate::domain::cause::{common, shape};
use crate::domain::environment::Environment;
use crate::domain::mu::Mu;
use crate::domain::nodeset::fold;
use crate::domain::outcome::left_out_by_reason;
use crate::domain::phase::Phase;
use crate::domain::plan::{Plan, Refusal};

/// What the plan shows in addition to nodes and phases.
#[derive(Clone, Debug, Default)]
pub struct PlanNotes {
    /// The mirror's address.
    pub mirror: String,
    /// How many computes are updated at the same time.
    pub batch: u16,
    /// How much each node downloads at most, in KiB per second.
    pub download_rate: Option<u32>,
    /// Whether services restart that load no changed package, too.
    pub restart_all: bool,
    /// Whether the databases are not backed up.
    pub no_db_backup: bool,
    /// Whether RabbitMQ is restarted.
    pub restart_rabbitmq: bool,
    /// Whether MySQL is restarted.
    pub restart_mysql: bool,
    /// Further notes, one line each.
    pub more: Vec<String>,
}

/// The plan, line by line.
pub(super) fn lines(plan: &Plan, env: &Environment, notes: &PlanNotes) -> Vec<String> {
    let target = &plan.target;
    let mut lines = vec![
        format!(
            "Environment {} ({}), MOS {}, {}",
            env.id,
            env.name,
            env.mos_version.as_deref().unwrap_or("-"),
            env.status
        ),
        format!("Target      {} (id {}) from {}", target.title, target.id, notes.mirror),
    ];
    if let Some(link) = &target.doc_link {
        lines.push(format!("Read first  {link}"));
    }
    lines.push(String::new());
    lines.push("Pre-checks on every node and of the cluster come first and change nothing.".to_owned());
    let rate = notes.download_rate.map(|rate| format!(", at most {rate} KiB/s each")).unwrap_or_default();
    lines.push(format!("Then all nodes download their packages, 20 nodes at a time{rate}, while everything runs."));
    lines.push("Then, phase by phase:".to_owned());
    for (number, (phase, nodes)) in (1..).zip(plan.phases()) {
        let names = fold(nodes.iter().map(|t| t.name.as_str()));
        let how = match phase {
            // Nailgun names the primary controller when it serializes the graph.
            Phase::FirstController => " (expected)".to_owned(),
            Phase::Controllers | Phase::Storage => ", one by one".to_owned(),
            Phase::Computes => format!(", {} at a time", notes.batch),
            Phase::FirstCompute | Phase::Others => String::new(),
        };
        lines.push(format!("  {number}. {}{how}: {names}", phase.as_str()));
    }
    lines.push("  Finally every node is verified, and then all nodes get the new mu-version.json.".to_owned());
    lines.push(String::new());
    lines.push(format!("From        {}", versions(plan)));
    if !plan.at_target.is_empty() {
        let names = fold(plan.at_target.iter().map(|r| r.node.name.as_str()));
        lines.push(format!("Up to date  {names} (already at the target)"));
    }
    for (nodes, reason) in left_out_by_reason(&plan.left_out) {
        lines.push(format!("Left out    {nodes} ({reason})"));
    }
    let services = if notes.restart_all {
        "the OpenStack services of each node's roles"
    } else {
        "the services of each node's roles that load a changed package"
    };
    lines.push(format!("Restarts    {services}{}", restarts(notes)));
    lines.push(
        "Network     neutron's agents restart on one controller after the other and keep routers and DHCP servers; changes wait"
            .to_owned(),
    );
    lines.push(
        "Untouched   libvirt, virtual machines, kernels and Ubuntu's own updates; no node is rebooted".to_owned(),
    );
    lines.push("Not done    migrations of database schemas: see the update's documentation".to_owned());
    let databases = if notes.no_db_backup { "" } else { ", the databases on the primary controller" };
    lines.push(format!(
        "No rollback: packages cannot be downgraded; /etc and the package lists are backed up on each node{databases}"
    ));
    lines.extend(notes.more.iter().map(|note| format!("Note        {note}")));
    lines
}

fn restarts(notes: &PlanNotes) -> &'static str {
    match (notes.restart_rabbitmq, notes.restart_mysql) {
        (false, false) => "; RabbitMQ and MySQL are not restarted",
        (true, false) => ", RabbitMQ; MySQL is not restarted",
        (false, true) => ", MySQL; RabbitMQ is not restarted",
        (true, true) => ", RabbitMQ and MySQL",
    }
}

/// What the targeted nodes have now: `9.0-mu-1 on node-[1-3]; none on node-4`.
fn versions(plan: &Plan) -> String {
    let mut groups: Vec<(Option<&Mu>, Vec<&str>)> = Vec::new();
    for t in &plan.targeted {
        let before = t.before.as_ref();
        match groups.iter_mut().find(|(mu, _)| mu.map(|m| (m.id, m.timestamp)) == before.map(|m| (m.id, m.timestamp))) {
            Some((_, names)) => names.push(&t.name),
            None => groups.push((before, vec![&t.name])),
        }
    }
    let phrase = |(mu, names): &(Option<&Mu>, Vec<&str>)| {
        format!("{} on {}", mu.map_or("none", |m| m.title.as_str()), fold(names.iter().copied()))
    };
    groups.iter().map(phrase).collect::<Vec<_>>().join("; ")
}

/// What prevents the installation, each reason once with its nodes.
pub(super) fn refusals(refusals: &[Refusal]) -> Vec<String> {
    let mut groups: Vec<Vec<&Refusal>> = Vec::new();
    for refusal in refusals {
        let same = |other: &Refusal| {
            other.node.is_some() == refusal.node.is_some() && shape(&other.reason) == shape(&refusal.reason)
        };
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| same(first))) {
            Some(group) => group.push(refusal),
            None => groups.push(vec![refusal]),
        }
    }
    let text = |group: &Vec<&Refusal>| {
        let reason = common(&group.iter().map(|refusal| refusal.reason.as_str()).collect::<Vec<_>>());
        match fold(group.iter().filter_map(|refusal| refusal.node.as_deref())).as_str() {
            "" => format!("  {reason}"),
            nodes => format!("  {nodes}: {reason}"),
        }
    };
    groups.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_for_one_reason_are_one_line() {
        let refusal = |node: Option<&str>, reason: &str| Refusal {
            node: node.map(str::to_owned),
            reason: reason.to_owned(),
            hint: None,
        };
        let all = [
            refusal(None, "the environment is stopped"),
            refusal(Some("node-2"), "offline since 12 s"),
            refusal(Some("node-1"), "offline since 7 s"),
            refusal(Some("node-3"), "about to be deleted"),
        ];
        assert_eq!(
            refusals(&all),
            ["  the environment is stopped", "  node-[1-2]: offline since … s", "  node-3: about to be deleted"]
        );
    }
}
