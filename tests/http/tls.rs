//! https: whom we trust, and what we say when a certificate does not hold.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use fuel_updates::error::Explain as _;
use fuel_updates::http::{Proxies, Roots};
use fuel_updates::mirror::{Announcement, Fetcher, Mirror, MirrorError, MirrorErrorKind as Kind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::mirror::MU;
use super::server::{Seen, Server, Wire, reply};

/// A certificate with its key, for a server.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

pub(crate) fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Test authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server's certificate, signed by `ca`, for these names.
pub(crate) fn identity(
    ca: &CertifiedIssuer<'_, KeyPair>,
    names: &[&str],
    change: impl Fn(&mut CertificateParams),
) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    change(&mut params);
    let certificate = params.signed_by(&key, ca).unwrap();
    Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }
}

pub(crate) fn serve(identity: Identity, handler: impl Fn(&Seen, &mut dyn Wire) + Send + Sync + 'static) -> Server {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, key)
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |mut stream: TcpStream| -> Option<Box<dyn Wire>> {
        let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).ok()?;
        }
        Some(Box::new(rustls::StreamOwned::new(connection, stream)))
    };
    Server::wrapped(wrap, handler)
}

fn fetch(server: &Server, roots: Roots) -> Result<Announcement, MirrorError> {
    fetch_from(server.address, roots)
}

fn fetch_from(address: SocketAddr, roots: Roots) -> Result<Announcement, MirrorError> {
    let two = Duration::from_secs(2);
    let mirror = Mirror::parse(&format!("https://{address}")).unwrap();
    Fetcher::with_timeouts(Proxies::default(), roots, two, two).fetch(&mirror, &"9.0".parse().unwrap())
}

fn answer(_: &Seen, wire: &mut dyn Wire) {
    reply(wire, 200, &[], MU.as_bytes());
}

#[test]
fn a_ca_file_makes_a_private_authority_trusted() {
    let ca = authority();
    let server = serve(identity(&ca, &["127.0.0.1"], |_| {}), answer);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, ca.pem()).unwrap();
    assert_eq!(fetch(&server, Roots::from_file(&file).unwrap()).unwrap().mu.id, 3);

    let error = fetch(&server, Roots::bundled()).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
    assert!(error.to_string().contains("signed by an authority that is not trusted here"), "{error}");
    assert_eq!(error.hint().as_deref(), Some("give the certificate of the authority that signed it with --ca-file"));
    assert!(server.seen().len() == 1, "nothing may be sent to a server that is not trusted");
}

/// A self-signed certificate with its PEM text.
fn self_signed(names: &[&str], change: impl Fn(&mut CertificateParams)) -> (Identity, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap();
    (Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }, certificate.pem())
}

