//! Mirrors behind a proxy. The proxies here are our own servers; the mirrors' names exist nowhere.

use std::time::Duration;

use fuel_updates::error::Explain as _;
use fuel_updates::http::{Proxies, Roots};
use fuel_updates::mirror::{Announcement, Fetcher, Mirror, MirrorError, MirrorErrorKind as Kind};

use super::mirror::MU;
use super::server::{Server, closed_port, reply};

fn fetch(variables: &[(&str, &str)], mirror: &str) -> Result<Announcement, MirrorError> {
    let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let two = Duration::from_secs(2);
    let fetcher = Fetcher::with_timeouts(Proxies::from_variables(find), Roots::bundled(), two, two);
    fetcher.fetch(&Mirror::parse(mirror)?, &"9.0".parse().unwrap())
}

#[test]
fn plain_http_goes_to_the_proxy_with_the_whole_address() {
    let proxy = Server::fixed(200, MU);
    let named = format!("http://user:pro%3Axy@{}", proxy.address);
    let found = fetch(&[("http_proxy", &named)], "http://u:p@mirror.invalid:8080/x").unwrap();
    assert_eq!(found.url, "http://***@mirror.invalid:8080/x/mcv/mos/9.0/mu-version.json");
    let seen = &proxy.seen()[0];
    assert_eq!(seen.line, "GET http://mirror.invalid:8080/x/mcv/mos/9.0/mu-version.json");
    assert_eq!(seen.header("host"), Some("mirror.invalid:8080"));
    assert_eq!(seen.header("authorization"), Some("Basic dTpw"));
    assert_eq!(seen.header("proxy-authorization"), Some("Basic dXNlcjpwcm86eHk="));
}

#[test]
fn https_goes_through_a_tunnel() {
    let proxy = Server::start(|_, wire| reply(wire, 403, &[], b"no tunnels here"));
    let error = fetch(&[("https_proxy", &proxy.url())], "https://mirror.invalid").unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy, "{error}");
    assert_eq!(proxy.lines(), ["CONNECT mirror.invalid:443"]);
    assert!(error.to_string().contains("403"), "{error}");
}

#[test]
fn no_proxy_means_direct() {
    // 127.0.0.1 is always direct; an address that is not can only be tried in vain, but not through the proxy.
    let proxy = Server::fixed(200, MU);
    let mirror = Server::fixed(200, MU);
    fetch(&[("http_proxy", &proxy.url())], &mirror.url()).unwrap();
    let error = fetch(&[("http_proxy", &proxy.url()), ("no_proxy", ".invalid")], "http://mirror.invalid").unwrap_err();
    assert_eq!(error.kind(), Kind::Dns, "{error}");
    assert!(proxy.seen().is_empty());
    assert_eq!(mirror.seen().len(), 1);
}

#[test]
fn faults_of_the_proxy_are_the_proxys() {
    let closed = closed_port();
    let error = fetch(&[("http_proxy", &format!("u:s3cret@{closed}"))], "http://mirror.invalid").unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.to_string().ends_with(&format!("the proxy {closed} (http_proxy) refused the connection")), "{error}");
    assert!(error.hint().unwrap().starts_with("check http_proxy; no_proxy names"), "{error:?}");
    let wants_password = Server::fixed(407, "");
    let error = fetch(&[("http_proxy", &wants_password.url())], "http://mirror.invalid").unwrap_err();
    assert_eq!(error.kind(), Kind::Proxy);
    assert!(error.to_string().ends_with("it asks for a user name and a password (407)"), "{error}");
    assert!(error.hint().unwrap().starts_with("check http_proxy;"), "{error:?}");
    let failing = Server::fixed(503, "");
    let error = fetch(&[("http_proxy", &failing.url())], "http://mirror.invalid").unwrap_err();
    assert!(error.to_string().contains(&format!("503 through the proxy {} (http_proxy))", failing.address)), "{error}");
    assert!(error.hint().unwrap().contains("the proxy's own: check http_proxy"), "{error:?}");
    let silent = Server::start(|_, wire| {
        let _ = wire.read(&mut [0u8; 10]);
    });
    let error = fetch(&[("HTTP_PROXY", &silent.url())], "http://mirror.invalid").unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert!(error.to_string().contains(&format!("from the proxy {} (HTTP_PROXY) within", silent.address)), "{error}");
    let error = fetch(&[("all_proxy", "http://proxy.invalid:3128")], "http://mirror.invalid").unwrap_err();
    assert_eq!(error.kind(), Kind::Dns);
    assert!(error.to_string().contains("the name proxy.invalid (the proxy in all_proxy) could not"), "{error}");
    assert!(error.hint().unwrap().starts_with("check all_proxy;"), "{error:?}");
}

#[test]
fn a_tunnel_that_is_refused_for_want_of_a_password_says_so() {
    let proxy = Server::fixed(407, "");
    let error = fetch(&[("https_proxy", &proxy.url())], "https://mirror.invalid").unwrap_err();
    assert!(error.to_string().ends_with("it asks for a user name and a password (407)"), "{error}");
    assert!(error.hint().unwrap().starts_with("check https_proxy;"), "{error:?}");
}

#[test]
fn a_variable_that_names_no_usable_proxy_is_named() {
    for (variable, value, cause) in [
        ("all_proxy", "socks5://u:s3cret@127.0.0.1:1", "SOCKS proxies are not supported"),
        ("http_proxy", "socks5h://127.0.0.1:1", "SOCKS proxies are not supported"),
        ("http_proxy", "http://u:s3#cret@127.0.0.1:1", "its user name or password contains `#`"),
        ("HTTP_PROXY", "u:s3#cret@127.0.0.1:1", "its user name or password contains `#`"),
    ] {
        let error = fetch(&[(variable, value)], "http://mirror.invalid").unwrap_err();
        assert_eq!(error.kind(), Kind::Proxy);
        let text = error.to_string();
        assert!(text.contains(&format!(": {variable}=`")) && text.ends_with(cause), "{text}");
        assert!(error.hint().unwrap().contains(variable), "{error:?}");
        assert!(!format!("{error:?} {text}").contains("cret"), "{text}");
    }
}

#[test]
fn a_long_answer_through_a_proxy_arrives_whole() {
    let text = format!("{}{MU}", " ".repeat(60_000));
    let proxy = Server::start(move |_, wire| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
        wire.write_all(head.as_bytes()).unwrap();
        for part in text.as_bytes().chunks(1000) {
            wire.write_all(part).unwrap();
            wire.flush().unwrap();
        }
    });
    assert_eq!(fetch(&[("http_proxy", &proxy.url())], "http://mirror.invalid").unwrap().raw.len(), 60_000 + MU.len());
}
