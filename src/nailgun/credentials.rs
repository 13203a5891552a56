//! Nailgun's address and credentials, from the variables and files of fuelclient and of the Fuel master.
//!
//! Pure functions on text and variables; the caller reads the files and decides on their order.
//! Key names of both generations are read: `OS_USERNAME` (9.x and later) and `KEYSTONE_USER` (up to 8.0).
//! `OS_AUTH_URL`, `KEYSTONE_PORT` and `HTTP_PROXY` are not read: Keystone is reached through Nailgun's own
//! address, and Nailgun never through a proxy.

use std::net::Ipv6Addr;

use serde::Deserialize;
use thiserror::Error;

use crate::domain::text::one_line;
use crate::error::Explain;
use crate::http::Url;

use super::Secret;

/// The largest file that is parsed, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The port of Nailgun's web server on a master.
const PORT: &str = "8000";

/// How to log in to Nailgun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The master's web server, without a path.
    pub url: Url,
    /// User.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// Tenant, `admin` on every master.
    pub tenant: String,
}

/// What one source (a variable, a file) says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialCredentials {
    /// The whole address.
    pub url: Option<String>,
    /// The master's host, if there is no whole address.
    pub address: Option<String>,
    /// The port that goes with `address`.
    pub port: Option<String>,
    /// User.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Tenant.
    pub tenant: Option<String>,
}

/// fuelclient's file. All values are read as text: a password 0123 without quotes must not become 123.
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct ClientFile {
    server_address: Option<String>,
    server_port: Option<String>,
    listen_port: Option<String>,
    os_username: Option<String>,
    keystone_user: Option<String>,
    os_password: Option<String>,
    keystone_pass: Option<String>,
    os_tenant_name: Option<String>,
}

/// A master's own file.
#[derive(Deserialize)]
struct MasterFile {
    #[serde(rename = "FUEL_ACCESS", default)]
    access: FuelAccess,
    #[serde(rename = "ADMIN_NETWORK", default)]
    network: AdminNetwork,
}

#[derive(Default, Deserialize)]
struct FuelAccess {
    user: Option<String>,
    password: Option<String>,
    tenant: Option<String>,
}

#[derive(Default, Deserialize)]
struct AdminNetwork {
    ipaddress: Option<String>,
}

/// Why there are no credentials. No message contains a value that was read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CredentialsError {
    /// No source has the address.
    #[error("Nailgun's address is not known")]
    NoAddress,
    /// The address cannot be used.
    #[error("Nailgun's address: {0}")]
    BadAddress(String),
    /// No source has the user.
    #[error("Nailgun's user is not known")]
    NoUser,
    /// No source has the password.
    #[error("the password of Nailgun's user {0} is not known")]
    NoPassword(String),
    /// A file is not YAML, or does not have the expected form.
    #[error("line {line}: {what}")]
    File {
        /// The line, from 1; 0 where it is not known.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
}

impl Explain for CredentialsError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoAddress | Self::NoUser | Self::NoPassword(_) => Some(
                "set FUEL_UPDATES_NAILGUN_URL (http://MASTER:8000), OS_USERNAME and OS_PASSWORD, \
                 or fill in fuelclient's ~/.config/fuel/fuel_client.yaml",
            ),
            Self::BadAddress(_) => Some("write http://MASTER:8000, without user and password"),
            Self::File { .. } => None,
        };
        hint.map(str::to_owned)
    }
}

impl PartialCredentials {
    /// The variables that are read, those of the newer generation before the older ones.
    pub const VARIABLES: [&str; 9] = [
        "FUEL_UPDATES_NAILGUN_URL",
        "SERVER_ADDRESS",
        "SERVER_PORT",
        "LISTEN_PORT",
        "OS_USERNAME",
        "KEYSTONE_USER",
        "OS_PASSWORD",
        "KEYSTONE_PASS",
        "OS_TENANT_NAME",
    ];

