//! The node list: is there one, and is something odd about it?

use super::fault;
use crate::command::site::{self, Site};
use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::text::counted;
use crate::settings::Settings;

/// Looks for it; the environment with its nodes where there is one.
pub(super) fn look(settings: &Settings) -> (Option<Site>, Diagnosis) {
    let site = match site::site(settings) {
        Ok(site) => site,
        Err(error) => return (None, fault(Need::NodeList, &error)),
    };
    let count = counted(site.nodes.len(), "node");
    let found = format!("{count} of environment {} in {} ({})", site.env, site.source.path, site.source.format);
    let found = match site.warnings.first() {
        None => Diagnosis::ok(Need::NodeList, found),
        Some(warning) => Diagnosis::warning(
            Need::NodeList,
            format!("{found}; {warning}"),
            format!("fuel-updates --env {} inventory sync", site.env),
        ),
    };
    (Some(site), found)
}
