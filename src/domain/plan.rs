//! What an installation is going to do, and everything that forbids it, from what nodes, mirror and Nailgun answered.

use std::collections::BTreeMap;

use super::environment::{Environment, EnvironmentNode};
use super::failure::FailureKind;
use super::inventory::role_of;
use super::mu::Mu;
use super::node::{Node, NodeId};
use super::phase::Phase;
use super::row::{Identity, Row, State, Verdict};

/// What the operator allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances {
    /// Leave out nodes that are offline or unreachable.
    pub offline: bool,
    /// A selection without a controller.
    pub no_controller: bool,
    /// An environment that is `error`, because a run of ours failed in it.
    pub own_failure: bool,
}

/// Why a node, or the whole installation, is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The node; none if the reason concerns the environment.
    pub node: Option<String>,
    /// Why. Safe to show.
    pub reason: String,
    /// What the operator can do about it.
    pub hint: Option<&'static str>,
}

/// A node that is to be updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targeted {
    /// Nailgun's number.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// What it runs now; nothing for GA.
    pub before: Option<Mu>,
    /// Where the inventory says to log in.
    pub node: Node,
}

/// What an installation is going to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The update that every targeted node gets.
    pub target: Mu,
    /// The nodes that get it.
    pub targeted: Vec<Targeted>,
    /// Nodes that run the target already, whoever installed it: they are left alone.
    pub at_target: Vec<Row>,
    /// Nodes left out, with the reason: offline, unreachable, excluded, not selected.
    pub left_out: Vec<(String, String)>,
    /// Everything that forbids the installation.
    pub refusals: Vec<Refusal>,
}

const SYNC: &str = "run `inventory sync`, or correct the inventory";
/// Before 9.1 every failed deployment leaves the environment so. No client of Fuel's own can change it.
const FREE: &str = "find out what failed and repair it; then free the environment on the master: curl -X PUT -H \"X-Auth-Token: \
                    $(fuel token)\" -d '{\"status\": \"operational\"}' http://127.0.0.1:8000/api/v1/clusters/ID/";
const LOGIN: &str = "`fuel-updates doctor --nodes NODE` says what mends it; or leave the node out with --exclude";
const FILE: &str = "repair or remove /etc/fuel/mu-version.json on the node, or leave the node out with --exclude";
const OFFLINE: &str = "repair the node, or leave it out with --allow-offline or --exclude";

impl Plan {
    /// Makes the plan. `rows` are the selected nodes as they answered, `listed` all nodes of the inventory.
    pub fn new(
        env: &Environment,
        listed: &[Node],
        rows: &[Row],
        everything: bool,
        target: &Mu,
        allow: Allowances,
    ) -> Self {
        let mut plan = Self {
            target: target.clone(),
            targeted: vec![],
            at_target: vec![],
            left_out: vec![],
            refusals: environment_refusals(env, allow),
        };
        plan.compare_lists(env, listed, rows, everything);
        for row in rows {
            let found = row.node.id.and_then(|id| env.nodes.iter().find(|n| n.id == id));
            match found {
                Some(known) => plan.place(row, known, allow),
                // Named by compare_lists already.
                None if row.node.id.is_some() => {}
                None => plan.refuse(row, "its id is not known".to_owned(), Some(SYNC)),
            }
        }
        let controller = |roles: &[String]| roles.iter().any(|r| r == "controller");
        let a_controller = plan.targeted.iter().any(|t| controller(&t.roles))
            || plan.at_target.iter().any(|r| controller(&r.node.roles));
        if !plan.targeted.is_empty() && !a_controller && !allow.no_controller {
            plan.refusals.push(Refusal {
                node: None,
                reason: "no controller is selected".to_owned(),
                hint: Some("select one, or give --skip-cluster-checks"),
            });
        }
        plan
    }

    /// Nodes only in Nailgun, only in the inventory, or with another address or other roles.
    fn compare_lists(&mut self, env: &Environment, listed: &[Node], rows: &[Row], everything: bool) {
        let selected = |id: NodeId| everything || rows.iter().any(|r| r.node.id == Some(id));
        for known in &env.nodes {
            // The inventory does not list nodes that are not deployed or about to be deleted.
            let expected = !known.pending_deletion && !known.in_discover();
            if expected && everything && !listed.iter().any(|n| n.id == Some(known.id)) {
                self.refuse_named(&known.name, "is in Nailgun and not in the inventory".to_owned(), Some(SYNC));
            }
        }
        for node in listed {
            let Some(id) = node.id.filter(|id| selected(*id)) else { continue };
            let Some(known) = env.nodes.iter().find(|n| n.id == id) else {
                let reason = format!("is in the inventory and not in Nailgun's environment {}", env.id);
                self.refuse_named(&node.name, reason, Some(SYNC));
                continue;
            };
            if known.host.as_ref().is_some_and(|host| *host != node.host) {
                let theirs = known.host.as_ref().map_or_else(String::new, ToString::to_string);
                let reason = format!("has the address {} in the inventory and {theirs} in Nailgun", node.host);
                self.refuse_named(&node.name, reason, Some(SYNC));
            }
            let sorted = |roles: &[String]| {
                let mut roles: Vec<String> = roles.iter().filter_map(|r| role_of(r)).map(str::to_owned).collect();
                roles.sort();
                roles
            };
            if !node.roles.is_empty() && sorted(&node.roles) != sorted(&known.roles) {
                let reason = format!(
                    "has the roles {} in the inventory and {} in Nailgun",
                    node.roles.join(", "),
                    known.roles.join(", ")
                );
                self.refuse_named(&node.name, reason, Some(SYNC));
            }
        }
    }