fn ca_true(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

fn common_name(name: &str) -> impl Fn(&mut CertificateParams) {
    move |params| params.distinguished_name.push(DnType::CommonName, name)
}

fn trusting(pem: &str) -> Roots {
    Roots::from_pem(pem.as_bytes()).unwrap()
}

#[test]
fn a_self_signed_certificate_that_is_the_ca_file_is_trusted() {
    type Change = Box<dyn Fn(&mut CertificateParams)>;
    let forms: [(&str, &[&str], Change); 4] = [
        ("a leaf", &["127.0.0.1"], Box::new(|_| {})),
        ("CA:TRUE, as `openssl req -x509` makes it", &["127.0.0.1"], Box::new(ca_true)),
        ("a common name alone", &[], Box::new(common_name("127.0.0.1"))),
        ("both", &[], Box::new(|params| (ca_true(params), common_name("127.0.0.1")(params)).1)),
    ];
    for (form, names, change) in forms {
        let (identity, pem) = self_signed(names, change);
        let server = serve(identity, answer);
        let error = fetch(&server, Roots::bundled()).unwrap_err();
        assert!(error.to_string().ends_with("its certificate is self-signed and not trusted here"), "{form}: {error}");
        assert!(error.hint().unwrap().contains("give it with --ca-file"), "{error:?}");
        let found = fetch(&server, trusting(&pem)).unwrap_or_else(|e| panic!("{form}: {e}"));
        assert_eq!(found.mu.id, 3, "{form}");
        let (_, other) = self_signed(&["127.0.0.1"], ca_true);
        assert_eq!(fetch(&server, trusting(&format!("{other}{pem}"))).unwrap().mu.id, 3, "{form}, one of two");
        fetch(&server, trusting(&other)).expect_err("a certificate of the same subject is another one");
    }
}

#[test]
fn the_name_and_the_dates_of_a_certificate_that_is_the_ca_file_still_count() {
    type Change = Box<dyn Fn(&mut CertificateParams)>;
    let refused: [(&[&str], Change, &str); 4] = [
        (&["other.example"], Box::new(ca_true), "its certificate is for another name: other.example"),
        (&[], Box::new(common_name("other")), "its certificate is for another name: other"),
        (
            &["127.0.0.1"],
            Box::new(|params| {
                ca_true(params);
                params.not_after = rcgen::date_time_ymd(2016, 1, 1);
            }),
            "its certificate expired on 2016-01-01",
        ),
        (
            &["127.0.0.1"],
            Box::new(|params| {
                ca_true(params);
                params.not_before = rcgen::date_time_ymd(3000, 1, 1);
            }),
            "its certificate is not valid before 3000-01-01",
        ),
    ];
    for (names, change, words) in refused {
        let (identity, pem) = self_signed(names, change);
        let server = serve(identity, answer);
        let error = fetch(&server, trusting(&pem)).expect_err(words);
        assert_eq!(error.kind(), Kind::Tls);
        assert!(error.to_string().ends_with(words), "{error}");
        assert!(server.seen().is_empty(), "nothing may be sent");
    }
}

#[test]
fn a_ca_certificate_that_another_one_signed_is_no_servers_certificate() {
    let ca = authority();
    let server = serve(identity(&ca, &["127.0.0.1"], ca_true), answer);
    let error = fetch(&server, trusting(&ca.pem())).unwrap_err();
    assert!(error.to_string().ends_with("(CA:TRUE), not of a server"), "{error}");
    assert!(error.hint().unwrap().contains("CA:FALSE"), "{error:?}");
}

#[test]
fn a_common_name_is_not_enough_where_an_authority_signed() {
    let ca = authority();
    let server = serve(identity(&ca, &[], common_name("127.0.0.1")), answer);
    let error = fetch(&server, trusting(&ca.pem())).unwrap_err();
    assert!(error.to_string().ends_with("its certificate has no subjectAltName"), "{error}");
}

#[test]
fn a_certificate_of_another_name_or_of_another_time_is_refused() {
    let ca = authority();
    let roots = Roots::from_pem(ca.pem().as_bytes()).unwrap();
    let other = serve(identity(&ca, &["other.example"], |_| {}), answer);
    let error = fetch(&other, roots.clone()).unwrap_err();
    assert!(error.to_string().ends_with("its certificate is for another name: other.example"), "{error}");
    let old = identity(&ca, &["127.0.0.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2015, 1, 1);
        params.not_after = rcgen::date_time_ymd(2016, 1, 1);
    });
    let error = fetch(&serve(old, answer), roots).unwrap_err();
    assert!(error.to_string().ends_with("its certificate expired on 2016-01-01"), "{error}");
}

#[test]
fn https_on_a_plain_port_is_explained() {
    // The first bytes of a TLS handshake are no request: this server answers after reading anything.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            use std::io::{Read as _, Write as _};
            let _ = stream.read(&mut [0u8; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            let _ = stream.read(&mut [0u8; 4096]);
        }
    });
    let error = fetch_from(address, Roots::bundled()).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "{error}");
    assert!(error.to_string().ends_with("it does not speak TLS"), "{error}");
}

#[test]
fn a_redirect_from_https_to_http_is_refused() {
    let plain = Server::fixed(200, MU);
    let location = plain.url();
    let ca = authority();
    let roots = Roots::from_pem(ca.pem().as_bytes()).unwrap();
    let server = serve(identity(&ca, &["127.0.0.1"], |_| {}), move |_, wire| {
        reply(wire, 302, &[("Location", &location)], b"");
    });
    let error = fetch(&server, roots).unwrap_err();
    assert_eq!(error.kind(), Kind::Redirect);
    assert!(error.to_string().contains("redirects from https to http://127.0.0.1"), "{error}");
    assert!(plain.seen().is_empty());
}

#[test]
fn a_handshake_that_never_answers_costs_the_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mirror = Mirror::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let second = Duration::from_secs(1);
    let fetcher = Fetcher::with_timeouts(Proxies::default(), Roots::bundled(), second, second * 5);
    let error = fetcher.fetch(&mirror, &"9.0".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert!(error.to_string().contains("within 1 s"), "{error}");
}
