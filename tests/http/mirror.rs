//! `check available`'s mirror over http: every fault of a web server.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use fuel_updates::error::Explain as _;
use fuel_updates::http::{Proxies, Roots};
use fuel_updates::mirror::{Announcement, Fetcher, Mirror, MirrorError, MirrorErrorKind as Kind};

use super::server::{Server, closed_port, reply};

pub(crate) const MU: &str = r#"{"id": 3, "title": "9.0-mu-3", "timestamp": 1467647277, "doc_link": "http://doc/3"}"#;

pub(crate) fn fetcher(total: u64) -> Fetcher {
    let second = Duration::from_secs(1);
    Fetcher::with_timeouts(Proxies::default(), Roots::bundled(), second, Duration::from_secs(total))
}

pub(crate) fn fetch(mirror: &str, version: &str) -> Result<Announcement, MirrorError> {
    fetcher(3).fetch(&Mirror::parse(mirror)?, &version.parse().expect("a MOS version"))
}

pub(crate) fn fault(mirror: &str, version: &str) -> MirrorError {
    let error = fetch(mirror, version).expect_err(mirror);
    assert!(!error.to_string().contains(['\n', '\x1b']), "{error}");
    error
}

#[test]
fn the_file_comes_byte_for_byte_from_its_folder() {
    let server = Server::fixed(200, MU);
    for mirror in [server.url(), format!("{}/", server.url()), format!("{}/deep/er/", server.url())] {
        let found = fetch(&mirror, "9.0").unwrap();
        assert_eq!((found.mu.id, found.folder.as_deref(), found.fell_back), (3, Some("9.0"), false));
        assert_eq!(found.raw, MU.as_bytes());
        assert!(found.url.ends_with("/mcv/mos/9.0/mu-version.json"), "{}", found.url);
    }
    assert_eq!(server.lines()[2], "GET /deep/er/mcv/mos/9.0/mu-version.json");
    assert!(server.seen()[0].header("user-agent").unwrap().starts_with("fuel-updates/"));
    let itself = fetch(&format!("{}/x/mu-version.json", server.url()), "9.2").unwrap();
    assert_eq!((itself.folder, itself.fell_back), (None, false));
}

#[test]
fn only_a_404_of_9_1_and_9_2_leads_to_9_0() {
    let html = "<html>nginx</html>";
    let server = Server::start(move |seen, wire| {
        let (status, body) = if seen.line.contains("/9.0/") { (200, MU) } else { (404, html) };
        reply(wire, status, &[("Content-Type", "text/html")], body.as_bytes());
    });
    let found = fetch(&server.url(), "9.2").unwrap();
    assert_eq!((found.folder.as_deref(), found.fell_back), (Some("9.0"), true));
    let error = fault(&server.url(), "10.0");
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().ends_with("/mcv/mos/10.0/mu-version.json: no such file (404)"), "{error}");

    for status in [403, 410, 500, 503] {
        let server = Server::start(move |seen, wire| {
            let status = if seen.line.contains("/9.0/") { 200 } else { status };
            reply(wire, status, &[], MU.as_bytes());
        });
        assert_ne!(fault(&server.url(), "9.2").kind(), Kind::NotFound, "{status}");
        assert_eq!(server.seen().len(), 1, "{status} must not fall back");
    }

    let nowhere = Server::fixed(404, html);
    let error = fault(&nowhere.url(), "9.2");
    assert!(
        error.to_string().contains("/9.2/") && error.to_string().ends_with("(nor in the folder of 9.0)"),
        "{error}"
    );
}

#[test]
fn a_web_page_with_200_is_explained() {
    let error = fault(&Server::fixed(200, "\n <!DOCTYPE html><html>").url(), "9.0");
    assert_eq!(error.kind(), Kind::Html);
    let hint = error.hint().unwrap();
    assert!(hint.contains("may not be allowed to read the file") && hint.contains("8080"), "{hint}");
}

