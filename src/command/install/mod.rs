//! `install`: ask, plan and confirm, submit, watch, prove (product page, "install").

mod attach;
mod calls;
mod clean;
mod compare;
mod gather;
mod lock;
mod precheck;
mod prove;
mod record;
mod run_log;
mod stop;
mod submit;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use gather::Gathered;
use lock::Lock;

use super::{check, connect, state_dir};
use crate::cli::InstallOptions;
use crate::domain::outcome::{InstallResult, Outcome};
use crate::domain::plan::{Allowances, Plan};
use crate::error::AppError;
use crate::exit::Exit;
use crate::graph::Graph;
use crate::nailgun::{Nailgun, NailgunError, StartApi};
use crate::settings::Settings;
use crate::signals::Interrupt;
use crate::ui::{Answer, PlanNotes, Ui};

/// What every step needs.
struct Context<'a> {
    env: u32,
    options: &'a InstallOptions,
    settings: &'a Settings,
    ui: &'a Ui,
    nailgun: Nailgun,
    interrupt: Interrupt,
    state: PathBuf,
}

/// Runs an installation, or comes back to one, or stops one.
pub(crate) fn run(options: &InstallOptions, settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let env = settings
        .env
        .ok_or_else(|| AppError::new(Exit::Usage, "install needs --env ID: the environment is never guessed"))?;
    let asks =
        !(options.yes || options.dry_run || options.precheck || options.attach.is_some() || options.stop.is_some());
    if asks && !ui.can_ask() {
        let error = AppError::new(Exit::Usage, "there is no terminal to ask for confirmation");
        return Err(error.hinted(Some("look at the plan with --dry-run, then give --yes".to_owned())));
    }
    let context = Context {
        env,
        options,
        settings,
        ui,
        nailgun: connect::nailgun(settings)?,
        interrupt: Interrupt::listen()?,
        state: state_dir::open(&settings.state_dir)?,
    };
    match (options.attach, options.stop) {
        (Some(run), _) => attach::run(&context, run),
        (None, Some(run)) => stop::run(&context, run),
        (None, None) => fresh(&context),
    }
}

/// A new installation, from the questions to the proof.
fn fresh(context: &Context<'_>) -> Result<Exit, AppError> {
    let options = context.options;
    let graph = load_graph(options)?;
    let gathered = gather::gather(context)?;
    let allow = Allowances { offline: options.allow_offline, no_controller: options.skip_cluster_checks };
    let everything = context.settings.selection.is_everything();
    let plan =
        Plan::new(&gathered.env, &gathered.site.listed, &gathered.rows, everything, &gathered.announcement.mu, allow);
    let mut outcome = Outcome {
        result: InstallResult::Refused,
        env: context.env,
        target: Some(plan.target.clone()),
        task: None,
        nodes: vec![],
        cleaned: vec![],
        left_out: plan.left_out.clone(),
        refusals: plan.refusals.clone(),
        message: None,
    };
    if !plan.refusals.is_empty() {
        return refuse(context, &plan, &outcome);
    }
    if plan.targeted.is_empty() {
        outcome.result = InstallResult::NothingToDo;
        let exit = if plan.left_out.is_empty() { Exit::Ok } else { Exit::Partial };
        return finish(context, &outcome, exit);
    }
    submit::refuse_when_busy(context)?;
    context.ui.plan(&plan, &gathered.env, &notes(options, &gathered, &plan));
    if options.dry_run {
        outcome.result = InstallResult::Planned;
        return finish(context, &outcome, Exit::Ok);
    }
    if !options.yes && !options.precheck {
        match context.ui.confirm("Install it?", &context.interrupt) {
            Answer::Yes => {}
            Answer::No => {
                outcome.result = InstallResult::Declined;
                return finish(context, &outcome, Exit::Error);
            }
            Answer::Interrupted => {
                return Err(AppError::new(Exit::Interrupted, "interrupted; nothing was sent"));
            }
        }
    }
    let _lock = Lock::take(&context.state, context.env)?;
    let job = submit::prepare(context, &graph, &gathered, &plan)?;
    let calls = if job.api == StartApi::Deploy { calls::cut(&graph, &job) } else { vec![] };
    if options.detach && calls.len() > 1 {
        let message = format!("--detach: this Nailgun is 9.0, which needs {} calls one after the other", calls.len());
        let hint = "leave --detach out, and the terminal open (screen, tmux)".to_owned();
        return Err(AppError::new(Exit::Error, message).hinted(Some(hint)));
    }
    if options.precheck {
        return precheck::report(context, &graph, &job);
    }
    if let Some(mut failed) = precheck::run(context, &graph, &job, &outcome)? {
        clean::after_failure(context, &job.target_nodes, &mut failed)?;
        let exit = if failed.result == InstallResult::Started { Exit::Interrupted } else { Exit::InstallFailed };
        return finish(context, &failed, exit);
    }
    if calls.len() > 1 {
        return in_calls(context, &calls, &job, outcome);
    }
    let run = begin(context, &job, None, "update", &outcome)?;
    if options.detach {
        outcome.result = InstallResult::Started;
        outcome.task = Some((run.parent.id, None));
        return finish(context, &outcome, Exit::Ok);
    }
    follow(context, run, &job.target_nodes, outcome)
}

