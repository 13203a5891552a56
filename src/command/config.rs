//! `config show`: each setting with the value that holds and where it came from. `config init`: a file to begin with.

use super::clock::now;
use super::connect;
use crate::cli::Origin;
use crate::error::AppError;
use crate::exit::Exit;
use crate::http::mask;
use crate::nailgun::PartialCredentials;
use crate::settings::{self, Settings};
use crate::ui::{ShownSetting, ShownSettings, Ui};

/// Prints the settings. Passwords are masked, also those in addresses.
pub(crate) fn show(settings: &Settings, ui: &Ui) -> Result<Exit, AppError> {
    let mut shown = ShownSettings { env: settings.env, taken_at: now(), settings: vec![] };
    let mut row = |name: &'static str, value: Option<&str>, origin: &Origin| {
        let value = value.filter(|v| !v.is_empty()).map(mask);
        shown.settings.push(ShownSetting { name, value, source: origin.to_string() });
    };
    for setting in &settings.explained {
        row(setting.name, setting.value.as_deref(), &setting.origin);
    }
    let nailgun = Found::of(connect::sources(settings)?);
    for (name, value, origin) in nailgun.rows() {
        row(name, value.as_deref(), origin);
    }
    ui.show(&shown)?;
    ui.status("a node's own entry in the node list stands between option or variable and the configuration file");
    Ok(Exit::Ok)
}

/// Prints a configuration file with every key, each as a comment.
pub(crate) fn init(ui: &Ui) -> Exit {
    ui.data(settings::TEMPLATE);
    Exit::Ok
}

/// What all sources together know of Nailgun, and which of them said it first.
struct Found {
    all: PartialCredentials,
    place: Origin,
    username: Origin,
    password: Origin,
    tenant: Origin,
}

impl Found {
    fn of(sources: Vec<(Origin, PartialCredentials)>) -> Self {
        let nobody = || Origin::Default;
        let all = PartialCredentials::default();
        let start = Self { all, place: nobody(), username: nobody(), password: nobody(), tenant: nobody() };
        sources.into_iter().fold(start, |mut found, (origin, source)| {
            let before = found.all.clone();
            found.all = found.all.or(source);
            let all = &found.all;
            let new = |had: bool, has: bool, slot: &mut Origin| {
                if !had && has {
                    *slot = origin.clone();
                }
            };
            let placed = |c: &PartialCredentials| c.url.is_some() || c.address.is_some();
            new(placed(&before), placed(all), &mut found.place);
            new(before.username.is_some(), all.username.is_some(), &mut found.username);
            new(before.password.is_some(), all.password.is_some(), &mut found.password);
            new(before.tenant.is_some(), all.tenant.is_some(), &mut found.tenant);
            found
        })
    }

    fn rows(&self) -> [(&'static str, Option<String>, &Origin); 4] {
        let all = &self.all;
        let address = || all.url.clone().or(all.address.clone());
        let url = all.clone().complete().ok().map(|c| c.url.to_string()).or_else(address);
        let tenant = all.tenant.clone().unwrap_or_else(|| "admin".to_owned());
        [
            ("nailgun.url", url, &self.place),
            ("nailgun.username", all.username.clone(), &self.username),
            ("nailgun.password", all.password.as_ref().map(|_| "***".to_owned()), &self.password),
            ("nailgun.tenant", Some(tenant), &self.tenant),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_names_the_source_that_said_it_first() {
        let file =
            |name: &str, text: &str| (Origin::File(name.into()), PartialCredentials::from_client_file(text).unwrap());
        let found = Found::of(vec![
            (Origin::Variable("OS_PASSWORD".into()), PartialCredentials::default()),
            file("a", "OS_USERNAME: jane\n"),
            file("b", "SERVER_ADDRESS: m\nOS_USERNAME: admin\nOS_PASSWORD: s3cret\n"),
            file("c", "SERVER_ADDRESS: n\nOS_PASSWORD: other\n"),
        ]);
        let rows: Vec<_> = found.rows().map(|(n, v, o)| format!("{n} {} {o}", v.unwrap_or_else(|| "-".into()))).into();
        assert_eq!(
            rows,
            [
                "nailgun.url http://m:8000/ b",
                "nailgun.username jane a",
                "nailgun.password *** c",
                "nailgun.tenant admin default",
            ]
        );
    }
}
