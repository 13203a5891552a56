//! `install`: asks, plans and confirms, uploads, starts, watches, and proves.
//!
//! The steps lie in layers, and each imports only what stands before it (`tests/architecture.rs` holds the order):
//!
//! ```text
//! on_end, context, job, lock, record, run_log, compare                         what the steps share
//! stop_request, halt, incomplete, snapshots, parts, find, gather, watch, prove,
//! clean, finish, advance, tidy, turn, claim, start, plan_file, submit          the steps
//! conclude, precheck, stop, attach                                             steps put together
//! ```

mod advance;
mod attach;
mod claim;
mod clean;
mod compare;
mod conclude;
mod context;
mod find;
mod finish;
mod gather;
mod halt;
mod incomplete;
mod job;
mod lock;
mod on_end;
mod parts;
mod plan_file;
mod precheck;
mod prove;
mod record;
mod run_log;
mod snapshots;
mod start;
mod stop;
mod stop_request;
mod submit;
mod tidy;
mod turn;
mod watch;

use std::time::Instant;

use claim::EnvClaim;
use context::Context;
use gather::Facts;
use job::{Job, JobPart};
use lock::InstallLock;
use on_end::Ending;
use turn::Turn;

use crate::cli::InstallOptions;
use crate::command::unchecked;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::plan::Plan;
use crate::domain::saved_plan::SavedPlan;
use crate::domain::time::format_utc;
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::Graph;
use crate::nailgun::StartApi;
use crate::settings::Settings;
use crate::ui::{Confirmation, ShownInstall, ShownPrecheck, Ui};

/// Runs an installation, or comes back to one, or stops one; and then the command of the operator, if there is one.
pub(crate) fn run(options: &InstallOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let ending = Ending::default();
    let ended = install(options, settings, ui, &ending);
    if let Some(line) = &options.on_end
        && !ended.as_ref().is_err_and(|error| error.exit == Exit::Usage)
    {
        on_end::execute(line, &ending, settings.env, &ended, ui);
    }
    ended
}

fn install(options: &InstallOptions, settings: &Settings, ui: &Ui, ending: &Ending) -> Result<Exit, AppError> {
    let asks = !(options.yes
        || options.dry_run
        || options.precheck
        || options.save_plan.is_some()
        || options.attach.is_some()
        || options.stop.is_some());
    if settings.env.is_some() && asks && !ui.can_ask() {
        let error = AppError::new(Exit::Usage, "there is no terminal to ask for confirmation");
        let hint = match &options.plan {
            Some(plan) => format!("read {}, then give --yes", plan.display()),
            None => "look at the plan with --dry-run, then give --yes".to_owned(),
        };
        return Err(error.hinted(hint));
    }
    match options.stop {
        Some(_) => {}
        None if options.precheck || options.save_plan.is_some() => ui.check_columns(&ShownPrecheck::columns())?,
        // A run that is attached to may turn out to be one of pre-checks, which has a table of its own.
        None if options.attach.is_some() => ui
            .check_columns(&ShownInstall::columns())
            .or_else(|unknown| ui.check_columns(&ShownPrecheck::columns()).map_err(|_| unknown))?,
        None => ui.check_columns(&ShownInstall::columns())?,
    }
    let fixed = plan_file::fixed(options, settings)?;
    let (approved, options, settings) = match &fixed {
        Some((approved, options, settings)) => (approved.as_ref(), options, settings),
        None => (None, options, settings),
    };
    let context = Context::open(options, settings, ui, approved, ending)?;
    unchecked::warn_of_certificate(settings, ui);
    if options.stop.is_none() {
        unchecked::warn_of_host_keys(settings, ui);
    }
    match (options.attach, options.stop) {
        (Some(run), _) => attach::attach(&context, run),
        (None, Some(run)) => stop::stop(&context, run),
        (None, None) => in_turn(&context),
    }
}

/// A new installation, once nobody else holds the environment.
fn in_turn(context: &Context<'_>) -> Result<Exit, AppError> {
    let mut turn = Turn::new(context);
    loop {
        turn.wait()?;
        match fresh(context) {
            Err(error) if error.exit == Exit::Busy => turn.again(error)?,
            ended => return ended,
        }
    }
}

/// A new installation, from the questions to the proof.
fn fresh(context: &Context<'_>) -> Result<Exit, AppError> {
    let graph = context.graph()?;
    let facts = gather::gather(context)?;
    let plan = facts.plan(context);
    let outcome = planned(context, &plan);
    if !plan.refusals.is_empty() {
        return finish::refuse(context, &plan, &outcome);
    }
    let described = plan_file::describe(context, &graph, &facts, &plan);
    plan_file::hold_before_checks(context, &described, &outcome)?;
    if let Some(result) = decide(context, &facts, &plan)? {
        return finish::finish(context, &Outcome { result, ..outcome });
    }
    let _lock = InstallLock::take(&context.state, &context.key(), context.env)?;
    let job = submit::prepare(context, &graph, &facts, &plan)?;
    context.learn_whether_it_stops(job.api == StartApi::Execute);
    let outcome = Outcome { logs: Some(run_log::places(&context.state, &job.values.run)), ..outcome };
    let ended = claimed(context, &graph, &job, described, outcome);
    stop_request::take_away(context, &job.values.run);
    tidy::graph_of_run(context, &job.graph_type);
    ended
}

