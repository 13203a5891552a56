//! Which proxy, if any, leads to an address: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`.
//!
//! ureq's own reading of these knows no address and no network in `no_proxy`, and Fuel's masters are
//! addresses; so the choice is made here.

use std::net::IpAddr;

use super::{HttpError, Url};

/// The proxies that the environment names. The default is: none at all.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<String>,
    https: Option<String>,
    except: Vec<Exception>,
}

/// One entry of `no_proxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    Network { address: IpAddr, prefix: u8 },
    Domain { name: String, port: Option<u16> },
}

impl Proxies {
    /// Reads the usual variables through `variable`, small letters before capitals. Empty means unset.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_ascii_uppercase()))?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let all = read("all_proxy");
        Self {
            http: read("http_proxy").or_else(|| all.clone()),
            https: read("https_proxy").or(all),
            except: read("no_proxy").map(|list| exceptions(&list)).unwrap_or_default(),
        }
    }

    /// The proxy that leads to `url`; `None` where the way is direct. Loopback is always reached directly.
    ///
    /// # Errors
    /// [`HttpError::BadUrl`] when the variable that applies names no http or https proxy.
    pub fn choose(&self, url: &Url) -> Result<Option<Url>, HttpError> {
        let named = if url.is_https() { &self.https } else { &self.http };
        let Some(text) = named else { return Ok(None) };
        let host = url.bare_host();
        let loopback = host.parse::<IpAddr>().map_or(host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback());
        if loopback || self.except.iter().any(|exception| exception.covers(host, url.port())) {
            return Ok(None);
        }
        let text = if text.contains("://") { text.clone() } else { format!("http://{text}") };
        Url::parse(&text).map(Some)
    }
}

impl Exception {
    fn parse(entry: &str) -> Self {
        if entry == "*" {
            return Self::Everything;
        }
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Self::Network { address, prefix: if address.is_ipv4() { 32 } else { 128 } };
        }
        if let Some((address, prefix)) = entry.split_once('/')
            && let (Ok(address), Ok(prefix)) = (address.parse::<IpAddr>(), prefix.parse::<u8>())
        {
            return Self::Network { address, prefix };
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
            Self::Network { address, prefix } => {
                host.parse::<IpAddr>().is_ok_and(|host| in_network(host, *address, *prefix))
            }
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

fn in_network(host: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let (host, network, bits) = match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => (u128::from(u32::from(host)), u128::from(u32::from(network)), 32),
        (IpAddr::V6(host), IpAddr::V6(network)) => (u128::from(host), u128::from(network), 128),
        _ => return false,
    };
    let shift = bits - u32::from(prefix).min(bits);
    host.checked_shr(shift).unwrap_or(0) == network.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let proxies = Proxies::from_variables(find);
        proxies.choose(&Url::parse(url).unwrap()).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let both = [("http_proxy", "p:3128"), ("HTTPS_PROXY", "http://u:secret@s:8080")];
        assert_eq!(chosen(&both, "http://mirror/").as_deref(), Some("http://p:3128/"));
        assert_eq!(chosen(&both, "https://mirror/").as_deref(), Some("http://***@s:8080/"));
        assert_eq!(chosen(&[("all_proxy", "a:1")], "https://mirror/").as_deref(), Some("http://a:1/"));
        assert_eq!(chosen(&[("http_proxy", " ")], "http://mirror/"), None);
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
        assert!(direct("fd00::/8", "http://[fd12::1]/"));
        assert!(direct(".example.com", "http://a.example.com/"));
        assert!(direct("example.com", "http://A.Example.com./"));
        assert!(direct("*.example.com", "http://a.example.com/"));
        assert!(!direct("example.com", "http://notexample.com/"));
        assert!(direct("m:8080", "http://m:8080/") && !direct("m:8080", "http://m/"));
        assert!(!direct(",", "http://m/"));
    }

    #[test]
    fn a_proxy_of_another_kind_is_refused_without_its_password() {
        let proxies = Proxies::from_variables(|name| (name == "all_proxy").then(|| "socks5://u:secret@p:1".to_owned()));
        let error = proxies.choose(&Url::parse("http://m/").unwrap()).unwrap_err().to_string();
        assert!(error.contains("neither http nor https") && !error.contains("secret"), "{error}");
    }
}
