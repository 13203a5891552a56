//! Certificates and protocols of old servers, as openssl makes and serves them.
//!
//! openssl is asked for what rustls and rcgen refuse to make: SHA-1, short RSA keys, TLS 1.1.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fuel_updates::error::Explain as _;
use fuel_updates::http::{Client, HttpError, HttpSettings, Proxies, Request, Roots, Url};
use fuel_updates::mirror::{Announcement, Fetcher, Mirror, MirrorError, MirrorErrorKind as Kind};
use fuel_updates::nailgun::{Nailgun, Options};

use super::mirror::MU;
use super::nailgun::credentials;

/// A self-signed certificate for `CN=127.0.0.1` of X.509 version 1, until 2099. Newer openssl makes version 3 only.
const VERSION_1: &str = include_str!("data/version-1.pem");
const VERSION_1_KEY: &str = include_str!("data/version-1.key");

/// openssl in a folder, with the settings that it brings.
fn command(dir: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.current_dir(dir).env_remove("OPENSSL_CONF");
    command
}

fn openssl(dir: &Path, arguments: &[&str]) {
    let output = command(dir).args(arguments).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An https server of openssl. It ends with the test.
struct OldServer {
    process: Child,
    port: u16,
}

impl OldServer {
    /// Serves `mu-version.json` with `cert.pem` and `key.pem` of this folder.
    fn start(dir: &Path, options: &[&str]) -> Self {
        let folder = dir.join("mcv/mos/9.0");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("mu-version.json"), MU).unwrap();
        let mut process = command(dir)
            .args(["s_server", "-accept", "127.0.0.1:0", "-WWW", "-cert", "cert.pem", "-key", "key.pem"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("openssl listens").unwrap();
            if let Some(port) = line.strip_prefix("ACCEPT 127.0.0.1:") {
                break port.trim().parse().unwrap();
            }
        };
        // What it writes about each connection is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, port }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    fn fetch(&self, roots: Roots) -> Result<Announcement, MirrorError> {
        let limit = Duration::from_secs(5);
        let mirror = Mirror::parse(&self.url()).unwrap();
        Fetcher::with_timeouts(Proxies::default(), roots, limit, limit).fetch(&mirror, &"9.0".parse().unwrap())
    }

    /// The words of the failure, and what helps.
    fn refused(&self, roots: Roots) -> (String, String) {
        let error = self.fetch(roots).unwrap_err();
        assert_eq!(error.kind(), Kind::Tls, "{error}");
        let text = error.to_string();
        let words = text.rsplit_once(&format!("127.0.0.1:{}: ", self.port)).unwrap().1;
        (words.to_owned(), error.hint().unwrap_or_default())
    }

    /// Nailgun at this address: what helps where it fails.
    fn hint_of_nailgun(&self) -> String {
        let nailgun = Nailgun::new(credentials(&self.url()), Options::default());
        nailgun.version().unwrap_err().hint().unwrap_or_default()
    }

    /// Whether an exchange without verification works.
    fn answers_unverified(&self) -> Result<u16, HttpError> {
        let client = Client::new(HttpSettings { verify: false, ..HttpSettings::default() });
        let url = Url::parse(&self.url()).unwrap().append("mcv/mos/9.0/mu-version.json").unwrap();
        client.send(&Request::get(&url, 1000)).map(|reply| reply.status)
    }
}

impl Drop for OldServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn trusting(path: &Path) -> Roots {
    Roots::from_file(path).unwrap()
}

const ANY_KEY: &[&str] = &["-cipher", "DEFAULT@SECLEVEL=0"];
const NAME: &[&str] = &["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];

#[test]
fn a_certificate_of_version_1_is_named_and_trusted_as_the_ca_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("cert.pem"), VERSION_1).unwrap();
    std::fs::write(dir.path().join("key.pem"), VERSION_1_KEY).unwrap();
    for protocol in ["-tls1_2", "-tls1_3"] {
        let server = OldServer::start(dir.path(), &[protocol]);
        let (words, hint) = server.refused(Roots::bundled());
        assert_eq!(words, "its certificate has the old form X.509 version 1; version 3 is needed");
        assert!(hint.ends_with("or give this certificate itself with --ca-file"), "{hint}");
        let found = server.fetch(trusting(&dir.path().join("cert.pem")));
        assert_eq!(found.unwrap_or_else(|e| panic!("{protocol}: {e}")).mu.id, 3, "{protocol}");
        assert_eq!(server.answers_unverified().unwrap(), 200);
        assert!(server.hint_of_nailgun().ends_with("or --insecure-tls for this master alone"));
    }
}