/// Carries an installation out while no other host can.
fn claimed(
    context: &Context<'_>,
    graph: &Graph,
    job: &Job,
    described: SavedPlan,
    outcome: Outcome,
) -> Result<Exit, AppError> {
    let claim = EnvClaim::take(context, job)?;
    let ended = carry_out(context, graph, job, described, outcome);
    if let Some(claim) = claim {
        claim.release(context);
    }
    ended
}

/// The outcome as it is before anything was sent.
fn planned(context: &Context<'_>, plan: &Plan) -> Outcome {
    Outcome {
        result: InstallResult::Refused,
        env: context.env,
        target: Some(plan.target.clone()),
        task: None,
        nodes: vec![],
        cleaned: vec![],
        at_target: plan.at_target.len(),
        left_out: plan.left_out.clone(),
        refusals: plan.refusals.clone(),
        message: None,
        snapshots: None,
        logs: None,
    }
}

/// Shows the plan and asks for confirmation. The result, if the installation ends here.
fn decide(context: &Context<'_>, facts: &Facts, plan: &Plan) -> Result<Option<InstallResult>, AppError> {
    let options = context.options;
    if plan.targeted.is_empty() {
        return Ok(Some(InstallResult::NothingToDo));
    }
    let mut notes = facts.notes(context, plan);
    if options.dry_run {
        let busy = gather::busy_task(context)?;
        notes.more.extend(busy.map(|task| format!("{}: nothing can be started now", task.words(context.env))));
    } else {
        gather::refuse_when_busy(context)?;
    }
    context.ui.plan(plan, &facts.env, &notes);
    if options.dry_run {
        return Ok(Some(InstallResult::Planned));
    }
    if options.yes || options.precheck {
        return Ok(None);
    }
    match context.ui.confirm("Install it?", &context.interrupt) {
        Confirmation::Yes => Ok(None),
        Confirmation::No => Ok(Some(InstallResult::Declined)),
        Confirmation::Interrupted => Err(context.interrupted()),
    }
}

/// The pre-checks, then the update part by part; each part only if the one before ended well.
fn carry_out(
    context: &Context<'_>,
    graph: &Graph,
    job: &Job,
    described: SavedPlan,
    outcome: Outcome,
) -> Result<Exit, AppError> {
    let update = parts::update(graph, job, context.options.step);
    let Some((last, before)) = update.split_last() else {
        return Err(AppError::new(Exit::Error, "the graph has no task that updates"));
    };
    if let Some(end) = context.window_end() {
        context.ui.status(&format!("no further node begins after {}", format_utc(end)));
    }
    if context.options.detach && !before.is_empty() {
        let message =
            format!("--detach: this Nailgun is older than 9.1, and needs {} runs one after the other", update.len());
        let hint = "leave --detach out, and the terminal open (screen, tmux)".to_owned();
        return Err(AppError::new(Exit::Error, message).hinted(hint));
    }
    if context.options.precheck {
        return precheck::alone(context, graph, job, described);
    }
    if let Some(mut failed) = precheck::before_update(context, graph, job, described, &outcome)? {
        clean::after_failure(context, &job.nodes, &mut failed)?;
        return finish::finish(context, &failed);
    }
    for (number, part) in (1..).zip(before) {
        let began = Instant::now();
        let mut end = watch::watch(context, begin(context, job, part, number)?);
        if end.went_well()
            && let Some(reason) =
                advance::forbidden(context, job, (part, &update[number]), began.elapsed()).map_err(in_the_middle)?
        {
            let rest = format!("parts {} to {} are not started", number + 1, update.len());
            context.ui.warning(&format!("{reason}: {rest}"));
            end.ended = job::WatchEnd::Halted;
        }
        if !end.went_well() {
            let more =
                format!("parts {} to {} are not started: install again when it is over", number + 1, update.len());
            return conclude::conclude(context, &end, &job.nodes, outcome).map_err(|error| {
                let hint = error.hint.iter().chain([&more]).cloned().collect::<Vec<_>>().join("; ");
                error.hinted(hint)
            });
        }
    }
    let run = begin(context, job, last, update.len())?;
    if context.options.detach {
        return finish::finish(
            context,
            &Outcome { result: InstallResult::Started, task: Some((run.parent.id, None)), ..outcome },
        );
    }
    let end = watch::watch(context, run);
    conclude::conclude(context, &end, &job.nodes, outcome)
}

/// An error after a part was carried out leaves the environment half-way.
fn in_the_middle(error: AppError) -> AppError {
    if error.exit == Exit::Interrupted { error } else { AppError { exit: Exit::InstallFailed, ..error } }
}

/// Starts a part. If an earlier part was carried out, a refusal leaves the environment half-way.
fn begin(context: &Context<'_>, job: &Job, part: &JobPart, number: usize) -> Result<job::WatchedRun, AppError> {
    start::start(context, job, part).map_err(|error| if number == 1 { error } else { in_the_middle(error) })
}
