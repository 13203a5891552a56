//! Nailgun and its credentials, which `install` and `history` need and checks do not.

use super::fault;
use crate::command::connect;
use crate::command::pending::Pending;
use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::numbers::EnvId;
use crate::error::AppError;
use crate::settings::Settings;
use crate::signals::Interrupt;

/// Logs in and reads Nailgun's release and, where one is known, the environment.
pub(super) fn look(settings: &Settings, env: Option<EnvId>, interrupt: &Interrupt) -> Diagnosis {
    let nailgun = match connect::nailgun(settings) {
        Ok(nailgun) => nailgun,
        Err(error) => return only_for_install(fault(Need::Nailgun, &error)),
    };
    let url = nailgun.url().to_string();
    let asked = Pending::start("nailgun", move || {
        let release = nailgun.version()?.release;
        // This needs the login, the version does not.
        let environment = env.map(|env| nailgun.cluster(env)).transpose()?;
        Ok::<_, crate::nailgun::NailgunError>((release, environment))
    });
    let pending = match asked {
        Ok(pending) => pending,
        Err(error) => return Diagnosis::fault(Need::Nailgun, format!("cannot ask it: {error}"), None),
    };
    match pending.wait(interrupt) {
        None => Diagnosis::fault(Need::Nailgun, "interrupted", None),
        Some(Err(error)) => only_for_install(fault(Need::Nailgun, &AppError::from(error))),
        Some(Ok((release, Some(cluster)))) => Diagnosis::ok(
            Need::Nailgun,
            format!("{release} at {url}; environment {} is {}", cluster.id, cluster.status),
        ),
        Some(Ok((release, None))) => {
            let mend = "give --env ID".to_owned();
            Diagnosis::warning(
                Need::Nailgun,
                format!("{release} at {url}; the login was not tried without an environment"),
                mend,
            )
        }
    }
}

/// Adds that checks work all the same.
fn only_for_install(mut found: Diagnosis) -> Diagnosis {
    found.found.push_str(" (only install and history need it)");
    found
}
