//! The kinds of facts, and their words.

/// The kinds of facts, in the order in which they are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The installed update, and whether what belongs to it fits.
    Update,
    /// The version of a package.
    Package,
    /// A package that is held.
    Held,
    /// A package that is not properly installed.
    HalfConfigured,
    /// A package that is in no repository that the node knows.
    Origin,
    /// A package of which a MOS repository has another version.
    Upgradable,
    /// A file of a package that was changed or removed.
    File,
    /// The checksum of a configuration file.
    Config,
    /// A package repository.
    Source,
    /// A pin of apt.
    Pin,
    /// A file with keys that apt trusts.
    Key,
    /// A setting of apt.
    AptConfig,
    /// A service of the role.
    Service,
    /// The kernel.
    Kernel,
    /// Whether a reboot is required.
    Reboot,
    /// Whether the clock is right.
    Clock,
    /// The time zone.
    Zone,
}

/// What it means that a node does not have a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// The thing is missing there; nodes of other roles need not have it.
    Missing,
    /// It is not so, everywhere.
    No,
    /// It is not so, if the package is installed there; otherwise there is nothing to compare.
    NotOfPackage,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 17] = [
        Self::Update,
        Self::Package,
        Self::Held,
        Self::HalfConfigured,
        Self::Origin,
        Self::Upgradable,
        Self::File,
        Self::Config,
        Self::Source,
        Self::Pin,
        Self::Key,
        Self::AptConfig,
        Self::Service,
        Self::Kernel,
        Self::Reboot,
        Self::Clock,
        Self::Zone,
    ];

    /// Its name in documents and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Package => "package",
            Self::Held => "held",
            Self::HalfConfigured => "half-configured",
            Self::Origin => "unknown-origin",
            Self::Upgradable => "upgradable",
            Self::File => "file",
            Self::Config => "config",
            Self::Source => "source",
            Self::Pin => "pin",
            Self::Key => "key",
            Self::AptConfig => "apt-config",
            Self::Service => "service",
            Self::Kernel => "kernel",
            Self::Reboot => "reboot",
            Self::Clock => "clock",
            Self::Zone => "time-zone",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// So many of them, in words: `1 package`, `3 held packages`.
    pub fn count(self, number: usize) -> String {
        let (one, many) = match self {
            Self::Update => ("part of the update", "parts of the update"),
            Self::Package => ("package", "packages"),
            Self::Held => ("held package", "held packages"),
            Self::HalfConfigured => ("half-configured package", "half-configured packages"),
            Self::Origin => ("package of unknown origin", "packages of unknown origin"),
            Self::Upgradable => ("upgradable package", "upgradable packages"),
            Self::File => ("changed file", "changed files"),
            Self::Config => ("configuration file", "configuration files"),
            Self::Source => ("repository", "repositories"),
            Self::Pin => ("pin", "pins"),
            Self::Key => ("key file", "key files"),
            Self::AptConfig => ("setting of apt", "settings of apt"),
            Self::Service => ("service", "services"),
            Self::Kernel => ("kernel version", "kernel versions"),
            Self::Reboot => ("required reboot", "required reboots"),
            Self::Clock => ("clock", "clocks"),
            Self::Zone => ("time zone", "time zones"),
        };
        format!("{number} {}", if number == 1 { one } else { many })
    }

    /// The heading of its part of a report.
    pub fn title(self) -> &'static str {
        match self {
            Self::Update => "Update",
            Self::Package => "Package versions",
            Self::Held => "Held packages",
            Self::HalfConfigured => "Packages not properly installed",
            Self::Origin => "Packages of unknown origin",
            Self::Upgradable => "Packages that a MOS repository has in another version",
            Self::File => "Changed files of packages",
            Self::Config => "Configuration files (checksums)",
            Self::Source => "Package repositories",
            Self::Pin => "Pins of apt",
            Self::Key => "Keys of apt",
            Self::AptConfig => "Settings of apt",
            Self::Service => "Services",
            Self::Kernel => "Kernel",
            Self::Reboot => "Reboot",
            Self::Clock => "Clock",
            Self::Zone => "Time zone",
        }
    }

    /// The value of a node without the fact, in words.
    pub fn without(self) -> &'static str {
        match self {
            Self::Package => "not installed",
            Self::Held => "not held",
            Self::HalfConfigured => "properly installed",
            Self::Origin => "in a repository",
            Self::Upgradable => "nothing newer",
            Self::File => "unchanged",
            Self::Source | Self::Pin => "not listed",
            Self::AptConfig => "not set",
            _ => "not there",
        }
    }

    pub(super) fn absence(self) -> Absence {
        match self {
            Self::Held | Self::HalfConfigured | Self::Origin | Self::Upgradable => Absence::NotOfPackage,
            Self::File | Self::Source | Self::Pin | Self::Key | Self::AptConfig => Absence::No,
            _ => Absence::Missing,
        }
    }
}