    /// Reads `FUEL_UPDATES_NAILGUN_URL` and fuelclient's variables through `variable`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut found = Self::from_keys(&variable);
        found.url = variable("FUEL_UPDATES_NAILGUN_URL").and_then(filled);
        found
    }

    /// Reads fuelclient's own file, of either generation. Unknown keys are ignored.
    ///
    /// # Errors
    /// [`CredentialsError::File`].
    pub fn from_client_file(text: &str) -> Result<Self, CredentialsError> {
        let file: ClientFile = yaml(text)?;
        let key = |name: &str| match name {
            "SERVER_ADDRESS" => file.server_address.clone(),
            "SERVER_PORT" => file.server_port.clone(),
            "LISTEN_PORT" => file.listen_port.clone(),
            "OS_USERNAME" => file.os_username.clone(),
            "KEYSTONE_USER" => file.keystone_user.clone(),
            "OS_PASSWORD" => file.os_password.clone(),
            "KEYSTONE_PASS" => file.keystone_pass.clone(),
            "OS_TENANT_NAME" => file.os_tenant_name.clone(),
            _ => None,
        };
        Ok(Self::from_keys(&key))
    }

    /// Reads a master's `/etc/fuel/astute.yaml`: `FUEL_ACCESS` and `ADMIN_NETWORK.ipaddress`.
    ///
    /// # Errors
    /// [`CredentialsError::File`].
    pub fn from_master_file(text: &str) -> Result<Self, CredentialsError> {
        let file: MasterFile = yaml(text)?;
        Ok(Self {
            url: None,
            address: file.network.ipaddress.and_then(filled),
            port: None,
            username: file.access.user.and_then(filled),
            password: file.access.password.and_then(filled).map(Secret::new),
            tenant: file.access.tenant.and_then(filled),
        })
    }

    /// The values of this source, completed with those of a source of lower precedence.
    #[must_use]
    pub fn or(self, lower: Self) -> Self {
        let placed = self.url.is_some() || self.address.is_some();
        // A user's password is that user's: another source's belongs to another user, unless it is the same one.
        let same_user = match (&self.username, &lower.username) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => true,
        };
        Self {
            url: if placed { self.url } else { lower.url },
            address: if placed { self.address } else { lower.address },
            port: self.port.or(lower.port),
            password: self.password.or(if same_user { lower.password } else { None }),
            username: self.username.or(lower.username),
            tenant: self.tenant.or(lower.tenant),
        }
    }

    /// Whether this source has no value at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The credentials, if nothing is missing.
    ///
    /// # Errors
    /// [`CredentialsError`] names the first thing that is missing or wrong.
    pub fn complete(self) -> Result<Credentials, CredentialsError> {
        let text = match (self.url, self.address) {
            (Some(url), _) if url.contains("://") => url,
            (Some(url), _) => format!("http://{url}"),
            (None, Some(address)) => {
                let port = self.port.unwrap_or_else(|| PORT.to_owned());
                let bare = address.parse::<Ipv6Addr>().map(|ip| format!("[{ip}]")).unwrap_or(address);
                format!("http://{bare}:{port}")
            }
            (None, None) => return Err(CredentialsError::NoAddress),
        };
        let url = Url::parse(&text).map_err(|e| CredentialsError::BadAddress(e.to_string()))?;
        if url.has_credentials() || url.has_query() {
            let what = format!("`{url}` must have no user, password or query in it");
            return Err(CredentialsError::BadAddress(what));
        }
        // Operators copy addresses with the API's path; ours is the server's own.
        let path = url.path().trim_end_matches('/');
        if !matches!(path, "" | "/api" | "/api/v1" | "/keystone") {
            return Err(CredentialsError::BadAddress(format!("`{url}` must have no path")));
        }
        let url = url.join("/").map_err(|e| CredentialsError::BadAddress(e.to_string()))?;
        let username = self.username.ok_or(CredentialsError::NoUser)?;
        let Some(password) = self.password else { return Err(CredentialsError::NoPassword(one_line(&username, 60))) };
        Ok(Credentials { url, username, password, tenant: self.tenant.unwrap_or_else(|| "admin".to_owned()) })
    }

    fn from_keys(value: &dyn Fn(&str) -> Option<String>) -> Self {
        // The new name first: 9.x accepts the old one with a warning.
        let either = |new: &str, old: &str| value(new).and_then(filled).or_else(|| value(old).and_then(filled));
        Self {
            url: None,
            address: value("SERVER_ADDRESS").and_then(filled),
            port: either("SERVER_PORT", "LISTEN_PORT"),
            username: either("OS_USERNAME", "KEYSTONE_USER"),
            password: either("OS_PASSWORD", "KEYSTONE_PASS").map(Secret::new),
            tenant: value("OS_TENANT_NAME").and_then(filled),
        }
    }
}

/// Empty means unset: fuelclient's default file has empty credentials.
fn filled(text: String) -> Option<String> {
    let trimmed = text.trim();
    if trimmed.len() == text.len() { Some(text) } else { Some(trimmed.to_owned()) }.filter(|text| !text.is_empty())
}

/// Only the line is reported: the message of the YAML library may quote the file, which contains passwords.
fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, CredentialsError> {
    if text.len() > MAX_BYTES {
        return Err(CredentialsError::File { line: 0, what: "the file is larger than 256 KiB" });
    }
    // As PyYAML reads it, and with it the Fuel client: of a key that is there twice the last value counts.
    let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| CredentialsError::File {
        line: error.location().map_or(0, |place| place.line()),
        what: "it cannot be read as the YAML that it should be",
    })
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
