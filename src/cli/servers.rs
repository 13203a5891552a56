//! Options that say how to reach the mirror and Nailgun.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

// No doc comments: see `nodes`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Mirror and Nailgun")]
pub(crate) struct MirrorOption {
    /// Mirror: an address, a folder or a file.
    ///
    /// http://, https://, file://, a path, or a mu-version.json itself [default: http://mirror.fuel-infra.org].
    #[arg(long, env = "FUEL_UPDATES_MIRROR", value_name = "URL|PATH", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) mirror: Option<String>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Mirror and Nailgun")]
pub(crate) struct CertificateOption {
    /// For https, trust the certificates in this PEM file instead of the built-in ones.
    #[arg(long, hide_short_help = true, env = "FUEL_UPDATES_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Mirror and Nailgun")]
pub(crate) struct NailgunOption {
    /// Do not verify Nailgun's certificate (the mirror's is always verified).
    #[arg(long, hide_short_help = true)]
    pub(crate) insecure_tls: bool,
}