    /// Decides what happens to one node.
    fn place(&mut self, row: &Row, known: &EnvironmentNode, allow: Allowances) {
        let name = row.node.name.clone();
        if known.pending_deletion {
            return self.refuse(row, "is about to be deleted".to_owned(), Some("finish that first, or --exclude it"));
        }
        if known.in_discover() {
            return self.refuse(row, "is not deployed yet".to_owned(), Some("deploy it first, or --exclude it"));
        }
        if let State::NotAsked(kind) = row.state {
            let detail = row.detail.clone().unwrap_or_default();
            let reason = format!("{}: {detail}", kind.as_str());
            if matches!(kind, FailureKind::Unreachable | FailureKind::Timeout) {
                if allow.offline {
                    self.left_out.push((name, reason));
                } else {
                    self.refuse(row, reason, Some(OFFLINE));
                }
                return;
            }
            return self.refuse(row, reason, Some(LOGIN));
        }
        if !known.online {
            if allow.offline {
                self.left_out.push((name, "offline in Nailgun".to_owned()));
            } else {
                self.refuse(row, "answers over SSH, but is offline in Nailgun".to_owned(), Some(OFFLINE));
            }
            return;
        }
        if row.identity == Some(Identity::Unverified) {
            let hint = "the node needs /etc/nailgun_uid, and the inventory its id";
            return self.refuse(row, "its identity is unverified".to_owned(), Some(hint));
        }
        match row.state {
            State::WrongNode | State::Unreadable | State::Invalid => {
                let detail = row.detail.clone().unwrap_or_default();
                let hint = if row.state == State::WrongNode { SYNC } else { FILE };
                return self.refuse(row, format!("{}: {detail}", row.state.as_str()), Some(hint));
            }
            State::Updating => {
                return self.refuse(
                    row,
                    "a script of an installation is at work on it".to_owned(),
                    Some("wait for it, or come back to it with install --attach"),
                );
            }
            _ => {}
        }
        if Verdict::of(row.mu.as_ref(), &self.target) == Verdict::AheadOfMirror {
            let runs = row.mu.as_ref().map_or("", |m| &m.title);
            return self.refuse(
                row,
                format!("runs {runs}, which is newer than the mirror's"),
                Some("check whether the mirror is out of date"),
            );
        }
        if row.state == State::Installed && row.mu.as_ref().is_some_and(|mu| mu.same_as(&self.target)) {
            self.at_target.push(row.clone());
            return;
        }
        self.targeted.push(Targeted {
            id: known.id,
            name,
            roles: known.roles.clone(),
            before: row.mu.clone(),
            node: row.node.clone(),
        });
    }

    fn refuse(&mut self, row: &Row, reason: String, hint: Option<&'static str>) {
        self.refuse_named(&row.node.name, reason, hint);
    }

    fn refuse_named(&mut self, node: &str, reason: String, hint: Option<&'static str>) {
        self.refusals.push(Refusal { node: Some(node.to_owned()), reason, hint });
    }

    /// The targeted nodes in the order in which they are updated. Nailgun decides which controller is the first one when
    /// it serializes the graph; until then the one with the lowest ID is expected to be.
    pub fn phases(&self) -> Vec<(Phase, Vec<&Targeted>)> {
        let of = |t: &Targeted| Phase::of_roles(&t.roles);
        let updated = self.at_target.iter().filter(|row| row.node.roles.iter().any(|role| role == "controller"));
        let first_controller = updated
            .filter_map(|row| row.node.id)
            .chain(self.targeted.iter().filter(|t| of(t) == Phase::Controllers).map(|t| t.id))
            .min();
        let computes = || self.targeted.iter().filter(|t| of(t) == Phase::Computes);
        // One alone has no others to go before.
        let first_compute = computes().map(|t| t.id).min().filter(|_| computes().count() > 1);
        let mut phases: BTreeMap<(Phase, NodeId), &Targeted> = BTreeMap::new();
        for targeted in &self.targeted {
            let phase = match of(targeted) {
                Phase::Controllers if first_controller == Some(targeted.id) => Phase::FirstController,
                Phase::Computes if first_compute == Some(targeted.id) => Phase::FirstCompute,
                phase => phase,
            };
            phases.insert((phase, targeted.id), targeted);
        }
        let mut grouped: Vec<(Phase, Vec<&Targeted>)> = Vec::new();
        for ((phase, _), targeted) in phases {
            match grouped.last_mut() {
                Some((last, nodes)) if *last == phase => nodes.push(targeted),
                _ => grouped.push((phase, vec![targeted])),
            }
        }
        grouped
    }
}

fn environment_refusals(env: &Environment, allow: Allowances) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let mut refuse = |reason: String, hint| refusals.push(Refusal { node: None, reason, hint });
    match &env.mos_version {
        Some(version) if version.major() >= 9 => {}
        Some(version) => refuse(
            format!("environment {} runs MOS {version}: an environment can have its own graph from 9.0 on", env.id),
            Some("update it by hand as its release notes describe: mos_apply_mu.py, then restart the services"),
        ),
        None => refuse(format!("the MOS version of environment {} is not known", env.id), None),
    }
    let failed = env.status == "error";
    if !(matches!(env.status.as_str(), "operational" | "stopped" | "partially_deployed") || failed && allow.own_failure)
    {
        refuse(
            format!(
                "environment {} is `{}`: it must be operational, stopped or partially_deployed",
                env.id, env.status
            ),
            failed.then_some(FREE),
        );
    }
    refusals
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