/// Starts the update or a part of it, and remembers it for `--attach`.
fn begin(
    context: &Context<'_>,
    job: &submit::Job,
    part: Option<&calls::Call>,
    title: &str,
    outcome: &Outcome,
) -> Result<watch::Run, AppError> {
    let run = submit::start(context, job, part, title)?;
    let task = run.parent.id;
    let started = record::Record {
        run: job.values.run.clone(),
        env: context.env,
        task: Some(task),
        started: check::now(),
        left_out: outcome.left_out.clone(),
    };
    started.write(&context.state)?;
    context.ui.status(&format!("started as task {task}; come back to it with: {}", attach_command(context.env, task)));
    Ok(run)
}

/// An update in several calls, each of them only when the one before ended well.
fn in_calls(
    context: &Context<'_>,
    calls: &[calls::Call],
    job: &submit::Job,
    outcome: Outcome,
) -> Result<Exit, AppError> {
    let Some((last, before)) = calls.split_last() else {
        return Err(AppError::new(Exit::Error, "the graph has no task that updates"));
    };
    let title = |number: usize| format!("update, part {number} of {}", calls.len());
    // Once a part was carried out, a refusal of the next leaves the environment half-way.
    let half_way = |number: usize, error: AppError| match number {
        1 => error,
        _ => AppError { exit: Exit::InstallFailed, ..error },
    };
    for (number, call) in (1..).zip(before) {
        let run = begin(context, job, Some(call), &title(number), &outcome).map_err(|e| half_way(number, e))?;
        let end = watch::watch(context, run, &mut context.ui.progress());
        if !end.went_well() {
            let more =
                format!("parts {} to {} are not started: install again when it is over", number + 1, calls.len());
            return conclude(context, &end, &job.target_nodes, outcome).map_err(|error| {
                let hint = error.hint.iter().chain([&more]).cloned().collect::<Vec<_>>().join("; ");
                error.hinted(Some(hint))
            });
        }
    }
    let run = begin(context, job, Some(last), &title(calls.len()), &outcome);
    let run = run.map_err(|e| half_way(calls.len(), e))?;
    follow(context, run, &job.target_nodes, outcome)
}

/// Watches a run to its end, proves it, and reports.
fn follow(
    context: &Context<'_>,
    run: watch::Run,
    nodes: &[prove::Subject],
    outcome: Outcome,
) -> Result<Exit, AppError> {
    let mut progress = context.ui.progress();
    let end = watch::watch(context, run, &mut progress);
    conclude(context, &end, nodes, outcome)
}

/// Proves what a run that is not watched any more has brought, and reports.
fn conclude(
    context: &Context<'_>,
    end: &watch::End,
    nodes: &[prove::Subject],
    mut outcome: Outcome,
) -> Result<Exit, AppError> {
    outcome.task = Some((end.parent, end.child));
    if end.ended == watch::WatchEnd::Interrupted {
        outcome.result = InstallResult::Started;
        finish(context, &outcome, Exit::Interrupted)?;
        let attach = attach_command(context.env, end.parent);
        let stop = format!("fuel-updates --env {} install --stop {}", context.env, end.parent);
        let error = AppError::new(Exit::Interrupted, format!("interrupted; task {} goes on without us", end.parent));
        return Err(error.hinted(Some(format!("come back with: {attach}; stop it with: {stop}"))));
    }
    prove::prove(context, end, nodes, &mut outcome)?;
    clean::after_failure(context, nodes, &mut outcome)?;
    let exit = match outcome.result {
        InstallResult::Verified => Exit::Ok,
        InstallResult::VerifiedPartly => Exit::Partial,
        _ => Exit::InstallFailed,
    };
    finish(context, &outcome, exit)
}

