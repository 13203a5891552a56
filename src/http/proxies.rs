//! Which proxy, if any, leads to an address: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`.
//!
//! Our own code because ureq's reading of `no_proxy` knows no addresses and no networks, and Fuel masters are named
//! by their address.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;

use super::url::UrlFault;
use super::{HttpError, Peer, Url, mask};

/// The proxies that the environment names. The default is none at all.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Variable>,
    https: Option<Variable>,
    except: Vec<Exception>,
}

/// A variable that names a proxy, as the operator set it.
#[derive(Clone)]
struct Variable {
    name: String,
    value: String,
}

/// A proxy and the variable that named it.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    pub(super) url: Url,
    pub(super) variable: String,
}

/// Why a variable does not name a usable proxy.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ProxyFault {
    /// A SOCKS proxy.
    #[error("SOCKS proxies are not supported")]
    Socks,
    /// No usable address.
    #[error("{0}")]
    Address(#[source] UrlFault),
}

/// One entry of `no_proxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    Network(IpNet),
    Domain { name: String, port: Option<u16> },
}

impl Proxies {
    /// Reads the usual variables through `variable`, small letters before capitals. Empty means unset.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name: &str| {
            [name.to_owned(), name.to_ascii_uppercase()].into_iter().find_map(|name| {
                let value = variable(&name)?.trim().to_owned();
                (!value.is_empty()).then_some(Variable { name, value })
            })
        };
        let all = read("all_proxy");
        Self {
            http: read("http_proxy").or_else(|| all.clone()),
            https: read("https_proxy").or(all),
            except: read("no_proxy").map(|list| exceptions(&list.value)).unwrap_or_default(),
        }
    }

    /// The proxy that leads to `url`; `None` where the way is direct. Loopback is always reached directly.
    pub(super) fn choose(&self, url: &Url) -> Result<Option<Proxy>, HttpError> {
        let named = if url.is_https() { &self.https } else { &self.http };
        let Some(variable) = named else { return Ok(None) };
        let host = url.bare_host();
        let loopback = host.parse::<IpAddr>().map_or(host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback());
        if loopback || self.except.iter().any(|exception| exception.covers(host, url.port())) {
            return Ok(None);
        }
        variable.proxy().map(Some)
    }
}

impl Proxy {
    /// As the other end of a connection.
    pub(super) fn peer(&self) -> Peer {
        Peer { address: self.url.host_and_port(), variable: Some(self.variable.clone()) }
    }
}

impl Variable {
    fn proxy(&self) -> Result<Proxy, HttpError> {
        let bad = |fault| HttpError::BadProxy { variable: self.name.clone(), value: mask(&self.value), fault };
        let text = match self.value.split_once("://") {
            Some((scheme, _)) if scheme.to_ascii_lowercase().starts_with("socks") => {
                return Err(bad(ProxyFault::Socks));
            }
            Some(_) => self.value.clone(),
            None => format!("http://{}", self.value),
        };
        let url = Url::read(&text).map_err(|fault| bad(ProxyFault::Address(fault)))?;
        // A proxy's address has no path and no query: this is a password that was taken for one.
        if url.path_and_query().contains('@') {
            let c = if url.path() == "/" { '?' } else { '/' };
            return Err(bad(ProxyFault::Address(UrlFault::Login(c))));
        }
        Ok(Proxy { url, variable: self.name.clone() })
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, mask(&self.value))
    }
}

impl ProxyFault {
    /// What to write instead, in this variable.
    pub(super) fn hint(self, variable: &str) -> String {
        match self {
            Self::Address(UrlFault::Login(c)) => {
                format!("in {variable}, write %{:02X} in place of `{c}` in the user name or password", u32::from(c))
            }
            Self::Socks | Self::Address(_) => format!(
                "set {variable} to an HTTP proxy (http://HOST:PORT), or name the hosts that are reached without one \
                 in no_proxy"
            ),
        }
    }
}

impl Exception {
    fn parse(entry: &str) -> Self {
        if entry == "*" {
            return Self::Everything;
        }
        let bare = entry.replace(['[', ']'], "");
        if let Ok(network) = bare.parse::<IpNet>().or_else(|_| bare.parse::<IpAddr>().map(IpNet::from)) {
            return Self::Network(network);
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().ok()),
            _ => (entry, None),
        };
        let name = name.strip_prefix('*').unwrap_or(name);
        let name = name.strip_prefix('.').unwrap_or(name);
        Self::Domain { name: name.trim_end_matches('.').to_ascii_lowercase(), port }
    }

    fn covers(&self, host: &str, at_port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Network(network) => host.parse::<IpAddr>().is_ok_and(|host| network.contains(&host)),
            Self::Domain { name, port } => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                let same = host == *name || host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                !name.is_empty() && same && port.is_none_or(|port| port == at_port)
            }
        }
    }
}