#[test]
fn every_invalid_file_names_its_fault() {
    for (body, kind, text) in [
        (r#"{"id": "3", "title": "t", "timestamp": 1}"#, Kind::Invalid, "`id` is text, not an integer"),
        (r#"{"id": 3, "title": "t""#, Kind::Invalid, "not valid JSON"),
        ("", Kind::Invalid, "empty"),
        ("[]", Kind::Invalid, "not a JSON object"),
    ] {
        let error = fault(&Server::fixed(200, body).url(), "9.0");
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn each_status_has_its_kind() {
    for (status, kind) in [
        (204, Kind::Status),
        (301, Kind::Redirect),
        (400, Kind::Status),
        (401, Kind::Forbidden),
        (403, Kind::Forbidden),
        (404, Kind::NotFound),
        (500, Kind::Status),
        (502, Kind::Status),
    ] {
        assert_eq!(fault(&Server::fixed(status, "").url(), "9.0").kind(), kind, "{status}");
    }
}

/// Writes without an end; returns how much went out before the client left.
fn endless(wire: &mut dyn super::server::Wire, chunk: &[u8], most: usize) -> usize {
    let mut sent = 0;
    while sent < most && wire.write_all(chunk).is_ok() {
        sent += chunk.len();
    }
    sent
}

#[test]
fn a_body_of_a_gigabyte_is_left_after_64_kib() {
    const GIGABYTE: usize = 1 << 30;
    let (told, sent) = std::sync::mpsc::channel();
    let server = Server::start(move |_, wire| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n");
        wire.write_all(head.as_bytes()).unwrap();
        told.send(endless(wire, &[b' '; 65536], GIGABYTE)).unwrap();
    });
    let error = fault(&server.url(), "9.0");
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(sent.recv().unwrap() < GIGABYTE / 10, "the client must have left");
}

#[test]
fn an_error_page_without_an_end_does_not_hide_the_status() {
    let server = Server::start(|_, wire| {
        wire.write_all(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n").unwrap();
        endless(wire, &[b'x'; 65536], 1 << 28);
    });
    assert_eq!(fault(&server.url(), "9.0").kind(), Kind::NotFound);
}

#[test]
fn a_gzip_bomb_is_bounded_and_gzip_works() {
    let pack = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let (bomb, good) = (pack(&vec![b' '; 100 << 20]), pack(MU.as_bytes()));
    assert!(bomb.len() < 200_000, "it is a bomb");
    let gzip = [("Content-Encoding", "gzip")];
    let server = Server::start(move |_, wire| reply(wire, 200, &gzip, &bomb));
    assert_eq!(fault(&server.url(), "9.0").kind(), Kind::TooLarge);
    let damaged = good[..good.len() / 2].to_vec();
    let server = Server::start(move |_, wire| reply(wire, 200, &gzip, &good));
    assert_eq!(fetch(&server.url(), "9.0").unwrap().raw, MU.as_bytes());
    let server = Server::start(move |_, wire| reply(wire, 200, &gzip, &damaged));
    let error = fault(&server.url(), "9.0");
    assert!(matches!(error.kind(), Kind::Invalid | Kind::Lost), "{error:?}");
}

#[test]
fn codings_have_names_in_any_case_and_those_that_were_not_asked_for_are_named() {
    let zlib = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(MU.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(MU.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    for (name, body) in [("GZIP", &gzip), ("x-gzip", &gzip), ("X-Gzip", &gzip), ("deflate", &zlib), ("Deflate", &zlib)]
    {
        let body = body.clone();
        let server = Server::start(move |_, wire| reply(wire, 200, &[("content-encoding", name)], &body));
        assert_eq!(fetch(&server.url(), "9.0").unwrap().raw, MU.as_bytes(), "{name}");
        assert_eq!(server.seen()[0].header("accept-encoding"), Some("gzip, deflate"));
    }
    let server = Server::start(|_, wire| reply(wire, 200, &[("Content-Encoding", "br")], b"x"));
    let error = fault(&server.url(), "9.0");
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().ends_with("it is encoded as `br`, which is not supported"), "{error}");
    let server = Server::start(|_, wire| reply(wire, 200, &[("Content-Encoding", "gzip")], MU.as_bytes()));
    let error = fault(&server.url(), "9.0");
    assert!(error.to_string().ends_with("cannot be decompressed: it is damaged"), "{error}");
}

#[test]
fn a_truncated_answer_is_no_answer() {
    let server = Server::start(|_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\": 3");
    });
    let error = fault(&server.url(), "9.0");
    assert_eq!(error.kind(), Kind::Lost, "{error}");
}

#[test]
fn a_connection_that_is_closed_or_reset_is_named() {
    let server = Server::start(|_, _| {});
    assert_eq!(fault(&server.url(), "9.0").kind(), Kind::Lost);
    // Closing with unread data resets the connection.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0u8; 10]);
        }
    });
    let error = fault(&url, "9.0");
    assert_eq!(error.kind(), Kind::Lost, "{error}");
}

#[test]
fn what_is_no_http_is_named() {
    let server = Server::start(|_, wire| {
        let _ = wire.write_all(b"SSH-2.0-OpenSSH_6.6.1p1\r\n");
    });
    let error = fault(&server.url(), "9.0");
    assert!(matches!(error.kind(), Kind::Invalid | Kind::Lost), "{error:?}");
}