/// Prints the outcome and the next step.
fn finish(context: &Context<'_>, outcome: &Outcome, exit: Exit) -> Result<Exit, AppError> {
    context.ui.outcome(outcome, &check::now(), exit as u8)?;
    if let Some(message) = &outcome.message {
        context.ui.status(&format!("Nailgun says: {message}"));
    }
    let env = context.env;
    match outcome.result {
        // Without a node there is no cause on one: what is wrong was said before.
        InstallResult::Failed | InstallResult::Stopped if !outcome.nodes.is_empty() => context.ui.hint(&format!(
            "repair the cause and run `fuel-updates --env {env} install` again: nodes that are through pass in seconds; \
             or leave nodes out with --exclude"
        )),
        InstallResult::Lost => context.ui.hint(&format!(
            "look with `fuel-updates --env {env} check installed`; come back with `install --attach`"
        )),
        InstallResult::Verified | InstallResult::VerifiedPartly => {
            if let Some(link) = outcome.target.as_ref().and_then(|t| t.doc_link.as_ref()) {
                context.ui.hint(&format!("are there manual steps? {link}"));
            }
        }
        _ => {}
    }
    Ok(exit)
}

fn refuse(context: &Context<'_>, plan: &Plan, outcome: &Outcome) -> Result<Exit, AppError> {
    if matches!(context.ui.format(), crate::cli::Format::Json | crate::cli::Format::Yaml) {
        context.ui.outcome(outcome, &check::now(), Exit::Error as u8)?;
    }
    context.ui.refusals(&plan.refusals);
    let mut hints: Vec<&str> = plan.refusals.iter().filter_map(|r| r.hint).collect();
    hints.sort_unstable();
    hints.dedup();
    let hint = if hints.is_empty() { None } else { Some(hints.join("; ")) };
    let count = plan.refusals.len();
    let reasons = if count == 1 { "1 reason".to_owned() } else { format!("{count} reasons") };
    Err(AppError::new(Exit::Error, format!("refused for {reasons}; nothing was sent")).hinted(hint))
}

fn notes(options: &InstallOptions, gathered: &Gathered, plan: &Plan) -> PlanNotes {
    let mut more = gathered.notes.clone();
    let controller = plan.targeted.iter().any(|t| t.roles.iter().any(|r| r == "controller"));
    if !controller {
        more.push("no controller is updated, so the cluster itself is not checked".to_owned());
    }
    PlanNotes {
        mirror: gathered.announcement.url.clone(),
        batch: options.batch,
        restart_rabbitmq: options.restart_rabbitmq,
        restart_mysql: options.restart_mysql,
        more,
    }
}

/// The built-in graph or the operator's, without a fault that Nailgun would accept silently.
fn load_graph(options: &InstallOptions) -> Result<Graph, AppError> {
    let graph = match &options.graph {
        None => Graph::builtin(),
        Some(folder) => Graph::load(folder),
    };
    let graph = graph.map_err(|e| AppError::from_error(Exit::Error, &e))?;
    let findings = graph.lint();
    if findings.is_empty() {
        return Ok(graph);
    }
    let mut error = AppError::new(Exit::Error, "the graph has faults that Nailgun would accept silently");
    error.causes = findings.iter().map(ToString::to_string).collect();
    Err(error.hinted(Some("see `fuel-updates graph check DIR`".to_owned())))
}

fn attach_command(env: u32, task: u64) -> String {
    format!("fuel-updates --env {env} install --attach {task}")
}

/// An error of Nailgun before anything was sent.
fn nailgun_error(error: &NailgunError) -> AppError {
    AppError::from_error(Exit::Error, error).hinted(error.hint.clone())
}

/// Without any progress for so long, the watch gives up.
fn give_up_after(context: &Context<'_>) -> Duration {
    Duration::from_secs(context.options.give_up_after.into())
}
