//! Options of `mirror`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::{
    AskOptions, CertificateOption, MirrorOption, OutputOptions, ProgressOption, SettingsOptions, VersionOption,
};
use crate::domain::mos_version::MosVersion;

#[derive(Debug, Subcommand)]
pub(crate) enum MirrorCommand {
    /// Announce an update on a mirror, after its packages are found to be complete.
    Publish(MirrorPublishOptions),
    /// Check every release on a mirror: the announcement, and the package repositories behind it.
    Verify(Box<MirrorVerifyOptions>),
    /// Copy the announcements, and with --packages the repositories, to carry them to a site without internet.
    Fetch(MirrorFetchOptions),
}

#[derive(Debug, Args)]
pub(crate) struct MirrorPublishOptions {
    /// Folder of the mirror, which contains or gets `mcv/`.
    pub(crate) dir: PathBuf,

    /// MOS version whose update this is.
    #[arg(long, value_name = "X.Y")]
    pub(crate) mos: MosVersion,

    /// Number of the update in the sequence of its MOS version.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) id: u64,

    /// Name of the update, such as 9.0-mu-3.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) title: String,

    /// Address of its documentation.
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) doc_link: Option<String>,

    /// Time of publication, in seconds since 1970 [default: the date of the package repositories].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) timestamp: Option<i64>,

    /// Write the same file into this tree of fuel-library first (files/fuel-misc/mu-version.json).
    #[arg(long, value_name = "TREE")]
    pub(crate) fuel_library: Option<PathBuf>,

    /// Package repository of the release (the folder above `dists/`); repeat it for several [default: those below DIR].
    #[arg(long, value_name = "URL|DIR", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) repository: Vec<String>,

    /// Publish even if the update looks wrong; never if packages are missing.
    ///
    /// A lower ID, an older date, a title of another release, or a timestamp later than the repositories.
    #[arg(long)]
    pub(crate) force: bool,

    /// Check everything and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    certificates: CertificateOption,
}

#[derive(Debug, Args)]
pub(crate) struct MirrorVerifyOptions {
    /// The mirror: http://, https://, file://, or a folder [default: as for `check available`].
    #[arg(value_name = "URL|DIR", env = "FUEL_UPDATES_MIRROR", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) place: Option<String>,

    /// Check only the announcements, not the package repositories.
    #[arg(long, conflicts_with_all = ["checksums", "repository"])]
    pub(crate) signals_only: bool,

    /// Compare the checksums of packages over HTTP, too (in a folder always).
    #[arg(long)]
    pub(crate) checksums: bool,

    /// Package repository, above `dists/`; repeatable [default: below the mirror].
    #[arg(long, value_name = "URL|DIR", requires = "mos_version", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) repository: Vec<String>,

    #[command(flatten)]
    ask: AskOptions,
    #[command(flatten)]
    certificates: CertificateOption,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    progress: ProgressOption,
}

#[derive(Debug, Args)]
pub(crate) struct MirrorFetchOptions {
    /// The mirror to copy from: http://, https://, file://, or a folder.
    #[arg(value_name = "URL|DIR", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) place: String,

    /// Folder to copy to; it becomes a mirror itself.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,

    /// Copy the package repositories of the updates, too.
    #[arg(long)]
    pub(crate) packages: bool,

    #[command(flatten)]
    version: VersionOption,
    #[command(flatten)]
    certificates: CertificateOption,
}

impl MirrorCommand {
    pub(super) fn settings(&self) -> SettingsOptions {
        let none = SettingsOptions::default();
        match self {
            Self::Publish(options) => SettingsOptions { certificates: options.certificates.clone(), ..none },
            Self::Verify(options) => SettingsOptions {
                mirror: MirrorOption { mirror: options.place.clone() },
                certificates: options.certificates.clone(),
                output: options.output.clone(),
                progress: options.progress,
                ..options.ask.settings()
            },
            Self::Fetch(options) => SettingsOptions {
                version: options.version.clone(),
                mirror: MirrorOption { mirror: Some(options.place.clone()) },
                certificates: options.certificates.clone(),
                ..none
            },
        }
    }
}
