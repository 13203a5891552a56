//! Warnings about checks that the settings switch off: printed once by each command that would make them.

use crate::cli::HostKeys;
use crate::settings::Settings;
use crate::ui::Ui;

/// For commands that log in to nodes.
pub(crate) fn warn_of_host_keys(settings: &Settings, ui: &Ui) {
    if settings.ssh.host_keys == HostKeys::Off {
        ui.warning("host keys are not checked (--host-keys off): another machine can pose as a node");
    }
}

/// For commands that talk to Nailgun.
pub(crate) fn warn_of_certificate(settings: &Settings, ui: &Ui) {
    if settings.insecure_tls {
        ui.warning("Nailgun's certificate is not checked (--insecure-tls): another machine can read the password");
    }
}
