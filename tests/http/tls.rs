//! https: whom we trust, and what we say when a certificate does not hold.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use fuel_updates::http::{Proxies, Roots};
use fuel_updates::mirror::{Announcement, Fetcher, Mirror, MirrorError, MirrorErrorKind as Kind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
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
    assert_eq!(error.kind, Kind::Tls);
    assert!(error.message.contains("signed by an authority that is not trusted here"), "{error}");
    assert_eq!(error.hint.as_deref(), Some("name the CA that signed it with --ca-file"));
    assert!(server.seen().len() == 1, "nothing may be sent to a server that is not trusted");
}

#[test]
fn a_self_signed_ca_certificate_in_a_servers_place_is_explained() {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let pem = certificate.pem();
    let server = serve(Identity { chain: vec![certificate.der().clone()], key: key.serialize_der() }, answer);
    let error = fetch(&server, Roots::from_pem(pem.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(error.kind, Kind::Tls);
    assert!(error.message.ends_with("its certificate is a CA's own certificate"), "{error}");
    assert!(error.hint.unwrap().contains("CA:FALSE"));
}

#[test]
fn a_certificate_of_another_name_or_of_another_time_is_refused() {
    let ca = authority();
    let roots = Roots::from_pem(ca.pem().as_bytes()).unwrap();
    let other = serve(identity(&ca, &["other.example"], |_| {}), answer);
    let error = fetch(&other, roots.clone()).unwrap_err();
    assert!(error.message.ends_with("its certificate is for another name"), "{error}");
    let old = identity(&ca, &["127.0.0.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2015, 1, 1);
        params.not_after = rcgen::date_time_ymd(2016, 1, 1);
    });
    let error = fetch(&serve(old, answer), roots).unwrap_err();
    assert!(error.message.ends_with("its certificate has expired"), "{error}");
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
    assert_eq!(error.kind, Kind::Tls, "{error}");
    assert!(error.message.ends_with("it does not speak TLS"), "{error}");
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
    assert_eq!(error.kind, Kind::Redirect);
    assert!(error.message.contains("redirects from https to http://127.0.0.1"), "{error}");
    assert!(plain.seen().is_empty());
}

#[test]
fn a_handshake_that_never_answers_costs_the_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mirror = Mirror::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let second = Duration::from_secs(1);
    let fetcher = Fetcher::with_timeouts(Proxies::default(), Roots::bundled(), second, second * 5);
    let error = fetcher.fetch(&mirror, &"9.0".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable, "{error}");
    assert!(error.message.contains("within 1 s"), "{error}");
}
