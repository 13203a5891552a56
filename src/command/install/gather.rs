//! Step 1: asks nodes, mirror and Nailgun at the same time.

use std::thread;

use super::{Context, nailgun_error};
use crate::command::ask::{self, Site};
use crate::command::check;
use crate::command::mirror_client::MirrorClient;
use crate::domain::environment::Environment;
use crate::domain::row::Row;
use crate::error::AppError;
use crate::exit::Exit;
use crate::mirror::Announcement;
use crate::nailgun::{Nailgun, NailgunError, NailgunErrorKind, Repository, StartApi};

/// Everything that the plan is made from.
pub(super) struct Gathered {
    pub(super) site: Site,
    pub(super) rows: Vec<Row>,
    pub(super) env: Environment,
    pub(super) repositories: Vec<Repository>,
    pub(super) api: StartApi,
    pub(super) announcement: Announcement,
    /// What the operator should know beside the plan.
    pub(super) notes: Vec<String>,
}

/// Asks everybody. Nothing that changes anything is sent.
pub(super) fn gather(context: &Context<'_>) -> Result<Gathered, AppError> {
    let settings = context.settings;
    let mirror = MirrorClient::new(settings)?;
    let site = ask::site(settings)?;
    check::announce(&site, context.ui);
    let (nailgun, number) = (&context.nailgun, context.env);
    let (rows, told) = thread::scope(|scope| {
        let told = scope.spawn(move || ask_nailgun(nailgun, number));
        let mut progress = context.ui.progress();
        let known_hosts = context.state.join("known_hosts");
        let rows = ask::ask(&site.nodes, &settings.ssh, &known_hosts, &mut progress, context.interrupt.flag());
        (rows, told.join())
    });
    let rows = rows?;
    if context.interrupt.came() {
        return Err(AppError::new(Exit::Interrupted, "interrupted; nothing was started"));
    }
    let told = told.map_err(|_| AppError::new(Exit::Error, "asking Nailgun failed"))?;
    let (env, repositories, api) = told.map_err(|e| match e.kind {
        NailgunErrorKind::NotFound => nailgun_error(&e)
            .hinted(Some("`fuel2 env list` on the master shows the environments that Nailgun has".to_owned())),
        _ => nailgun_error(&e),
    })?;

    // For an installation Nailgun's word on the version is the truth.
    let Some(version) = &env.mos_version else {
        return Err(AppError::new(Exit::Error, format!("Nailgun reports no MOS version of environment {}", env.id)));
    };
    if let Some((listed, source)) = site.mos_version.as_ref().filter(|(listed, _)| listed != version) {
        let message = format!("the {source} says MOS {listed}, Nailgun says {version} of environment {}", env.id);
        return Err(AppError::new(Exit::Error, message)
            .hinted(Some("run `inventory sync`, or leave --mos-version out".to_owned())));
    }
    let announcement = mirror.fetch(version)?;
    let mut notes = Vec::new();
    if announcement.fell_back {
        notes.push(format!("the mirror has no folder for MOS {version}; that of 9.0 is used"));
    }
    if env.status != "operational" {
        notes.push(format!("the environment is {}, not operational", env.status));
    }
    if api == StartApi::Deploy {
        notes.push(
            "this Nailgun is 9.0: it changes the status of nodes, and does not stop at a failure by itself; so nodes that go \
             one by one get a call each, and this program must stay until the end"
                .to_owned(),
        );
    }
    Ok(Gathered { site, rows, env, repositories, api, announcement, notes })
}

fn ask_nailgun(nailgun: &Nailgun, env: u32) -> Result<(Environment, Vec<Repository>, StartApi), NailgunError> {
    Ok((nailgun.environment(env)?, nailgun.repositories(env)?, nailgun.start_api()?))
}
