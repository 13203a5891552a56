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
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> PartialCredentials {
        PartialCredentials::from_variables(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_file_of_each_generation() {
        let old = PartialCredentials::from_client_file(
            "SERVER_ADDRESS: \"10.20.0.2\"\nSERVER_PORT: \"8000\"\nKEYSTONE_USER: \"admin\"\nKEYSTONE_PASS: \"s3cret\"\nKEYSTONE_PORT: \"5000\"\n",
        );
        let new = PartialCredentials::from_client_file(
            "# x\nSERVER_ADDRESS: 10.20.0.2\nSERVER_PORT: 8000\nOS_USERNAME: admin\nOS_PASSWORD: s3cret\n\
             OS_TENANT_NAME: admin\nOS_AUTH_URL: http://elsewhere:5000/\nHTTP_PROXY: null\nHTTP_TIMEOUT: 10\nOTHER: [a, {b: c}]\n",
        );
        for file in [old, new] {
            let found = file.unwrap().complete().unwrap();
            assert_eq!(found.url.to_string(), "http://10.20.0.2:8000/");
            assert_eq!(
                (found.username.as_str(), found.password.expose(), found.tenant.as_str()),
                ("admin", "s3cret", "admin")
            );
        }
    }

    #[test]
    fn a_value_without_quotes_is_taken_as_it_is_written() {
        for text in ["0123", "1e5", "0x10", "1.50", "yes", "true", "12345678901234567890123", "a b", "- x"] {
            let file = format!("OS_PASSWORD: {}\n", if text == "- x" { "\"- x\"" } else { text });
            let found = PartialCredentials::from_client_file(&file).unwrap();
            assert_eq!(found.password.as_ref().map(Secret::expose), Some(text));
        }
        for nothing in ["null", "~", "", "''"] {
            let found = PartialCredentials::from_client_file(&format!("OS_PASSWORD: {nothing}\n")).unwrap();
            assert_eq!(found.password, None, "{nothing}");
        }
    }

    #[test]
    fn the_last_of_a_repeated_key_counts() {
        let text = "HTTP_TIMEOUT: 10\nOS_USERNAME: old\nHTTP_TIMEOUT: 20\nOS_USERNAME: admin\n";
        assert_eq!(PartialCredentials::from_client_file(text).unwrap().username.as_deref(), Some("admin"));
        let text = "FUEL_ACCESS: {user: old}\nX: 1\nX: 2\nFUEL_ACCESS: {user: admin}\n";
        assert_eq!(PartialCredentials::from_master_file(text).unwrap().username.as_deref(), Some("admin"));
    }

    #[test]
    fn the_masters_own_file() {
        let text = "HOSTNAME: fuel\nADMIN_NETWORK:\n  ipaddress: 10.20.0.2\n  interface: eth0\n\
                    FUEL_ACCESS:\n  user: admin\n  password: \"0123\"\nBOOTSTRAP: {flavor: ubuntu, repos: []}\n";
        let found = PartialCredentials::from_master_file(text).unwrap().complete().unwrap();
        assert_eq!(found.url.to_string(), "http://10.20.0.2:8000/");
        assert_eq!((found.username.as_str(), found.password.expose()), ("admin", "0123"));
    }

    #[test]
    fn the_higher_source_wins_and_empty_means_unset() {
        let file = PartialCredentials::from_client_file(
            "SERVER_ADDRESS: 10.20.0.2\nSERVER_PORT: 8001\nOS_USERNAME: admin\nOS_PASSWORD: file\n",
        )
        .unwrap();
        let merged = |pairs: &[(&str, &str)]| variables(pairs).or(file.clone()).complete();
        assert_eq!(merged(&[("OS_PASSWORD", "env")]).unwrap().password.expose(), "env");
        assert_eq!(merged(&[("OS_PASSWORD", "")]).unwrap().password.expose(), "file");
        assert_eq!(merged(&[("SERVER_ADDRESS", "fuel")]).unwrap().url.to_string(), "http://fuel:8001/");
        let url = ("FUEL_UPDATES_NAILGUN_URL", "https://fuel:8443/api/v1/");
        assert_eq!(merged(&[url]).unwrap().url.to_string(), "https://fuel:8443/");
        assert_eq!(merged(&[("SERVER_ADDRESS", "fd00::2")]).unwrap().url.to_string(), "http://[fd00::2]:8001/");
    }

    #[test]
    fn one_users_password_is_never_sent_for_another() {
        let file = PartialCredentials::from_client_file("SERVER_ADDRESS: m\nOS_USERNAME: admin\nOS_PASSWORD: p\n");
        let merged = variables(&[("OS_USERNAME", "jane")]).or(file.unwrap()).complete();
        assert_eq!(merged, Err(CredentialsError::NoPassword("jane".into())));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(variables(&[]).complete(), Err(CredentialsError::NoAddress));
        assert!(variables(&[]).is_empty());
        let host = ("FUEL_UPDATES_NAILGUN_URL", "fuel:8000");
        assert_eq!(variables(&[host]).complete(), Err(CredentialsError::NoUser));
        assert_eq!(variables(&[host, ("OS_USERNAME", "a")]).complete(), Err(CredentialsError::NoPassword("a".into())));
        assert!(CredentialsError::NoAddress.hint().unwrap().contains("FUEL_UPDATES_NAILGUN_URL"));
    }

    #[test]
    fn no_error_and_no_debug_text_shows_a_secret() {
        let url =
            |text| variables(&[("FUEL_UPDATES_NAILGUN_URL", text), ("OS_USERNAME", "a"), ("OS_PASSWORD", "s3cret")]);
        for text in ["http://u:s3cret@fuel:8000", "ftp://u:s3cret@fuel", "http://fuel/other/path", "http://fuel/?s"] {
            let error = url(text).complete().unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
        let good = url("http://fuel:8000");
        assert!(!format!("{good:?} {:?}", good.clone().complete()).contains("s3cret"));
        for broken in ["OS_PASSWORD: s3cret\n  x: [", "OS_PASSWORD: {s3cret", "- s3cret", "s3cret"] {
            let error = PartialCredentials::from_client_file(broken).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn an_alias_bomb_is_bounded() {
        let mut text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 0..12 {
            let (from, to) = (char::from(b'a' + level), char::from(b'b' + level));
            text.push_str(&format!(
                "{to}: &{to} [*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from},*{from}]\n"
            ));
        }
        assert!(PartialCredentials::from_client_file(&text).is_err());
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(?s).{0,200}") {
            let _ = PartialCredentials::from_client_file(&text);
            let _ = PartialCredentials::from_master_file(&text);
            let _ = variables(&[("FUEL_UPDATES_NAILGUN_URL", &text), ("OS_USERNAME", &text), ("OS_PASSWORD", "p")]).complete();
        }
    }
}
