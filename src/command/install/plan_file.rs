//! `--save-plan` and `--plan`: what an installation would do as a file, and an installation that does exactly that.

use std::collections::BTreeMap;
use std::path::Path;

use super::context::Context;
use super::finish;
use super::gather::Facts;
use super::job::{Job, RunNode};
use crate::cli::InstallOptions;
use crate::command::clock;
use crate::domain::details::Details;
use crate::domain::node::NodeId;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::plan::{Plan, Refusal};
use crate::domain::repository::Sha256;
use crate::domain::saved_plan::{PLAN_FORMAT, PLAN_LIMIT, SavedNode, SavedPlan, SavedTarget, saved_phases};
use crate::domain::text::counted;
use crate::error::AppError;
use crate::exit::Exit;
use crate::files::{look_for_room, read_at_most, write_atomically};
use crate::graph::Graph;
use crate::settings::Settings;

/// How many differences from a plan are shown.
const SHOWN: usize = 20;

/// Reads a saved plan.
fn read(path: &Path) -> Result<SavedPlan, AppError> {
    let failed = |what: String| AppError::new(Exit::Error, format!("plan {}: {what}", path.display()));
    let bytes = read_at_most(path, PLAN_LIMIT).map_err(|error| failed(error.to_string()))?;
    SavedPlan::read(&bytes).map_err(|error| failed(error.to_string()))
}

/// The plan to carry out, and the options and settings with what it fixes; nothing without `--plan` and `--save-plan`.
pub(super) fn fixed(
    options: &InstallOptions,
    settings: &Settings,
) -> Result<Option<(Option<SavedPlan>, InstallOptions, Settings)>, AppError> {
    if let Some(path) = &options.save_plan {
        look_for_room(path)?;
        return Ok(Some((None, options.only_checking(), settings.clone())));
    }
    let Some(path) = &options.plan else { return Ok(None) };
    let plan = read(path)?;
    if settings.env.is_some_and(|env| env != plan.environment) {
        let message = format!("plan {}: it is for environment {}", path.display(), plan.environment);
        return Err(AppError::new(Exit::Error, message));
    }
    let (saved, options) = (&plan.options, options.fixed_by(&plan.options));
    let settings = Settings { selection: saved.selection(), ..settings.clone() };
    Ok(Some((Some(plan), options, settings)))
}

/// What is known of an installation before anything is sent.
pub(super) fn describe(context: &Context<'_>, graph: &Graph, facts: &Facts, plan: &Plan) -> SavedPlan {
    let options = context.options;
    let roles = |id: NodeId| facts.env.nodes.iter().find(|n| n.id == id).map(|n| n.roles.clone()).unwrap_or_default();
    let node = |node: &RunNode| SavedNode {
        id: node.id,
        name: node.node.name.clone(),
        roles: roles(node.id),
        before: node.before.as_ref().map(|mu| mu.title.clone()),
        packages: vec![],
        removals: vec![],
        holds: vec![],
        customised: vec![],
        services: vec![],
        resources: vec![],
    };
    SavedPlan {
        format: PLAN_FORMAT.to_owned(),
        saved_at: clock::now(),
        environment: context.env,
        nailgun: context.nailgun_address(),
        mos_version: facts.env.mos_version.as_ref().map(ToString::to_string),
        target: SavedTarget::new(&plan.target, Sha256::of([facts.announcement.raw.as_slice()]).to_string()),
        repositories: facts.sources().into_iter().map(|(_, line)| line).collect(),
        graph_sha256: graph.checksum().to_string(),
        options: options.to_save(&context.settings.selection),
        phases: saved_phases(plan),
        first_controller: None,
        left_out: plan.left_out.clone(),
        nodes: RunNode::of_plan(plan).iter().map(node).collect(),
    }
}

/// Refuses if nodes, mirror, Nailgun or the graph are not what the plan to carry out says.
pub(super) fn hold_before_checks(context: &Context<'_>, now: &SavedPlan, outcome: &Outcome) -> Result<(), AppError> {
    let Some(plan) = context.approved else { return Ok(()) };
    if plan.nailgun != now.nailgun {
        let message = format!("the plan is for the Nailgun at {}, and this is {}", plan.nailgun, now.nailgun);
        return Err(AppError::new(Exit::Error, message));
    }
    hold(context, plan, plan.differs_before_checks(now), outcome)
}

/// Refuses if the pre-checks found anything else than the plan to carry out says. Nothing has changed on any node then.
pub(super) fn hold_after_checks(
    context: &Context<'_>,
    job: &Job,
    mut now: SavedPlan,
    found: &BTreeMap<NodeId, Details>,
    outcome: &Outcome,
) -> Result<(), AppError> {
    let Some(plan) = context.approved else { return Ok(()) };
    complete(&mut now, job, found);
    hold(context, plan, plan.differs_after_checks(&now), outcome)?;
    context.ui.status(&format!("everything is as in the plan of {}", plan.saved_at));
    Ok(())
}

fn hold(context: &Context<'_>, plan: &SavedPlan, differences: Vec<String>, outcome: &Outcome) -> Result<(), AppError> {
    if differences.is_empty() {
        return Ok(());
    }
    let more = differences.len().saturating_sub(SHOWN);
    let refusal = |reason: String| Refusal { node: None, reason, hint: None };
    let mut refusals: Vec<Refusal> = differences.into_iter().take(SHOWN).map(refusal).collect();
    if more > 0 {
        refusals.push(refusal(format!("and {}", counted(more, "more difference"))));
    }
    let outcome = Outcome { result: InstallResult::Refused, refusals, ..outcome.clone() };
    let message = format!("the plan of {} no longer holds", plan.saved_at);
    let hint = "save a new plan with --save-plan, and have it approved";
    Err(finish::refused(context, &message, Some(hint.to_owned()), &outcome)?)
}

/// Saves the plan once the pre-checks have passed.
pub(super) fn save(
    context: &Context<'_>,
    path: &Path,
    job: &Job,
    mut plan: SavedPlan,
    found: &BTreeMap<NodeId, Details>,
) -> Result<(), AppError> {
    complete(&mut plan, job, found);
    let mut text = serde_json::to_vec_pretty(&plan).map_err(|error| AppError::from_error(Exit::Error, &error))?;
    text.push(b'\n');
    // Package versions and customised files are confidential: only the owner may read them.
    write_atomically(path, &text, 0o600)?;
    context.ui.status(&format!(
        "plan saved in {}: {} to upgrade on {}; nothing was changed",
        path.display(),
        counted(plan.upgrades(), "package"),
        counted(plan.nodes.len(), "node")
    ));
    context.ui.hint(&format!("do exactly this with: {}", command(context, path)));
    Ok(())
}

/// The command that carries out a plan.
fn command(context: &Context<'_>, path: &Path) -> String {
    let path = path.to_string_lossy();
    let word = shlex::try_quote(&path).unwrap_or_else(|_| path.clone());
    format!("fuel-updates --env {} install --plan {word}", context.env)
}

fn complete(plan: &mut SavedPlan, job: &Job, found: &BTreeMap<NodeId, Details>) {
    plan.first_controller.clone_from(&job.first_controller);
    for (id, details) in found {
        if let Some(report) = details.report.as_ref().filter(|report| report.run == job.values.run) {
            plan.found(*id, report);
        }
    }
}