/// Makes `ca.pem` with an RSA key of so many bits, and `cert.pem`, which it signed with this hash.
fn signed(dir: &Path, ca_bits: &str, bits: &str, hash: &str) {
    let ca =
        ["req", "-x509", "-newkey", ca_bits, "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Old CA"];
    openssl(dir, &ca);
    let request = ["req", "-newkey", bits, "-nodes", "-keyout", "key.pem", "-out", "request.pem"];
    openssl(dir, &[&request, NAME].concat());
    std::fs::write(dir.join("names.cnf"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let sign = ["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(dir, &[&sign, &["-out", "cert.pem", "-extfile", "names.cnf", hash] as &[&str]].concat());
}

#[test]
fn a_signature_with_sha_1_is_named() {
    let dir = tempfile::tempdir().unwrap();
    signed(dir.path(), "rsa:2048", "rsa:2048", "-sha1");
    let server = OldServer::start(dir.path(), ANY_KEY);
    let (words, hint) = server.refused(trusting(&dir.path().join("ca.pem")));
    assert_eq!(words, "its certificate is signed with SHA-1, which is not secure");
    assert!(hint.starts_with("install a certificate signed with SHA-256"), "{hint}");
    // Nobody needs the signature of a certificate that is trusted itself.
    assert_eq!(server.fetch(trusting(&dir.path().join("cert.pem"))).unwrap().mu.id, 3);
    assert_eq!(server.answers_unverified().unwrap(), 200);
}

#[test]
fn a_short_rsa_key_is_named_the_servers_and_its_authoritys() {
    let dir = tempfile::tempdir().unwrap();
    signed(dir.path(), "rsa:2048", "rsa:1024", "-sha256");
    for protocol in ["-tls1_2", "-tls1_3"] {
        let server = OldServer::start(dir.path(), &[ANY_KEY, &[protocol]].concat());
        for roots in ["ca.pem", "cert.pem"] {
            let (words, hint) = server.refused(trusting(&dir.path().join(roots)));
            assert_eq!(words, "its certificate has an RSA key of 1024 bits; at least 2048 are needed");
            assert_eq!(hint, "issue it again with an RSA key of at least 2048 bits");
        }
        assert_eq!(server.answers_unverified().unwrap(), 200, "{protocol}");
    }
    let dir = tempfile::tempdir().unwrap();
    signed(dir.path(), "rsa:1024", "rsa:2048", "-sha256");
    let server = OldServer::start(dir.path(), ANY_KEY);
    let (words, _) = server.refused(trusting(&dir.path().join("ca.pem")));
    assert_eq!(
        words,
        "the certificate of its authority `Old CA` has an RSA key of 1024 bits; at least 2048 are needed"
    );
}

#[test]
fn what_openssl_makes_by_default_is_trusted_as_the_ca_file() {
    let dir = tempfile::tempdir().unwrap();
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"];
    openssl(dir.path(), &[&make, &["-subj", "/CN=127.0.0.1"] as &[&str]].concat());
    let server = OldServer::start(dir.path(), &[]);
    assert_eq!(server.refused(Roots::bundled()).0, "its certificate is self-signed and not trusted here");
    assert_eq!(server.fetch(trusting(&dir.path().join("cert.pem"))).unwrap().mu.id, 3);
}

/// A self-signed certificate that nothing is wrong with.
fn good(dir: &Path) {
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"];
    openssl(dir, &[&make, NAME].concat());
}

#[test]
fn a_server_of_old_protocols_is_named_and_verification_is_not_blamed() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let server = OldServer::start(dir.path(), &["-tls1_1", "-cipher", "ALL@SECLEVEL=0"]);
    let (words, hint) = server.refused(Roots::bundled());
    assert_eq!(words, "it speaks only TLS 1.1 or older; TLS 1.2 or 1.3 is needed");
    assert_eq!(hint, "try the mirror's address with http://");
    assert_eq!(
        server.hint_of_nailgun(),
        "enable TLS 1.2 in the server's configuration; or use Nailgun's plain port 8000"
    );
    assert!(server.answers_unverified().is_err());
}

#[test]
fn a_server_that_knows_nothing_newer_than_tls_1_0_is_named() {
    // It does not refuse our version: it answers with its own.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mirror = Mirror::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0u8; 4096]);
        // A handshake record with a ServerHello of TLS 1.0: random, no session, a cipher of that time.
        let mut hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
        hello.extend([7; 32]);
        hello.extend([0, 0, 0x2f, 0]);
        let _ = stream.write_all(&hello);
        let _ = stream.read(&mut [0u8; 4096]);
    });
    let limit = Duration::from_secs(5);
    let fetcher = Fetcher::with_timeouts(Proxies::default(), Roots::bundled(), limit, limit);
    let error = fetcher.fetch(&mirror, &"9.0".parse().unwrap()).unwrap_err().to_string();
    assert!(error.ends_with("it speaks only TLS 1.1 or older; TLS 1.2 or 1.3 is needed"), "{error}");
}

#[test]
fn old_ciphers_and_client_certificates_are_named() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let trusted = || trusting(&dir.path().join("cert.pem"));
    let server = OldServer::start(dir.path(), &["-tls1_2", "-cipher", "AES128-SHA@SECLEVEL=0"]);
    assert_eq!(server.refused(trusted()).0, "it has no cipher or key exchange in common with this program");
    assert!(!server.hint_of_nailgun().contains("--insecure-tls"), "{}", server.hint_of_nailgun());
    let server = OldServer::start(dir.path(), &["-tls1_3", "-Verify", "1", "-verify_return_error"]);
    assert_eq!(server.refused(trusted()).0, "it asks for a client certificate, which this program does not have");
}