fn exceptions(list: &str) -> Vec<Exception> {
    list.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|entry| !entry.is_empty())
        .map(Exception::parse)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explain as _;

    fn chosen(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let proxies = Proxies::from_variables(find);
        proxies.choose(&Url::parse(url).unwrap()).unwrap().map(|proxy| proxy.url.to_string())
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let both = [("http_proxy", "p:3128"), ("HTTPS_PROXY", "http://u:secret@s:8080")];
        assert_eq!(chosen(&both, "http://mirror/").as_deref(), Some("http://p:3128/"));
        assert_eq!(chosen(&both, "https://mirror/").as_deref(), Some("http://***@s:8080/"));
        assert_eq!(chosen(&[("all_proxy", "a:1")], "https://mirror/").as_deref(), Some("http://a:1/"));
        assert_eq!(chosen(&[("http_proxy", " ")], "http://mirror/"), None);
        assert_eq!(chosen(&[("http_proxy", ""), ("HTTP_PROXY", "p:1")], "http://m/").as_deref(), Some("http://p:1/"));
        assert_eq!(chosen(&[], "http://mirror/"), None);
    }

    #[test]
    fn small_letters_win() {
        assert_eq!(
            chosen(&[("http_proxy", "small:1"), ("HTTP_PROXY", "big:1")], "http://m/").as_deref(),
            Some("http://small:1/")
        );
    }

    #[test]
    fn loopback_never_goes_through_a_proxy() {
        for url in ["http://127.0.0.1/", "http://127.77.1.2:8080/", "http://[::1]/", "http://localhost/"] {
            assert_eq!(chosen(&[("http_proxy", "p:1")], url), None, "{url}");
        }
    }

    #[test]
    fn exceptions_are_names_suffixes_addresses_and_networks() {
        let direct = |list: &str, url: &str| chosen(&[("http_proxy", "p:1"), ("no_proxy", list)], url).is_none();
        assert!(direct("*", "http://anything/"));
        assert!(direct("10.20.0.2", "http://10.20.0.2:8080/"));
        assert!(direct("a, 10.20.0.0/16 ,b", "http://10.20.9.2/"));
        assert!(!direct("10.20.0.0/24", "http://10.20.9.2/"));
        assert!(direct("0.0.0.0/0", "http://9.9.9.9/"));
        assert!(direct("10.20.0.7/16", "http://10.20.9.2/"), "host bits in the network");
        assert!(direct("fd00::/8", "http://[fd12::1]/") && direct("[fd12::1]", "http://[fd12::1]/"));
        assert!(direct(".example.com", "http://a.example.com/"));
        assert!(direct("example.com", "http://A.Example.com./"));
        assert!(direct("*.example.com", "http://a.example.com/"));
        assert!(!direct("example.com", "http://notexample.com/"));
        assert!(direct("m:8080", "http://m:8080/") && !direct("m:8080", "http://m/"));
        assert!(!direct(",", "http://m/"));
    }

    #[test]
    fn what_is_no_usable_proxy_is_refused_by_the_name_of_its_variable_and_without_its_password() {
        let refused = |variable: &str, value: &str| {
            let proxies = Proxies::from_variables(|name| (name == variable).then(|| value.to_owned()));
            assert!(!format!("{proxies:?}").contains("secret"), "{proxies:?}");
            let error = proxies.choose(&Url::parse("http://m/").unwrap()).unwrap_err();
            (error.to_string(), error.hint().unwrap_or_default())
        };
        let (message, hint) = refused("all_proxy", "socks5://u:secret@p:1");
        assert_eq!(message, "all_proxy=`socks5://***@p:1` cannot be used: SOCKS proxies are not supported");
        assert!(hint.starts_with("set all_proxy to an HTTP proxy (http://HOST:PORT)"), "{hint}");
        for value in ["http://u:sec#secret@p:1", "u:1#secret@p:1"] {
            let (message, hint) = refused("HTTP_PROXY", value);
            assert!(message.ends_with("its user name or password contains `#`"), "{message}");
            assert!(message.starts_with("HTTP_PROXY=") && !message.contains("secret"), "{message}");
            assert_eq!(hint, "in HTTP_PROXY, write %23 in place of `#` in the user name or password");
        }
        assert!(refused("http_proxy", "http://u:1/secret@p:1").0.ends_with("contains `/`"));
        assert!(refused("http_proxy", "ftp://p:1").0.ends_with("its scheme is neither http nor https"));
        assert!(refused("http_proxy", "p:99999").1.starts_with("set http_proxy to an HTTP proxy"));
    }
}