#[test]
fn a_closed_port_is_refused_at_once() {
    let started = Instant::now();
    let address = closed_port();
    let error = fault(&format!("http://{address}"), "9.0");
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.to_string().ends_with(&format!("{address} refused the connection")), "{error}");
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_server_that_says_nothing_costs_the_deadline_and_no_more() {
    for words in ["", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"] {
        let server = Server::start(move |_, wire| {
            let _ = wire.write_all(words.as_bytes());
            // Until the client has gone.
            let _ = wire.read(&mut [0u8; 10]);
        });
        let started = Instant::now();
        let error = fetcher(1).fetch(&Mirror::parse(&server.url()).unwrap(), &"9.0".parse().unwrap()).unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn drops_in_a_bucket_do_not_move_the_deadline() {
    let server = Server::start(|_, wire| {
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
        while wire.write_all(b" ").and_then(|()| wire.flush()).is_ok() {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
    let started = Instant::now();
    let error = fetcher(1).fetch(&Mirror::parse(&server.url()).unwrap(), &"9.0".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn three_redirects_and_no_more() {
    let server = Server::start(|seen, wire| {
        let hops: u32 = seen.line.rsplit_once("hop").map_or(0, |(_, hops)| hops.parse().unwrap());
        if hops == 3 {
            return reply(wire, 200, &[], MU.as_bytes());
        }
        reply(wire, 302, &[("Location", &format!("/hop{}", hops + 1))], b"moved");
    });
    let found = fetch(&server.url(), "9.0").unwrap();
    assert!(found.url.ends_with("/hop3"), "{}", found.url);

    let looping = Server::start(|_, wire| reply(wire, 301, &[("Location", "/again")], b""));
    let error = fault(&looping.url(), "9.0");
    assert_eq!(error.kind(), Kind::Redirect);
    assert!(error.to_string().contains("redirected more than 3 times"), "{error}");
    assert_eq!(looping.seen().len(), 4);
}

#[test]
fn a_redirect_may_have_spaces_and_letters_of_any_alphabet() {
    for (location, asked) in [
        ("/mcv/MU 3/mu.json".as_bytes(), "GET /mcv/MU%203/mu.json"),
        (
            "/mcv/обновления.json".as_bytes(),
            "GET /mcv/%D0%BE%D0%B1%D0%BD%D0%BE%D0%B2%D0%BB%D0%B5%D0%BD%D0%B8%D1%8F.json",
        ),
        (b"/mcv/f\xfcr.json", "GET /mcv/f%FCr.json"),
    ] {
        let server = Server::start(move |seen, wire| {
            if seen.line.contains("/mos/") {
                let _ = wire.write_all(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ");
                let _ = wire.write_all(location).and_then(|()| wire.write_all(b"\r\n\r\n"));
            } else {
                reply(wire, 200, &[], MU.as_bytes());
            }
        });
        assert_eq!(fetch(&server.url(), "9.0").unwrap().mu.id, 3);
        assert_eq!(server.lines()[1], asked);
    }
}

#[test]
fn a_redirect_to_what_is_no_web_address_is_refused() {
    for location in ["file:///etc/passwd", "ftp://x/", "http://u:s3cret@ho st/", "http://"] {
        let server = Server::start(move |_, wire| reply(wire, 302, &[("Location", location)], b""));
        let error = fault(&server.url(), "9.0");
        assert_eq!(error.kind(), Kind::Redirect, "{location}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn credentials_of_the_address_are_sent_and_never_shown() {
    let other = Server::fixed(200, MU);
    let elsewhere = other.url();
    let server = Server::start(move |seen, wire| match seen.header("authorization") {
        Some("Basic dXNlcjpzM2NyZXQ=") => reply(wire, 302, &[("Location", &elsewhere)], b""),
        _ => reply(wire, 401, &[], b""),
    });
    let address = server.address;
    assert_eq!(fault(&server.url(), "9.0").kind(), Kind::Forbidden);
    let found = fetch(&format!("http://user:s3cret@{address}"), "9.0").unwrap();
    assert_eq!(found.mu.id, 3);
    assert_eq!(other.seen()[0].header("authorization"), None, "another server must not get the password");
    for mirror in [
        Mirror::parse(&format!("http://user:s3cret@{}", closed_port())).unwrap(),
        Mirror::parse(&format!("http://user:s3cret@{}/x", Server::fixed(500, "").address)).unwrap(),
    ] {
        let error = fetcher(2).fetch(&mirror, &"9.0".parse().unwrap()).unwrap_err();
        let all = format!("{error:?} {error} {mirror} {mirror:?}");
        assert!(!all.contains("s3cret") && all.contains("***@"), "{all}");
    }
}

#[test]
fn an_unknown_name_is_named() {
    let error = fault("http://mirror.invalid", "9.0");
    assert_eq!(error.kind(), Kind::Dns, "{error:?}");
    assert!(error.to_string().contains("mirror.invalid"), "{error}");
}
