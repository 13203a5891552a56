//! Records where each setting comes from. Every value is chosen through the ledger, so `config show` prints the values
//! that are used.

use std::path::PathBuf;

use clap::ValueEnum as _;

use crate::cli::{HostKeys, Origin, Origins};
use crate::domain::mos_version::MosVersion;
use crate::domain::numbers::EnvId;

/// A setting with its value and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as in the configuration file where it can stand there.
    pub name: &'static str,
    /// Its value as text; None if it is not set.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
}

pub(super) struct Ledger<'a> {
    origins: &'a Origins,
    file: PathBuf,
    pub(super) settings: Vec<Setting>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(origins: &'a Origins, file: PathBuf) -> Self {
        Self { origins, file, settings: vec![] }
    }

    /// Chooses between option or variable (`arg` is the ID of the option), configuration file and default, in this order.
    pub(super) fn pick<T: Shown>(
        &mut self,
        name: &'static str,
        arg: &str,
        given: Option<T>,
        file: Option<T>,
        default: Option<T>,
    ) -> Option<T> {
        let (value, origin) = match (given, file) {
            (Some(given), _) => (Some(given), self.given(arg)),
            (None, Some(file)) => (Some(file), Origin::File(self.file.clone())),
            (None, None) => (default, Origin::Default),
        };
        self.note(name, value.as_ref().map(Shown::shown), origin);
        value
    }

    /// Records a setting whose sources stay apart because the node list comes between them.
    pub(super) fn note_either<T: Shown>(
        &mut self,
        name: &'static str,
        arg: &str,
        given: Option<&T>,
        file: Option<&T>,
        default: &str,
    ) {
        let (value, origin) = match (given, file) {
            (Some(given), _) => (given.shown(), self.given(arg)),
            (None, Some(file)) => (file.shown(), Origin::File(self.file.clone())),
            (None, None) => (default.to_owned(), Origin::Default),
        };
        self.note(name, Some(value), origin);
    }

    pub(super) fn note(&mut self, name: &'static str, value: Option<String>, origin: Origin) {
        self.settings.push(Setting { name, value, origin });
    }

    fn given(&self, arg: &str) -> Origin {
        self.origins.get(arg).unwrap_or_else(|| Origin::Option(format!("--{}", arg.replace('_', "-"))))
    }
}

/// How a value looks in `config show`.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

impl Shown for String {
    fn shown(&self) -> String {
        self.clone()
    }
}

impl Shown for PathBuf {
    fn shown(&self) -> String {
        self.display().to_string()
    }
}

impl Shown for Vec<PathBuf> {
    fn shown(&self) -> String {
        self.iter().map(Shown::shown).collect::<Vec<_>>().join(", ")
    }
}

impl Shown for HostKeys {
    fn shown(&self) -> String {
        self.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
    }
}

macro_rules! shown_as_displayed {
    ($($type:ty),*) => {$(impl Shown for $type {
        fn shown(&self) -> String {
            self.to_string()
        }
    })*};
}
shown_as_displayed!(u16, u32, f64, bool, EnvId, MosVersion);
